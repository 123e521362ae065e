/** numbers[element] = v (u32) and counts[v]++ where v is the last of `boundaries` that is not greater than times[element]. REQUIRES: counts zeroed; boundaries[0] ≤ every time. */
export function numberByBoundaries(rows: i32, positions: usize, times: usize, boundaries: usize, boundaryCount: i32, numbers: usize, counts: usize): void {
  // Rows come nearly in order: most are in the slice of the row before.
  let number: usize = 0;
  let start = i64.MAX_VALUE;
  let end = i64.MIN_VALUE;
  for (let row = 0; row < rows; row++) {
    const element = positions ? <usize>load<u32>(positions + (<usize>row << 2)) : <usize>row;
    const time = load<i64>(times + (element << 3));
    if (!(i32(time >= start) & i32(time < end))) {
      number = lastNotAfter(boundaries, boundaryCount, time);
      start = load<i64>(boundaries + (number << 3));
      end = <i32>number + 1 < boundaryCount ? load<i64>(boundaries + (number << 3), 8) : i64.MAX_VALUE;
    }
    store<u32>(numbers + (element << 2), <u32>number);
    const at = counts + (number << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
}

/** Without a branch that depends on the time: it would be guessed wrong half of the time. */
function lastNotAfter(boundaries: usize, boundaryCount: i32, time: i64): usize {
  let from: usize = 0;
  for (let length = <usize>boundaryCount; length > 1; ) {
    const half = length >> 1;
    from = select<usize>(from + half, from, load<i64>(boundaries + ((from + half) << 3)) <= time);
    length -= half;
  }
  return from;
}

/** numbers[element] = v (u32) and counts[v]++ where v = floor((times[element] - base) / size). REQUIRES: base ≤ every time; counts zeroed and long enough. */
export function numberBySlice(rows: i32, positions: usize, times: usize, base: i64, size: i64, numbers: usize, counts: usize): void {
  // Most rows lie in the slice of the row before: a division takes longer than all the rest, and so does a count in memory.
  let first: u64 = 0;
  let slice: usize = 0;
  let run: u32 = 0;
  for (let row = 0; row < rows; row++) {
    const element = positions ? <usize>load<u32>(positions + (<usize>row << 2)) : <usize>row;
    const since = <u64>(load<i64>(times + (element << 3)) - base);
    if (since - first >= <u64>size) {
      const at = counts + (slice << 2);
      store<u32>(at, load<u32>(at) + run);
      run = 0;
      const found = since / <u64>size;
      first = found * <u64>size;
      slice = <usize>found;
    }
    store<u32>(numbers + (element << 2), <u32>slice);
    run++;
  }
  const at = counts + (slice << 2);
  store<u32>(at, load<u32>(at) + run);
}

// The first cell of a dense run is that of null, and of every row where there are no codes.

// @ts-ignore: decorator
@inline
function cellOf(row: usize, codes: usize, valid: usize): u32 {
  return !codes || (valid && !load<u8>(valid + row)) ? 0 : load<u32>(codes + (row << 2)) + 1;
}

/** slots[i] = address of the cell of codes[i] in the dense run at runs[numbers[i]]. */
export function slotsByNumber(rows: i32, numbers: usize, runs: usize, codes: usize, valid: usize, cellBytes: u32, slots: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const run = load<u32>(runs + (<usize>load<u32>(numbers + (row << 2)) << 2));
    store<u32>(slots + (row << 2), run + cellOf(row, codes, valid) * cellBytes);
  }
}

/** Slots of four rows as if all lay in the usual slice. */
// @ts-ignore: decorator
@inline
function placeFour(row: usize, usualRun: v128, codes: usize, valid: usize, cellBytes: v128, slots: usize): void {
  let cells = i32x4.splat(0);
  if (codes) cells = i32x4.add(v128.load(codes + (row << 2)), i32x4.splat(1));
  if (valid) cells = v128.and(cells, i32x4.neg(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(valid + row)))));
  v128.store(slots + (row << 2), i32x4.add(i32x4.mul(cells, cellBytes), usualRun));
}

/** A lane of 32 bits for each of four rows: all ones where it is not in the usual slice. An unsigned distance from its start tells; the top bit turns signed order into unsigned. */
// @ts-ignore: decorator
@inline
function strayFour(time: usize, origin: v128, last: v128): v128 {
  const a = i64x2.gt_s(i64x2.sub(v128.load(time), origin), last), b = i64x2.gt_s(i64x2.sub(v128.load(time, 16), origin), last);
  return v128.shuffle<i32>(a, b, 0, 2, 4, 6);
}

