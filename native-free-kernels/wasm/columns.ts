/** Columns of a batch → working vectors: gather through the selection (0: rows 0 … rows - 1) and widen. */

// @ts-ignore: decorator
@inline
function widen<T, W>(rows: i32, selection: usize, values: usize, out: usize): void {
  if (selection == 0) {
    for (let row: usize = 0; row < <usize>rows; row++) {
      // @ts-ignore: both are numbers
      store<W>(out + row * sizeof<W>(), <W>load<T>(values + row * sizeof<T>()));
    }
  } else {
    for (let row: usize = 0; row < <usize>rows; row++) {
      // @ts-ignore: both are numbers
      store<W>(out + row * sizeof<W>(), <W>load<T>(values + <usize>load<u32>(selection + (row << 2)) * sizeof<T>()));
    }
  }
}

/** To int64. `kind`: 0…3 int8…int64, 4…6 uint8…uint32. */
export function loadIntegers(kind: i32, rows: i32, selection: usize, values: usize, out: usize): void {
  switch (kind) {
    case 0: widen<i8, i64>(rows, selection, values, out); break;
    case 1: widen<i16, i64>(rows, selection, values, out); break;
    case 2: widen<i32, i64>(rows, selection, values, out); break;
    case 3: widen<i64, i64>(rows, selection, values, out); break;
    case 4: widen<u8, i64>(rows, selection, values, out); break;
    case 5: widen<u16, i64>(rows, selection, values, out); break;
    default: widen<u32, i64>(rows, selection, values, out);
  }
}

/** float32 → float64. */
export function loadFloats(rows: i32, selection: usize, values: usize, out: usize): void {
  widen<f32, f64>(rows, selection, values, out);
}

/** LSB-first bits → bytes of 0 or 1. */
export function loadBits(rows: i32, selection: usize, bits: usize, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const at: usize = selection == 0 ? row : load<u32>(selection + (row << 2));
    store<u8>(out + row, (load<u8>(bits + (at >> 3)) >> u8(at & 7)) & 1);
  }
}

/** Codes of `width` 1, 2 or 4 bytes → int32; rows whose bit in `bits` (0: none) is 0 get `nullCode`. */
export function loadCodes(width: i32, rows: i32, selection: usize, values: usize, bits: usize, nullCode: i32, out: usize): void {
  if (width == 1) widen<i8, i32>(rows, selection, values, out);
  else if (width == 2) widen<i16, i32>(rows, selection, values, out);
  else widen<i32, i32>(rows, selection, values, out);
  if (bits == 0) return;
  for (let row: usize = 0; row < <usize>rows; row++) {
    const at: usize = selection == 0 ? row : load<u32>(selection + (row << 2));
    const to = out + (row << 2);
    store<i32>(to, ((load<u8>(bits + (at >> 3)) >> u8(at & 7)) & 1) != 0 ? load<i32>(to) : nullCode);
  }
}

/** Offsets and bytes of a text column → (address, length); length 0 where `valid` (a byte per element; 0: none) is 0. */
export function loadText(rows: i32, selection: usize, values: usize, offsets: usize, valid: usize, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const at: usize = selection == 0 ? row : load<u32>(selection + (row << 2));
    const start = load<u32>(offsets + (at << 2));
    let length = load<u32>(offsets + (at << 2), 4) - start;
    if (valid != 0 && load<u8>(valid + row) == 0) length = 0;
    store<u32>(out + (row << 3), <u32>values + start);
    store<u32>(out + (row << 3), length, 4);
  }
}

/** Codes of a dictionary → (address, length) of their values; length 0 where `valid` is 0. */
export function loadTextOfCodes(rows: i32, codes: usize, valid: usize, offsets: usize, bytes: usize, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const at = offsets + (<usize>load<u32>(codes + (row << 2)) << 2);
    const start = load<u32>(at);
    let length = load<u32>(at, 4) - start;
    if (valid != 0 && load<u8>(valid + row) == 0) length = 0;
    store<u32>(out + (row << 3), <u32>bytes + start);
    store<u32>(out + (row << 3), length, 4);
  }
}

// @ts-ignore: decorator
@inline
function map<T, W>(rows: i32, selection: usize, values: usize, table: usize, out: usize): void {
  if (selection == 0) {
    for (let row: usize = 0; row < <usize>rows; row++) {
      store<W>(out + row * sizeof<W>(), load<W>(table + usize(<i32>load<T>(values + row * sizeof<T>())) * sizeof<W>()));
    }
  } else {
    for (let row: usize = 0; row < <usize>rows; row++) {
      const at: usize = load<u32>(selection + (row << 2));
      store<W>(out + row * sizeof<W>(), load<W>(table + usize(<i32>load<T>(values + at * sizeof<T>())) * sizeof<W>()));
    }
  }
}
// @ts-ignore: decorator
@inline
function mapCodes<W>(width: i32, rows: i32, selection: usize, values: usize, table: usize, out: usize): void {
  if (width == 1) map<i8, W>(rows, selection, values, table, out);
  else if (width == 2) map<i16, W>(rows, selection, values, table, out);
  else map<i32, W>(rows, selection, values, table, out);
}

/** out[i] = table[code of element i]: entries of one byte. Code -1 is the entry before the table. */
export function mapCodes8(width: i32, rows: i32, selection: usize, values: usize, table: usize, out: usize): void {
  mapCodes<u8>(width, rows, selection, values, table, out);
}
export function mapCodes32(width: i32, rows: i32, selection: usize, values: usize, table: usize, out: usize): void {
  mapCodes<u32>(width, rows, selection, values, table, out);
}
export function mapCodes64(width: i32, rows: i32, selection: usize, values: usize, table: usize, out: usize): void {
  mapCodes<u64>(width, rows, selection, values, table, out);
}
