import type { Keys } from '../../src/state/hashed-table.ts';
import type { StateHeap } from './state-heap.ts';

/** Keys of rows, laid out for an upsert: null is a null key. */
export const HASH_SEED = 99n;
export function wordKeys({ heap, kernels, scratch }: StateHeap, keys: readonly (bigint | null)[]): Keys {
  const rows = keys.length;
  const [data, hashes, valid] = [scratch.take(rows * 8), scratch.take(rows * 4), validity(heap.u8, scratch.take(rows), keys)];
  keys.forEach((key, row) => (heap.i64[(data >>> 3) + row] = key ?? 0n));
  kernels.hashWords(rows, data, HASH_SEED, hashes);
  kernels.clearInvalid(rows, valid, hashes);
  return { kind: 'words', data, valid, hashes };
}
export function byteKeys({ heap, kernels, scratch }: StateHeap, keys: readonly (Uint8Array | null)[]): Keys {
  const rows = keys.length;
  const [data, hashes, valid] = [scratch.take(rows * 8), scratch.take(rows * 4), validity(heap.u8, scratch.take(rows), keys)];
  keys.forEach((key, row) => {
    const at = scratch.take(key?.length ?? 0);
    heap.u8.set(key ?? [], at);
    heap.u32.set([at, key?.length ?? 0], (data >>> 2) + row * 2);
  });
  kernels.hashBytes(rows, data, HASH_SEED, hashes);
  kernels.clearInvalid(rows, valid, hashes);
  return { kind: 'bytes', data, valid, hashes };
}
function validity(u8: Uint8Array, at: number, keys: readonly unknown[]): number {
  keys.forEach((key, row) => (u8[at + row] = key === null ? 0 : 1));
  return at;
}
