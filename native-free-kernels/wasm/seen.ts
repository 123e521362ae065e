import { ARENA_NEXT, ARENA_END } from './table';

// Layout of a store, its cells and its nodes, in bytes; src/state/seen-store.ts has the same in words.
const NODES: usize = 4;
const LATE: usize = 8;
const DROPPED: usize = 12;
const GREATEST: usize = 24;
const WITHIN: usize = 32;
const HEAD: usize = 8;
const NEXT: usize = 8;
const NODE_BYTES: usize = 16;

/** Lets the first rows of their keys through, see the interface. */
export function firstOfKeys(owner: usize, from: i32, rows: i32, positions: usize, slots: usize, times: usize, bounds: usize, keep: usize, late: usize): i32 {
  const table = <usize>load<u32>(owner);
  const within = load<i64>(owner, WITHIN);
  for (let row = from; row < rows; row++) {
    const element = positions ? <usize>load<u32>(positions + (<usize>row << 2)) : <usize>row;
    const time = load<i64>(times + (element << 3));
    const bound = load<i64>(bounds + (element << 3));
    if (time < bound) {
      const count = load<u32>(owner, LATE);
      store<u32>(owner, count + 1, LATE);
      store<i32>(late + (<usize>count << 2), row);
      continue;
    }
    let place = <usize>load<u32>(slots + (<usize>row << 2)) + HEAD;
    let node = <usize>load<u32>(place);
    while (node && load<i64>(node) > time && <u64>(load<i64>(node) - time) > <u64>within) {
      place = node + NEXT;
      node = <usize>load<u32>(place);
    }
    if (node && (load<i64>(node) >= time || <u64>(time - load<i64>(node)) <= <u64>within)) {
      store<u32>(owner, load<u32>(owner, DROPPED) + 1, DROPPED);
      continue;
    }
    // Those that follow are older still.
    if (node && load<i64>(node) < (bound < i64.MIN_VALUE + within ? i64.MIN_VALUE : bound - within)) {
      store<i64>(node, time);
      store<u32>(node, 0, NEXT);
    } else {
      const made = <usize>load<u32>(table, ARENA_NEXT);
      if (made + NODE_BYTES > <usize>load<u32>(table, ARENA_END)) return row;
      store<u32>(table, <u32>(made + NODE_BYTES), ARENA_NEXT);
      store<i64>(made, time);
      store<u64>(made, <u64>node, NEXT);
      store<u32>(place, <u32>made);
      store<u32>(owner, load<u32>(owner, NODES) + 1, NODES);
    }
    store<i64>(owner, max<i64>(load<i64>(owner, GREATEST), time), GREATEST);
    store<u8>(keep + element, 1);
  }
  return rows;
}
