import type { HeapViews } from './heap-views.js';

export interface WideHashKernels {
  /**
   * out[i] (u64) = the hash of the 8-byte word of row i (element positions[i], or i). One to one: no two words have one hash. `floats`:
   * words are doubles, of which every NaN is one and -0 is 0.
   */
  wideHashWords(rows: number, positions: number, words: number, floats: number, out: number): void;
  /** out[i] (u64) of the i-th byte string; `views` holds (u32 address, u32 length) pairs. Strings may be read up to 7 bytes past their end. */
  wideHashBytes(rows: number, views: number, out: number): void;
}

const FIRST = 0xff51afd7ed558ccdn;
const SECOND = 0xc4ceb9fe1a85ec53n;
const GOLDEN = 0x9e3779b97f4a7c15n;
const wrap = (x: bigint): bigint => BigInt.asUintN(64, x);
/** murmur3's 64-bit finaliser (Appleby 2011). */
function mix(x: bigint): bigint {
  x = wrap((x ^ (x >> 33n)) * FIRST);
  x = wrap((x ^ (x >> 33n)) * SECOND);
  return x ^ (x >> 33n);
}

export const wideHashTwins = (heap: HeapViews): WideHashKernels => {
  const bytes = new DataView(heap.memory.buffer);
  return {
    wideHashWords(rows, positions, words, floats, out) {
      for (let row = 0; row < rows; row++) {
        const word = (words >>> 3) + (positions ? heap.u32[(positions >>> 2) + row]! : row);
        let key = heap.u64[word]!;
        if (floats) {
          const value = heap.f64[word]!;
          key = value !== value ? 0x7ff8000000000000n : value === 0 ? 0n : key;
        }
        heap.u64[(out >>> 3) + row] = mix(key ^ GOLDEN);
      }
    },
    wideHashBytes(rows, views, out) {
      for (let row = 0; row < rows; row++) {
        const view = (views >>> 2) + row * 2;
        let [at, left] = [heap.u32[view]!, heap.u32[view + 1]!];
        let state = GOLDEN ^ wrap(BigInt(left) * GOLDEN);
        for (; left >= 8; left -= 8, at += 8) {
          state = wrap((state ^ bytes.getBigUint64(at, true)) * FIRST);
          state ^= state >> 29n;
        }
        const tail = left === 0 ? 0n : BigInt.asUintN(left * 8, bytes.getBigUint64(at, true));
        heap.u64[(out >>> 3) + row] = mix(state ^ wrap(tail * SECOND));
      }
    },
  };
};
