import { orderOf } from './accumulate.js';
import type { HeapViews } from './heap-views.js';

/** Fold the state at from[i] + offset into the state at into[i] + offset, for the i-th pair of cells (u32 addresses). */
type Merge = (rows: number, into: number, from: number, offset: number) => void;
export interface MergeKernels {
  /** Sums of 1, 2 or 3 words (count; 128-bit sum; 192-bit sum), low word first. */
  mergeSum(rows: number, into: number, from: number, offset: number, words: number): void;
  /** `mergeSum` of a word (a count) and of two (a 128-bit sum) at once. */
  mergeCountAndSum(rows: number, into: number, from: number, countOffset: number, sumOffset: number): void;
  mergeSumFloat: Merge;
  /** Counts, means and squared deviations (Chan, Golub, LeVeque 1979). */
  mergeMoments: Merge;
  /** kind 0: int64, 1: uint64, 2: f64 in the order of `minFloat`; sign 1: the greater stays, -1: the less. */
  mergeExtreme(rows: number, into: number, from: number, offset: number, kind: number, sign: number): void;
  /** First or last, see `pick`. */
  mergePick(rows: number, into: number, from: number, offset: number, last: number): void;
}

export const mergeTwins = ({ u32, i64, u64, f64 }: HeapViews): MergeKernels => {
  const each = (rows: number, into: number, from: number, offset: number, merge: (to: number, by: number) => void): void => {
    for (let row = 0; row < rows; row++) merge((u32[(into >>> 2) + row]! + offset) >>> 3, (u32[(from >>> 2) + row]! + offset) >>> 3);
  };
  const addWords = (to: number, by: number, words: number): void => {
    let carry = 0n;
    for (let word = 0; word < words; word++) {
      carry += u64[to + word]! + u64[by + word]!;
      u64[to + word] = carry;
      carry >>= 64n;
    }
  };
  return {
    mergeSum(rows, into, from, offset, words) {
      each(rows, into, from, offset, (to, by) => addWords(to, by, words));
    },
    mergeCountAndSum(rows, into, from, countOffset, sumOffset) {
      each(rows, into, from, countOffset, (to, by) => addWords(to, by, 1));
      each(rows, into, from, sumOffset, (to, by) => addWords(to, by, 2));
    },
    mergeSumFloat(rows, into, from, offset) {
      each(rows, into, from, offset, (to, by) => {
        const high = f64[to]!;
        const value = f64[by]!;
        const sum = high + value;
        const part = sum - high;
        f64[to] = sum;
        f64[to + 1] = f64[to + 1]! + f64[by + 1]! + ((high - (sum - part)) + (value - part));
      });
    },
    mergeMoments(rows, into, from, offset) {
      each(rows, into, from, offset, (to, by) => {
        const a = f64[to]!;
        const b = f64[by]!;
        if (b === 0) return;
        if (a === 0) return void f64.copyWithin(to, by, by + 3);
        const delta = f64[by + 1]! - f64[to + 1]!;
        f64[to] = a + b;
        f64[to + 1]! += delta * (b / (a + b));
        f64[to + 2] = f64[to + 2]! + f64[by + 2]! + delta * delta * (a * b / (a + b));
      });
    },
    mergeExtreme(rows, into, from, offset, kind, sign) {
      each(rows, into, from, offset, (to, by) => {
        const a = kind === 0 ? i64[to]! : kind === 1 ? u64[to]! : orderOf(f64[to]!);
        const b = kind === 0 ? i64[by]! : kind === 1 ? u64[by]! : orderOf(f64[by]!);
        if (sign > 0 ? b > a : b < a) u64[to] = u64[by]!;
      });
    },
    mergePick(rows, into, from, offset, last) {
      each(rows, into, from, offset, (to, by) => {
        if (u64[by + 3] === 0n) return;
        const order = i64[by] !== i64[to] ? i64[by]! - i64[to]! : i64[by + 1]! - i64[to + 1]!;
        if (u64[to + 3] === 0n || (last ? order > 0n : order < 0n)) u64.copyWithin(to, by, by + 4);
      });
    },
  };
};
