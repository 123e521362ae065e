import type { HeapViews } from './heap-views.js';

/** De-duplication, see src/aggregate/seen-store.ts for the layout of stores, which are logs of rows (see src/join/log-layout.ts). */
export interface SeenKernels {
  /**
   * keep[element] = 1 for each row that is let through, and has an entry now: none of its key is there with a time at most `within` away. By element go
   * `keys` (words, or with `views` 1 views of bytes), `valid` (bytes; 0: no key is null), `hashes` (u32), `times` and `bounds`. A row with a time
   * before its bound is late and listed in `late` (u32, numbers of rows). Returns how many rows were done: fewer than `rows` where the log
   * needs another block; counts go on from those in the store.
   */
  firstOfKeys(
    owner: number, from: number, rows: number, positions: number, keys: number, views: number, valid: number, hashes: number, times: number, bounds: number, keep: number, late: number,
  ): number;
}

const HEAD_BYTES = 32;

export const seenTwins = (heap: HeapViews): SeenKernels => {
  const { u8, u32, i64 } = heap;
  const entryAt = (log: number, position: number): number => {
    const [directory, mask, shift] = [u32[log + 6]!, u32[log + 7]!, u32[log + 8]!];
    return u32[(directory >>> 2) + ((position >>> shift) & mask) * 8]! + (position & ((1 << shift) - 1)) * 8;
  };
  /** Room for an entry, or 0. */
  const take = (log: number, size: number, time: bigint): number => {
    const [at, record] = [u32[log + 4]!, u32[log + 10]!];
    if (at + size > u32[log + 5]!) return 0;
    u32[log + 4] = at + size;
    u32[log + 3] = u32[log + 3]! + size / 8;
    u32[log + 9]!++;
    u32[(record >>> 2) + 1] = at + size - u32[record >>> 2]!;
    u32[(record >>> 2) + 3]!++;
    if (time < i64[(record >>> 3) + 2]!) i64[(record >>> 3) + 2] = time;
    if (time > i64[(record >>> 3) + 3]!) i64[(record >>> 3) + 3] = time;
    return at;
  };
  return {
    firstOfKeys(owner, from, rows, positions, keys, views, valid, hashes, times, bounds, keep, late) {
      const log = owner >>> 2;
      const within = i64[(owner >>> 3) + 10]!;
      for (let row = from; row < rows; row++) {
        const element = positions ? u32[(positions >>> 2) + row]! : row;
        const [time, bound, hash] = [i64[(times >>> 3) + element]!, i64[(bounds >>> 3) + element]!, u32[(hashes >>> 2) + element]!];
        if (time < bound) {
          u32[(late >>> 2) + u32[log + 16]!++] = row;
          continue;
        }
        const isNull = valid && u8[valid + element] === 0 ? 1 : 0;
        const bytes = views && !isNull ? u8.subarray(u32[(keys >>> 2) + element * 2]!, u32[(keys >>> 2) + element * 2]! + u32[(keys >>> 2) + element * 2 + 1]!) : u8.subarray(0, 0);
        const word = views ? BigInt(bytes.length) : isNull ? 0n : i64[(keys >>> 3) + element]!;
        const isSame = (entry: number): boolean => {
          const there = i64[(entry >>> 3) + 1]!;
          return i64[entry >>> 3] === word && u32[(entry >>> 2) + 5] === hash && u32[(entry >>> 2) + 7] === isNull && (there > time ? there - time : time - there) <= within
            && Buffer.compare(bytes, u8.subarray(entry + HEAD_BYTES, entry + HEAD_BYTES + bytes.length)) === 0;
        };
        const [base, end, head] = [u32[log + 2]!, u32[log + 3]!, (u32[log]! >>> 2) + ((hash & u32[log + 1]!) >>> 0)];
        let place = u32[head]!;
        while ((place - base) >>> 0 < (end - base) >>> 0 && !isSame(entryAt(log, place))) place = u32[(entryAt(log, place) >>> 2) + 4]!;
        if ((place - base) >>> 0 < (end - base) >>> 0) {
          u32[log + 17]!++;
          continue;
        }
        const size = (HEAD_BYTES + bytes.length + 7) & ~7;
        const entry = take(log, size, time);
        if (entry === 0) return row;
        i64.set([word, time], entry >>> 3);
        u32.set([u32[head]!, hash, size, isNull], (entry >>> 2) + 4);
        u8.set(bytes, entry + HEAD_BYTES);
        u32[head] = end;
        u8[keep + element] = 1;
        if (time > i64[(owner >>> 3) + 9]!) i64[(owner >>> 3) + 9] = time;
      }
      return rows;
    },
  };
};
