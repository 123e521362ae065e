import type { DeadLetterReason } from '../errors.js';
import type { Morsel } from './morsel.js';
import type { ThreadContext } from './thread-context.js';
import { PageUse } from '../heap/page-allocator.js';
import { encode } from '../batch/text-codec.js';
import type { Row } from '../plan/types.js';

/** A row set aside, as a worker tells it to the coordinator. `position` counts from the morsel's first row. */
export interface Reject {
  readonly position: number;
  /** What to tell instead, where the source knows better. */
  readonly at?: bigint;
  readonly reason: DeadLetterReason;
  readonly message: string;
  readonly row: string;
}

/** Sets a row of the batch at hand aside. `message` is asked for only where somebody is to read it. */
export type RejectRow = (row: number, reason: DeadLetterReason, message: () => string) => void;

/** Leaves the rejects of a morsel for the coordinator, as JSON in a block of its own: they are few, and need not be fast. */
export function storeRejects({ heap, pages }: ThreadContext, morsel: Morsel, rejects: readonly Reject[]): void {
  if (rejects.length === 0) return;
  const bytes = encode(JSON.stringify(rejects));
  const address = pages.allocate(bytes.length, PageUse.batch);
  heap.u8.set(bytes, address);
  morsel.rejects = address;
  morsel.rejectBytes = bytes.length;
}

/** A row as JSON text: bigints as digits, bytes as base64, what JSON has no word for as a string. */
export function rowText(row: Row): string {
  const member = (value: Row[string]): string => {
    if (typeof value === 'bigint') return value.toString();
    if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'));
    if (typeof value === 'number' && !Number.isFinite(value)) return JSON.stringify(String(value));
    return JSON.stringify(value);
  };
  return `{${Object.entries(row).map(([name, value]) => `${JSON.stringify(name)}:${member(value)}`).join(',')}}`;
}
