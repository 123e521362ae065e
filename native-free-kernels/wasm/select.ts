/**
 * Selection vectors: u32 row numbers, ascending. `steps` is the table of 256 × 8 bytes that says for every byte which of its bits are
 * set (see `select.ts`, the twin): eight rows are decided at once and their numbers written by two stores, with no branch per row.
 */

/** Writes first, first + 1, … to `out` (u32). */
export function iota(rows: i32, first: u32, out: usize): void {
  for (let row: i32 = 0; row < rows; row++) store<u32>(out + (<usize>row << 2), first + row);
}

/** Writes row + bit for every bit of `mask` (8 bits); returns the next place to write. May write 32 bytes past that. */
// @ts-ignore: decorator
@inline
function step(mask: i32, row: i32, steps: usize, out: usize): usize {
  const base = i32x4.splat(row);
  const bits = v128.load64_zero(steps + (<usize>mask << 3));
  const wide = i16x8.extend_low_i8x16_u(bits);
  v128.store(out, i32x4.add(i32x4.extend_low_i16x8_u(wide), base));
  v128.store(out, i32x4.add(i32x4.extend_high_i16x8_u(wide), base), 16);
  return out + (<usize>popcnt(mask) << 2);
}

/** The rows whose code equals `code`. Codes are 1, 2 or 4 bytes wide. Returns how many. */
export function selectCodesEqual(width: i32, rows: i32, values: usize, code: i32, steps: usize, out: usize): i32 {
  let to = out;
  let row: i32 = 0;
  if (width == 1) {
    const sought = i8x16.splat(<i8>code);
    for (; row + 16 <= rows; row += 16) {
      const mask = i8x16.bitmask(i8x16.eq(v128.load(values + row), sought));
      to = step(mask & 255, row, steps, to);
      to = step(mask >>> 8, row + 8, steps, to);
    }
    for (; row < rows; row++) { store<u32>(to, row); to += usize(load<i8>(values + row) == <i8>code) << 2; }
  } else if (width == 2) {
    const sought = i16x8.splat(<i16>code);
    for (; row + 8 <= rows; row += 8) to = step(i16x8.bitmask(i16x8.eq(v128.load(values + (<usize>row << 1)), sought)), row, steps, to);
    for (; row < rows; row++) { store<u32>(to, row); to += usize(load<i16>(values + (<usize>row << 1)) == <i16>code) << 2; }
  } else {
    const sought = i32x4.splat(code);
    for (; row + 8 <= rows; row += 8) {
      const at = values + (<usize>row << 2);
      const both = i16x8.narrow_i32x4_s(i32x4.eq(v128.load(at), sought), i32x4.eq(v128.load(at, 16), sought));
      to = step(i16x8.bitmask(both), row, steps, to);
    }
    for (; row < rows; row++) { store<u32>(to, row); to += usize(load<i32>(values + (<usize>row << 2)) == code) << 2; }
  }
  return i32((to - out) >> 2);
}

/** The elements for which `data and valid` (bytes of 0 or 1; `valid` 0: all) equals `want` (0 or 1). Returns how many. */
export function selectBytes(rows: i32, data: usize, valid: usize, want: i32, steps: usize, out: usize): i32 {
  let to = out;
  let row: i32 = 0;
  const flip = want == 0 ? 0xffff : 0;
  const zero = i8x16.splat(0);
  for (; row + 16 <= rows; row += 16) {
    let byte = v128.load(data + row);
    if (valid != 0) byte = v128.and(byte, v128.load(valid + row));
    const mask = i8x16.bitmask(i8x16.ne(byte, zero)) ^ flip;
    if (mask == 0) continue;
    to = step(mask & 255, row, steps, to);
    to = step(mask >>> 8, row + 8, steps, to);
  }
  for (; row < rows; row++) {
    let byte: i32 = load<u8>(data + row);
    if (valid != 0) byte &= load<u8>(valid + row);
    store<u32>(to, row);
    to += usize(byte == want) << 2;
  }
  return i32((to - out) >> 2);
}

