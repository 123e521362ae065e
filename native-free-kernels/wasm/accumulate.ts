// Accumulate: add row i (element positions[i], or i) to the state at slots[i] + offset. `mask`, where given, has a byte per element:
// 0 leaves the element out.

// @ts-ignore: decorator
@inline
function elementOf(row: i32, positions: usize): usize {
  return positions ? <usize>load<u32>(positions + (<usize>row << 2)) : <usize>row;
}
// @ts-ignore: decorator
@inline
function slotOf(row: i32, slots: usize, offset: usize): usize {
  return <usize>load<u32>(slots + (<usize>row << 2)) + offset;
}

// @ts-ignore: decorator
@inline
function increment(state: usize): void {
  store<u64>(state, load<u64>(state) + 1);
}

/** State: u64 count. Where every row counts, four of them share the cost of going on to the next. */
export function count(rows: i32, positions: usize, slots: usize, offset: usize, mask: usize): void {
  if (!mask) {
    const end = slots + (<usize>rows << 2);
    let slot = slots;
    for (; slot + 12 < end; slot += 16) {
      increment(<usize>load<u32>(slot) + offset);
      increment(<usize>load<u32>(slot, 4) + offset);
      increment(<usize>load<u32>(slot, 8) + offset);
      increment(<usize>load<u32>(slot, 12) + offset);
    }
    for (; slot < end; slot += 4) increment(<usize>load<u32>(slot) + offset);
    return;
  }
  for (let row = 0; row < rows; row++) {
    const state = slotOf(row, slots, offset);
    store<u64>(state, load<u64>(state) + <u64>load<u8>(mask + elementOf(row, positions)));
  }
}

// @ts-ignore: decorator
@inline
function add128(state: usize, low: u64, high: u64): void {
  const before = load<u64>(state);
  const sum = before + low;
  store<u64>(state, sum);
  store<u64>(state, load<u64>(state, 8) + high + u64(sum < low), 8);
}

// @ts-ignore: decorator
@inline
function addSigned(state: usize, value: i64): void {
  add128(state, <u64>value, <u64>(value >> 63));
}

/** The common case has a loop of its own: every element, nothing masked. */
// @ts-ignore: decorator
@inline
function isPlain(positions: usize, mask: usize): bool {
  return !positions && !mask;
}

// @ts-ignore: decorator
@inline
function addCounted(slot: usize, countOffset: usize, sumOffset: usize, value: i64): void {
  increment(slot + countOffset);
  addSigned(slot + sumOffset, value);
}

/** `count` and `sumSigned` of the same rows: a cell's line, and a row's slot, are looked for once. */
export function countAndSum(rows: i32, positions: usize, slots: usize, countOffset: usize, sumOffset: usize, values: usize, mask: usize): void {
  if (isPlain(positions, mask)) {
    let row = 0;
    for (; row < rows - 3; row += 4) {
      const slot = slots + (<usize>row << 2);
      const value = values + (<usize>row << 3);
      addCounted(<usize>load<u32>(slot), countOffset, sumOffset, load<i64>(value));
      addCounted(<usize>load<u32>(slot, 4), countOffset, sumOffset, load<i64>(value, 8));
      addCounted(<usize>load<u32>(slot, 8), countOffset, sumOffset, load<i64>(value, 16));
      addCounted(<usize>load<u32>(slot, 12), countOffset, sumOffset, load<i64>(value, 24));
    }
    for (; row < rows; row++) addCounted(slotOf(row, slots, 0), countOffset, sumOffset, load<i64>(values + (<usize>row << 3)));
    return;
  }
  for (let row = 0; row < rows; row++) {
    const element = elementOf(row, positions);
    if (mask && !load<u8>(mask + element)) continue;
    addCounted(slotOf(row, slots, 0), countOffset, sumOffset, load<i64>(values + (element << 3)));
  }
}

