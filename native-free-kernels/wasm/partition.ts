/** counts[v]++ for the top `bits` bits v of each element's hash. REQUIRES: counts zeroed. */
export function countByHash(rows: i32, positions: usize, hashes: usize, bits: u32, counts: usize): void {
  for (let row = 0; row < rows; row++) {
    const element = positions ? <usize>load<u32>(positions + (<usize>row << 2)) : <usize>row;
    const at = counts + (<usize>(<u64>load<u32>(hashes + (element << 2)) >> <u64>(32 - bits)) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
}

/** Writes each element's number to out[starts[v]++]: one ascending selection vector per value v of the top bits. */
export function scatterByHash(rows: i32, positions: usize, hashes: usize, bits: u32, starts: usize, out: usize): void {
  for (let row = 0; row < rows; row++) {
    const element = positions ? <usize>load<u32>(positions + (<usize>row << 2)) : <usize>row;
    const at = starts + (<usize>(<u64>load<u32>(hashes + (element << 2)) >> <u64>(32 - bits)) << 2);
    const to = load<u32>(at);
    store<u32>(at, to + 1);
    store<u32>(out + (<usize>to << 2), <u32>element);
  }
}

/** Writes to places[i] where row i goes if rows are sorted by v: starts[v]++. */
export function placeByHash(rows: i32, positions: usize, hashes: usize, bits: u32, starts: usize, places: usize): void {
  for (let row = 0; row < rows; row++) {
    const element = positions ? <usize>load<u32>(positions + (<usize>row << 2)) : <usize>row;
    const at = starts + (<usize>(<u64>load<u32>(hashes + (element << 2)) >> <u64>(32 - bits)) << 2);
    const to = load<u32>(at);
    store<u32>(at, to + 1);
    store<u32>(places + (<usize>row << 2), to);
  }
}