/** Slots of sixteen rows as if all lay in the usual slice. Returns a bit for each that does not. */
// @ts-ignore: decorator
@inline
function placeSixteen(row: usize, times: usize, origin: v128, last: v128, usualRun: v128, codes: usize, valid: usize, cellBytes: v128, slots: usize): u64 {
  placeFour(row, usualRun, codes, valid, cellBytes, slots);
  placeFour(row + 4, usualRun, codes, valid, cellBytes, slots);
  placeFour(row + 8, usualRun, codes, valid, cellBytes, slots);
  placeFour(row + 12, usualRun, codes, valid, cellBytes, slots);
  const time = times + (row << 3);
  const first = i16x8.narrow_i32x4_s(strayFour(time, origin, last), strayFour(time + 32, origin, last));
  const second = i16x8.narrow_i32x4_s(strayFour(time + 64, origin, last), strayFour(time + 96, origin, last));
  return <u64>i8x16.bitmask(i8x16.narrow_i16x8_s(first, second));
}

/** Floats from here on are whole numbers: 2^52. */
const WHOLE: f64 = 4503599627370496;

/**
 * As `numberBySlice` and then `slotsByNumber`, for rows of the usual slice. All others get `spare` and are listed: strays[] and, their own cells,
 * straySlots[]. Returns how many they are. REQUIRES: numbers are small. Reads in four places at once, see `minMax`. Rows are placed 64 at a
 * time without a branch, then those of them that lie elsewhere are placed again: which rows these are cannot be guessed, how many can,
 * nearly. Nor is anything divided: a product is off by one at most.
 */
export function slotsByTime(rows: i32, times: usize, base: i64, size: i64, usual: u32, runs: usize, codes: usize, valid: usize, cellBytes: u32, slots: usize, spare: u32, strays: usize, straySlots: usize): i32 {
  const origin = i64x2.splat((base + <i64>usual * size) ^ i64.MIN_VALUE), last = i64x2.splat((size - 1) ^ i64.MIN_VALUE);
  const usualRun = load<u32>(runs + (<usize>usual << 2));
  const perSlice = 1 / <f64>size;
  const runSplat = i32x4.splat(usualRun), sizeSplat = i32x4.splat(cellBytes);
  const quarter = <usize>(rows >> 6) << 4;
  let found: usize = 0;
  for (let row: usize = 0; row < quarter; row += 16) {
    let elsewhere: u64 = 0;
    for (let part: usize = 0; part < 4; part++) elsewhere |= placeSixteen(row + part * quarter, times, origin, last, runSplat, codes, valid, sizeSplat, slots) << <u64>(part << 4);
    for (; elsewhere; elsewhere &= elsewhere - 1) {
      const bit = <usize>ctz(elsewhere);
      const stray = row + (bit >> 4) * quarter + (bit & 15);
      const slot = slots + (stray << 2);
      store<u32>(strays + found, <u32>stray);
      store<u32>(straySlots + found, load<u32>(slot) - usualRun + runAt(load<i64>(times + (stray << 3)) - base, size, perSlice, runs));
      store<u32>(slot, spare);
      found += 4;
    }
  }
  for (let row = quarter << 2; row < <usize>rows; row++) {
    const run = runAt(load<i64>(times + (row << 3)) - base, size, perSlice, runs);
    const own = run + cellOf(row, codes, valid) * cellBytes;
    store<u32>(slots + (row << 2), run === usualRun ? own : spare);
    if (run === usualRun) continue;
    store<u32>(strays + found, <u32>row);
    store<u32>(straySlots + found, own);
    found += 4;
  }
  return <i32>(found >> 2);
}

// @ts-ignore: decorator
@inline
function runAt(since: i64, size: i64, perSlice: f64, runs: usize): u32 {
  // Rounded to whole numbers, and so to the low word, by the size of what is added.
  const near = <i32>reinterpret<i64>(<f64>since * perSlice + WHOLE);
  const rest = since - <i64>near * size;
  return load<u32>(runs + (<usize>(near + i32(rest >= size) - i32(rest < 0)) << 2));
}

/** counts[numbers[element]]++. REQUIRES: counts zeroed. */
export function countByNumber(rows: i32, positions: usize, numbers: usize, counts: usize): void {
  for (let row = 0; row < rows; row++) {
    const element = positions ? <usize>load<u32>(positions + (<usize>row << 2)) : <usize>row;
    const at = counts + (<usize>load<u32>(numbers + (element << 2)) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
}

/** Writes each element's number to out[starts[numbers[element]]++]. */
export function scatterByNumber(rows: i32, positions: usize, numbers: usize, starts: usize, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const element = positions ? <usize>load<u32>(positions + (<usize>row << 2)) : <usize>row;
    const at = starts + (<usize>load<u32>(numbers + (element << 2)) << 2);
    const to = load<u32>(at);
    store<u32>(at, to + 1);
    store<u32>(out + (<usize>to << 2), <u32>element);
  }
}