/** State: 128-bit two's complement sum, low word first. */
export function sumSigned(rows: i32, positions: usize, slots: usize, offset: usize, values: usize, mask: usize): void {
  if (isPlain(positions, mask)) {
    let row = 0;
    for (; row < rows - 3; row += 4) {
      const slot = slots + (<usize>row << 2);
      const value = values + (<usize>row << 3);
      addSigned(<usize>load<u32>(slot) + offset, load<i64>(value));
      addSigned(<usize>load<u32>(slot, 4) + offset, load<i64>(value, 8));
      addSigned(<usize>load<u32>(slot, 8) + offset, load<i64>(value, 16));
      addSigned(<usize>load<u32>(slot, 12) + offset, load<i64>(value, 24));
    }
    for (; row < rows; row++) addSigned(slotOf(row, slots, offset), load<i64>(values + (<usize>row << 3)));
    return;
  }
  for (let row = 0; row < rows; row++) {
    const element = elementOf(row, positions);
    if (mask && !load<u8>(mask + element)) continue;
    addSigned(slotOf(row, slots, offset), load<i64>(values + (element << 3)));
  }
}

/** State: as `sumSigned`; values are uint64. */
export function sumUnsigned(rows: i32, positions: usize, slots: usize, offset: usize, values: usize, mask: usize): void {
  for (let row = 0; row < rows; row++) {
    const element = elementOf(row, positions);
    if (mask && !load<u8>(mask + element)) continue;
    add128(slotOf(row, slots, offset), load<u64>(values + (element << 3)), 0);
  }
}

/** State: 192-bit sum of squares of int64 (or, `unsigned`, uint64) values, low word first. */
export function sumSquares(rows: i32, positions: usize, slots: usize, offset: usize, values: usize, mask: usize, unsigned: i32): void {
  for (let row = 0; row < rows; row++) {
    const element = elementOf(row, positions);
    if (mask && !load<u8>(mask + element)) continue;
    const value = load<i64>(values + (element << 3));
    const size = unsigned || value >= 0 ? <u64>value : <u64>(0 - value);
    const a = size >> 32;
    const b = size & 0xffffffff;
    const cross = a * b;
    const low = b * b + (cross << 33);
    const high = a * a + (cross >> 31) + u64(low < b * b);
    const state = slotOf(row, slots, offset);
    const low0 = load<u64>(state) + low;
    const carry0 = u64(low0 < low);
    const mid0 = load<u64>(state, 8) + high;
    const mid1 = mid0 + carry0;
    store<u64>(state, low0);
    store<u64>(state, mid1, 8);
    store<u64>(state, load<u64>(state, 16) + u64(mid0 < high) + u64(mid1 < carry0), 16);
  }
}

/** State: double-double sum [high, low] (Knuth's two-sum): the rounding error of each addition is kept. */
export function sumFloat(rows: i32, positions: usize, slots: usize, offset: usize, values: usize, mask: usize): void {
  for (let row = 0; row < rows; row++) {
    const element = elementOf(row, positions);
    if (mask && !load<u8>(mask + element)) continue;
    const value = load<f64>(values + (element << 3));
    const state = slotOf(row, slots, offset);
    const high = load<f64>(state);
    const sum = high + value;
    const part = sum - high;
    store<f64>(state, sum);
    store<f64>(state, load<f64>(state, 8) + ((high - (sum - part)) + (value - part)), 8);
  }
}

/** State: [count, mean, sum of squared deviations] as f64 (Welford 1962). */
export function moments(rows: i32, positions: usize, slots: usize, offset: usize, values: usize, mask: usize): void {
  for (let row = 0; row < rows; row++) {
    const element = elementOf(row, positions);
    if (mask && !load<u8>(mask + element)) continue;
    const value = load<f64>(values + (element << 3));
    const state = slotOf(row, slots, offset);
    const count = load<f64>(state) + 1;
    const mean = load<f64>(state, 8);
    const delta = value - mean;
    const next = mean + delta / count;
    store<f64>(state, count);
    store<f64>(state, next, 8);
    store<f64>(state, load<f64>(state, 16) + delta * (value - next), 16);
  }
}

