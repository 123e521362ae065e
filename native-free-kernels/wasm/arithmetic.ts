/**
 * Arithmetic on dense int64 operands with overflow found: `bad` gets a byte per row, 1 where the exact result lies outside
 * [low, high], the range of the declared type (which may be all of int64 or uint64); returns how many. A stride of 0 repeats a constant.
 */

/** The high half of the unsigned product. */
// @ts-ignore: decorator
@inline
function highProduct(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff, a1 = a >> 32, b0 = b & 0xffffffff, b1 = b >> 32;
  const middle = a1 * b0 + ((a0 * b0) >> 32);
  return a1 * b1 + (middle >> 32) + (((middle & 0xffffffff) + a0 * b1) >> 32);
}

/** 1 where the signed product leaves int64. */
// @ts-ignore: decorator
@inline
function productOverflows(x: i64, y: i64, product: i64): i32 {
  const high = <i64>highProduct(<u64>x, <u64>y) - ((x >> 63) & y) - ((y >> 63) & x);
  return i32(high != product >> 63);
}

// @ts-ignore: decorator
@inline
function signed(op: i32, rows: i32, a: usize, strideA: usize, b: usize, strideB: usize, low: i64, high: i64, bad: usize, out: usize): i32 {
  let failures: i32 = 0;
  for (let row: usize = 0; row < <usize>rows; row++) {
    const x = load<i64>(a), y = load<i64>(b);
    let value: i64, fails: i32;
    if (op == 0) { value = x + y; fails = i32(((x ^ value) & (y ^ value)) < 0); }
    else if (op == 1) { value = x - y; fails = i32(((x ^ y) & (x ^ value)) < 0); }
    else { value = x * y; fails = productOverflows(x, y, value); }
    fails |= i32(value < low) | i32(value > high);
    store<i64>(out + (row << 3), value);
    store<u8>(bad + row, <u8>fails);
    failures += fails;
    a += strideA; b += strideB;
  }
  return failures;
}
// @ts-ignore: decorator
@inline
function unsigned(op: i32, rows: i32, a: usize, strideA: usize, b: usize, strideB: usize, bad: usize, out: usize): i32 {
  let failures: i32 = 0;
  for (let row: usize = 0; row < <usize>rows; row++) {
    const x = load<u64>(a), y = load<u64>(b);
    let value: u64, fails: i32;
    if (op == 0) { value = x + y; fails = i32(value < x); }
    else if (op == 1) { value = x - y; fails = i32(x < y); }
    else { value = x * y; fails = i32(highProduct(x, y) != 0); }
    store<u64>(out + (row << 3), value);
    store<u8>(bad + row, <u8>fails);
    failures += fails;
    a += strideA; b += strideB;
  }
  return failures;
}

/** Sum or difference of pairs of rows; false if one of them leaves the range (the caller then takes them one by one). */
// @ts-ignore: decorator
@inline
function inPairs(op: i32, pairs: i32, a: usize, strideA: usize, b: usize, strideB: usize, low: i64, high: i64, out: usize): bool {
  const least = i64x2.splat(low), most = i64x2.splat(high);
  let x = v128.load64_splat(a), y = v128.load64_splat(b), fails = i64x2.splat(0);
  for (let pair: i32 = 0; pair < pairs; pair++) {
    const at = <usize>pair << 4;
    if (strideA != 0) x = v128.load(a + at);
    if (strideB != 0) y = v128.load(b + at);
    const value = op == 0 ? i64x2.add(x, y) : i64x2.sub(x, y);
    const overflow = op == 0 ? v128.and(v128.xor(x, value), v128.xor(y, value)) : v128.and(v128.xor(x, y), v128.xor(x, value));
    fails = v128.or(fails, v128.or(overflow, v128.or(i64x2.gt_s(least, value), i64x2.gt_s(value, most))));
    v128.store(out + at, value);
  }
  return i64x2.bitmask(fails) == 0;
}
// @ts-ignore: decorator
@inline
function sum(op: i32, rows: i32, a: usize, strideA: usize, b: usize, strideB: usize, low: i64, high: i64, bad: usize, out: usize): i32 {
  const even = rows & ~1;
  if (!inPairs(op, even >> 1, a, strideA, b, strideB, low, high, out)) return signed(op, rows, a, strideA, b, strideB, low, high, bad, out);
  memory.fill(bad, 0, even);
  const done = <usize>even;
  return signed(op, rows - even, a + done * strideA, strideA, b + done * strideB, strideB, low, high, bad + done, out + (done << 3));
}

