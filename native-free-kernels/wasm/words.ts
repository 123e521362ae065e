/** out[i] = value (u32). */
export function fillWords(rows: i32, value: u32, out: usize): void {
  for (let row: i32 = 0; row < rows; row++) store<u32>(out + (<usize>row << 2), value);
}

/** out[i] = bytes[i] as a 64-bit integer. */
export function widenBytes(rows: i32, bytes: usize, out: usize): void {
  for (let row: i32 = 0; row < rows; row++) store<u64>(out + (<usize>row << 3), <u64>load<u8>(bytes + <usize>row));
}

/** out[i] = codes[i] (i32) as a 64-bit integer. */
export function widenCodes(rows: i32, codes: usize, out: usize): void {
  for (let row: i32 = 0; row < rows; row++) store<i64>(out + (<usize>row << 3), <i64>load<i32>(codes + (<usize>row << 2)));
}

/** out[i] = the bits of values[i] (f64) as a key: -0 as 0, every NaN as one. */
export function floatKeys(rows: i32, values: usize, out: usize): void {
  for (let row: i32 = 0; row < rows; row++) {
    const value = load<f64>(values + (<usize>row << 3));
    store<u64>(out + (<usize>row << 3), value != value ? 0x7ff8000000000000 : reinterpret<u64>(value + 0.0));
  }
}

/** words[i] = 0 (u32) where valid[i] is 0. */
export function clearInvalid(rows: i32, valid: usize, words: usize): void {
  for (let row: i32 = 0; row < rows; row++) if (!load<u8>(valid + <usize>row)) store<u32>(words + (<usize>row << 2), 0);
}

/** out[i] = the low 32 bits of words[i] (u64). */
export function narrowWords(rows: i32, words: usize, out: usize): void {
  for (let row: i32 = 0; row < rows; row++) store<u32>(out + (<usize>row << 2), load<u32>(words + (<usize>row << 3)));
}
