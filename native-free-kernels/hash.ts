import type { HeapViews } from './heap-views.js';

export interface HashKernels {
  /** hashes[i] (u32) of the i-th 8-byte key. */
  hashWords(rows: number, keys: number, seed: bigint, hashes: number): void;
  /** hashes[i] (u32) of the i-th byte string; `views` holds (u32 address, u32 length) pairs. Strings may be read up to 7 bytes past their end. */
  hashBytes(rows: number, views: number, seed: bigint, hashes: number): void;
}

const wrap = (x: bigint): bigint => BigInt.asUintN(64, x);
function mix(x: bigint): number {
  x = wrap((x ^ (x >> 33n)) * 0xff51afd7ed558ccdn);
  x = wrap((x ^ (x >> 33n)) * 0xc4ceb9fe1a85ec53n);
  return Number((x ^ (x >> 33n)) & 0xffffffffn);
}

export const hashTwins = (heap: HeapViews): HashKernels => {
  const bytes = new DataView(heap.memory.buffer);
  const hashOf = (address: number, length: number, seed: bigint): number => {
    let state = wrap(seed) ^ wrap(BigInt(length) * 0x9e3779b97f4a7c15n);
    for (; length >= 8; length -= 8, address += 8) {
      state = wrap((state ^ bytes.getBigUint64(address, true)) * 0xff51afd7ed558ccdn);
      state ^= state >> 29n;
    }
    const tail = length === 0 ? 0n : BigInt.asUintN(length * 8, bytes.getBigUint64(address, true));
    return mix(state ^ wrap(tail * 0xc4ceb9fe1a85ec53n));
  };
  return {
    hashWords(rows, keys, seed, hashes) {
      for (let row = 0; row < rows; row++) {
        const key = heap.u64[(keys >>> 3) + row]! ^ wrap(seed);
        heap.u32[(hashes >>> 2) + row] = Number(wrap((key ^ (key >> 32n)) * 0x9e3779b97f4a7c15n) >> 32n);
      }
    },
    hashBytes(rows, views, seed, hashes) {
      for (let row = 0; row < rows; row++) {
        const view = (views >>> 2) + row * 2;
        heap.u32[(hashes >>> 2) + row] = hashOf(heap.u32[view]!, heap.u32[view + 1]!, seed);
      }
    },
  };
};
