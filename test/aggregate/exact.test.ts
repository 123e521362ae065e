import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { meanOf, varianceOf, wideInteger } from '../../src/aggregate/exact.ts';
import { testHeap } from '../support/heap.ts';

const UNIT = 1n << 1074n;
const bits = new DataView(new ArrayBuffer(8));
/** A finite double as an integer of 2^-1074. */
function exactly(value: number): bigint {
  bits.setFloat64(0, Math.abs(value));
  const raw = bits.getBigUint64(0);
  const exponent = raw >> 52n;
  const fraction = raw & ((1n << 52n) - 1n);
  const size = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n);
  return value < 0 ? -size : size;
}
function neighbour(value: number, step: 1n | -1n): number {
  bits.setFloat64(0, value);
  bits.setBigUint64(0, bits.getBigUint64(0) + step);
  return bits.getFloat64(0);
}
const isEven = (value: number): boolean => {
  bits.setFloat64(0, value);
  return (bits.getBigUint64(0) & 1n) === 0n;
};
const size = (x: bigint): bigint => (x < 0n ? -x : x);

/** No double is nearer to the quotient, and of two that are as near the even one was taken. */
function expectNearest(value: number, numerator: bigint, denominator: bigint): void {
  const distance = (double: number): bigint => size(exactly(double) * denominator - numerator * UNIT);
  if (value === 0) return expect(numerator).toBe(0n);
  for (const other of [neighbour(value, 1n), neighbour(value, -1n)]) {
    expect(distance(value) < distance(other) || (distance(value) === distance(other) && isEven(value)), `${value} or ${other} for ${numerator}/${denominator}`).toBe(true);
  }
}

const sum = fc.oneof(fc.bigInt(-(2n ** 127n), 2n ** 127n), fc.bigInt(-1000n, 1000n), fc.bigInt(2n ** 53n, 2n ** 55n), fc.constantFrom(2n ** 53n + 1n, 2n ** 54n + 2n, 2n ** 54n + 6n, 2n ** 127n - 1n, -(2n ** 127n)));
const count = fc.oneof(fc.bigInt(1n, 9n), fc.bigInt(1n, 2n ** 64n - 1n), fc.integer({ min: 0, max: 63 }).map(shift => 1n << BigInt(shift)));

describe('exact arithmetic', () => {
  test('means are rounded once', () => {
    fc.assert(fc.property(sum, count, fc.integer({ min: 0, max: 18 }), (total, rows, scale) => {
      const divisor = rows * 10n ** BigInt(scale);
      expectNearest(meanOf(total, divisor), total, divisor);
    }), { numRuns: 2000 });
  });
  test('halves are rounded to even', () => {
    fc.assert(fc.property(fc.bigInt(2n ** 52n, 2n ** 53n - 1n), fc.integer({ min: 1, max: 60 }), fc.constantFrom(-1n, 0n, 1n), (mantissa, shift, nudge) => {
      // mantissa + 1/2, and as little more or less as may be
      const numerator = (((mantissa << 1n) | 1n) << BigInt(shift)) + nudge;
      const denominator = 1n << BigInt(shift + 1);
      expectNearest(meanOf(numerator, denominator), numerator, denominator);
      expectNearest(meanOf(-numerator, denominator), -numerator, denominator);
    }), { numRuns: 500 });
  });
  test('variances are those of the rationals, rounded once', () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.bigInt(2n ** 62n, 2n ** 62n + 3n)), { minLength: 2, maxLength: 20 }), fc.integer({ min: 0, max: 18 }), fc.boolean(), (values, scale, population) => {
      const n = BigInt(values.length);
      const total = values.reduce((a, b) => a + b, 0n);
      const squares = values.reduce((a, b) => a + b * b, 0n);
      // Σ(x - mean)² with n as the common denominator: Σ(n·x - total)² / n²
      const deviations = values.reduce((a, x) => a + (n * x - total) ** 2n, 0n);
      expectNearest(varianceOf(n, total, squares, scale, population), deviations, n * n * (population ? n : n - 1n) * 10n ** BigInt(2 * scale));
    }), { numRuns: 300 });
  });
  test('wide integers are read from words', () => {
    const { heap } = testHeap(2);
    fc.assert(fc.property(fc.bigInt(-(2n ** 191n), 2n ** 191n - 1n), value => {
      for (const words of [1, 2, 3]) {
        for (let word = 0; word < words; word++) heap.u64[8192 + word] = BigInt.asUintN(64, value >> BigInt(64 * word));
        expect(wideInteger(heap, 65_536, words, true)).toBe(BigInt.asIntN(64 * words, value));
        expect(wideInteger(heap, 65_536, words, false)).toBe(BigInt.asUintN(64 * words, value));
      }
    }));
  });
});
