import type { HeapViews } from './heap-views.js';

/**
 * Comparison of two dense operands → bytes of 0 or 1. `less` 0: equal, 1: a < b; `negate` 1 turns the answer round; the other
 * comparisons follow by exchanging the operands. A stride (in bytes) of 0 repeats a constant.
 */
type Compare = (less: number, negate: number, rows: number, a: number, strideA: number, b: number, strideB: number, out: number) => void;
export interface CompareKernels {
  compareI64: Compare;
  compareU64: Compare;
  compareBool: Compare;
  /** NaN equals NaN and is greater than every number; -0 equals 0. */
  compareF64: Compare;
  /** (address, length) pairs, ordered by their bytes. */
  compareText: Compare;
  /** Codes of one dictionary: equal codes, equal values. */
  compareCodes(negate: number, rows: number, a: number, strideA: number, b: number, strideB: number, out: number): void;
  /** The order of two byte strings: negative, 0, positive. */
  compareTwoTexts(a: number, lengthA: number, b: number, lengthB: number): number;
}

type Order<T> = (x: T, y: T) => boolean;
const orders = <T>(): [Order<T>, Order<T>] => [(x, y) => x === y, (x, y) => x < y];

export const compareTwins = (heap: HeapViews): CompareKernels => {
  const compare = <T>(element: (address: number) => T, [equal, below]: [Order<T>, Order<T>]): Compare =>
    (less, negate, rows, a, strideA, b, strideB, out) => {
      const holds = less === 0 ? equal : below;
      for (let row = 0; row < rows; row++) {
        heap.u8[out + row] = (holds(element(a + row * strideA), element(b + row * strideB)) ? 1 : 0) ^ negate;
      }
    };
  const compareTwoTexts = (a: number, lengthA: number, b: number, lengthB: number): number => {
    const common = Math.min(lengthA, lengthB);
    for (let at = 0; at < common; at++) {
      const difference = heap.u8[a + at]! - heap.u8[b + at]!;
      if (difference !== 0) return difference;
    }
    return Math.sign(lengthA - lengthB);
  };
  const textOrder = (x: number, y: number) => compareTwoTexts(heap.u32[x >>> 2]!, heap.u32[(x >>> 2) + 1]!, heap.u32[y >>> 2]!, heap.u32[(y >>> 2) + 1]!);
  const codes = compare(address => heap.i32[address >>> 2]!, orders<number>());
  return {
    compareI64: compare(address => heap.i64[address >>> 3]!, orders<bigint>()),
    compareU64: compare(address => heap.u64[address >>> 3]!, orders<bigint>()),
    compareBool: compare(address => heap.u8[address]!, orders<number>()),
    compareF64: compare(address => heap.f64[address >>> 3]!, [
      (x, y) => x === y || (x !== x && y !== y),
      (x, y) => x < y || (y !== y && x === x),
    ]),
    compareText: compare(address => address, [(x, y) => textOrder(x, y) === 0, (x, y) => textOrder(x, y) < 0]),
    compareCodes: (negate, rows, a, strideA, b, strideB, out) => codes(0, negate, rows, a, strideA, b, strideB, out),
    compareTwoTexts,
  };
};
