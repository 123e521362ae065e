/** Numbers and dates ↔ text in its plain forms. A text that is not in one gets a 1 in `other`, for the caller to read; counted. */

// @ts-ignore: decorator
@inline
function printDigits(value: u64, least: i32, to: usize): usize {
  let digits: i32 = 1;
  for (let rest = value / 10; rest != 0; rest /= 10) digits++;
  if (digits < least) digits = least;
  for (let at = to + digits - 1; at >= to; at--) {
    store<u8>(at, <u8>(48 + value % 10));
    value /= 10;
  }
  return to + digits;
}

/** An integer, or with `scale` digits behind a point, of at most 21 bytes; `isUnsigned`: uint64. */
export function printI64(isUnsigned: i32, scale: i32, rows: i32, a: usize, buffer: usize, out: usize): void {
  let to = buffer;
  let power: u64 = 1;
  for (let digit = 0; digit < scale; digit++) power *= 10;
  for (let row: usize = 0; row < <usize>rows; row++) {
    const value = load<i64>(a + (row << 3)), start = to;
    let size = <u64>value;
    if (isUnsigned == 0 && value < 0) {
      store<u8>(to++, 45);
      size = 0 - size;
    }
    if (scale == 0) to = printDigits(size, 1, to);
    else {
      to = printDigits(size / power, 1, to);
      store<u8>(to++, 46);
      to = printDigits(size % power, scale, to);
    }
    store<u32>(out + (row << 3), <u32>start);
    store<u32>(out + (row << 3), <u32>(to - start), 4);
  }
}

/**
 * Sign, digits, point, digits: at most 18 digits in all. The digits as an integer, and how many are behind the point; -1: another form.
 */
// @ts-ignore: decorator
@inline
function behindPoint(at: usize, length: u32): i32 {
  const first = length > 0 ? <i32>load<u8>(at) : 0;
  const sign = i32(first == 45) | i32(first == 43);
  let digits: i32 = 0, point: i32 = -1;
  for (let byte = sign; byte < <i32>length; byte++) {
    const character = <i32>load<u8>(at + byte);
    if (character == 46 && point < 0) point = digits;
    else if (character >= 48 && character <= 57) digits++;
    else return -1;
  }
  return digits == 0 || digits > 18 ? -1 : point < 0 ? 0 : digits - point;
}
// @ts-ignore: decorator
@inline
function digitsOf(at: usize, length: u32): i64 {
  let value: i64 = 0;
  for (let byte: u32 = 0; byte < length; byte++) {
    const digit = <i32>load<u8>(at + byte) - 48;
    if (digit >= 0) value = value * 10 + digit;
  }
  return load<u8>(at) == 45 ? 0 - value : value;
}

/** Text → integer × 10^scale, where no digit is lost. */
export function readI64(scale: i32, rows: i32, a: usize, other: usize, out: usize): i32 {
  let others: i32 = 0;
  for (let row: usize = 0; row < <usize>rows; row++) {
    const at: usize = load<u32>(a + (row << 3)), length = load<u32>(a + (row << 3), 4);
    const behind = behindPoint(at, length);
    let value: i64 = 0;
    let isOther: i32 = 1;
    if (behind >= 0 && behind <= scale && <i32>length + scale - behind <= 18) {
      value = digitsOf(at, length);
      for (let digit = behind; digit < scale; digit++) value *= 10;
      isOther = 0;
    }
    store<i64>(out + (row << 3), value);
    store<u8>(other + row, <u8>isOther);
    others += isOther;
  }
  return others;
}

/** Text → float, of at most 15 digits: their integer and the power of ten are exact, so one division rounds right (Clinger, 1990). */
export function readF64(rows: i32, a: usize, other: usize, out: usize): i32 {
  let others: i32 = 0;
  for (let row: usize = 0; row < <usize>rows; row++) {
    const at: usize = load<u32>(a + (row << 3)), length = load<u32>(a + (row << 3), 4);
    const behind = behindPoint(at, length);
    let value: f64 = 0;
    let isOther: i32 = 1;
    if (behind >= 0 && length <= 15) {
      let power: f64 = 1;
      for (let digit = 0; digit < behind; digit++) power *= 10;
      value = <f64>digitsOf(at, length) / power;
      if (value == 0 && load<u8>(at) == 45) value = -0.0;
      isOther = 0;
    }
    store<f64>(out + (row << 3), value);
    store<u8>(other + row, <u8>isOther);
    others += isOther;
  }
  return others;
}
