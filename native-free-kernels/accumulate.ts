import type { HeapViews } from './heap-views.js';

/**
 * Add row i (element positions[i], or i) to the state at slots[i] + offset. `mask`, where given, has a byte per element: 0 leaves the
 * element out. What a state holds is said at each kernel.
 */
type Accumulate = (rows: number, positions: number, slots: number, offset: number, values: number, mask: number) => void;
export interface AccumulateKernels {
  /** u64 count. */
  count(rows: number, positions: number, slots: number, offset: number, mask: number): void;
  /** 128-bit two's complement sum of int64, low word first. */
  sumSigned: Accumulate;
  /** `count` and `sumSigned` of the same rows at once. */
  countAndSum(rows: number, positions: number, slots: number, countOffset: number, sumOffset: number, values: number, mask: number): void;
  /** 128-bit sum of uint64. */
  sumUnsigned: Accumulate;
  /** 192-bit sum of squares of int64 (or uint64), low word first. */
  sumSquares(rows: number, positions: number, slots: number, offset: number, values: number, mask: number, unsigned: number): void;
  /** Double-double sum [high, low] (Knuth's two-sum). */
  sumFloat: Accumulate;
  /** [count, mean, sum of squared deviations] as f64 (Welford 1962). */
  moments: Accumulate;
  minSigned: Accumulate;
  maxSigned: Accumulate;
  minUnsigned: Accumulate;
  maxUnsigned: Accumulate;
  /** NaN is greater than everything, -0 less than 0. */
  minFloat: Accumulate;
  maxFloat: Accumulate;
  /** [time, position, value, 1 | 2 if not null] of the first row by (time, position), or the last where `last`; position = base + row number. */
  pick(rows: number, positions: number, slots: number, offset: number, values: number, valid: number, mask: number, times: number, selection: number, first: number, base: bigint, last: number): void;
}

const bits = new DataView(new ArrayBuffer(8));
/** Order-preserving integer of a float: -0 before 0, NaN (any) after infinity. */
export function orderOf(value: number): bigint {
  if (value !== value) return 0x7ff8000000000000n;
  bits.setFloat64(0, value);
  const raw = bits.getBigInt64(0);
  return raw < 0n ? raw ^ 0x7fffffffffffffffn : raw;
}

export const accumulateTwins = (heap: HeapViews): AccumulateKernels => {
  const { u8, u32, i64, u64, f64 } = heap;
  /** Calls `add(state, element)` with word indexes of state and of an 8-byte element. */
  const each = (add: (state: number, element: number) => void): Accumulate => (rows, positions, slots, offset, values, mask) => {
    for (let row = 0; row < rows; row++) {
      const element = positions ? u32[(positions >>> 2) + row]! : row;
      if (mask && !u8[mask + element]) continue;
      add((u32[(slots >>> 2) + row]! + offset) >>> 3, (values >>> 3) + element);
    }
  };
  const addWords = (state: number, words: number, value: bigint): void => {
    let carry = value;
    for (let word = 0; word < words; word++) {
      carry += u64[state + word]!;
      u64[state + word] = carry;
      carry >>= 64n;
    }
  };
  const better = <T>(view: { [index: number]: T }, wins: (value: T, seen: T) => boolean): Accumulate =>
    each((state, element) => {
      if (wins(view[element]!, view[state]!)) view[state] = view[element]!;
    });
  return {
    count: (rows, positions, slots, offset, mask) => each(state => void u64[state]!++)(rows, positions, slots, offset, 0, mask),
    countAndSum(rows, positions, slots, countOffset, sumOffset, values, mask) {
      each(state => void u64[state]!++)(rows, positions, slots, countOffset, 0, mask);
      each((state, element) => addWords(state, 2, i64[element]!))(rows, positions, slots, sumOffset, values, mask);
    },
    sumSigned: each((state, element) => addWords(state, 2, i64[element]!)),
    sumUnsigned: each((state, element) => addWords(state, 2, u64[element]!)),
    sumSquares(rows, positions, slots, offset, values, mask, unsigned) {
      const view = unsigned ? u64 : i64;
      each((state, element) => addWords(state, 3, view[element]! * view[element]!))(rows, positions, slots, offset, values, mask);
    },
    sumFloat: each((state, element) => {
      const high = f64[state]!;
      const value = f64[element]!;
      const sum = high + value;
      const part = sum - high;
      f64[state] = sum;
      f64[state + 1]! += (high - (sum - part)) + (value - part);
    }),
    moments: each((state, element) => {
      const value = f64[element]!;
      const count = (f64[state]! += 1);
      const mean = f64[state + 1]!;
      const next = mean + (value - mean) / count;
      f64[state + 1] = next;
      f64[state + 2]! += (value - mean) * (value - next);
    }),
    minSigned: better(i64, (value, seen) => value < seen),
    maxSigned: better(i64, (value, seen) => value > seen),
    minUnsigned: better(u64, (value, seen) => value < seen),
    maxUnsigned: better(u64, (value, seen) => value > seen),
    minFloat: better(f64, (value, seen) => orderOf(value) < orderOf(seen)),
    maxFloat: better(f64, (value, seen) => orderOf(value) > orderOf(seen)),
    pick(rows, positions, slots, offset, values, valid, mask, times, selection, first, base, last) {
      for (let row = 0; row < rows; row++) {
        const element = positions ? u32[(positions >>> 2) + row]! : row;
        if (mask && !u8[mask + element]) continue;
        const time = times ? i64[(times >>> 3) + element]! : 0n;
        const position = base + BigInt(selection ? u32[(selection >>> 2) + element]! : first + element);
        const state = (u32[(slots >>> 2) + row]! + offset) >>> 3;
        const order = time !== i64[state] ? time - i64[state]! : position - i64[state + 1]!;
        if (u64[state + 3] !== 0n && !(last ? order > 0n : order < 0n)) continue;
        const present = !valid || u8[valid + element] !== 0;
        i64[state] = time;
        i64[state + 1] = position;
        u64[state + 2] = present ? u64[(values >>> 3) + element]! : 0n;
        u64[state + 3] = present ? 3n : 1n;
      }
    },
  };
};
