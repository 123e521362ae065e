import type { HeapViews } from './heap-views.js';

/**
 * Arithmetic on dense int64 operands with overflow found: `bad` gets a byte per row, 1 where the exact result lies outside
 * [low, high], the range of the declared type; returns how many. A stride (in bytes) of 0 repeats a constant.
 */
export interface ArithmeticKernels {
  /** `op` 0: a + b, 1: a - b, 2: a × b. */
  calculateI64(
    op: number, rows: number, a: number, strideA: number, b: number, strideB: number, low: bigint, high: bigint, bad: number, out: number,
  ): number;
  /** The same for uint64. */
  calculateU64(op: number, rows: number, a: number, strideA: number, b: number, strideB: number, bad: number, out: number): number;
  /** Quotient (`op` 0) or remainder (1), towards zero. By zero: `outValid` gets 0 (else 1) and the result is 0. A remainder fails with its quotient, as in DuckDB. REQUIRES: a in [low, high]. */
  divideI64(
    op: number, rows: number, a: number, strideA: number, b: number, strideB: number, low: bigint, high: bigint, bad: number, outValid: number, out: number,
  ): number;
  divideU64(op: number, rows: number, a: number, strideA: number, b: number, strideB: number, outValid: number, out: number): void;
  /** -a (`op` 0) or |a| (1). */
  unaryI64(op: number, rows: number, a: number, low: bigint, high: bigint, bad: number, out: number): number;
  /** 1 in `bad` where the value lies outside [low, high]; `isUnsigned`: as uint64. */
  checkI64(isUnsigned: number, rows: number, a: number, low: bigint, high: bigint, bad: number): number;
  /** a / divisor to an integer. `mode` 0: half away from zero, 1: down, 2: up. REQUIRES: divisor > 0. */
  divideRoundI64(mode: number, rows: number, a: number, divisor: bigint, out: number): void;
}

const exact = (op: number, x: bigint, y: bigint): bigint => (op === 0 ? x + y : op === 1 ? x - y : x * y);
const MIN = -(1n << 63n), MAX = (1n << 63n) - 1n;
const MAX_UNSIGNED = (1n << 64n) - 1n;

export const arithmeticTwins = (heap: HeapViews): ArithmeticKernels => {
  /** Writes the wrapped result and whether the exact one is out of range. */
  const put = (row: number, value: bigint, low: bigint, high: bigint, bad: number, out: number): number => {
    const fails = value < low || value > high ? 1 : 0;
    heap.i64[(out >>> 3) + row] = value;
    heap.u8[bad + row] = fails;
    return fails;
  };
  return {
    calculateI64(op, rows, a, strideA, b, strideB, low, high, bad, out) {
      let failures = 0;
      for (let row = 0; row < rows; row++) {
        failures += put(row, exact(op, heap.i64[(a + row * strideA) >>> 3]!, heap.i64[(b + row * strideB) >>> 3]!), low, high, bad, out);
      }
      return failures;
    },
    calculateU64(op, rows, a, strideA, b, strideB, bad, out) {
      let failures = 0;
      for (let row = 0; row < rows; row++) {
        const value = exact(op, heap.u64[(a + row * strideA) >>> 3]!, heap.u64[(b + row * strideB) >>> 3]!);
        const fails = value < 0n || value > MAX_UNSIGNED ? 1 : 0;
        heap.u64[(out >>> 3) + row] = value;
        heap.u8[bad + row] = fails;
        failures += fails;
      }
      return failures;
    },
    divideI64(op, rows, a, strideA, b, strideB, low, high, bad, outValid, out) {
      let failures = 0;
      for (let row = 0; row < rows; row++) {
        const x = heap.i64[(a + row * strideA) >>> 3]!, y = heap.i64[(b + row * strideB) >>> 3]!;
        heap.u8[outValid + row] = y === 0n ? 0 : 1;
        // only a quotient by -1 can leave the range
        const range = y === -1n ? [low, high] as const : [MIN, MAX] as const;
        failures += put(row, y === 0n ? 0n : x / y, ...range, bad, out);
        if (op !== 0) heap.i64[(out >>> 3) + row] = y === 0n ? 0n : x % y;
      }
      return failures;
    },
    divideU64(op, rows, a, strideA, b, strideB, outValid, out) {
      for (let row = 0; row < rows; row++) {
        const x = heap.u64[(a + row * strideA) >>> 3]!, y = heap.u64[(b + row * strideB) >>> 3]!;
        heap.u8[outValid + row] = y === 0n ? 0 : 1;
        heap.u64[(out >>> 3) + row] = y === 0n ? 0n : op === 0 ? x / y : x % y;
      }
    },
    unaryI64(op, rows, a, low, high, bad, out) {
      let failures = 0;
      for (let row = 0; row < rows; row++) {
        const x = heap.i64[(a >>> 3) + row]!;
        failures += put(row, op === 0 || x < 0n ? -x : x, low, high, bad, out);
      }
      return failures;
    },
    checkI64(isUnsigned, rows, a, low, high, bad) {
      let failures = 0;
      const view = isUnsigned ? heap.u64 : heap.i64;
      const least = isUnsigned ? BigInt.asUintN(64, low) : low, most = isUnsigned ? BigInt.asUintN(64, high) : high;
      for (let row = 0; row < rows; row++) {
        const x = view[(a >>> 3) + row]!;
        const fails = x < least || x > most ? 1 : 0;
        heap.u8[bad + row] = fails;
        failures += fails;
      }
      return failures;
    },
    divideRoundI64(mode, rows, a, divisor, out) {
      for (let row = 0; row < rows; row++) {
        const x = heap.i64[(a >>> 3) + row]!;
        const rest = x % divisor;
        let value = x / divisor;
        if (mode === 0 && 2n * (rest < 0n ? -rest : rest) >= divisor) value += x < 0n ? -1n : 1n;
        if (mode === 1 && rest < 0n) value -= 1n;
        if (mode === 2 && rest > 0n) value += 1n;
        heap.i64[(out >>> 3) + row] = value;
      }
    },
  };
};
