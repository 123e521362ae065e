// Working vectors (see src/expression/vector.ts) to the columns of a batch block, and checks of columns that come from outside.

/** Copies bytes that do not overlap. */
export function copyBytes(bytes: usize, from: usize, to: usize): void {
  memory.copy(to, from, bytes);
}
/** Sets bytes to 0. */
export function clearBytes(bytes: i32, to: usize): void {
  memory.fill(to, 0, <usize>bytes);
}

/** Keeps the low 8 bits of each i64. */
export function narrow8(rows: i32, from: usize, to: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) store<u8>(to + row, load<u8>(from + (row << 3)));
}

/** Keeps the low 16 bits of each i64. */
export function narrow16(rows: i32, from: usize, to: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) store<u16>(to + (row << 1), load<u16>(from + (row << 3)));
}

/** Keeps the low 32 bits of each i64. */
export function narrow32(rows: i32, from: usize, to: usize): void {
  const whole = <usize>rows & ~3;
  for (let row: usize = 0; row < whole; row += 4) {
    const at = from + (row << 3);
    v128.store(to + (row << 2), i8x16.shuffle(v128.load(at), v128.load(at, 16), 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27));
  }
  for (let row = whole; row < <usize>rows; row++) store<u32>(to + (row << 2), load<u32>(from + (row << 3)));
}

/** Rounds each f64 to f32. */
export function narrowFloat(rows: i32, from: usize, to: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) store<f32>(to + (row << 2), <f32>load<f64>(from + (row << 3)));
}

/** Keeps the low 8 bits of each i32 code. */
export function narrowCodes8(rows: i32, from: usize, to: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) store<u8>(to + row, load<u8>(from + (row << 2)));
}

/** Keeps the low 16 bits of each i32 code. */
export function narrowCodes16(rows: i32, from: usize, to: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) store<u16>(to + (row << 1), load<u16>(from + (row << 2)));
}

/** Packs bytes of 0 or 1 into bits, spare bits 0. Returns how many are 1. REQUIRES: 16 bytes may be read past the last. */
export function packBits(rows: i32, from: usize, to: usize): i32 {
  let ones: i32 = 0;
  const zero = i8x16.splat(0);
  const whole = <usize>rows & ~15;
  for (let row: usize = 0; row < whole; row += 16) {
    const bits = i8x16.bitmask(i8x16.ne(v128.load(from + row), zero));
    store<u16>(to + (row >> 3), <u16>bits);
    ones += popcnt<i32>(bits);
  }
  const rest = rows & 15;
  if (rest) {
    const bits = i8x16.bitmask(i8x16.ne(v128.load(from + whole), zero)) & ((1 << rest) - 1);
    store<u8>(to + (whole >> 3), <u8>bits);
    if (rest > 8) store<u8>(to + (whole >> 3) + 1, <u8>(bits >> 8));
    ones += popcnt<i32>(bits);
  }
  return ones;
}

/** Sum of the lengths of (address, length) pairs that are valid (valid: bytes, or 0 for all). */
export function sumLengths(rows: i32, data: usize, valid: usize): f64 {
  let sum: u64 = 0;
  for (let row: usize = 0; row < <usize>rows; row++) {
    if (valid == 0 || load<u8>(valid + row)) sum += load<u32>(data + (row << 3), 4);
  }
  return <f64>sum;
}

/**
 * Writes rows + 1 offsets and the bytes of (address, length) pairs, nulls as empty. REQUIRES: the sum of lengths fits int32; 16 bytes
 * may be read past each value and written past the last.
 */
export function gatherBytes(rows: i32, data: usize, valid: usize, offsets: usize, out: usize): void {
  let end: usize = 0;
  store<u32>(offsets, 0);
  for (let row: usize = 0; row < <usize>rows; row++) {
    if (valid == 0 || load<u8>(valid + row)) {
      const from = <usize>load<u32>(data + (row << 3));
      const length = <usize>load<u32>(data + (row << 3), 4);
      copyOver(length, from, out + end);
      end += length;
    }
    store<u32>(offsets + (row << 2), <u32>end, 4);
  }
}

/** Copies in steps of 16 bytes, past the end: what it spoils there is written next, or slack. */
// @ts-ignore: decorator
@inline
function copyOver(length: usize, from: usize, to: usize): void {
  if (length > 64) {
    memory.copy(to, from, length);
  } else {
    for (let byte: usize = 0; byte < length; byte += 16) v128.store(to + byte, v128.load(from + byte));
  }
}

/** Sum of the lengths of the dictionary's values for valid codes. `entries`: the dictionary's offsets. */
export function sumCodeLengths(rows: i32, codes: usize, valid: usize, entries: usize): f64 {
  let sum: u64 = 0;
  for (let row: usize = 0; row < <usize>rows; row++) {
    if (valid == 0 || load<u8>(valid + row)) {
      const entry = entries + (<usize>load<u32>(codes + (row << 2)) << 2);
      sum += load<u32>(entry, 4) - load<u32>(entry);
    }
  }
  return <f64>sum;
}

