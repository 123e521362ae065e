import type { Vector } from '../expression/vector.js';
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
/** 4 bytes of each. */
export function gathered32({ kernels, scratch }: ThreadContext, rows: number, elements: number, data: number): number {
  const out = scratch.take(rows * 4);
  kernels.gather32(rows, elements, data, out);
  return out;
}
/** A byte of each of some elements; of none where there is none. */
export function gathered8({ kernels, scratch }: ThreadContext, rows: number, elements: number, data: number): number {
  if (data === 0) return 0;
  const out = scratch.take(rows);
  kernels.gather8(rows, elements, data, out);
  return out;
}
/** Views of the texts of some elements, which lie side by side. */
export function gatheredTexts(thread: ThreadContext, rows: number, elements: number, views: number): number {
  const { kernels, scratch } = thread;
  const out = gathered64(thread, rows, elements, views);
  kernels.moveTexts(rows, out, scratch.take(kernels.sumLengths(rows, out, 0)));
  return out;
}

/** Some elements of a vector that has no codes. `near`: texts stay where they are. */
export function sortedVector(thread: ThreadContext, { cls, data, valid, dictionary }: Vector, near: boolean, rows: number, elements: number): Vector {
  const sorted = cls === 'bool' ? gathered8(thread, rows, elements, data)
    : cls === 'bytes' && !near ? gatheredTexts(thread, rows, elements, data) : gathered64(thread, rows, elements, data);
  return { cls, data: sorted, valid: gathered8(thread, rows, elements, valid), dictionary };
}

/** The keys of a chunk's rows as they are sorted. */
export function sortedKeys(thread: ThreadContext, keys: Keys, rows: number, sorted: number): Keys {
  const { kind, data, valid } = keys;
  const hashes = gathered32(thread, rows, sorted, keys.hashes);
  return {
    kind, hashes, valid: gathered8(thread, rows, sorted, valid),
    data: kind === 'bytes' ? gatheredTexts(thread, rows, sorted, data) : gathered64(thread, rows, sorted, data),
  };
}
