// Finish: read a state of each cell (u32 addresses) into a working vector.

// @ts-ignore: decorator
@inline
function at(row: i32, cells: usize, offset: usize): usize {
  return <usize>load<u32>(cells + (<usize>row << 2)) + offset;
}

/** out[i] = the 8-byte word at cells[i] + offset. */
export function gatherWords(rows: i32, cells: usize, offset: usize, out: usize): void {
  for (let row = 0; row < rows; row++) store<u64>(out + (<usize>row << 3), load<u64>(at(row, cells, offset)));
}
/** valid[i] = 1 where (word & bits) != 0, else 0. Returns how many are 1. */
export function flagWords(rows: i32, cells: usize, offset: usize, bits: u64, valid: usize): i32 {
  let set = 0;
  for (let row = 0; row < rows; row++) {
    const flag = (load<u64>(at(row, cells, offset)) & bits) != 0;
    store<u8>(valid + <usize>row, u8(flag));
    set += i32(flag);
  }
  return set;
}
/** Writes the 128-bit sums as 64-bit integers within [low, high] (`unsigned`: as uint64). Returns the first row out of range, or -1. */
export function finishSum(rows: i32, cells: usize, offset: usize, low: i64, high: i64, unsigned: i32, out: usize): i32 {
  for (let row = 0; row < rows; row++) {
    const state = at(row, cells, offset);
    const value = load<i64>(state);
    const top = load<i64>(state, 8);
    if (unsigned ? top != 0 : top != value >> 63 || value < low || value > high) return row;
    store<i64>(out + (<usize>row << 3), value);
  }
  return -1;
}
/** out[i] = high + low of the double-double sum, or high where that is not finite. */
export function finishSumFloat(rows: i32, cells: usize, offset: usize, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const state = at(row, cells, offset);
    const high = load<f64>(state);
    store<f64>(out + (<usize>row << 3), high - high == 0 ? high + load<f64>(state, 8) : high);
  }
}
/** out[i] = sum / (count · scale) where both are exact doubles; lists the other rows (u32) for exact arithmetic and returns how many. */
export function finishMean(rows: i32, cells: usize, sumOffset: usize, countOffset: usize, scale: f64, out: usize, hard: usize): i32 {
  let found: usize = 0;
  for (let row = 0; row < rows; row++) {
    const state = at(row, cells, sumOffset);
    const value = load<i64>(state);
    const divisor = <f64>load<u64>(at(row, cells, countOffset)) * scale;
    if (load<i64>(state, 8) != value >> 63 || value > 9007199254740992 || value < -9007199254740992 || divisor > 9007199254740992.0) {
      store<u32>(hard + (found << 2), <u32>row);
      found++;
    } else store<f64>(out + (<usize>row << 3), <f64>value / divisor);
  }
  return <i32>found;
}
