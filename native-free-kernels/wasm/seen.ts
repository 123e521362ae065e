import { copyText, sameBytes } from './bytes';
import { BASE, bitOf, BLOCK, BUCKET_SHIFT, close, DIRECTORY, DIRECTORY_MASK, END, FILTER, FLAGS, GREATEST, HASH, HEADS, LEAST, LINK, MASK, mayHave, NEXT, push, SHIFT, SIZE, STOP, TIME, touchBuckets } from './join-log';
import { entryAt } from './join-probe';

// Layout of a store, in bytes: a log, and behind it what src/aggregate/seen-store.ts has in words.
const LATE: usize = 64;
const DROPPED: usize = 68;
const NEWEST: usize = 72;
const WITHIN: usize = 80;
const TOUCHED: usize = 88;
/** Bytes before those of a key, of which the entry's word says how many there are; of other keys the word is the key. */
const HEAD: u32 = 32;
const NULL: u32 = 1;
/** Rows whose chains are brought near together. */
const NEAR: i32 = 64;

/**
 * Reads the beginnings of the chains of some rows, whose buckets are near: the reads wait for memory all at once. Returns
 * what they sum up to, or the compiler would leave them out.
 */
function touch(log: usize, from: i32, until: i32, hashes: usize): u32 {
  const base = load<u32>(log, BASE);
  const live = load<u32>(log, END) - base;
  const heads = <usize>load<u32>(log, HEADS);
  const mask = load<u32>(log, MASK);
  const bucketShift = <usize>load<u8>(log, BUCKET_SHIFT);
  const filter = <usize>load<u8>(log, FILTER);
  const directory = <usize>load<u32>(log, DIRECTORY);
  const slots = load<u32>(log, DIRECTORY_MASK);
  const shift = load<u32>(log, SHIFT);
  let sum: u32 = 0;
  for (let row = from; row < until; row++) {
    const hash = load<u32>(hashes + (<usize>row << 2));
    const head = heads + (<usize>(hash & mask) << bucketShift);
    // What is gone, or surely another key's, is not looked at: the log stands for it.
    const has = mayHave(head, filter, hash, base, live);
    sum += load<u32>(select<usize>(entryAt(directory, slots, shift, load<u32>(head)), log, has), LINK);
  }
  return sum;
}

/** Lets the first rows of their keys through, see the interface. */
export function firstOfKeys(owner: usize, from: i32, rows: i32, elements: usize, keys: usize, views: i32, valid: usize, hashes: usize, times: usize, bounds: usize, keep: usize, late: usize): i32 {
  const heads = <usize>load<u32>(owner, HEADS);
  const mask = load<u32>(owner, MASK);
  const bucketShift = <usize>load<u8>(owner, BUCKET_SHIFT);
  const filter = <usize>load<u8>(owner, FILTER);
  const base = load<u32>(owner, BASE);
  const directory = <usize>load<u32>(owner, DIRECTORY);
  const slots = load<u32>(owner, DIRECTORY_MASK);
  const shift = load<u32>(owner, SHIFT);
  const block = <usize>load<u32>(owner, BLOCK);
  const stop = load<u32>(owner, STOP);
  const within = load<u64>(owner, WITHIN);
  let at = load<u32>(owner, NEXT);
  let position = load<u32>(owner, END);
  let least = block ? load<i64>(block, LEAST) : 0;
  let greatest = block ? load<i64>(block, GREATEST) : 0;
  let newest = load<i64>(owner, NEWEST);
  let near = from;
  let added: u32 = 0;
  let row = from;
  for (; row < rows; row++) {
    if (row >= near) {
      near = min<i32>(row + NEAR, rows);
      store<u32>(owner, touchBuckets(owner, row, near, 0, hashes), TOUCHED);
      store<u32>(owner, touch(owner, row, near, hashes), TOUCHED);
    }
    const time = load<i64>(times + (<usize>row << 3));
    if (time < load<i64>(bounds + (<usize>row << 3))) {
      const count = load<u32>(owner, LATE);
      store<u32>(owner, count + 1, LATE);
      store<i32>(late + (<usize>count << 2), row);
      continue;
    }
    const hash = load<u32>(hashes + (<usize>row << 2));
    const isNull = valid && !load<u8>(valid + <usize>row) ? NULL : 0;
    const bytes = views ? <usize>load<u32>(keys + (<usize>row << 3)) : 0;
    const length = views && !isNull ? load<u32>(keys + (<usize>row << 3), 4) : 0;
    const word: u64 = views ? <u64>length : isNull ? 0 : load<u64>(keys + (<usize>row << 3));
    const head = heads + (<usize>(hash & mask) << bucketShift);
    let place = load<u8>(head + filter) & bitOf(hash) ? load<u32>(head) : base - 1;
    let isSeen = false;
    while (place - base < position - base) {
      const other = entryAt(directory, slots, shift, place);
      if (load<u32>(other, HASH) == hash && load<u32>(other, FLAGS) == isNull) {
        const there = load<i64>(other, TIME);
        // The difference of any two times fits 64 bits without a sign.
        if ((there > time ? <u64>(there - time) : <u64>(time - there)) <= within && load<u64>(other) == word && (!views || sameBytes(other + HEAD, bytes, length))) {
          isSeen = true;
          break;
        }
      }
      place = load<u32>(other, LINK);
    }
    if (isSeen) {
      store<u32>(owner, load<u32>(owner, DROPPED) + 1, DROPPED);
      continue;
    }
    const size = (HEAD + length + 7) & ~7;
    if (at + size > stop) break;
    store<u64>(at, word);
    store<i64>(at, time, TIME);
    store<u32>(at, push(head, filter, hash, position, base, position - base), LINK);
    store<u32>(at, hash, HASH);
    store<u32>(at, size, SIZE);
    store<u32>(at, isNull, FLAGS);
    copyText(at + HEAD, bytes, length);
    store<u8>(keep + <usize>load<u32>(elements + (<usize>row << 2)), 1);
    if (time < least) least = time;
    if (time > greatest) greatest = time;
    if (time > newest) newest = time;
    at += size;
    position += size >> 3;
    added++;
  }
  store<i64>(owner, newest, NEWEST);
  if (added) close(owner, block, at, position, added, least, greatest);
  store<u32>(owner, 0, TOUCHED);
  return row;
}
