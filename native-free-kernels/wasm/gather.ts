/** Dense vectors moved through positions. A `stride` of 0 repeats the one element of a constant. */

// @ts-ignore: decorator
@inline
function gather<T>(rows: i32, positions: usize, data: usize, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    store<T>(out + row * sizeof<T>(), load<T>(data + <usize>load<u32>(positions + (row << 2)) * sizeof<T>()));
  }
}
export function gather8(rows: i32, positions: usize, data: usize, out: usize): void { gather<u8>(rows, positions, data, out); }
export function gather32(rows: i32, positions: usize, data: usize, out: usize): void { gather<u32>(rows, positions, data, out); }
export function gather64(rows: i32, positions: usize, data: usize, out: usize): void { gather<u64>(rows, positions, data, out); }

// @ts-ignore: decorator
@inline
function scatter<T>(rows: i32, positions: usize, data: usize, stride: usize, out: usize): void {
  let from = data;
  for (let row: usize = 0; row < <usize>rows; row++) {
    store<T>(out + <usize>load<u32>(positions + (row << 2)) * sizeof<T>(), load<T>(from));
    from += stride;
  }
}
/** out[positions[i]] = element i. */
export function scatter8(rows: i32, positions: usize, data: usize, stride: usize, out: usize): void { scatter<u8>(rows, positions, data, stride, out); }
export function scatter32(rows: i32, positions: usize, data: usize, stride: usize, out: usize): void { scatter<u32>(rows, positions, data, stride, out); }
export function scatter64(rows: i32, positions: usize, data: usize, stride: usize, out: usize): void { scatter<u64>(rows, positions, data, stride, out); }

/** `rows` times the element at `data`. */
export function fill8(rows: i32, data: usize, out: usize): void { memory.fill(out, load<u8>(data), <usize>rows); }
export function fill32(rows: i32, data: usize, out: usize): void {
  const value = load<u32>(data);
  for (let row: usize = 0; row < <usize>rows; row++) store<u32>(out + (row << 2), value);
}
export function fill64(rows: i32, data: usize, out: usize): void {
  const value = load<u64>(data);
  for (let row: usize = 0; row < <usize>rows; row++) store<u64>(out + (row << 3), value);
}

/** out[i] = values[i] + offset, u32. May write 16 bytes past the end. */
export function offset32(rows: i32, values: usize, offset: u32, out: usize): void {
  const by = i32x4.splat(<i32>offset);
  for (let row: i32 = 0; row < rows; row += 4) {
    const at = <usize>row << 2;
    v128.store(out + at, i32x4.add(v128.load(values + at), by));
  }
}
