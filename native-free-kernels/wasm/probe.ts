/**
 * Static hash tables: `slots` (u32, a power of two, zeroed, at most half full) hold 1 + the index of a key in `keys`; linear probing.
 * Integer keys are int64, text keys (address, length).
 */
import { compareTwoTexts } from './compare';

// @ts-ignore: decorator
@inline
function hashInteger(key: u64): u32 {
  const mixed = (key ^ (key >> 32)) * 0x9e3779b97f4a7c15;
  return <u32>(mixed >> 32);
}
/** Eight bytes at a time; the last word is masked, so it may read 7 bytes past the end. */
// @ts-ignore: decorator
@inline
function hashText(at: usize, length: u32): u32 {
  let hash: u64 = <u64>length * 0x9e3779b97f4a7c15;
  const end = at + <usize>length;
  for (; at + 8 <= end; at += 8) {
    hash = (hash ^ load<u64>(at)) * 0xd6e8feb86659fd93;
    hash ^= hash >> 32;
  }
  const rest = <u64>(end - at) << 3;
  if (rest != 0) {
    hash = (hash ^ (load<u64>(at) & ((<u64>1 << rest) - 1))) * 0xd6e8feb86659fd93;
    hash ^= hash >> 32;
  }
  hash *= 0x9e3779b97f4a7c15;
  return <u32>(hash >> 32);
}

/** REQUIRES: the keys differ. */
export function insertIntegers(count: i32, keys: usize, slots: usize, mask: u32): void {
  for (let index: i32 = 0; index < count; index++) {
    let slot = hashInteger(load<u64>(keys + (<usize>index << 3))) & mask;
    while (load<u32>(slots + (<usize>slot << 2)) != 0) slot = (slot + 1) & mask;
    store<u32>(slots + (<usize>slot << 2), index + 1);
  }
}
/** The index of every element's key, or -1. */
export function probeIntegers(rows: i32, a: usize, keys: usize, slots: usize, mask: u32, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const key = load<u64>(a + (row << 3));
    let slot = hashInteger(key) & mask;
    let index: u32 = 0;
    while ((index = load<u32>(slots + (<usize>slot << 2))) != 0 && load<u64>(keys + (usize(index - 1) << 3)) != key) slot = (slot + 1) & mask;
    store<i32>(out + (row << 2), <i32>index - 1);
  }
}

/** REQUIRES: the keys differ. */
export function insertTexts(count: i32, keys: usize, slots: usize, mask: u32): void {
  for (let index: i32 = 0; index < count; index++) {
    const key = keys + (<usize>index << 3);
    let slot = hashText(load<u32>(key), load<u32>(key, 4)) & mask;
    while (load<u32>(slots + (<usize>slot << 2)) != 0) slot = (slot + 1) & mask;
    store<u32>(slots + (<usize>slot << 2), index + 1);
  }
}
export function probeTexts(rows: i32, a: usize, keys: usize, slots: usize, mask: u32, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const text = load<u32>(a + (row << 3)), length = load<u32>(a + (row << 3), 4);
    let slot = hashText(text, length) & mask;
    let index: u32 = 0;
    while ((index = load<u32>(slots + (<usize>slot << 2))) != 0) {
      const key = keys + (usize(index - 1) << 3);
      if (load<u32>(key, 4) == length && compareTwoTexts(load<u32>(key), length, text, length) == 0) break;
      slot = (slot + 1) & mask;
    }
    store<i32>(out + (row << 2), <i32>index - 1);
  }
}

/** Whether a number is one (`negate` 0) or -1 (1): bytes of 0 or 1. */
export function foundBytes(rows: i32, numbers: usize, negate: i32, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) store<u8>(out + row, u8(i32(load<i32>(numbers + (row << 2)) >= 0) ^ negate));
}