/** State: int64 minimum. */
export function minSigned(rows: i32, positions: usize, slots: usize, offset: usize, values: usize, mask: usize): void {
  for (let row = 0; row < rows; row++) {
    const element = elementOf(row, positions);
    if (mask && !load<u8>(mask + element)) continue;
    const state = slotOf(row, slots, offset);
    store<i64>(state, min<i64>(load<i64>(state), load<i64>(values + (element << 3))));
  }
}
/** State: int64 maximum. */
export function maxSigned(rows: i32, positions: usize, slots: usize, offset: usize, values: usize, mask: usize): void {
  for (let row = 0; row < rows; row++) {
    const element = elementOf(row, positions);
    if (mask && !load<u8>(mask + element)) continue;
    const state = slotOf(row, slots, offset);
    store<i64>(state, max<i64>(load<i64>(state), load<i64>(values + (element << 3))));
  }
}
/** State: uint64 minimum. */
export function minUnsigned(rows: i32, positions: usize, slots: usize, offset: usize, values: usize, mask: usize): void {
  for (let row = 0; row < rows; row++) {
    const element = elementOf(row, positions);
    if (mask && !load<u8>(mask + element)) continue;
    const state = slotOf(row, slots, offset);
    store<u64>(state, min<u64>(load<u64>(state), load<u64>(values + (element << 3))));
  }
}
/** State: uint64 maximum. */
export function maxUnsigned(rows: i32, positions: usize, slots: usize, offset: usize, values: usize, mask: usize): void {
  for (let row = 0; row < rows; row++) {
    const element = elementOf(row, positions);
    if (mask && !load<u8>(mask + element)) continue;
    const state = slotOf(row, slots, offset);
    store<u64>(state, max<u64>(load<u64>(state), load<u64>(values + (element << 3))));
  }
}

/** Order-preserving integer of a float: -0 before 0, NaN (any) after infinity. */
// @ts-ignore: decorator
@inline
export function orderOf(value: f64): i64 {
  if (value != value) return 0x7ff8000000000000;
  const bits = reinterpret<i64>(value);
  return bits ^ ((bits >> 63) & 0x7fffffffffffffff);
}

/** State: f64 minimum; NaN is greater than everything, -0 less than 0. */
export function minFloat(rows: i32, positions: usize, slots: usize, offset: usize, values: usize, mask: usize): void {
  for (let row = 0; row < rows; row++) {
    const element = elementOf(row, positions);
    if (mask && !load<u8>(mask + element)) continue;
    const value = load<f64>(values + (element << 3));
    const state = slotOf(row, slots, offset);
    if (orderOf(value) < orderOf(load<f64>(state))) store<f64>(state, value);
  }
}
/** State: f64 maximum; NaN is greater than everything, -0 less than 0. */
export function maxFloat(rows: i32, positions: usize, slots: usize, offset: usize, values: usize, mask: usize): void {
  for (let row = 0; row < rows; row++) {
    const element = elementOf(row, positions);
    if (mask && !load<u8>(mask + element)) continue;
    const value = load<f64>(values + (element << 3));
    const state = slotOf(row, slots, offset);
    if (orderOf(value) > orderOf(load<f64>(state))) store<f64>(state, value);
  }
}

/**
 * State: [time, position, value, present] of the first row by (time, position), or the last where `last`. times: int64 per element,
 * 0 for none. Row numbers: selection[element], or first + element; position = base + row number.
 */
export function pick(rows: i32, positions: usize, slots: usize, offset: usize, values: usize, valid: usize, mask: usize, times: usize, selection: usize, first: i32, base: i64, last: i32): void {
  for (let row = 0; row < rows; row++) {
    const element = elementOf(row, positions);
    if (mask && !load<u8>(mask + element)) continue;
    const time = times ? load<i64>(times + (element << 3)) : 0;
    const position = base + (selection ? <i64>load<u32>(selection + (element << 2)) : <i64>first + <i64>element);
    const state = slotOf(row, slots, offset);
    const seenTime = load<i64>(state);
    const seenPosition = load<i64>(state, 8);
    const earlier = time < seenTime || (time == seenTime && position < seenPosition);
    const later = time > seenTime || (time == seenTime && position > seenPosition);
    if (load<u64>(state, 24) != 0 && !(last ? later : earlier)) continue;
    const present = !valid || load<u8>(valid + element) != 0;
    store<i64>(state, time);
    store<i64>(state, position, 8);
    store<u64>(state, present ? load<u64>(values + (element << 3)) : 0, 16);
    store<u64>(state, present ? 3 : 1, 24);
  }
}
