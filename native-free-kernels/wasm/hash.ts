/** Mixes 64 bits so that every input bit reaches every output bit (murmur3's 64-bit finaliser), folded to 32. */
// @ts-ignore: decorator
@inline
export function mix(x: u64): u32 {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccd;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53;
  x ^= x >> 33;
  return <u32>x;
}

// @ts-ignore: decorator
@inline
function hashWord(key: u64): u32 {
  return <u32>(((key ^ (key >> 32)) * 0x9e3779b97f4a7c15) >> 32);
}

/** hashes[i] (u32) of the i-th 8-byte key: folded to its low half, then Fibonacci hashing (Knuth, volume 3, 6.4). One multiplication: this runs for every row, and four of them share the cost of going on to the next. */
export function hashWords(rows: i32, keys: usize, seed: u64, hashes: usize): void {
  let row = 0;
  for (; row < rows - 3; row += 4) {
    const key = keys + (<usize>row << 3);
    const hash = hashes + (<usize>row << 2);
    store<u32>(hash, hashWord(load<u64>(key) ^ seed));
    store<u32>(hash, hashWord(load<u64>(key, 8) ^ seed), 4);
    store<u32>(hash, hashWord(load<u64>(key, 16) ^ seed), 8);
    store<u32>(hash, hashWord(load<u64>(key, 24) ^ seed), 12);
  }
  for (; row < rows; row++) store<u32>(hashes + (<usize>row << 2), hashWord(load<u64>(keys + (<usize>row << 3)) ^ seed));
}

/** The last `length` < 8 bytes at `at`, little-endian, without reading outside a string's own 8-byte words more than the heap's slack. */
// @ts-ignore: decorator
@inline
function tail(at: usize, length: u32): u64 {
  return length == 0 ? 0 : load<u64>(at) & (0xffffffffffffffff >> <u64>(64 - (length << 3)));
}

// @ts-ignore: decorator
@inline
function hashBytesAt(at: usize, length: u32, seed: u64): u32 {
  let state: u64 = seed ^ (<u64>length * 0x9e3779b97f4a7c15);
  let left = length;
  while (left >= 8) {
    state = (state ^ load<u64>(at)) * 0xff51afd7ed558ccd;
    state ^= state >> 29;
    at += 8;
    left -= 8;
  }
  return mix(state ^ (tail(at, left) * 0xc4ceb9fe1a85ec53));
}

/** hashes[i] (u32) of the i-th byte string; `views` holds (u32 address, u32 length) pairs. Strings may be read up to 7 bytes past their end. */
export function hashBytes(rows: i32, views: usize, seed: u64, hashes: usize): void {
  for (let row = 0; row < rows; row++) {
    const view = views + (<usize>row << 3);
    store<u32>(hashes + (<usize>row << 2), hashBytesAt(load<u32>(view), load<u32>(view, 4), seed));
  }
}
