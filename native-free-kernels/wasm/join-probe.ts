import { BASE, bitOf, BUCKET_SHIFT, DIRECTORY, DIRECTORY_MASK, END, FILTER, FLAGS, HASH, HEADS, LINK, MASK, mayHave, RECORD_SHIFT, SHIFT, TIME } from './join-log';

const OUTER: u32 = 1;
const FIRST: u32 = 2;
/** Tuples whose chains are brought near together. */
const NEAR: u32 = 64;

// @ts-ignore: decorator
@inline
export function minus(time: i64, by: i64): i64 {
  return time < i64.MIN_VALUE + by ? i64.MIN_VALUE : time - by;
}
// @ts-ignore: decorator
@inline
function plus(time: i64, by: i64): i64 {
  return time > i64.MAX_VALUE - by ? i64.MAX_VALUE : time + by;
}

/** Address of the entry at a position. */
// @ts-ignore: decorator
@inline
export function entryAt(directory: usize, slots: u32, shift: u32, position: u32): usize {
  return <usize>load<u32>(directory + (<usize>((position >> shift) & slots) << RECORD_SHIFT)) + (<usize>(position & ((<u32>1 << shift) - 1)) << 3);
}

/** Whether two keys of bytes are equal; `a` and `b`: where the views of the keys lie in their entries. */
export function sameKey(one: usize, a: usize, other: usize, b: usize): bool {
  const length = load<u32>(one + a, 4);
  if (length != load<u32>(other + b, 4)) return false;
  let left = one + load<u32>(one + a);
  let right = other + load<u32>(other + b);
  const end = left + length;
  for (; left + 8 <= end; left += 8, right += 8) if (load<u64>(left) != load<u64>(right)) return false;
  for (; left < end; left++, right++) if (load<u8>(left) != load<u8>(right)) return false;
  return true;
}

/** Reads the buckets of some tuples, as `touchBuckets` in join-log.ts does. */
function touchHeads(log: usize, entries: usize, from: u32, until: u32): u32 {
  const heads = <usize>load<u32>(log, HEADS);
  const mask = load<u32>(log, MASK);
  const bucketShift = <usize>load<u8>(log, BUCKET_SHIFT);
  let sum: u32 = 0;
  for (let tuple = from; tuple < until; tuple++) {
    const hash = load<u32>(<usize>load<u32>(entries + (<usize>tuple << 2)), HASH);
    sum += load<u32>(heads + (<usize>(hash & mask) << bucketShift));
  }
  return sum;
}

/**
 * Reads the beginnings of the chains of some tuples, whose buckets are near, and what comes behind them in their chains (`second`), so that they are in
 * the cache: the reads wait for memory all at once, as no branch depends on them. Returns what they sum up to, or the compiler would leave them out.
 */
// @ts-ignore: decorator
@inline
function touchChains(log: usize, entries: usize, from: u32, until: u32, second: bool): u32 {
  const heads = <usize>load<u32>(log, HEADS);
  const mask = load<u32>(log, MASK);
  const bucketShift = <usize>load<u8>(log, BUCKET_SHIFT);
  const filter = <usize>load<u8>(log, FILTER);
  const base = load<u32>(log, BASE);
  const live = load<u32>(log, END) - base;
  const directory = <usize>load<u32>(log, DIRECTORY);
  const slots = load<u32>(log, DIRECTORY_MASK);
  const shift = load<u32>(log, SHIFT);
  let sum: u32 = 0;
  for (let tuple = from; tuple < until; tuple++) {
    const hash = load<u32>(<usize>load<u32>(entries + (<usize>tuple << 2)), HASH);
    const head = heads + (<usize>(hash & mask) << bucketShift);
    // What is gone, or surely another key's, is not looked at: the log stands for it.
    const has = mayHave(head, filter, hash, base, live);
    let entry = select<usize>(entryAt(directory, slots, shift, load<u32>(head)), log, has);
    if (second) {
      const next = load<u32>(entry, LINK);
      entry = select<usize>(entryAt(directory, slots, shift, next), log, has & i32(next - base < live));
    }
    // An entry's head may lie in two cache lines.
    sum += load<u32>(entry) + load<u32>(entry, FLAGS);
  }
  return sum;
}
function touchFirst(log: usize, entries: usize, from: u32, until: u32): u32 {
  return touchChains(log, entries, from, until, false);
}
function touchSecond(log: usize, entries: usize, from: u32, until: u32): u32 {
  return touchChains(log, entries, from, until, true);
}

/** Lists the entries whose hash an entry of a log may have, see the interface. */
export function soughtEntries(log: usize, rows: i32, entries: usize, out: usize): i32 {
  const heads = <usize>load<u32>(log, HEADS);
  const mask = load<u32>(log, MASK);
  const bucketShift = <usize>load<u8>(log, BUCKET_SHIFT);
  const filter = <usize>load<u8>(log, FILTER);
  const base = load<u32>(log, BASE);
  const live = load<u32>(log, END) - base;
  if (!live) return 0;
  let found: i32 = 0;
  for (let row = 0; row < rows; row++) {
    const entry = load<u32>(entries + (<usize>row << 2));
    const hash = load<u32>(<usize>entry, HASH);
    const head = heads + (<usize>(hash & mask) << bucketShift);
    store<u32>(out + (<usize>found << 2), entry);
    found += mayHave(head, filter, hash, base, live);
  }
  return found;
}

