import type { HeapViews } from './heap-views.js';

/** Float arithmetic on dense operands: IEEE. `single` 1 rounds every result to float32. A stride (in bytes) of 0 repeats a constant. */
export interface FloatKernels {
  /** `op` 0…4: + - × / remainder (sign of the dividend). */
  calculateF64(op: number, single: number, rows: number, a: number, strideA: number, b: number, strideB: number, out: number): void;
  /** `op` 0…5: negate, absolute, floor, ceil, round (half away from zero), square root. */
  unaryF64(op: number, single: number, rows: number, a: number, out: number): void;
  /** Without the fraction. */
  truncateF64(rows: number, a: number, out: number): void;
  /** 1 in `outValid` where the element is not 0, else 0. */
  nonZeroF64(rows: number, a: number, stride: number, outValid: number): void;
  /**
   * int64 (`isUnsigned`: uint64) / `power` of ten → float. As DuckDB: values beyond `exact` (integers up to it are exact in the target)
   * are divided in two parts, and `single` works in float32.
   */
  floatFromI64(isUnsigned: number, single: number, rows: number, a: number, power: bigint, exact: bigint, out: number): void;
  /**
   * float × power → int64 (`isUnsigned`: uint64). `mode` 0: half to even, 1: half away from zero. `bad` 1 where the result is not in
   * [low, limit) or NaN; returns how many.
   */
  integerFromF64(
    isUnsigned: number, mode: number, rows: number, a: number, power: number, low: number, limit: number, bad: number, out: number,
  ): number;
  /** float64 → float32, kept as float64. `bad` 1 where a finite value becomes infinite; returns how many. */
  singleFromF64(rows: number, a: number, bad: number, out: number): number;
  /** Bits of a float as a key: one NaN, and 0 for -0. */
  keyFromF64(rows: number, a: number, stride: number, out: number): void;
}

const roundHalfAway = (x: number): number => {
  const whole = Math.trunc(x);
  return Math.abs(x - whole) >= 0.5 ? whole + (x < 0 ? -1 : 1) : whole;
};
const roundHalfEven = (x: number): number => {
  const whole = Math.trunc(x), rest = Math.abs(x - whole);
  return rest > 0.5 || (rest === 0.5 && whole % 2 !== 0) ? whole + (x < 0 ? -1 : 1) : whole;
};
const binary = [
  (x: number, y: number) => x + y, (x: number, y: number) => x - y, (x: number, y: number) => x * y, (x: number, y: number) => x / y,
  (x: number, y: number) => x % y,
];
const unary = [(x: number) => -x, Math.abs, Math.floor, Math.ceil, roundHalfAway, Math.sqrt];

export const floatTwins = (heap: HeapViews): FloatKernels => ({
  calculateF64(op, single, rows, a, strideA, b, strideB, out) {
    const of = binary[op]!;
    for (let row = 0; row < rows; row++) {
      const value = of(heap.f64[(a + row * strideA) >>> 3]!, heap.f64[(b + row * strideB) >>> 3]!);
      heap.f64[(out >>> 3) + row] = single ? Math.fround(value) : value;
    }
  },
  unaryF64(op, single, rows, a, out) {
    const of = unary[op]!;
    for (let row = 0; row < rows; row++) {
      const value = of(heap.f64[(a >>> 3) + row]!);
      heap.f64[(out >>> 3) + row] = single ? Math.fround(value) : value;
    }
  },
  truncateF64(rows, a, out) {
    for (let row = 0; row < rows; row++) heap.f64[(out >>> 3) + row] = Math.trunc(heap.f64[(a >>> 3) + row]!);
  },
  nonZeroF64(rows, a, stride, outValid) {
    for (let row = 0; row < rows; row++) heap.u8[outValid + row] = heap.f64[(a + row * stride) >>> 3] !== 0 ? 1 : 0;
  },
  floatFromI64(isUnsigned, single, rows, a, power, exact, out) {
    for (let row = 0; row < rows; row++) {
      const x = isUnsigned ? heap.u64[(a >>> 3) + row]! : heap.i64[(a >>> 3) + row]!;
      const value = single ? singleFromI64(x, power, exact)
        : power === 1n ? Number(x)
        : x <= exact && x >= -exact ? Number(x) / Number(power)
        : Number(x / power) + Number(x % power) / Number(power);
      heap.f64[(out >>> 3) + row] = value;
    }
  },
  integerFromF64(isUnsigned, mode, rows, a, power, low, limit, bad, out) {
    let failures = 0;
    for (let row = 0; row < rows; row++) {
      const scaled = heap.f64[(a >>> 3) + row]! * power;
      const value = mode === 0 ? roundHalfEven(scaled) : roundHalfAway(scaled);
      const fails = value >= low && value < limit ? 0 : 1;
      heap.i64[(out >>> 3) + row] = fails ? 0n : BigInt(value);
      heap.u8[bad + row] = fails;
      failures += fails;
    }
    return failures;
  },
  singleFromF64(rows, a, bad, out) {
    let failures = 0;
    for (let row = 0; row < rows; row++) {
      const x = heap.f64[(a >>> 3) + row]!;
      const value = Math.fround(x);
      const fails = Math.abs(value) === Infinity && Math.abs(x) !== Infinity ? 1 : 0;
      heap.f64[(out >>> 3) + row] = value;
      heap.u8[bad + row] = fails;
      failures += fails;
    }
    return failures;
  },
  keyFromF64(rows, a, stride, out) {
    for (let row = 0; row < rows; row++) {
      const x = heap.f64[(a + row * stride) >>> 3]!;
      if (x !== x) heap.u64[(out >>> 3) + row] = 0x7ff8_0000_0000_0000n;
      else heap.f64[(out >>> 3) + row] = x === 0 ? 0 : x;
    }
  },
});

/** float32 nearest to an integer: by way of float64 it would be rounded twice, so odd bits below the float64 are kept sticky. */
function singleFromBig(x: bigint): number {
  const size = x < 0n ? -x : x;
  const shift = BigInt(Math.max(0, size.toString(2).length - 40));
  const head = size >> shift;
  const sticky = (head << shift) === size ? head : head | 1n;
  return Math.fround((x < 0n ? -1 : 1) * Number(sticky) * 2 ** Number(shift));
}

function singleFromI64(x: bigint, power: bigint, exact: bigint): number {
  if (power === 1n) return singleFromBig(x);
  const divisor = singleFromBig(power);
  if (x <= exact && x >= -exact) return Math.fround(Number(x) / divisor);
  return Math.fround(singleFromBig(x / power) + Math.fround(singleFromBig(x % power) / divisor));
}
