import type { HeapViews } from './heap-views.js';

/** Words of an entry, from its address >>> 2 on: see src/join/log-layout.ts. */
export const enum EntryWord { link = 4, hash, size, flags }
export const DONE = 0x8000_0000;
export const REPLACED = 0x2000_0000;

/** Logs of rows, their blocks and entries, as the twins of all kernels on them see them. */
export interface LogViews {
  timeOf(entry: number): bigint;
  sizeOf(entry: number): number;
  /** Index (u32) of a word of an entry. */
  wordAt(entry: number, word: EntryWord): number;
  /** Whether the bytes of two keys are equal; `a` and `b`: where entries have views of them, or 0 where the word is all of a key. */
  sameBytes(one: number, a: number, other: number, b: number): boolean;
  /** Index (u32) of the record of the block that a position lies in. */
  recordOf(log: number, position: number): number;
  entryAt(log: number, position: number): number;
  isLive(log: number, position: number): boolean;
  /** Index (u32) of the word that the chain of a hash begins with. */
  headOf(log: number, hash: number): number;
  /** The position that the chain of a hash begins with, or one that is not live where its filter says that no entry has the hash. */
  firstOf(log: number, hash: number): number;
  /** Has the chain of a hash begin at a position. Returns what it began with so far. */
  push(log: number, hash: number, position: number): number;
  /** Room for an entry at the end of a log, or 0. */
  take(log: number, size: number, time: bigint, done: boolean): number;
}

export const logViews = ({ u8, u32, i64 }: HeapViews): LogViews => {
  const keyBytes = (entry: number, at: number): Uint8Array => {
    const start = entry + u32[(entry + at) >>> 2]!;
    return u8.subarray(start, start + u32[((entry + at) >>> 2) + 1]!);
  };
  const recordOf = (log: number, position: number): number => (u32[(log >>> 2) + 6]! >>> 2) + ((position >>> u32[(log >>> 2) + 8]!) & u32[(log >>> 2) + 7]!) * 8;
  const isLive = (log: number, position: number): boolean => (position - u32[(log >>> 2) + 2]!) >>> 0 < (u32[(log >>> 2) + 3]! - u32[(log >>> 2) + 2]!) >>> 0;
  const headOf = (log: number, hash: number): number => (u32[log >>> 2]! >>> 2) + (((hash & u32[(log >>> 2) + 1]!) >>> 0) << (u8[log + 52]! - 2));
  const filterOf = (log: number, hash: number): number => headOf(log, hash) * 4 + u8[log + 53]!;
  const bitOf = (hash: number): number => 1 << ((hash >>> 20) & 7);
  return {
    recordOf,
    timeOf: entry => i64[(entry >>> 3) + 1]!,
    sizeOf: entry => u32[(entry >>> 2) + EntryWord.size]!,
    wordAt: (entry, word) => (entry >>> 2) + word,
    sameBytes: (one, a, other, b) => a === 0 || Buffer.compare(keyBytes(one, a), keyBytes(other, b)) === 0,
    entryAt: (log, position) => u32[recordOf(log, position)]! + (position & ((1 << u32[(log >>> 2) + 8]!) - 1)) * 8,
    isLive,
    headOf,
    firstOf: (log, hash) => ((u8[filterOf(log, hash)]! & bitOf(hash)) !== 0 ? u32[headOf(log, hash)]! : u32[(log >>> 2) + 2]! - 1),
    push(log, hash, position) {
      const [head, filter] = [headOf(log, hash), filterOf(log, hash)];
      const old = u32[head]!;
      u32[head] = position;
      u8[filter] = bitOf(hash) | (isLive(log, old) ? u8[filter]! : 0);
      return old;
    },
    take(log, size, time, done) {
      const [head, record] = [log >>> 2, u32[(log >>> 2) + 10]!];
      const at = u32[head + 4]!;
      if (record === 0 || at + size > u32[head + 5]!) return 0;
      u32[head + 4] = at + size;
      u32[head + 3] = u32[head + 3]! + (size >>> 3);
      u32[head + 9]!++;
      u32[(record >>> 2) + 1] = at + size - u32[record >>> 2]!;
      u32[(record >>> 2) + 3]!++;
      if (!done && time < i64[(record >>> 3) + 2]!) i64[(record >>> 3) + 2] = time;
      if (time > i64[(record >>> 3) + 3]!) i64[(record >>> 3) + 3] = time;
      return at;
    },
  };
};