/** Finds the entries of a log that match, see the interface. */
export function probeEntries(log: usize, cursor: usize, tuples: u32, entries: usize, before: i64, after: i64, ownKey: usize, otherKey: usize, how: u32, skipped: u32, outTuples: usize, outMatches: usize, capacity: i32): i32 {
  const heads = <usize>load<u32>(log, HEADS);
  const mask = load<u32>(log, MASK);
  const bucketShift = <usize>load<u8>(log, BUCKET_SHIFT);
  const filter = <usize>load<u8>(log, FILTER);
  const base = load<u32>(log, BASE);
  const live = load<u32>(log, END) - base;
  const directory = <usize>load<u32>(log, DIRECTORY);
  const slots = load<u32>(log, DIRECTORY_MASK);
  const shift = load<u32>(log, SHIFT);
  let tuple = load<u32>(cursor);
  let position = load<u32>(cursor, 4);
  let seen = load<u32>(cursor, 8);
  let found: i32 = 0;
  let near = tuple;
  for (; tuple < tuples; tuple++) {
    if (tuple >= near && live) {
      near = min<u32>(tuple + NEAR, tuples);
      store<u32>(cursor, touchHeads(log, entries, tuple, near), 12);
      store<u32>(cursor, touchFirst(log, entries, tuple, near), 12);
      store<u32>(cursor, touchSecond(log, entries, tuple, near), 12);
    }
    const entry = <usize>load<u32>(entries + (<usize>tuple << 2));
    const key = load<u64>(entry);
    const time = load<i64>(entry, TIME);
    const from = minus(time, before);
    const until = plus(time, after);
    if (seen == 0) {
      const hash = load<u32>(entry, HASH);
      const head = heads + (<usize>(hash & mask) << bucketShift);
      position = live && load<u8>(head + filter) & bitOf(hash) ? load<u32>(head) : base - 1;
    }
    while (position - base < live) {
      const other = entryAt(directory, slots, shift, position);
      if (load<u64>(other) == key) {
        const at = load<i64>(other, TIME);
        if (at >= from && at <= until && !(load<u32>(other, FLAGS) & skipped) && (!ownKey || sameKey(entry, ownKey, other, otherKey))) {
          if (found == capacity) return pause(cursor, tuple, position, seen ? seen : 1, found);
          store<u32>(outTuples + (<usize>found << 2), tuple);
          store<u32>(outMatches + (<usize>found << 2), <u32>other);
          found++;
          seen = 2;
          if (how & FIRST) break;
        }
      }
      position = load<u32>(other, LINK);
    }
    if ((how & OUTER) && seen != 2) {
      if (found == capacity) return pause(cursor, tuple, base - 1, 1, found);
      store<u32>(outTuples + (<usize>found << 2), tuple);
      store<u32>(outMatches + (<usize>found << 2), 0);
      found++;
    }
    seen = 0;
  }
  return pause(cursor, tuple, 0, 0, found);
}

// @ts-ignore: decorator
@inline
function pause(cursor: usize, tuple: u32, position: u32, seen: u32, found: i32): i32 {
  store<u32>(cursor, tuple);
  store<u32>(cursor, position, 4);
  store<u32>(cursor, seen, 8);
  store<u32>(cursor, 0, 12);
  return found;
}

/** Sets a flag of entries and lists the rows whose entry did not have it, see the interface. */
export function claimEntries(rows: i32, entries: usize, matches: usize, flag: u32, out: usize): i32 {
  let found: i32 = 0;
  for (let row = 0; row < rows; row++) {
    const entry = <usize>load<u32>(entries + (<usize>row << 2));
    if (!entry || (matches && !load<u32>(matches + (<usize>row << 2)))) continue;
    const flags = load<u32>(entry, FLAGS);
    if (flags & flag) continue;
    store<u32>(entry, flags | flag, FLAGS);
    store<i32>(out + (<usize>found << 2), row);
    found++;
  }
  return found;
}

/** Takes flags off entries. */
export function releaseEntries(rows: i32, entries: usize, flags: u32): void {
  for (let row = 0; row < rows; row++) {
    const entry = <usize>load<u32>(entries + (<usize>row << 2));
    store<u32>(entry, load<u32>(entry, FLAGS) & ~flags, FLAGS);
  }
}

/** Lists the entries whose flags among `flags` are `value`, or are not, see the interface. */
export function flaggedEntries(rows: i32, entries: usize, flags: u32, value: u32, want: i32, out: usize): i32 {
  let found: i32 = 0;
  for (let row = 0; row < rows; row++) {
    const entry = load<u32>(entries + (<usize>row << 2));
    if (i32((load<u32>(<usize>entry, FLAGS) & flags) == value) != want) continue;
    store<u32>(out + (<usize>found << 2), entry);
    found++;
  }
  return found;
}

/** Adds 1 to a word (i64) of each entry, as often as it is listed. */
export function countEntries(rows: i32, entries: usize, offset: usize): void {
  for (let row = 0; row < rows; row++) {
    const at = <usize>load<u32>(entries + (<usize>row << 2)) + offset;
    store<i64>(at, load<i64>(at) + 1);
  }
}
