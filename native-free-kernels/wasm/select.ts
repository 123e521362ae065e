/** Writes first, first + 1, … to `out` (u32). */
export function iota(rows: i32, first: u32, out: usize): void {
  for (let row: i32 = 0; row < rows; row++) store<u32>(out + (<usize>row << 2), first + row);
}
