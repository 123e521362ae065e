/** Float arithmetic on dense operands: IEEE. `single` 1 rounds every result to float32. A stride of 0 repeats a constant. */

// @ts-ignore: decorator
@inline
function loop(op: i32, single: i32, rows: i32, a: usize, strideA: usize, b: usize, strideB: usize, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const x = load<f64>(a), y = load<f64>(b);
    let value: f64;
    if (op == 0) value = x + y;
    else if (op == 1) value = x - y;
    else if (op == 2) value = x * y;
    else if (op == 3) value = x / y;
    else value = x % y;
    store<f64>(out + (row << 3), single != 0 ? <f64><f32>value : value);
    a += strideA; b += strideB;
  }
}
/** `op` 0…4: + - × / remainder (sign of the dividend). */
export function calculateF64(op: i32, single: i32, rows: i32, a: usize, strideA: usize, b: usize, strideB: usize, out: usize): void {
  switch (op) {
    case 0: loop(0, single, rows, a, strideA, b, strideB, out); break;
    case 1: loop(1, single, rows, a, strideA, b, strideB, out); break;
    case 2: loop(2, single, rows, a, strideA, b, strideB, out); break;
    case 3: loop(3, single, rows, a, strideA, b, strideB, out); break;
    default: loop(4, single, rows, a, strideA, b, strideB, out);
  }
}

/** Half away from zero. */
// @ts-ignore: decorator
@inline
function roundHalfAway(x: f64): f64 {
  const whole = trunc<f64>(x);
  return abs<f64>(x - whole) >= 0.5 ? whole + copysign<f64>(1, x) : whole;
}

/** `op` 0…5: negate, absolute, floor, ceil, round (half away from zero), square root. */
export function unaryF64(op: i32, single: i32, rows: i32, a: usize, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const x = load<f64>(a + (row << 3));
    let value: f64;
    switch (op) {
      case 0: value = -x; break;
      case 1: value = abs<f64>(x); break;
      case 2: value = floor<f64>(x); break;
      case 3: value = ceil<f64>(x); break;
      case 4: value = roundHalfAway(x); break;
      default: value = sqrt<f64>(x);
    }
    store<f64>(out + (row << 3), single != 0 ? <f64><f32>value : value);
  }
}

/** Without the fraction. */
export function truncateF64(rows: i32, a: usize, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) store<f64>(out + (row << 3), trunc<f64>(load<f64>(a + (row << 3))));
}

/** 1 in `outValid` where the element is not 0, else 0. */
export function nonZeroF64(rows: i32, a: usize, stride: usize, outValid: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    store<u8>(outValid + row, u8(load<f64>(a) != 0));
    a += stride;
  }
}

// @ts-ignore: decorator
@inline
function singleFromI64(isUnsigned: i32, x: i64, power: i64, exact: i64): f64 {
  if (isUnsigned != 0) return <f64><f32><u64>x;
  if (power == 1) return <f64><f32>x;
  if (x <= exact && x >= -exact) return <f64>(<f32>x / <f32>power);
  return <f64>(<f32>(x / power) + <f32>(x % power) / <f32>power);
}

/** int64 (`isUnsigned`: uint64) → float; divided by `power`, in float32 if `single`. `exact`: integers up to that size are exact in the target. */
export function floatFromI64(isUnsigned: i32, single: i32, rows: i32, a: usize, power: i64, exact: i64, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const x = load<i64>(a + (row << 3));
    let value: f64;
    if (single != 0) value = singleFromI64(isUnsigned, x, power, exact);
    else if (isUnsigned != 0) value = <f64><u64>x;
    else if (power == 1) value = <f64>x;
    else if (x <= exact && x >= -exact) value = <f64>x / <f64>power;
    else value = <f64>(x / power) + <f64>(x % power) / <f64>power;
    store<f64>(out + (row << 3), value);
  }
}

/**
 * float → int64 (`isUnsigned`: uint64) of the value × power. `mode` 0: half to even, 1: half away from zero. `bad` 1 where the
 * result is not in [low, limit) or NaN. Returns how many.
 */
export function integerFromF64(isUnsigned: i32, mode: i32, rows: i32, a: usize, power: f64, low: f64, limit: f64, bad: usize, out: usize): i32 {
  let failures: i32 = 0;
  for (let row: usize = 0; row < <usize>rows; row++) {
    const scaled = load<f64>(a + (row << 3)) * power;
    const value = mode == 0 ? nearest<f64>(scaled) : roundHalfAway(scaled);
    const fails = i32(!(value >= low && value < limit));
    store<i64>(out + (row << 3), fails != 0 ? 0 : isUnsigned != 0 ? <i64><u64>value : <i64>value);
    store<u8>(bad + row, <u8>fails);
    failures += fails;
  }
  return failures;
}

/** float64 → float32, kept as float64. `bad` 1 where a finite value becomes infinite. Returns how many. */
export function singleFromF64(rows: i32, a: usize, bad: usize, out: usize): i32 {
  let failures: i32 = 0;
  for (let row: usize = 0; row < <usize>rows; row++) {
    const x = load<f64>(a + (row << 3));
    const value = <f64><f32>x;
    const fails = i32(abs<f64>(value) == Infinity) & i32(abs<f64>(x) != Infinity);
    store<f64>(out + (row << 3), value);
    store<u8>(bad + row, <u8>fails);
    failures += fails;
  }
  return failures;
}

/** Bits of a float as a key: one NaN, and 0 for -0. */
export function keyFromF64(rows: i32, a: usize, stride: usize, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const x = load<f64>(a);
    store<u64>(out + (row << 3), x != x ? 0x7ff8000000000000 : x == 0 ? 0 : reinterpret<u64>(x));
    a += stride;
  }
}
