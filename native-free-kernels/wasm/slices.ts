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
