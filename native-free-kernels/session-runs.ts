import type { HeapViews } from './heap-views.js';
import { stateOfKey } from './key-state.js';
import { greatest, I64_MAX, I64_MIN, intoPeriod, later, least } from './session-times.js';

/** What is known of rows before they go to their sessions. */
export interface SessionRunKernels {
  /**
   * out[i] = max(floor, min(cap, b)), b the greatest of `before` and of values[r] - back for the rows r from `first` on that come before
   * element i, which is row selection[i], or first + i. Of `validity`, a bitmap by row (0: all), only rows with their bit count.
   */
  runningBounds(elements: number, selection: number, first: number, values: number, validity: number, before: bigint, back: bigint, floor: bigint, cap: bigint, out: number): void;
  /**
   * Rows of one key that surely go to one session are a run: a node in the arena of `table`, a copy of `template` (`stateBytes`), then
   * [times of its first and last row, bounds of their period: i64; cell, whether it is undone: u32]. slots[i], the cell of row i's key,
   * becomes the run that the row joins or begins. Elements that begin one are listed in `starts`: how many, then which (u32). Returns as `sessionSlots`.
   */
  runSlots(table: number, stateBytes: number, from: number, rows: number, positions: number, slots: number, times: number, bounds: number, gap: bigint, longest: bigint, template: number, starts: number): number;
}

const RUN_BYTES = 40;
const wrapped = (value: bigint): bigint => BigInt.asIntN(64, value);

export const sessionRunTwins = (heap: HeapViews): SessionRunKernels => {
  const { u8, u32, i64 } = heap;
  const newState = stateOfKey(heap);
  const newRun = (table: number, stateBytes: number, home: number, template: number): number => {
    const address = newState(table, stateBytes, RUN_BYTES, home, template);
    if (address) u32.set([home, 0], (address + stateBytes + 32) >>> 2);
    return address;
  };
  return {
    runningBounds(elements, selection, first, values, validity, before, back, floor, cap, out) {
      let bound = before;
      let next = first;
      for (let element = 0; element < elements; element++) {
        const row = selection ? u32[(selection >>> 2) + element]! : first + element;
        for (; next < row; next++) {
          if (validity && !((u8[validity + (next >>> 3)]! >> (next & 7)) & 1)) continue;
          bound = greatest(bound, greatest(i64[(values >>> 3) + next]! - back, I64_MIN));
        }
        i64[(out >>> 3) + element] = greatest(floor, least(bound, cap));
      }
    },
    runSlots(table, stateBytes, from, rows, positions, slots, times, bounds, gap, longest, template, starts) {
      for (let row = from; row < rows; row++) {
        const element = positions ? u32[(positions >>> 2) + row]! : row;
        const [time, bound] = [i64[(times >>> 3) + element]!, i64[(bounds >>> 3) + element]!];
        const home = u32[(slots >>> 2) + row]!;
        const run = u32[(home >>> 2) + 2]!;
        const at = (run + stateBytes) >>> 3;
        const [first, last, since, until] = [i64[at]!, i64[at + 1]!, i64[at + 2]!, i64[at + 3]!];
        // Where a bound is beyond 64 bits, it is no run: that is never wrong.
        const isOpen = greatest(wrapped(time - 1n), bound) < wrapped(last + gap) && greatest(time, bound) < until;
        if (run && isOpen && time >= greatest(wrapped(first - gap), since)) {
          i64[at] = least(first, time);
          i64[at + 1] = greatest(last, time);
          u32[(slots >>> 2) + row] = run;
          continue;
        }
        const made = newRun(table, stateBytes, home, template);
        if (!made) return row;
        const start = longest === 0n ? I64_MIN : wrapped(time - intoPeriod(time, longest));
        i64.set([time, time, start, longest === 0n ? I64_MAX : later(start, longest)], (made + stateBytes) >>> 3);
        u32[(home >>> 2) + 2] = u32[(slots >>> 2) + row] = made;
        u32[(starts >>> 2) + ++u32[starts >>> 2]!] = element;
      }
      return rows;
    },
  };
};
