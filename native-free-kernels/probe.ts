import type { HeapViews } from './heap-views.js';
import { compareTwins } from './compare.js';

/**
 * Static hash tables: `slots` (u32, `mask` + 1 of them, a power of two, zeroed, at most half full) hold 1 + the index of a key in
 * `keys`. Integer keys are int64, text keys (address, length). A table belongs to the kind of kernels that filled it: hashes differ.
 */
export interface ProbeKernels {
  /** REQUIRES: the keys differ. */
  insertIntegers(count: number, keys: number, slots: number, mask: number): void;
  /** The index (int32) of every element's key, or -1. */
  probeIntegers(rows: number, a: number, keys: number, slots: number, mask: number, out: number): void;
  /** REQUIRES: the keys differ. */
  insertTexts(count: number, keys: number, slots: number, mask: number): void;
  probeTexts(rows: number, a: number, keys: number, slots: number, mask: number, out: number): void;
  /** Whether an index is one (`negate` 0) or -1 (1): bytes of 0 or 1. */
  foundBytes(rows: number, numbers: number, negate: number, out: number): void;
}

export const probeTwins = (heap: HeapViews): ProbeKernels => {
  const { compareTwoTexts } = compareTwins(heap);
  const hashInteger = (at: number) => Math.imul(heap.u32[at >>> 2]! ^ Math.imul(heap.u32[(at >>> 2) + 1]!, 0x85ebca6b), 0x9e3779b1) >>> 7;
  const hashText = (at: number) => {
    let hash = 0x811c9dc5;
    const start = heap.u32[at >>> 2]!, end = start + heap.u32[(at >>> 2) + 1]!;
    for (let byte = start; byte < end; byte++) hash = Math.imul(hash ^ heap.u8[byte]!, 0x01000193);
    return hash >>> 0;
  };
  const sameText = (x: number, y: number) =>
    compareTwoTexts(heap.u32[x >>> 2]!, heap.u32[(x >>> 2) + 1]!, heap.u32[y >>> 2]!, heap.u32[(y >>> 2) + 1]!) === 0;
  const insert = (hash: (at: number) => number) => (count: number, keys: number, slots: number, mask: number) => {
    for (let index = 0; index < count; index++) {
      let slot = hash(keys + index * 8) & mask;
      while (heap.u32[(slots >>> 2) + slot] !== 0) slot = (slot + 1) & mask;
      heap.u32[(slots >>> 2) + slot] = index + 1;
    }
  };
  const probe = (hash: (at: number) => number, same: (x: number, y: number) => boolean) =>
    (rows: number, a: number, keys: number, slots: number, mask: number, out: number) => {
      for (let row = 0; row < rows; row++) {
        let slot = hash(a + row * 8) & mask;
        let index = 0;
        while ((index = heap.u32[(slots >>> 2) + slot]!) !== 0 && !same(a + row * 8, keys + (index - 1) * 8)) slot = (slot + 1) & mask;
        heap.i32[(out >>> 2) + row] = index - 1;
      }
    };
  return {
    insertIntegers: insert(hashInteger),
    probeIntegers: probe(hashInteger, (x, y) => heap.i64[x >>> 3] === heap.i64[y >>> 3]),
    insertTexts: insert(hashText),
    probeTexts: probe(hashText, sameText),
    foundBytes(rows, numbers, negate, out) {
      for (let row = 0; row < rows; row++) heap.u8[out + row] = (heap.i32[(numbers >>> 2) + row]! >= 0 ? 1 : 0) ^ negate;
    },
  };
};
