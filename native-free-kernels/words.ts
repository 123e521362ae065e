import type { HeapViews } from './heap-views.js';

/** Small passes over whole vectors: fill, widen, narrow, mask. */
export interface WordKernels {
  /** out[i] = value (u32). */
  fillWords(rows: number, value: number, out: number): void;
  /** out[i] = bytes[i] as a 64-bit integer. */
  widenBytes(rows: number, bytes: number, out: number): void;
  /** out[i] = codes[i] (i32) as a 64-bit integer. */
  widenCodes(rows: number, codes: number, out: number): void;
  /** out[i] = the bits of values[i] (f64) as a key: -0 as 0, every NaN as one. */
  floatKeys(rows: number, values: number, out: number): void;
  /** words[i] = 0 (u32) where valid[i] is 0. */
  clearInvalid(rows: number, valid: number, words: number): void;
  /** out[i] = the low 32 bits of words[i] (u64). */
  narrowWords(rows: number, words: number, out: number): void;
}

export const wordTwins = (heap: HeapViews): WordKernels => ({
  fillWords: (rows, value, out) => void heap.u32.fill(value, out >>> 2, (out >>> 2) + rows),
  widenBytes(rows, bytes, out) {
    for (let row = 0; row < rows; row++) heap.u64[(out >>> 3) + row] = BigInt(heap.u8[bytes + row]!);
  },
  widenCodes(rows, codes, out) {
    for (let row = 0; row < rows; row++) heap.i64[(out >>> 3) + row] = BigInt(heap.i32[(codes >>> 2) + row]!);
  },
  floatKeys(rows, values, out) {
    for (let row = 0; row < rows; row++) {
      const value = heap.f64[(values >>> 3) + row]!;
      if (value !== value) heap.u64[(out >>> 3) + row] = 0x7ff8000000000000n;
      else heap.f64[(out >>> 3) + row] = value + 0;
    }
  },
  clearInvalid(rows, valid, words) {
    for (let row = 0; row < rows; row++) if (!heap.u8[valid + row]) heap.u32[(words >>> 2) + row] = 0;
  },
  narrowWords(rows, words, out) {
    for (let row = 0; row < rows; row++) heap.u32[(out >>> 2) + row] = heap.u32[(words >>> 2) + row * 2]!;
  },
});
