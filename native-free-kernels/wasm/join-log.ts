// Layout of a log, of a block's record and of an entry, in bytes; src/join/log-layout.ts has the same in words, and their meaning.
export const HEADS: usize = 0;
export const MASK: usize = 4;
export const BASE: usize = 8;
export const END: usize = 12;
export const NEXT: usize = 16;
export const STOP: usize = 20;
export const DIRECTORY: usize = 24;
export const DIRECTORY_MASK: usize = 28;
export const SHIFT: usize = 32;
export const ROWS: usize = 36;
export const BLOCK: usize = 40;
export const BUCKET_SHIFT: usize = 52;
export const FILTER: usize = 53;

export const RECORD_SHIFT: usize = 5;
const USED: usize = 4;
export const ENTRIES: usize = 12;
export const LEAST: usize = 16;
export const GREATEST: usize = 24;

export const TIME: usize = 8;
export const LINK: usize = 16;
export const HASH: usize = 20;
export const SIZE: usize = 24;
export const FLAGS: usize = 28;
const DONE: u32 = 0x80000000;
export const REPLACED: u32 = 0x20000000;

/** What an entry sets in the filter of its chain. */
// @ts-ignore: decorator
@inline
export function bitOf(hash: u32): u32 {
  return <u32>1 << ((hash >> 20) & 7);
}

/** 1 where the chain at `head` may have an entry with this hash: it is not empty, or gone, and its filter does not say that it surely lacks it. No branch. */
// @ts-ignore: decorator
@inline
export function mayHave(head: usize, filter: usize, hash: u32, base: u32, live: u32): i32 {
  return i32(load<u32>(head) - base < live) & i32((load<u8>(head + filter) & bitOf(hash)) != 0);
}

/** Has the chain at `head` begin with the entry at `position`. Returns what it began with so far. */
// @ts-ignore: decorator
@inline
export function push(head: usize, filter: usize, hash: u32, position: u32, base: u32, live: u32): u32 {
  const old = load<u32>(head);
  const bit = bitOf(hash);
  store<u32>(head, position);
  store<u8>(head + filter, select<u32>(load<u8>(head + filter) | bit, bit, old - base < live));
  return old;
}

/** Has every chain be empty, see the interface. */
export function clearChains(log: usize): void {
  const shift = load<u8>(log, BUCKET_SHIFT);
  const none = load<u32>(log, BASE) - 1;
  const heads = <usize>load<u32>(log, HEADS);
  const end = heads + (<usize>(load<u32>(log, MASK) + 1) << shift);
  for (let head = heads; head < end; head += <usize>1 << shift) store<u32>(head, none);
}

/** Rows whose buckets are brought near together. */
const NEAR: i32 = 64;
/**
 * Reads the buckets of some rows, of those that `candidates` lists or, without it, of all: the reads wait for memory all at once, the more of them the
 * shorter the loop. Returns what they sum up to, or the compiler would leave them out.
 */
export function touchBuckets(log: usize, from: i32, until: i32, candidates: usize, hashes: usize): u32 {
  const heads = <usize>load<u32>(log, HEADS);
  const mask = load<u32>(log, MASK);
  const shift = <usize>load<u8>(log, BUCKET_SHIFT);
  let sum: u32 = 0;
  for (let row = from; row < until; row++) {
    const element = candidates ? <usize>load<u32>(candidates + (<usize>row << 2)) : <usize>row;
    sum += load<u32>(heads + (<usize>(load<u32>(hashes + (element << 2)) & mask) << shift));
  }
  return sum;
}

/** Appends entries of some rows, see the interface. */
export function appendEntries(log: usize, from: i32, rows: i32, candidates: usize, keys: usize, times: usize, hashes: usize, sizes: usize, entryBytes: u32, addresses: usize): i32 {
  const block = <usize>load<u32>(log, BLOCK);
  if (!block) return from;
  const heads = <usize>load<u32>(log, HEADS);
  const mask = load<u32>(log, MASK);
  const shift = <usize>load<u8>(log, BUCKET_SHIFT);
  const filter = <usize>load<u8>(log, FILTER);
  const base = load<u32>(log, BASE);
  const first = load<u32>(log, NEXT);
  const stop = load<u32>(log, STOP);
  let least = load<i64>(block, LEAST);
  let greatest = load<i64>(block, GREATEST);
  let at = first;
  let position = load<u32>(log, END);
  let row = from;
  let near = from;
  for (; row < rows; row++) {
    if (row == near) {
      near = min<i32>(row + NEAR, rows);
      // Its place is written below.
      store<u32>(addresses + (<usize>row << 2), touchBuckets(log, row, near, candidates, hashes));
    }
    const size = sizes ? (load<u32>(sizes + (<usize>row << 2)) + 7) & ~7 : entryBytes;
    if (at + size > stop) break;
    const candidate = <usize>load<u32>(candidates + (<usize>row << 2));
    const time = load<i64>(times + (candidate << 3));
    const hash = load<u32>(hashes + (candidate << 2));
    store<u64>(at, load<u64>(keys + (candidate << 3)));
    store<i64>(at, time, TIME);
    store<u32>(at, push(heads + (<usize>(hash & mask) << shift), filter, hash, position, base, position - base), LINK);
    store<u32>(at, hash, HASH);
    store<u32>(at, size, SIZE);
    store<u32>(at, 0, FLAGS);
    store<u32>(addresses + (<usize>row << 2), at);
    if (time < least) least = time;
    if (time > greatest) greatest = time;
    at += size;
    position += size >> 3;
  }
  close(log, block, at, position, <u32>(row - from), least, greatest);
  return row;
}

