import { heap, type Layout } from '../support/images.ts';
import { MAX, MIN } from './support.ts';

/** Logs of rows: layouts as in src/join/log-layout.ts. */
const LOG_WORDS = 16;
const SHIFT = 4;
const BLOCK_BYTES = 8 << SHIFT;
const BUCKET_SHIFT = 4;
/** Behind its head. */
const FILTER = 5;

/** A log with one block of several parts, and its words as addresses; `more` words (i64) lie behind its own. */
export function makeLog(layout: Layout, bytes: number, first: number, more: readonly bigint[] = []): { log: number; record: number } {
  const parts = Math.ceil(bytes / BLOCK_BYTES) + 1;
  const slots = 2 ** Math.ceil(Math.log2(parts + 1));
  const block = layout.take(parts * BLOCK_BYTES);
  // Of two logs that share their buckets this is the second.
  const buckets = layout.u32([0, first - 1, 0, 0, 0, first - 1, 0, 0]);
  const directory = layout.take(slots * 32);
  const recordOf = (part: number): number => directory + ((((first >>> SHIFT) + part) >>> 0) & (slots - 1)) * 32;
  for (let part = 0; part < parts; part++) {
    heap.u32.set([block + part * BLOCK_BYTES, 0, part === 0 ? parts * BLOCK_BYTES : 0, 0], recordOf(part) >>> 2);
    heap.i64.set([MAX, MIN], (recordOf(part) >>> 3) + 2);
  }
  const log = layout.i64([...Array.from({ length: LOG_WORDS / 2 }, () => 0n), ...more]);
  heap.u32.set([buckets + 4, 1, first, first, block, block + bytes, directory, slots - 1, SHIFT, 0, recordOf(0), first, 0, BUCKET_SHIFT | (FILTER << 8)], log >>> 2);
  return { log, record: recordOf(0) };
}
