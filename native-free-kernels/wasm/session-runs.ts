import { intoPeriod, later } from './session-times';
import { stateOfKey } from './table';

/** Of a key's cell: its last run, and whether its runs are undone. */
const HEAD: usize = 8;
export const MARK: usize = 12;

// Fields of a run behind its states, whose first is the time of its first row; src/state/session-layout.ts has the same numbers.
export const RUN_LAST: usize = 8;
const RUN_SINCE: usize = 16;
const RUN_UNTIL: usize = 24;
export const RUN_HOME: usize = 32;
export const RUN_UNDONE: usize = 36;
const RUN_BYTES: usize = 40;

/** max(floor, min(cap, greatest - back)) */
// @ts-ignore: decorator
@inline
function boundOf(greatest: i64, back: i64, floor: i64, cap: i64): i64 {
  return max<i64>(floor, min<i64>(greatest - back, cap));
}

/** out[i] = the bound as it stands just before element i, see the interface. */
export function runningBounds(elements: i32, selection: usize, first: i32, values: usize, validity: usize, before: i64, back: i64, floor: i64, cap: i64, out: usize): void {
  // What is there without any row is one floor for all.
  const least = max<i64>(floor, min<i64>(before, cap));
  // Nothing that is taken away can be beyond 64 bits then.
  let greatest = i64.MIN_VALUE + back;
  let element = 0;
  if (!selection && !validity) {
    let value = values + (<usize>first << 3);
    let bound = out;
    // Four rows share the cost of going on to the next.
    for (; element < elements - 3; element += 4) {
      store<i64>(bound, boundOf(greatest, back, least, cap));
      greatest = max<i64>(greatest, load<i64>(value));
      store<i64>(bound, boundOf(greatest, back, least, cap), 8);
      greatest = max<i64>(greatest, load<i64>(value, 8));
      store<i64>(bound, boundOf(greatest, back, least, cap), 16);
      greatest = max<i64>(greatest, load<i64>(value, 16));
      store<i64>(bound, boundOf(greatest, back, least, cap), 24);
      greatest = max<i64>(greatest, load<i64>(value, 24));
      value += 32;
      bound += 32;
    }
  }
  let next: i32 = first + element;
  for (; element < elements; element++) {
    const row = selection ? load<i32>(selection + (<usize>element << 2)) : first + element;
    for (; next < row; next++) {
      if (validity && !((load<u8>(validity + (<usize>next >> 3)) >> <u8>(next & 7)) & 1)) continue;
      greatest = max<i64>(greatest, load<i64>(values + (<usize>next << 3)));
    }
    store<i64>(out + (<usize>element << 3), boundOf(greatest, back, least, cap));
  }
}

/** Moves rows from their keys' cells to the runs that they join or begin, see the interface. */
export function runSlots(table: usize, S: usize, from: i32, rows: i32, positions: usize, slots: usize, times: usize, bounds: usize, gap: i64, longest: i64, template: usize, starts: usize): i32 {
  for (let row = from; row < rows; row++) {
    const element = positions ? <usize>load<u32>(positions + (<usize>row << 2)) : <usize>row;
    const time = load<i64>(times + (element << 3));
    const bound = load<i64>(bounds + (element << 3));
    const slot = slots + (<usize>row << 2);
    const home = <usize>load<u32>(slot);
    const run = <usize>load<u32>(home, HEAD);
    if (run) {
      const at = run + S;
      const first = load<i64>(at);
      const last = load<i64>(at, RUN_LAST);
      // Where a bound is beyond 64 bits, it is no run: that is never wrong.
      if (max<i64>(time - 1, bound) < last + gap && max<i64>(time, bound) < load<i64>(at, RUN_UNTIL) && time >= max<i64>(first - gap, load<i64>(at, RUN_SINCE))) {
        store<i64>(at, min<i64>(first, time));
        store<i64>(at, max<i64>(last, time), RUN_LAST);
        store<u32>(slot, <u32>run);
        continue;
      }
    }
    const made = newRun(table, S, home, template);
    if (!made) return row;
    const at = made + S;
    store<i64>(at, time);
    store<i64>(at, time, RUN_LAST);
    const since = longest == 0 ? i64.MIN_VALUE : time - intoPeriod(time, longest);
    store<i64>(at, since, RUN_SINCE);
    store<i64>(at, longest == 0 ? i64.MAX_VALUE : later(since, longest), RUN_UNTIL);
    store<u32>(home, <u32>made, HEAD);
    store<u32>(slot, <u32>made);
    const count = load<u32>(starts);
    store<u32>(starts + (<usize>count << 2), <u32>element, 4);
    store<u32>(starts, count + 1);
  }
  return rows;
}

/** A new run without rows, or 0 where the arena is full. */
function newRun(table: usize, S: usize, home: usize, template: usize): usize {
  const run = stateOfKey(table, S, RUN_BYTES, home, template);
  if (!run) return 0;
  store<u32>(run + S, <u32>home, RUN_HOME);
  store<u32>(run + S, 0, RUN_UNDONE);
  return run;
}