/** As gatherBytes, for the dictionary's values of i32 codes. `entries` and `bytes`: the dictionary's offsets and bytes. */
export function gatherCodes(rows: i32, codes: usize, valid: usize, entries: usize, bytes: usize, offsets: usize, out: usize): void {
  let end: usize = 0;
  store<u32>(offsets, 0);
  for (let row: usize = 0; row < <usize>rows; row++) {
    if (valid == 0 || load<u8>(valid + row)) {
      const entry = entries + (<usize>load<u32>(codes + (row << 2)) << 2);
      const start = <usize>load<u32>(entry);
      const length = <usize>load<u32>(entry, 4) - start;
      copyOver(length, bytes + start, out + end);
      end += length;
    }
    store<u32>(offsets + (row << 2), <u32>end, 4);
  }
}

/**
 * Gives each distinct value of (address, length) pairs a code, in order of appearance: writes i32 codes (nulls: 0), and the pair of each
 * new value to `entries`. Returns how many there are. REQUIRES: `table` has mask + 1 zeroed u32 slots, more than the distinct values;
 * `entries` has room for a pair per row.
 */
export function internBytes(rows: i32, data: usize, valid: usize, table: usize, mask: u32, entries: usize, codes: usize): i32 {
  let count: u32 = 0;
  for (let row: usize = 0; row < <usize>rows; row++) {
    let code: u32 = 0;
    if (valid == 0 || load<u8>(valid + row)) {
      const pair = data + (row << 3);
      const address = <usize>load<u32>(pair);
      const length = load<u32>(pair, 4);
      let slot = hashBytes(address, length) & mask;
      while (true) {
        code = load<u32>(table + (<usize>slot << 2));
        if (code == 0) {
          store<u64>(entries + (<usize>count << 3), load<u64>(pair));
          store<u32>(table + (<usize>slot << 2), ++count);
          code = count;
          break;
        }
        const entry = entries + (<usize>(code - 1) << 3);
        if (load<u32>(entry, 4) == length && memory.compare(<usize>load<u32>(entry), address, length) == 0) break;
        slot = (slot + 1) & mask;
      }
      code--;
    }
    store<u32>(codes + (row << 2), code);
  }
  return count;
}

/** Multiply and fold, 4 bytes at a time. Only spreads values over the table of one call: the codes do not depend on it. */
function hashBytes(address: usize, length: u32): u32 {
  let hash: u64 = 0x9e3779b97f4a7c15 ^ <u64>length;
  const end = address + length;
  for (; address + 4 <= end; address += 4) hash = (hash ^ <u64>load<u32>(address)) * 0xff51afd7ed558ccd, hash ^= hash >> 29;
  for (; address < end; address++) hash = (hash ^ <u64>load<u8>(address)) * 0xff51afd7ed558ccd, hash ^= hash >> 29;
  return <u32>(hash ^ (hash >> 32));
}

function greatest16(lanes: v128): u32 {
  const fours = i32x4.max_u(i32x4.extend_low_i16x8_u(lanes), i32x4.extend_high_i16x8_u(lanes));
  const half = i32x4.max_u(fours, i64x2.shuffle(fours, fours, 1, 0));
  return larger(<u32>i32x4.extract_lane(half, 0), <u32>i32x4.extract_lane(half, 1));
}

/** The largest of codes of 1, 2 or 4 bytes, taken as unsigned (so that a negative one is large); 0 if there are none. */
export function maxCode(rows: i32, codes: usize, width: i32): u32 {
  let max: u32 = 0;
  if (width == 1) {
    const whole = <usize>rows & ~15;
    let lanes = i8x16.splat(0);
    for (let row: usize = 0; row < whole; row += 16) lanes = i8x16.max_u(lanes, v128.load(codes + row));
    for (let row = whole; row < <usize>rows; row++) lanes = i8x16.max_u(lanes, v128.load8_splat(codes + row));
    const pairs = i16x8.max_u(i16x8.extend_low_i8x16_u(lanes), i16x8.extend_high_i8x16_u(lanes));
    max = greatest16(pairs);
  } else if (width == 2) {
    const whole = <usize>rows & ~7;
    let lanes = i16x8.splat(0);
    for (let row: usize = 0; row < whole; row += 8) lanes = i16x8.max_u(lanes, v128.load(codes + (row << 1)));
    for (let row = whole; row < <usize>rows; row++) lanes = i16x8.max_u(lanes, v128.load16_splat(codes + (row << 1)));
    max = greatest16(lanes);
  } else {
    const whole = <usize>rows & ~3;
    let lanes = i32x4.splat(0);
    for (let row: usize = 0; row < whole; row += 4) lanes = i32x4.max_u(lanes, v128.load(codes + (row << 2)));
    for (let row = whole; row < <usize>rows; row++) lanes = i32x4.max_u(lanes, v128.load32_splat(codes + (row << 2)));
    const half = i32x4.max_u(lanes, i64x2.shuffle(lanes, lanes, 1, 0));
    max = larger(<u32>i32x4.extract_lane(half, 0), <u32>i32x4.extract_lane(half, 1));
  }
  return max;
}

// @ts-ignore: decorator
@inline
function larger(a: u32, b: u32): u32 {
  return a > b ? a : b;
}
