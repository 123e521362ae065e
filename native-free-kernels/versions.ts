import type { HeapViews } from './heap-views.js';
import { EntryWord, logViews, REPLACED } from './log-views.js';

/**
 * A table that changes, row by row in event time: see src/join/log-layout.ts for the layout of logs and entries. What is sought by its key in a log is
 * there at most once. `place`: where entries of versions have the place of their row (u64); `deleted`: where they have a byte that says that there is no
 * row any more, or 0; `ownKey` and `key`: where entries of left rows, and of versions, have views of their keys, or 0 where the word is all of the key.
 */
export interface VersionKernels {
  /** Writes where rows stood to their entries (u64): basePosition + selection[element] (u32), or + firstRow + element. Row i is elements[i]. */
  putPlaces(rows: number, entries: number, offset: number, elements: number, selection: number, firstRow: number, basePosition: bigint): void;
  /** Sorts entries (u32) by time; those of one time stay as they are. From number `versions` on 1 is added to them. `room`: 20 · rows + 1024 bytes. */
  sortEvents(versions: number, rows: number, entries: number, room: number): void;
  /**
   * Takes what `sortEvents` has sorted, one after another. Versions go to a table of so many buckets (mask + 1, u32, zeroed): there the last of each key
   * remains. Left rows find the version of their key in that, else in the log; none that is deleted, or older by more than `within` (-1: any). Lists
   * them (u32) and what they found, 0 for nothing, or without `outer` only those that found something. Returns how many. A word behind `outLeft` is zeroed.
   */
  replayVersions(
    log: number, rows: number, events: number, heads: number, mask: number, place: number, deleted: number, ownKey: number, key: number, within: bigint, outer: number,
    outLeft: number, outMatches: number,
  ): number;
  /** Takes from the log what the versions of such a table replace, and lists those that are not deleted (u32, room for all). Returns how many. The table is used up. */
  retireVersions(log: number, heads: number, mask: number, deleted: number, key: number, out: number): number;
}

export const versionTwins = (heap: HeapViews): VersionKernels => {
  const { u8, u32, i64, u64 } = heap;
  const { timeOf, wordAt, sameBytes, recordOf, entryAt, isLive, headOf, firstOf } = logViews(heap);
  const hashOf = (entry: number): number => u32[wordAt(entry, EntryWord.hash)]!;
  const linkAt = (entry: number): number => wordAt(entry, EntryWord.link);
  const sameKey = (one: number, a: number, other: number, b: number): boolean =>
    u64[one >>> 3] === u64[other >>> 3] && sameBytes(one, a, other, b);
  /** The word that points to the entry of a key in the log, and the entry; null: there is none. */
  const find = (log: number, entry: number, own: number, key: number): { from: number; at: number; position: number } | null => {
    const base = u32[(log >>> 2) + 2]!;
    if (!isLive(log, base)) return null;
    if (!isLive(log, firstOf(log, hashOf(entry)))) return null;
    let from = headOf(log, hashOf(entry));
    for (let position = u32[from]!; isLive(log, position); position = u32[from]!) {
      const at = entryAt(log, position);
      if (sameKey(entry, own, at, key)) return { from, at, position };
      from = linkAt(at);
    }
    return null;
  };
  /** The same in a table of addresses. */
  const seek = (heads: number, mask: number, entry: number, own: number, key: number): { from: number; at: number } => {
    let from = (heads >>> 2) + ((hashOf(entry) & mask) >>> 0);
    for (; u32[from] !== 0; from = linkAt(u32[from]!)) if (sameKey(entry, own, u32[from]!, key)) break;
    return { from, at: u32[from]! };
  };
  return {
    putPlaces(rows, entries, offset, elements, selection, firstRow, basePosition) {
      for (let row = 0; row < rows; row++) {
        const element = u32[(elements >>> 2) + row]!;
        u64[(u32[(entries >>> 2) + row]! + offset) >>> 3] = basePosition + BigInt(selection ? u32[(selection >>> 2) + element]! : firstRow + element);
      }
    },
    sortEvents(versions, rows, entries, room) {
      let [from, to] = [room >>> 3, (room >>> 3) + rows];
      let [own, other] = [entries >>> 2, (room >>> 2) + rows * 4];
      const counts = (room >>> 2) + rows * 5;
      const times = Array.from({ length: rows }, (_, row) => timeOf(u32[own + row]!));
      times.forEach((time, row) => { i64[from + row] = time; });
      for (let row = versions; row < rows; row++) u32[own + row]! |= 1;
      if (times.every((time, row) => row === 0 || time >= times[row - 1]!)) return;
      const least = times.reduce((a, b) => (b < a ? b : a));
      const range = times.reduce((a, b) => (b > a ? b : a)) - least;
      for (let shift = 0n; shift < 64n && range >> shift !== 0n; shift += 8n) {
        const digit = (row: number): number => Number(((i64[from + row]! - least) >> shift) & 255n);
        u32.fill(0, counts, counts + 256);
        for (let row = 0; row < rows; row++) u32[counts + digit(row)]!++;
        for (let value = 0, start = 0; value < 256; value++) {
          const count = u32[counts + value]!;
          u32[counts + value] = start;
          start += count;
        }
        for (let row = 0; row < rows; row++) {
          const at = u32[counts + digit(row)]!++;
          i64[to + at] = i64[from + row]!;
          u32[other + at] = u32[own + row]!;
        }
        [from, to, own, other] = [to, from, other, own];
      }
      if (own !== entries >>> 2) u32.copyWithin(entries >>> 2, own, own + rows);
    },
    replayVersions(log, rows, events, heads, mask, place, deleted, ownKey, key, within, outer, outLeft, outMatches) {
      let found = 0;
      for (let row = 0; row < rows; row++) {
        const event = u32[(events >>> 2) + row]!;
        const entry = (event & ~1) >>> 0;
        const { from, at } = seek(heads, mask, entry, event & 1 ? ownKey : key, key);
        if ((event & 1) === 0) {
          if (at !== 0 && timeOf(at) === timeOf(entry) && u64[(at + place) >>> 3]! > u64[(entry + place) >>> 3]!) continue;
          u32[linkAt(entry)] = at === 0 ? 0 : u32[linkAt(at)]!;
          u32[from] = entry;
          continue;
        }
        let match = at || (find(log, entry, ownKey, key)?.at ?? 0);
        if (match !== 0 && ((deleted !== 0 && u8[match + deleted] !== 0) || (within >= 0n && timeOf(entry) - timeOf(match) > within))) match = 0;
        if (match === 0 && outer === 0) continue;
        u32[(outLeft >>> 2) + found] = entry;
        u32[(outMatches >>> 2) + found++] = match;
      }
      u32[(outLeft >>> 2) + found] = 0;
      return found;
    },
    retireVersions(log, heads, mask, deleted, key, out) {
      let left = 0;
      let listed = 0;
      for (let bucket = 0; bucket <= mask; bucket++) {
        for (let entry = u32[(heads >>> 2) + bucket]!; entry !== 0; entry = u32[linkAt(entry)]!) {
          u32[(out >>> 2) + listed++] = entry;
          const old = find(log, entry, key, key);
          if (old !== null) {
            u32[old.from] = u32[linkAt(old.at)]!;
            u32[wordAt(old.at, EntryWord.flags)]! |= REPLACED;
            u32[(log >>> 2) + 9]!--;
            u32[recordOf(log, old.position) + 3]!--;
          }
          if (deleted === 0 || u8[entry + deleted] === 0) u32[(out >>> 2) + left++] = entry;
        }
      }
      u32[heads >>> 2] = 0;
      return left;
    },
  };
};
