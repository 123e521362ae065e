// @ts-ignore: decorator
@inline
function lesser(a: v128, b: v128): v128 {
  return v128.bitselect(b, a, i64x2.gt_s(a, b));
}
// @ts-ignore: decorator
@inline
function greater(a: v128, b: v128): v128 {
  return v128.bitselect(b, a, i64x2.gt_s(b, a));
}

/** Writes the least and the greatest of `rows` ≥ 1 int64 values to out[0], out[1]. Four chains of comparisons, since one waits for itself. */
export function minMax(rows: i32, values: usize, out: usize): void {
  let low0 = i64x2.splat(load<i64>(values));
  let low1 = low0, low2 = low0, low3 = low0;
  let high0 = low0, high1 = low0, high2 = low0, high3 = low0;
  let row = 0;
  for (; row + 8 <= rows; row += 8) {
    const at = values + (<usize>row << 3);
    const a = v128.load(at), b = v128.load(at, 16), c = v128.load(at, 32), d = v128.load(at, 48);
    low0 = lesser(low0, a);
    low1 = lesser(low1, b);
    low2 = lesser(low2, c);
    low3 = lesser(low3, d);
    high0 = greater(high0, a);
    high1 = greater(high1, b);
    high2 = greater(high2, c);
    high3 = greater(high3, d);
  }
  const low = lesser(lesser(low0, low1), lesser(low2, low3));
  const high = greater(greater(high0, high1), greater(high2, high3));
  let least = min<i64>(i64x2.extract_lane(low, 0), i64x2.extract_lane(low, 1));
  let greatest = max<i64>(i64x2.extract_lane(high, 0), i64x2.extract_lane(high, 1));
  for (; row < rows; row++) {
    const last = load<i64>(values + (<usize>row << 3));
    least = min<i64>(least, last);
    greatest = max<i64>(greatest, last);
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
