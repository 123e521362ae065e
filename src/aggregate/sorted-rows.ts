import type { Keys } from '../state/hashed-table.js';
import type { ThreadContext } from '../worker/thread-context.js';

/*
 * Values of rows in the order in which they go through the regions. A region takes every n-th row of a chunk: were the values left where they are, it
 * would read all cache lines of the chunk for them, and so would the next region.
 */

/** 8 bytes of each of some elements (u32). */
export function gathered64({ kernels, scratch }: ThreadContext, rows: number, elements: number, data: number): number {
  const out = scratch.take(rows * 8);
  kernels.gather64(rows, elements, data, out);
  return out;
}
/** A byte of each of some elements; of none where there is none. */
export function gathered8({ kernels, scratch }: ThreadContext, rows: number, elements: number, data: number): number {
  if (data === 0) return 0;
  const out = scratch.take(rows);
  kernels.gather8(rows, elements, data, out);
  return out;
}
/** Views of the texts of some of `count` elements, which lie side by side; `valid`: a byte per element that tells which are not null, or 0. */
export function gatheredTexts({ kernels, scratch }: ThreadContext, rows: number, elements: number, count: number, views: number, valid: number): number {
  const out = scratch.take(rows * 8);
  kernels.packTexts(rows, elements, views, valid, out, scratch.take(kernels.sumLengths(count, views, valid)));
  return out;
}

/** The keys of a chunk's rows as they are sorted. */
export function sortedKeys(thread: ThreadContext, keys: Keys, { rows, elements }: { readonly rows: number; readonly elements: number }, sorted: number): Keys {
  const { kind, data, valid } = keys;
  const hashes = thread.scratch.take(rows * 4);
  thread.kernels.gather32(rows, sorted, keys.hashes, hashes);
  return {
    kind, hashes, valid: gathered8(thread, rows, sorted, valid),
    data: kind === 'bytes' ? gatheredTexts(thread, rows, sorted, elements, data, valid) : gathered64(thread, rows, sorted, data),
  };
}
