import { availableParallelism, freemem } from 'node:os';
import { MillraceError } from '../errors.js';
import { LEAST_PAGES, PAGE_BYTES } from '../heap/control.js';

const MOST_WORKERS = 64;
const DEFAULT_MOST_WORKERS = 16;
const MOST_HEAP = 2 ** 32;
/** Working vectors of a worker, at the least. */
const PAGES_PER_WORKER = 128;
const UNITS: Record<string, number> = { '': 1, B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, kB: 1e3, MB: 1e6, GB: 1e9 };

/** Bytes of a size such as 1048576, '512MiB' or '4GiB'. */
export function parseBytes(size: number | string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-zA-Z]*)$/.exec(String(size));
  const unit = match && UNITS[match[2]!];
  if (!match || unit === undefined) throw new MillraceError('BAD_OPTION', `heap: '${size}' is not a size; give bytes or a text such as '512MiB' or '4GiB'`);
  return Math.floor(Number(match[1]) * unit!);
}

/** 4 GiB is only reserved: pages that were never touched take no memory. Half of what the process may use is the bound. */
function defaultHeap(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  const limit = constrained > 0 && constrained < 2 ** 60 ? constrained : freemem();
  return Math.min(MOST_HEAP, Math.max(2 ** 28, Math.floor(limit / 2)));
}

export function heapPages(size: number | string | undefined, workers: number): number {
  const bytes = size === undefined ? defaultHeap() : parseBytes(size);
  if (bytes > MOST_HEAP) throw new MillraceError('BAD_OPTION', `heap: ${size} is more than the 4 GiB that WebAssembly can address`);
  const least = LEAST_PAGES + workers * PAGES_PER_WORKER;
  const pages = Math.floor(bytes / PAGE_BYTES);
  if (pages < least) throw new MillraceError('HEAP_TOO_SMALL', `a heap of ${size} is too small for ${workers} workers: give at least ${Math.ceil(least / 16)}MiB`);
  return pages;
}

export function workerCount(workers: number | undefined): number {
  if (workers === undefined) return Math.min(availableParallelism(), DEFAULT_MOST_WORKERS);
  if (!Number.isInteger(workers) || workers < 1 || workers > MOST_WORKERS) throw new MillraceError('BAD_OPTION', `workers: ${workers} is not a whole number from 1 to ${MOST_WORKERS}`);
  return workers;
}

export function positiveInteger(name: string, value: number | undefined, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (!Number.isInteger(value) || value < 1) throw new MillraceError('BAD_OPTION', `${name}: ${value} is not a whole number of at least 1`);
  return value;
}

/** Whether the first bad row ends the job. */
export const endsAtBadRow = ({ onBadRow }: { readonly onBadRow?: 'deadLetter' | 'fail' }): boolean => oneOf('onBadRow', onBadRow, ['deadLetter', 'fail']) === 'fail';

export function oneOf<T extends string>(name: string, value: T | undefined, choices: readonly T[]): T {
  if (value === undefined) return choices[0]!;
  if (!choices.includes(value)) throw new MillraceError('BAD_OPTION', `${name}: '${value}' is none of ${choices.join(', ')}`);
  return value;
}