/** Copies entries to the end of a log, unlinked, see the interface. */
export function copyEntries(log: usize, from: i32, rows: i32, entries: usize): i32 {
  const block = <usize>load<u32>(log, BLOCK);
  if (!block) return from;
  const stop = load<u32>(log, STOP);
  let least = load<i64>(block, LEAST);
  let greatest = load<i64>(block, GREATEST);
  let at = load<u32>(log, NEXT);
  let position = load<u32>(log, END);
  let row = from;
  for (; row < rows; row++) {
    const entry = <usize>load<u32>(entries + (<usize>row << 2));
    const size = load<u32>(entry, SIZE);
    if (at + size > stop) break;
    memory.copy(at, entry, size);
    const time = load<i64>(entry, TIME);
    if (time < least && !(load<u32>(entry, FLAGS) & DONE)) least = time;
    if (time > greatest) greatest = time;
    at += size;
    position += size >> 3;
  }
  close(log, block, at, position, <u32>(row - from), least, greatest);
  return row;
}

/** What a log and its last block say of themselves once entries were added. */
// @ts-ignore: decorator
@inline
export function close(log: usize, block: usize, at: u32, position: u32, added: u32, least: i64, greatest: i64): void {
  store<u32>(log, at, NEXT);
  store<u32>(log, position, END);
  store<u32>(log, load<u32>(log, ROWS) + added, ROWS);
  store<u32>(block, at - load<u32>(block), USED);
  store<u32>(block, load<u32>(block, ENTRIES) + added, ENTRIES);
  store<i64>(block, least, LEAST);
  store<i64>(block, greatest, GREATEST);
}

/** Links the entries of a run anew, oldest first, see the interface. */
export function linkEntries(log: usize, position: u32, from: usize, bytes: usize): void {
  const heads = <usize>load<u32>(log, HEADS);
  const mask = load<u32>(log, MASK);
  const shift = <usize>load<u8>(log, BUCKET_SHIFT);
  const filter = <usize>load<u8>(log, FILTER);
  const base = load<u32>(log, BASE);
  const live = load<u32>(log, END) - base;
  const end = from + bytes;
  for (let at = from; at < end; ) {
    const size = load<u32>(at, SIZE);
    if (!(load<u32>(at, FLAGS) & REPLACED)) {
      const hash = load<u32>(at, HASH);
      store<u32>(at, push(heads + (<usize>(hash & mask) << shift), filter, hash, position, base, live), LINK);
    }
    at += size;
    position += size >> 3;
  }
}

/** Lists entries of a block that are complete, see the interface. */
export function completeEntries(record: usize, before: i64, out: usize): i32 {
  let at = <usize>load<u32>(record);
  const end = at + load<u32>(record, USED);
  let least: i64 = i64.MAX_VALUE;
  let found: i32 = 0;
  for (; at < end; at += load<u32>(at, SIZE)) {
    const flags = load<u32>(at, FLAGS);
    if (flags & DONE) continue;
    const time = load<i64>(at, TIME);
    if (time < before) {
      store<u32>(at, flags | DONE, FLAGS);
      store<u32>(out + (<usize>found << 2), <u32>at);
      found++;
    } else if (time < least) least = time;
  }
  store<i64>(record, least, LEAST);
  return found;
}

/** Lists the entries of a run with a time from `since` on. Returns how many. */
export function entriesSince(from: usize, bytes: usize, since: i64, out: usize): i32 {
  const end = from + bytes;
  let found: i32 = 0;
  for (let at = from; at < end; at += load<u32>(at, SIZE)) {
    if (load<i64>(at, TIME) < since || load<u32>(at, FLAGS) & REPLACED) continue;
    store<u32>(out + (<usize>found << 2), <u32>at);
    found++;
  }
  return found;
}

/** Bytes of the entries of a run with a time from `since` on. */
export function bytesSince(from: usize, bytes: usize, since: i64): u32 {
  const end = from + bytes;
  let sum: u32 = 0;
  for (let at = from; at < end; at += load<u32>(at, SIZE)) if (load<i64>(at, TIME) >= since && !(load<u32>(at, FLAGS) & REPLACED)) sum += load<u32>(at, SIZE);
  return sum;
}
