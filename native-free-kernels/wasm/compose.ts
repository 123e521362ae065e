// A composite key is a run of 8-byte words: flags (bit k: column k is null), then per column its 8-byte value, or the length of its
// bytes and the bytes, padded with zeros.

/** sizes[i] += what the i-th byte string takes in a key. */
export function composeSizes(rows: i32, views: usize, valid: usize, sizes: usize): void {
  for (let row = 0; row < rows; row++) {
    const length = valid && !load<u8>(valid + <usize>row) ? 0 : load<u32>(views + (<usize>row << 3), 4);
    const at = sizes + (<usize>row << 2);
    store<u32>(at, load<u32>(at) + 8 + ((length + 7) & ~7));
  }
}

/** The sum of `rows` u32 words. */
export function sumWords(rows: i32, words: usize): u32 {
  let sum: u32 = 0;
  for (let row = 0; row < rows; row++) sum += load<u32>(words + (<usize>row << 2));
  return sum;
}

/** Lays keys of the given sizes one after another from `base`: their views, and cursors behind the (cleared) flags. */
export function composeViews(rows: i32, sizes: usize, base: u32, views: usize, cursors: usize): void {
  for (let row = 0; row < rows; row++) {
    const size = load<u32>(sizes + (<usize>row << 2));
    store<u32>(views + (<usize>row << 3), base);
    store<u32>(views + (<usize>row << 3), size, 4);
    store<u64>(<usize>base, 0);
    store<u32>(cursors + (<usize>row << 2), base + 8);
    base += size;
  }
}

// @ts-ignore: decorator
@inline
function flagNull(views: usize, row: usize, bit: u64): void {
  const flags = <usize>load<u32>(views + (row << 3));
  store<u64>(flags, load<u64>(flags) | bit);
}

/** Appends an 8-byte column to each key. */
export function composeFixed(rows: i32, values: usize, valid: usize, bit: u64, views: usize, cursors: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const cursor = <usize>load<u32>(cursors + (row << 2));
    const present = !valid || load<u8>(valid + row);
    if (!present) flagNull(views, row, bit);
    store<u64>(cursor, present ? load<u64>(values + (row << 3)) : 0);
    store<u32>(cursors + (row << 2), <u32>cursor + 8);
  }
}

/** Appends a column of byte strings to each key. */
export function composeBytes(rows: i32, values: usize, valid: usize, bit: u64, views: usize, cursors: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const cursor = <usize>load<u32>(cursors + (row << 2));
    const present = !valid || load<u8>(valid + row);
    if (!present) flagNull(views, row, bit);
    const length = present ? load<u32>(values + (row << 3), 4) : 0;
    const padded = (length + 7) & ~7;
    store<u64>(cursor, <u64>length);
    if (padded) store<u64>(cursor + <usize>padded, 0);
    memory.copy(cursor + 8, <usize>load<u32>(values + (row << 3)), <usize>length);
    store<u32>(cursors + (row << 2), <u32>cursor + 8 + padded);
  }
}

/** Reads an 8-byte column back from each key at its cursor. Returns how many are not null. */
export function splitFixed(rows: i32, views: usize, bit: u64, cursors: usize, values: usize, valid: usize): i32 {
  let present = 0;
  for (let row: usize = 0; row < <usize>rows; row++) {
    const cursor = <usize>load<u32>(cursors + (row << 2));
    const some = (load<u64>(<usize>load<u32>(views + (row << 3))) & bit) == 0;
    store<u8>(valid + row, u8(some));
    present += i32(some);
    store<u64>(values + (row << 3), load<u64>(cursor));
    store<u32>(cursors + (row << 2), <u32>cursor + 8);
  }
  return present;
}

/** Reads a column of byte strings back as views into the keys. Returns how many are not null. */
export function splitBytes(rows: i32, views: usize, bit: u64, cursors: usize, values: usize, valid: usize): i32 {
  let present = 0;
  for (let row: usize = 0; row < <usize>rows; row++) {
    const cursor = <usize>load<u32>(cursors + (row << 2));
    const some = (load<u64>(<usize>load<u32>(views + (row << 3))) & bit) == 0;
    const length = load<u32>(cursor);
    store<u8>(valid + row, u8(some));
    present += i32(some);
    store<u32>(values + (row << 3), <u32>cursor + 8);
    store<u32>(values + (row << 3), length, 4);
    store<u32>(cursors + (row << 2), <u32>cursor + 8 + ((length + 7) & ~7));
  }
  return present;
}

/** cursors[i] = views[i].address + 8. */
export function splitStart(rows: i32, views: usize, cursors: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) store<u32>(cursors + (row << 2), load<u32>(views + (row << 3)) + 8);
}

/** views[i] = where the value of code codes[i] lies in a dictionary. */
export function viewsOfCodes(rows: i32, codes: usize, offsets: usize, bytes: u32, views: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const at = offsets + (<usize>load<u32>(codes + (row << 2)) << 2);
    const start = load<u32>(at);
    store<u32>(views + (row << 3), bytes + start);
    store<u32>(views + (row << 3), load<u32>(at, 4) - start, 4);
  }
}
