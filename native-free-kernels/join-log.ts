import type { HeapViews } from './heap-views.js';
import { DONE, EntryWord, logViews, REPLACED } from './log-views.js';

/** Logs of rows that a join keeps: see src/join/log-layout.ts for the layout of logs, records of blocks, and entries. */
export interface JoinLogKernels {
  /** Has every chain of a log be empty. */
  clearChains(log: number): void;
  /**
   * Appends an entry for each row, the head alone, and links it: row i is candidate candidates[i], of which `keys`, `times` and `hashes` tell. An entry
   * has sizes[i] bytes, rounded up to 8, or without `sizes` entryBytes. addresses[i] = where it is. Returns how many rows were done: fewer than
   * `rows` where the log needs another block.
   */
  appendEntries(log: number, from: number, rows: number, candidates: number, keys: number, times: number, hashes: number, sizes: number, entryBytes: number, addresses: number): number;
  /** Copies entries (u32 addresses) to the end of a log, without linking them. Returns how many were done, as `appendEntries`. */
  copyEntries(log: number, from: number, rows: number, entries: number): number;
  /** Links the entries that lie side by side from `from` on, the first of which is at `position` of the log, but for versions that were replaced. */
  linkEntries(log: number, position: number, from: number, bytes: number): void;
  /** Lists the entries of a block that were not done, with a time less than `before`, and has them done; notes the least time of those that are left. Returns how many. */
  completeEntries(record: number, before: bigint, out: number): number;
  /** Lists the entries that lie side by side from `from` on with a time from `since` on, but for versions that were replaced. Returns how many. */
  entriesSince(from: number, bytes: number, since: bigint, out: number): number;
  /** The bytes of those entries. Take `>>> 0`. */
  bytesSince(from: number, bytes: number, since: bigint): number;
}

const NEVER = 2n ** 63n - 1n;

export const joinLogTwins = (heap: HeapViews): JoinLogKernels => {
  const { u8, u32, i64 } = heap;
  const { timeOf, sizeOf, wordAt, headOf, push, take } = logViews(heap);
  const isDone = (entry: number): boolean => (u32[wordAt(entry, EntryWord.flags)]! & DONE) !== 0;
  const link = (log: number, entry: number, position: number): void => {
    u32[wordAt(entry, EntryWord.link)] = push(log, u32[wordAt(entry, EntryWord.hash)]!, position);
  };
  const entriesOf = function* (from: number, bytes: number): Generator<number> {
    for (let at = from; at < from + bytes; at += sizeOf(at)) yield at;
  };
  const isReplaced = (entry: number): boolean => (u32[wordAt(entry, EntryWord.flags)]! & REPLACED) !== 0;
  const since = (from: number, bytes: number, time: bigint): number[] => [...entriesOf(from, bytes)].filter(entry => timeOf(entry) >= time && !isReplaced(entry));
  return {
    clearChains(log) {
      for (let bucket = 0; bucket <= u32[(log >>> 2) + 1]!; bucket++) u32[headOf(log, bucket)] = u32[(log >>> 2) + 2]! - 1;
    },
    appendEntries(log, from, rows, candidates, keys, times, hashes, sizes, entryBytes, addresses) {
      for (let row = from; row < rows; row++) {
        const size = sizes ? (u32[(sizes >>> 2) + row]! + 7) & ~7 : entryBytes;
        const candidate = u32[(candidates >>> 2) + row]!;
        const [time, position] = [i64[(times >>> 3) + candidate]!, u32[(log >>> 2) + 3]!];
        const entry = take(log, size, time, false);
        if (entry === 0) return row;
        i64[entry >>> 3] = i64[(keys >>> 3) + candidate]!;
        i64[(entry >>> 3) + 1] = time;
        u32.set([0, u32[(hashes >>> 2) + candidate]!, size, 0], (entry >>> 2) + 4);
        link(log, entry, position);
        u32[(addresses >>> 2) + row] = entry;
      }
      return rows;
    },
    copyEntries(log, from, rows, entries) {
      for (let row = from; row < rows; row++) {
        const entry = u32[(entries >>> 2) + row]!;
        const to = take(log, sizeOf(entry), timeOf(entry), isDone(entry));
        if (to === 0) return row;
        u8.copyWithin(to, entry, entry + sizeOf(entry));
      }
      return rows;
    },
    linkEntries(log, position, from, bytes) {
      for (const entry of entriesOf(from, bytes)) if (!isReplaced(entry)) link(log, entry, (position + ((entry - from) >>> 3)) >>> 0);
    },
    completeEntries(record, before, out) {
      let found = 0;
      let least = NEVER;
      for (const entry of entriesOf(u32[record >>> 2]!, u32[(record >>> 2) + 1]!)) {
        if (isDone(entry)) continue;
        if (timeOf(entry) < before) {
          u32[wordAt(entry, EntryWord.flags)]! |= DONE;
          u32[(out >>> 2) + found++] = entry;
        } else if (timeOf(entry) < least) least = timeOf(entry);
      }
      i64[(record >>> 3) + 2] = least;
      return found;
    },
    entriesSince(from, bytes, time, out) {
      const found = since(from, bytes, time);
      u32.set(found, out >>> 2);
      return found.length;
    },
    bytesSince: (from, bytes, time) => since(from, bytes, time).reduce((sum, entry) => sum + sizeOf(entry), 0),
  };
};
