import type { HeapViews } from './heap-views.js';

/**
 * Selection vectors: u32 numbers of elements, ascending. Every kernel returns how many it wrote, and may write 64 bytes past them.
 * `selection`: the rows the elements stand for, or 0 where element i is row i. `steps`: address of the table `fillSelectSteps` makes.
 */
export interface SelectKernels {
  /** Writes first, first + 1, … to `out` (u32). */
  iota(rows: number, first: number, out: number): void;
  /** The rows whose code (1, 2 or 4 bytes) equals `code`. */
  selectCodesEqual(width: number, rows: number, values: number, code: number, steps: number, out: number): number;
  /** The elements for which `data and valid` (bytes of 0 or 1; `valid` may be 0) equals `want`. */
  selectBytes(rows: number, data: number, valid: number, want: number, steps: number, out: number): number;
  /** The elements whose bit in an LSB-first bitmap equals `want`. */
  selectBits(rows: number, selection: number, bits: number, want: number, steps: number, out: number): number;
  /** The elements whose code has a 1 in `table` (a byte per code). */
  selectByCode(width: number, rows: number, selection: number, values: number, table: number, out: number): number;
  /** The elements for which `low ≤ value ≤ low + span` (wrapping) equals `want`. `kind`: 0…3 int8…int64, 4…6 uint8…uint32. */
  selectIntegers(kind: number, rows: number, selection: number, values: number, low: bigint, span: bigint, want: number, out: number): number;
}

export const SELECT_STEP_BYTES = 2048;
/** For every byte, the numbers of its set bits, a byte each: what turns a comparison's mask into row numbers. */
export function fillSelectSteps(heap: HeapViews, steps: number): void {
  for (let mask = 0; mask < 256; mask++) {
    let to = steps + mask * 8;
    for (let bit = 0; bit < 8; bit++) if (mask & (1 << bit)) heap.u8[to++] = bit;
  }
}

/** Writes the elements that `keep` holds for. */
function select(heap: HeapViews, rows: number, out: number, keep: (row: number) => boolean): number {
  const at = out >>> 2;
  let count = 0;
  for (let row = 0; row < rows; row++) {
    heap.u32[at + count] = row;
    if (keep(row)) count++;
  }
  return count;
}

export const selectTwins = (heap: HeapViews): SelectKernels => {
  const rowsOf = (selection: number) => (selection === 0 ? (row: number) => row : (row: number) => heap.u32[(selection >>> 2) + row]!);
  const codes = (width: number) => (width === 1 ? heap.i8 : width === 2 ? heap.i16 : heap.i32);
  return {
    iota(rows, first, out) {
      const at = out >>> 2;
      for (let row = 0; row < rows; row++) heap.u32[at + row] = first + row;
    },
    selectCodesEqual(width, rows, values, code, _steps, out) {
      const view = codes(width);
      return select(heap, rows, out, row => view[values / width + row] === code);
    },
    selectBytes(rows, data, valid, want, _steps, out) {
      return select(heap, rows, out, row => (heap.u8[data + row]! & (valid === 0 ? 1 : heap.u8[valid + row]!)) === want);
    },
    selectBits(rows, selection, bits, want, _steps, out) {
      const rowOf = rowsOf(selection);
      return select(heap, rows, out, row => ((heap.u8[bits + (rowOf(row) >>> 3)]! >>> (rowOf(row) & 7)) & 1) === want);
    },
    selectByCode(width, rows, selection, values, table, out) {
      const view = codes(width), rowOf = rowsOf(selection);
      return select(heap, rows, out, row => heap.u8[table + view[values / width + rowOf(row)]!] === 1);
    },
    selectIntegers(kind, rows, selection, values, low, span, want, out) {
      const rowOf = rowsOf(selection);
      const wide = BigInt.asUintN(64, span);
      if (kind === 3) {
        return select(heap, rows, out, row => (BigInt.asUintN(64, heap.i64[(values >>> 3) + rowOf(row)]! - low) <= wide ? 1 : 0) === want);
      }
      const views = [heap.i8, heap.i16, heap.i32, heap.i32, heap.u8, heap.u16, heap.u32];
      const view = views[kind]!;
      return select(heap, rows, out, row => (BigInt.asUintN(64, BigInt(view[values / view.BYTES_PER_ELEMENT + rowOf(row)]!) - low) <= wide ? 1 : 0) === want);
    },
  };
};
