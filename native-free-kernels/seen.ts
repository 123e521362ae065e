import type { HeapViews } from './heap-views.js';
import { EntryWord, logViews } from './log-views.js';

/** De-duplication, see src/aggregate/seen-store.ts for the layout of stores, which are logs of rows (see src/join/log-layout.ts). */
export interface SeenKernels {
  /**
   * keep[elements[i]] = 1 for each row i that is let through, and has an entry now: none of its key is there with a time at most `within` away. By row go
   * `keys` (words, or with `views` 1 views of bytes), `valid` (bytes; 0: no key is null), `hashes` (u32), `times` and `bounds`. A row with a time
   * before its bound is late and listed in `late` (u32, numbers of rows). Returns how many rows were done: fewer than `rows` where the log
   * needs another block; counts go on from those in the store.
   */
  firstOfKeys(
    owner: number, from: number, rows: number, elements: number, keys: number, views: number, valid: number, hashes: number, times: number, bounds: number, keep: number, late: number,
  ): number;
}

const HEAD_BYTES = 32;

export const seenTwins = (heap: HeapViews): SeenKernels => {
  const { u8, u32, i64 } = heap;
  const { timeOf, wordAt, entryAt, isLive, firstOf, push, take } = logViews(heap);
  return {
    firstOfKeys(owner, from, rows, elements, keys, views, valid, hashes, times, bounds, keep, late) {
      const log = owner >>> 2;
      const within = i64[(owner >>> 3) + 10]!;
      for (let row = from; row < rows; row++) {
        const [time, bound, hash] = [i64[(times >>> 3) + row]!, i64[(bounds >>> 3) + row]!, u32[(hashes >>> 2) + row]!];
        if (time < bound) {
          u32[(late >>> 2) + u32[log + 16]!++] = row;
          continue;
        }
        const isNull = valid && u8[valid + row] === 0 ? 1 : 0;
        const bytes = views && !isNull ? u8.subarray(u32[(keys >>> 2) + row * 2]!, u32[(keys >>> 2) + row * 2]! + u32[(keys >>> 2) + row * 2 + 1]!) : u8.subarray(0, 0);
        const word = views ? BigInt(bytes.length) : isNull ? 0n : i64[(keys >>> 3) + row]!;
        const isSame = (entry: number): boolean => {
          const there = timeOf(entry);
          return i64[entry >>> 3] === word && u32[wordAt(entry, EntryWord.hash)] === hash && u32[wordAt(entry, EntryWord.flags)] === isNull && (there > time ? there - time : time - there) <= within
            && Buffer.compare(bytes, u8.subarray(entry + HEAD_BYTES, entry + HEAD_BYTES + bytes.length)) === 0;
        };
        const end = u32[log + 3]!;
        let place = firstOf(owner, hash);
        while (isLive(owner, place) && !isSame(entryAt(owner, place))) place = u32[wordAt(entryAt(owner, place), EntryWord.link)]!;
        if (isLive(owner, place)) {
          u32[log + 17]!++;
          continue;
        }
        const size = (HEAD_BYTES + bytes.length + 7) & ~7;
        const entry = take(owner, size, time, false);
        if (entry === 0) return row;
        i64.set([word, time], entry >>> 3);
        u32.set([push(owner, hash, end), hash, size, isNull], wordAt(entry, EntryWord.link));
        u8.set(bytes, entry + HEAD_BYTES);
        u8[keep + u32[(elements >>> 2) + row]!] = 1;
        if (time > i64[(owner >>> 3) + 9]!) i64[(owner >>> 3) + 9] = time;
      }
      return rows;
    },
  };
};
