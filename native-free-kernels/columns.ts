import type { HeapViews } from './heap-views.js';

/**
 * Columns of a batch → working vectors: gathered through `selection` (u32 row numbers; 0: element i is row i) and widened.
 * A `valid` is a byte per element, 1 = not null, 0 (no address) where none is null; `bits` is an LSB-first bitmap over rows, or 0.
 */
export interface ColumnKernels {
  /** To int64. `kind`: 0…3 int8…int64, 4…6 uint8…uint32. */
  loadIntegers(kind: number, rows: number, selection: number, values: number, out: number): void;
  /** float32 → float64. */
  loadFloats(rows: number, selection: number, values: number, out: number): void;
  /** LSB-first bits → bytes of 0 or 1. */
  loadBits(rows: number, selection: number, bits: number, out: number): void;
  /** Codes of `width` 1, 2 or 4 bytes → int32; rows whose bit in `bits` is 0 get `nullCode`. */
  loadCodes(width: number, rows: number, selection: number, values: number, bits: number, nullCode: number, out: number): void;
  /** Offsets and bytes of a text column → (address, length); length 0 where null. */
  loadText(rows: number, selection: number, values: number, offsets: number, valid: number, out: number): void;
  /** Codes of a dictionary → (address, length) of their values; length 0 where null. */
  loadTextOfCodes(rows: number, codes: number, valid: number, offsets: number, bytes: number, out: number): void;
  /** out[i] = table[code of element i]: entries of one byte. Code -1 is the entry before the table. */
  mapCodes8(width: number, rows: number, selection: number, values: number, table: number, out: number): void;
  /** Entries of four bytes. */
  mapCodes32(width: number, rows: number, selection: number, values: number, table: number, out: number): void;
  /** Entries of eight bytes. */
  mapCodes64(width: number, rows: number, selection: number, values: number, table: number, out: number): void;
}

export const columnTwins = (heap: HeapViews): ColumnKernels => {
  const rowsOf = (selection: number) => (selection === 0 ? (row: number) => row : (row: number) => heap.u32[(selection >>> 2) + row]!);
  const codes = (width: number) => (width === 1 ? heap.i8 : width === 2 ? heap.i16 : heap.i32);
  const bit = (bits: number, row: number) => (heap.u8[bits + (row >>> 3)]! >>> (row & 7)) & 1;
  const text = (to: number, base: number, entry: number, isNull: boolean) => {
    heap.u32[to] = base + heap.i32[entry]!;
    heap.u32[to + 1] = isNull ? 0 : heap.i32[entry + 1]! - heap.i32[entry]!;
  };
  return {
    loadIntegers(kind, rows, selection, values, out) {
      const rowOf = rowsOf(selection), to = out >>> 3;
      if (kind === 3) {
        for (let row = 0; row < rows; row++) heap.i64[to + row] = heap.i64[(values >>> 3) + rowOf(row)]!;
        return;
      }
      const view = [heap.i8, heap.i16, heap.i32, heap.i32, heap.u8, heap.u16, heap.u32][kind]!;
      const from = values / view.BYTES_PER_ELEMENT;
      for (let row = 0; row < rows; row++) heap.i64[to + row] = BigInt(view[from + rowOf(row)]!);
    },
    loadFloats(rows, selection, values, out) {
      const rowOf = rowsOf(selection);
      for (let row = 0; row < rows; row++) heap.f64[(out >>> 3) + row] = heap.f32[(values >>> 2) + rowOf(row)]!;
    },
    loadBits(rows, selection, bits, out) {
      const rowOf = rowsOf(selection);
      for (let row = 0; row < rows; row++) heap.u8[out + row] = bit(bits, rowOf(row));
    },
    loadCodes(width, rows, selection, values, bits, nullCode, out) {
      const rowOf = rowsOf(selection), view = codes(width);
      for (let row = 0; row < rows; row++) {
        const at = rowOf(row);
        heap.i32[(out >>> 2) + row] = bits === 0 || bit(bits, at) === 1 ? view[values / width + at]! : nullCode;
      }
    },
    loadText(rows, selection, values, offsets, valid, out) {
      const rowOf = rowsOf(selection);
      for (let row = 0; row < rows; row++) {
        text((out >>> 2) + row * 2, values, (offsets >>> 2) + rowOf(row), valid !== 0 && heap.u8[valid + row] === 0);
      }
    },
    loadTextOfCodes(rows, from, valid, offsets, bytes, out) {
      for (let row = 0; row < rows; row++) {
        text((out >>> 2) + row * 2, bytes, (offsets >>> 2) + heap.i32[(from >>> 2) + row]!, valid !== 0 && heap.u8[valid + row] === 0);
      }
    },
    mapCodes8(width, rows, selection, values, table, out) {
      const rowOf = rowsOf(selection), view = codes(width), from = values / width;
      for (let row = 0; row < rows; row++) heap.u8[out + row] = heap.u8[table + view[from + rowOf(row)]!]!;
    },
    mapCodes32(width, rows, selection, values, table, out) {
      const rowOf = rowsOf(selection), view = codes(width), from = values / width;
      for (let row = 0; row < rows; row++) heap.u32[(out >>> 2) + row] = heap.u32[(table >>> 2) + view[from + rowOf(row)]!]!;
    },
    mapCodes64(width, rows, selection, values, table, out) {
      const rowOf = rowsOf(selection), view = codes(width), from = values / width;
      for (let row = 0; row < rows; row++) heap.i64[(out >>> 3) + row] = heap.i64[(table >>> 3) + view[from + rowOf(row)]!]!;
    },
  };
};
