import { orderOf } from './accumulate';
// Merge: fold the state at from[i] + offset into the state at into[i] + offset, for the i-th pair of cells (u32 addresses).

// @ts-ignore: decorator
@inline
function at(row: i32, cells: usize, offset: usize): usize {
  return <usize>load<u32>(cells + (<usize>row << 2)) + offset;
}

/** Sums of 1, 2 or 3 words (count; 128-bit sum; 192-bit sum), low word first. */
export function mergeSum(rows: i32, into: usize, from: usize, offset: usize, words: i32): void {
  for (let row = 0; row < rows; row++) {
    let to = at(row, into, offset);
    let by = at(row, from, offset);
    let carry: u64 = 0;
    for (let word = 0; word < words; word++) {
      const part = load<u64>(to) + load<u64>(by);
      const sum = part + carry;
      carry = u64(part < load<u64>(by)) + u64(sum < carry);
      store<u64>(to, sum);
      to += 8;
      by += 8;
    }
  }
}
/** `mergeSum` of a word (a count) and of two (a 128-bit sum). */
export function mergeCountAndSum(rows: i32, into: usize, from: usize, countOffset: usize, sumOffset: usize): void {
  for (let row = 0; row < rows; row++) {
    const to = at(row, into, 0);
    const by = at(row, from, 0);
    store<u64>(to + countOffset, load<u64>(to + countOffset) + load<u64>(by + countOffset));
    const low = load<u64>(by + sumOffset);
    const sum = load<u64>(to + sumOffset) + low;
    store<u64>(to + sumOffset, sum);
    store<u64>(to + sumOffset, load<u64>(to + sumOffset, 8) + load<u64>(by + sumOffset, 8) + u64(sum < low), 8);
  }
}
/** Double-double sums. */
export function mergeSumFloat(rows: i32, into: usize, from: usize, offset: usize): void {
  for (let row = 0; row < rows; row++) {
    const to = at(row, into, offset);
    const by = at(row, from, offset);
    const high = load<f64>(to);
    const value = load<f64>(by);
    const sum = high + value;
    const part = sum - high;
    store<f64>(to, sum);
    store<f64>(to, load<f64>(to, 8) + load<f64>(by, 8) + ((high - (sum - part)) + (value - part)), 8);
  }
}
/** Counts, means and squared deviations (Chan, Golub, LeVeque 1979). */
export function mergeMoments(rows: i32, into: usize, from: usize, offset: usize): void {
  for (let row = 0; row < rows; row++) {
    const to = at(row, into, offset);
    const by = at(row, from, offset);
    const a = load<f64>(to);
    const b = load<f64>(by);
    if (b == 0) continue;
    if (a == 0) {
      memory.copy(to, by, 24);
      continue;
    }
    const count = a + b;
    const delta = load<f64>(by, 8) - load<f64>(to, 8);
    store<f64>(to, count);
    store<f64>(to, load<f64>(to, 8) + delta * (b / count), 8);
    store<f64>(to, load<f64>(to, 16) + load<f64>(by, 16) + delta * delta * (a * b / count), 16);
  }
}
/** kind 0: int64, 1: uint64, 2: f64 in the order of `minFloat`; sign 1: the greater stays, -1: the less. */
export function mergeExtreme(rows: i32, into: usize, from: usize, offset: usize, kind: i32, sign: i32): void {
  for (let row = 0; row < rows; row++) {
    const to = at(row, into, offset);
    const by = at(row, from, offset);
    let a = load<i64>(to);
    let b = load<i64>(by);
    if (kind == 1) {
      a ^= i64.MIN_VALUE;
      b ^= i64.MIN_VALUE;
    } else if (kind == 2) {
      a = orderOf(load<f64>(to));
      b = orderOf(load<f64>(by));
    }
    if (sign > 0 ? b > a : b < a) store<u64>(to, load<u64>(by));
  }
}
/** First or last, see `pick`. */
export function mergePick(rows: i32, into: usize, from: usize, offset: usize, last: i32): void {
  for (let row = 0; row < rows; row++) {
    const to = at(row, into, offset);
    const by = at(row, from, offset);
    if (load<u64>(by, 24) == 0) continue;
    const time = load<i64>(by);
    const position = load<i64>(by, 8);
    const seenTime = load<i64>(to);
    const seenPosition = load<i64>(to, 8);
    const earlier = time < seenTime || (time == seenTime && position < seenPosition);
    const later = time > seenTime || (time == seenTime && position > seenPosition);
    if (load<u64>(to, 24) == 0 || (last ? later : earlier)) memory.copy(to, by, 32);
  }
}
