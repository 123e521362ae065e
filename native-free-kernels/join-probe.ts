import type { HeapViews } from './heap-views.js';
import { EntryWord, logViews } from './log-views.js';

/** Matching the entries of logs (see src/join/log-layout.ts) with one another. */
export interface JoinProbeKernels {
  /**
   * For each tuple, of which entries[i] (u32) is an entry, finds the entries of a log with the same key and a time from `before` before its
   * own to `after` after it, and without the flags `skipped`. Writes the tuple's number and the address of what matches (u32 both), newest first. `ownKey`, `otherKey`: where
   * entries have views of their keys, or 0 where the word is all of the key. `how`: 1: a tuple without a match comes once, with 0; 2: only one
   * match of each tuple. Returns how many were written, at most `capacity`, and goes on from `cursor`: [tuple, position, what was seen, 0]; done where its
   * tuple is `tuples`.
   */
  probeEntries(
    log: number, cursor: number, tuples: number, entries: number, before: bigint, after: bigint, ownKey: number, otherKey: number, how: number, skipped: number,
    outTuples: number, outMatches: number, capacity: number,
  ): number;
  /** Lists the entries whose key some entry of a log may have, as far as its buckets tell: none is left out that has a match. `out` may be `entries`, and has room for all. Returns how many. */
  soughtEntries(log: number, rows: number, entries: number, out: number): number;
  /** Sets a flag of each entry and lists the rows (u32) whose entry did not have it before; rows without an entry (0), or with `matches` and none there, are none. Returns how many. */
  claimEntries(rows: number, entries: number, matches: number, flag: number, out: number): number;
  /** Takes flags off entries. */
  releaseEntries(rows: number, entries: number, flags: number): void;
  /** Lists the entries whose flags, of those in `flags`, are just those in `value` (want 1), or are not (want 0). Returns how many. */
  flaggedEntries(rows: number, entries: number, flags: number, value: number, want: number, out: number): number;
  /** Adds 1 to the word (i64) of each entry at an offset, as often as the entry is listed. */
  countEntries(rows: number, entries: number, offset: number): void;
}

const LEAST = -(2n ** 63n);
const GREATEST = 2n ** 63n - 1n;

export const joinProbeTwins = (heap: HeapViews): JoinProbeKernels => {
  const { u32, i64 } = heap;
  const { timeOf, wordAt, sameBytes, entryAt, isLive, firstOf } = logViews(heap);
  const flagsAt = (entry: number): number => wordAt(entry, EntryWord.flags);
  return {
    probeEntries(log, cursor, tuples, entries, before, after, ownKey, otherKey, how, skipped, outTuples, outMatches, capacity) {
      const base = u32[(log >>> 2) + 2]!;
      const at = cursor >>> 2;
      let [tuple, position, seen] = [u32[at]!, u32[at + 1]!, u32[at + 2]!];
      let found = 0;
      const put = (match: number): void => {
        u32[(outTuples >>> 2) + found] = tuple;
        u32[(outMatches >>> 2) + found++] = match;
      };
      const pause = (where: number, what: number): number => {
        u32.set([tuple, where, what, 0], at);
        return found;
      };
      for (; tuple < tuples; tuple++) {
        const entry = u32[(entries >>> 2) + tuple]!;
        const time = timeOf(entry);
        const [from, until] = [time < LEAST + before ? LEAST : time - before, time > GREATEST - after ? GREATEST : time + after];
        if (seen === 0) position = isLive(log, base) ? firstOf(log, u32[wordAt(entry, EntryWord.hash)]!) : base - 1;
        for (; isLive(log, position); position = u32[wordAt(entryAt(log, position), EntryWord.link)]!) {
          const other = entryAt(log, position);
          const there = timeOf(other);
          const matches = i64[other >>> 3] === i64[entry >>> 3] && there >= from && there <= until && (u32[flagsAt(other)]! & skipped) === 0 && sameBytes(entry, ownKey, other, otherKey);
          if (!matches) continue;
          if (found === capacity) return pause(position, seen || 1);
          put(other);
          seen = 2;
          if (how & 2) break;
        }
        if ((how & 1) !== 0 && seen !== 2) {
          if (found === capacity) return pause(base - 1, 1);
          put(0);
        }
        seen = 0;
      }
      return pause(0, 0);
    },
    soughtEntries(log, rows, entries, out) {
      let found = 0;
      if (!isLive(log, u32[(log >>> 2) + 2]!)) return 0;
      for (let row = 0; row < rows; row++) {
        const entry = u32[(out >>> 2) + found] = u32[(entries >>> 2) + row]!;
        if (isLive(log, firstOf(log, u32[wordAt(entry, EntryWord.hash)]!))) found++;
      }
      return found;
    },
    claimEntries(rows, entries, matches, flag, out) {
      let found = 0;
      for (let row = 0; row < rows; row++) {
        const entry = u32[(entries >>> 2) + row]!;
        if (entry === 0 || (matches !== 0 && u32[(matches >>> 2) + row] === 0) || (u32[flagsAt(entry)]! & flag) !== 0) continue;
        u32[flagsAt(entry)]! |= flag;
        u32[(out >>> 2) + found++] = row;
      }
      return found;
    },
    releaseEntries(rows, entries, flags) {
      for (let row = 0; row < rows; row++) u32[flagsAt(u32[(entries >>> 2) + row]!)]! &= ~flags;
    },
    flaggedEntries(rows, entries, flags, value, want, out) {
      let found = 0;
      for (let row = 0; row < rows; row++) {
        const entry = u32[(entries >>> 2) + row]!;
        if (((u32[flagsAt(entry)]! & flags) >>> 0 === value >>> 0) === (want === 1)) u32[(out >>> 2) + found++] = entry;
      }
      return found;
    },
    countEntries(rows, entries, offset) {
      for (let row = 0; row < rows; row++) i64[(u32[(entries >>> 2) + row]! + offset) >>> 3]! += 1n;
    },
  };
};
