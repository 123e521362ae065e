/** Integers whose top 12 bits are 0 are, read as floats, positive, never NaN, and in the same order: and floats have a minimum in one instruction. */
const FLOAT_ORDERED: u64 = 0xfff0000000000000;

/**
 * Writes the least and the greatest of `rows` ≥ 1 int64 values to out[0], out[1]. Nothing but memory limits it, and a core that reads in four
 * places at once gets half as much again as in one: there is a miss of a page, and a prefetcher at its start, in each of them.
 */
export function minMax(rows: i32, values: usize, out: usize): void {
  let low0 = i64x2.splat(load<i64>(values));
  let low1 = low0, high0 = low0, high1 = low0, seen = low0;
  const quarter = <usize>(rows >> 3) << 1;
  const second = values + (quarter << 3), third = second + (quarter << 3), fourth = third + (quarter << 3);
  for (let at: usize = 0; at < quarter << 3; at += 16) {
    const a = v128.load(values + at), b = v128.load(second + at), c = v128.load(third + at), d = v128.load(fourth + at);
    seen = v128.or(seen, v128.or(v128.or(a, b), v128.or(c, d)));
    low0 = f64x2.pmin(f64x2.pmin(low0, a), c);
    low1 = f64x2.pmin(f64x2.pmin(low1, b), d);
    high0 = f64x2.pmax(f64x2.pmax(high0, a), c);
    high1 = f64x2.pmax(f64x2.pmax(high1, b), d);
  }
  const bits = <u64>i64x2.extract_lane(seen, 0) | <u64>i64x2.extract_lane(seen, 1);
  if ((bits & FLOAT_ORDERED) != 0) return minMaxSigned(rows, values, out);
  const low = f64x2.pmin(low0, low1);
  const high = f64x2.pmax(high0, high1);
  let least = min<i64>(i64x2.extract_lane(low, 0), i64x2.extract_lane(low, 1));
  let greatest = max<i64>(i64x2.extract_lane(high, 0), i64x2.extract_lane(high, 1));
  for (let row = i32(quarter << 2); row < rows; row++) {
    const last = load<i64>(values + (<usize>row << 3));
    least = min<i64>(least, last);
    greatest = max<i64>(greatest, last);
  }
  store<i64>(out, least);
  store<i64>(out, greatest, 8);
}

/** For times before 1970, or very far ones. */
function minMaxSigned(rows: i32, values: usize, out: usize): void {
  let least = load<i64>(values);
  let greatest = least;
  for (let row = 1; row < rows; row++) {
    const value = load<i64>(values + (<usize>row << 3));
    least = min<i64>(least, value);
    greatest = max<i64>(greatest, value);
  }
  store<i64>(out, least);
  store<i64>(out, greatest, 8);
}

/** As `minMax` over the rows whose bit in `validity` is set. Returns how many there are; with none, `out` is untouched. */
export function minMaxValid(rows: i32, values: usize, validity: usize, out: usize): i32 {
  let least = i64.MAX_VALUE;
  let greatest = i64.MIN_VALUE;
  let found = 0;
  for (let row = 0; row < rows; row++) {
    if (!((load<u8>(validity + (<usize>row >> 3)) >> <u8>(row & 7)) & 1)) continue;
    const value = load<i64>(values + (<usize>row << 3));
    least = min<i64>(least, value);
    greatest = max<i64>(greatest, value);
    found++;
  }
  if (found) {
    store<i64>(out, least);
    store<i64>(out, greatest, 8);
  }
  return found;
}

/** Lists the rows (u32) whose value is less than `bound`. Returns how many. */
export function rowsBelow(rows: i32, values: usize, bound: i64, out: usize): i32 {
  const bounds = i64x2.splat(bound);
  let found: usize = 0;
  let row = 0;
  for (; row + 4 <= rows; row += 4) {
    const at = values + (<usize>row << 3);
    const below = v128.or(i64x2.lt_s(v128.load(at), bounds), i64x2.lt_s(v128.load(at, 16), bounds));
    if (!v128.any_true(below)) continue;
    for (let lane = 0; lane < 4; lane++) {
      store<u32>(out + (found << 2), <u32>(row + lane));
      found += usize(load<i64>(at + (<usize>lane << 3)) < bound);
    }
  }
  for (; row < rows; row++) {
    store<u32>(out + (found << 2), <u32>row);
    found += usize(load<i64>(values + (<usize>row << 3)) < bound);
  }
  return <i32>found;
}

/** out[i] = values[selection[i]], or values[first + i] without a selection (int64). */
export function gatherTimes(rows: i32, selection: usize, first: i32, values: usize, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const from = selection ? <usize>load<u32>(selection + (<usize>row << 2)) : <usize>(first + row);
    store<i64>(out + (<usize>row << 3), load<i64>(values + (from << 3)));
  }
}

/** out[i] = days[i] · 86,400,000 (int32 days to int64 ms). */
export function daysToMs(rows: i32, days: usize, out: usize): void {
  for (let row = 0; row < rows; row++) store<i64>(out + (<usize>row << 3), <i64>load<i32>(days + (<usize>row << 2)) * 86400000);
}
