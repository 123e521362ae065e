/**
 * Comparison of two dense operands → bytes of 0 or 1. `less` 0: equal, 1: a < b; `negate` 1 turns the answer round; the other
 * comparisons follow by exchanging the operands. A stride of 0 repeats a constant.
 */

// @ts-ignore: decorator
@inline
function loop<T>(less: i32, negate: i32, rows: i32, a: usize, strideA: usize, b: usize, strideB: usize, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const x = load<T>(a), y = load<T>(b);
    store<u8>(out + row, u8((less != 0 ? i32(x < y) : i32(x == y)) ^ negate));
    a += strideA; b += strideB;
  }
}
// @ts-ignore: decorator
@inline
function either<T>(less: i32, negate: i32, rows: i32, a: usize, strideA: usize, b: usize, strideB: usize, out: usize): void {
  if (less != 0) loop<T>(1, negate, rows, a, strideA, b, strideB, out);
  else loop<T>(0, negate, rows, a, strideA, b, strideB, out);
}
export function compareI64(less: i32, negate: i32, rows: i32, a: usize, strideA: usize, b: usize, strideB: usize, out: usize): void {
  either<i64>(less, negate, rows, a, strideA, b, strideB, out);
}
export function compareU64(less: i32, negate: i32, rows: i32, a: usize, strideA: usize, b: usize, strideB: usize, out: usize): void {
  either<u64>(less, negate, rows, a, strideA, b, strideB, out);
}
export function compareBool(less: i32, negate: i32, rows: i32, a: usize, strideA: usize, b: usize, strideB: usize, out: usize): void {
  either<u8>(less, negate, rows, a, strideA, b, strideB, out);
}
/** Codes of one dictionary: equal codes, equal values. */
export function compareCodes(negate: i32, rows: i32, a: usize, strideA: usize, b: usize, strideB: usize, out: usize): void {
  loop<i32>(0, negate, rows, a, strideA, b, strideB, out);
}

/** NaN equals NaN and is greater than every number; -0 equals 0. */
export function compareF64(less: i32, negate: i32, rows: i32, a: usize, strideA: usize, b: usize, strideB: usize, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const x = load<f64>(a), y = load<f64>(b);
    const nanX = i32(x != x), nanY = i32(y != y);
    const answer = less != 0 ? i32(x < y) | (nanY & (nanX ^ 1)) : i32(x == y) | (nanX & nanY);
    store<u8>(out + row, u8(answer ^ negate));
    a += strideA; b += strideB;
  }
}

/** The order of two byte strings: negative, 0, positive. Reads up to 8 bytes past both. */
export function compareTwoTexts(a: usize, lengthA: u32, b: usize, lengthB: u32): i32 {
  const common = lengthA < lengthB ? lengthA : lengthB;
  let at: u32 = 0;
  while (at < common) {
    const x = load<u64>(a + at), y = load<u64>(b + at);
    if (x != y) {
      const byte = <u32>(ctz(x ^ y) >> 3);
      if (at + byte >= common) break;
      return <i32>load<u8>(a + at + byte) - <i32>load<u8>(b + at + byte);
    }
    at += 8;
  }
  return i32(lengthA > lengthB) - i32(lengthA < lengthB);
}

/** Operands of (address, length), ordered by their bytes: for UTF-8 that is the order of code points. */
export function compareText(less: i32, negate: i32, rows: i32, a: usize, strideA: usize, b: usize, strideB: usize, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const lengthA = load<u32>(a, 4), lengthB = load<u32>(b, 4);
    let answer: i32 = 0;
    if (less != 0) answer = i32(compareTwoTexts(load<u32>(a), lengthA, load<u32>(b), lengthB) < 0);
    else if (lengthA == lengthB) answer = i32(compareTwoTexts(load<u32>(a), lengthA, load<u32>(b), lengthB) == 0);
    store<u8>(out + row, u8(answer ^ negate));
    a += strideA; b += strideB;
  }
}