/** `op` 0: a + b, 1: a - b, 2: a × b. */
export function calculateI64(op: i32, rows: i32, a: usize, strideA: usize, b: usize, strideB: usize, low: i64, high: i64, bad: usize, out: usize): i32 {
  if (op == 0) return sum(0, rows, a, strideA, b, strideB, low, high, bad, out);
  if (op == 1) return sum(1, rows, a, strideA, b, strideB, low, high, bad, out);
  return signed(2, rows, a, strideA, b, strideB, low, high, bad, out);
}
/** The same for uint64. */
export function calculateU64(op: i32, rows: i32, a: usize, strideA: usize, b: usize, strideB: usize, bad: usize, out: usize): i32 {
  if (op == 0) return unsigned(0, rows, a, strideA, b, strideB, bad, out);
  if (op == 1) return unsigned(1, rows, a, strideA, b, strideB, bad, out);
  return unsigned(2, rows, a, strideA, b, strideB, bad, out);
}

/** Quotient (`op` 0) or remainder (1), towards zero. By zero: `outValid` gets 0 (else 1) and the result is 0. A remainder fails with its quotient, as in DuckDB. REQUIRES: a in [low, high]. */
export function divideI64(op: i32, rows: i32, a: usize, strideA: usize, b: usize, strideB: usize, low: i64, high: i64, bad: usize, outValid: usize, out: usize): i32 {
  let failures: i32 = 0;
  for (let row: usize = 0; row < <usize>rows; row++) {
    const x = load<i64>(a), y = load<i64>(b);
    let value: i64 = 0, fails: i32 = 0;
    if (y == -1) {
      // the one quotient that can leave the type; int64's would trap, and end the worker
      value = 0 - x;
      fails = i32(x == i64.MIN_VALUE) | i32(value < low) | i32(value > high);
      if (op != 0) value = 0;
    } else if (y != 0) value = op == 0 ? x / y : x % y;
    store<i64>(out + (row << 3), value);
    store<u8>(outValid + row, u8(y != 0));
    store<u8>(bad + row, <u8>fails);
    failures += fails;
    a += strideA; b += strideB;
  }
  return failures;
}
export function divideU64(op: i32, rows: i32, a: usize, strideA: usize, b: usize, strideB: usize, outValid: usize, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const x = load<u64>(a), y = load<u64>(b);
    let value: u64 = 0;
    if (y != 0) value = op == 0 ? x / y : x % y;
    store<u64>(out + (row << 3), value);
    store<u8>(outValid + row, u8(y != 0));
    a += strideA; b += strideB;
  }
}

/** -a (`op` 0) or |a| (1). */
export function unaryI64(op: i32, rows: i32, a: usize, low: i64, high: i64, bad: usize, out: usize): i32 {
  let failures: i32 = 0;
  for (let row: usize = 0; row < <usize>rows; row++) {
    const x = load<i64>(a + (row << 3));
    const value = op == 0 || x < 0 ? 0 - x : x;
    const fails = i32(value < low) | i32(value > high) | i32(x == i64.MIN_VALUE);
    store<i64>(out + (row << 3), value);
    store<u8>(bad + row, <u8>fails);
    failures += fails;
  }
  return failures;
}

/** 1 in `bad` where the value lies outside [low, high]; `isUnsigned`: as uint64. */
export function checkI64(isUnsigned: i32, rows: i32, a: usize, low: i64, high: i64, bad: usize): i32 {
  let failures: i32 = 0;
  for (let row: usize = 0; row < <usize>rows; row++) {
    const x = load<i64>(a + (row << 3));
    const fails = isUnsigned != 0 ? i32(<u64>x < <u64>low) | i32(<u64>x > <u64>high) : i32(x < low) | i32(x > high);
    store<u8>(bad + row, <u8>fails);
    failures += fails;
  }
  return failures;
}

/** a / divisor to an integer. `mode` 0: half away from zero, 1: down, 2: up. REQUIRES: divisor > 0. */
export function divideRoundI64(mode: i32, rows: i32, a: usize, divisor: i64, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const x = load<i64>(a + (row << 3));
    let value = x / divisor;
    const rest = x % divisor;
    if (mode == 0) {
      const size = rest < 0 ? 0 - rest : rest;
      if (size >= divisor - size) value += x < 0 ? -1 : 1;
    } else if (mode == 1) value -= i64(rest < 0);
    else value += i64(rest > 0);
    store<i64>(out + (row << 3), value);
  }
}