/** The elements whose bit in an LSB-first bitmap equals `want`. Bits are those of the rows in `selection`, or (0) of 0 … rows - 1. */
export function selectBits(rows: i32, selection: usize, bits: usize, want: i32, steps: usize, out: usize): i32 {
  let to = out;
  let row: i32 = 0;
  if (selection == 0) {
    const flip = want == 0 ? 255 : 0;
    for (; row + 8 <= rows; row += 8) to = step(<i32>load<u8>(bits + (row >>> 3)) ^ flip, row, steps, to);
  }
  for (; row < rows; row++) {
    const at: i32 = selection == 0 ? row : load<i32>(selection + (<usize>row << 2));
    store<u32>(to, row);
    to += usize(((<i32>load<u8>(bits + (at >>> 3)) >>> (at & 7)) & 1) == want) << 2;
  }
  return i32((to - out) >> 2);
}

// @ts-ignore: decorator
@inline
function byCode<T>(rows: i32, selection: usize, values: usize, table: usize, out: usize): i32 {
  let to = out;
  for (let row: i32 = 0; row < rows; row++) {
    const at: usize = selection == 0 ? row : load<u32>(selection + (<usize>row << 2));
    store<u32>(to, row);
    to += <usize>load<u8>(table + usize(<i32>load<T>(values + at * sizeof<T>()))) << 2;
  }
  return i32((to - out) >> 2);
}

/** The elements whose code has a 1 in `table` (a byte per code). */
export function selectByCode(width: i32, rows: i32, selection: usize, values: usize, table: usize, out: usize): i32 {
  if (width == 1) return selection == 0 ? byCode<i8>(rows, 0, values, table, out) : byCode<i8>(rows, selection, values, table, out);
  if (width == 2) return selection == 0 ? byCode<i16>(rows, 0, values, table, out) : byCode<i16>(rows, selection, values, table, out);
  return selection == 0 ? byCode<i32>(rows, 0, values, table, out) : byCode<i32>(rows, selection, values, table, out);
}

// @ts-ignore: decorator
@inline
function inRange<T>(rows: i32, selection: usize, values: usize, low: i64, span: u64, want: i32, out: usize): i32 {
  let to = out;
  for (let row: i32 = 0; row < rows; row++) {
    const at: usize = selection == 0 ? row : load<u32>(selection + (<usize>row << 2));
    store<u32>(to, row);
    to += usize(i32(<u64>(<i64>load<T>(values + at * sizeof<T>()) - low) <= span) == want) << 2;
  }
  return i32((to - out) >> 2);
}
// @ts-ignore: decorator
@inline
function inRangeBoth<T>(rows: i32, selection: usize, values: usize, low: i64, span: u64, want: i32, out: usize): i32 {
  return selection == 0 ? inRange<T>(rows, 0, values, low, span, want, out) : inRange<T>(rows, selection, values, low, span, want, out);
}

/**
 * The elements for which `low ≤ value ≤ low + span` equals `want`: every comparison of an integer with a constant is such a test,
 * and in wrapping arithmetic it is the same for signed and unsigned. `kind`: 0…3 int8…int64, 4…6 uint8…uint32.
 */
export function selectIntegers(kind: i32, rows: i32, selection: usize, values: usize, low: i64, span: u64, want: i32, out: usize): i32 {
  switch (kind) {
    case 0: return inRangeBoth<i8>(rows, selection, values, low, span, want, out);
    case 1: return inRangeBoth<i16>(rows, selection, values, low, span, want, out);
    case 2: return inRangeBoth<i32>(rows, selection, values, low, span, want, out);
    case 3: return inRangeBoth<i64>(rows, selection, values, low, span, want, out);
    case 4: return inRangeBoth<u8>(rows, selection, values, low, span, want, out);
    case 5: return inRangeBoth<u16>(rows, selection, values, low, span, want, out);
    default: return inRangeBoth<u32>(rows, selection, values, low, span, want, out);
  }
}
