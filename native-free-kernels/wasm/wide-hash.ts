const FIRST: u64 = 0xff51afd7ed558ccd;
const SECOND: u64 = 0xc4ceb9fe1a85ec53;
const GOLDEN: u64 = 0x9e3779b97f4a7c15;

/** murmur3's 64-bit finaliser (Appleby 2011). */
// @ts-ignore: decorator
@inline
function mix(x: u64): u64 {
  x = (x ^ (x >> 33)) * FIRST;
  x = (x ^ (x >> 33)) * SECOND;
  return x ^ (x >> 33);
}

/** out[i] (u64) = the hash of the 8-byte word of row i (element positions[i], or i), one to one. `floats`: of which every NaN is one and -0 is 0. */
export function wideHashWords(rows: i32, positions: usize, words: usize, floats: i32, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const element = positions ? load<u32>(positions + (<usize>row << 2)) : <u32>row;
    const at = words + (<usize>element << 3);
    let key = load<u64>(at);
    if (floats) {
      const value = load<f64>(at);
      if (value != value) key = 0x7ff8000000000000;
      else if (value == 0) key = 0;
    }
    store<u64>(out + (<usize>row << 3), mix(key ^ GOLDEN));
  }
}

/** out[i] (u64) of the i-th byte string; `views` holds (u32 address, u32 length) pairs. Strings may be read up to 7 bytes past their end. */
export function wideHashBytes(rows: i32, views: usize, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const view = views + (<usize>row << 3);
    let at: usize = load<u32>(view);
    let left = load<u32>(view, 4);
    let state: u64 = GOLDEN ^ (<u64>left * GOLDEN);
    while (left >= 8) {
      state = (state ^ load<u64>(at)) * FIRST;
      state ^= state >> 29;
      at += 8;
      left -= 8;
    }
    const tail: u64 = left == 0 ? 0 : load<u64>(at) & (0xffffffffffffffff >> <u64>(64 - (left << 3)));
    store<u64>(out + (<usize>row << 3), mix(state ^ (tail * SECOND)));
  }
}
