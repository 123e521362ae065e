import type { ColumnValues } from '../connectors/source.js';
import type { Allocator, Heap } from '../heap/heap.js';
import type { Fields } from '../plan/types.js';
import { ColumnWord, columnWord, descriptorBytes } from './layout.js';

const aligned = (bytes: number): number => (bytes + 63) & ~63;
const bitBytes = (rows: number): number => (rows + 7) >>> 3;

function columnBytes(field: Fields[number], column: ColumnValues, rows: number): number {
  const validity = column.valid === null ? 0 : aligned(bitBytes(rows));
  if (column.kind === 'text') return validity + aligned((rows + 1) * 4) + aligned(column.offsets[rows]! - column.offsets[0]!);
  return validity + aligned(field.type.kind === 'bool' ? bitBytes(rows) : column.values.byteLength);
}

/** Packs bytes that are 0 or not into bits. Returns how many are 0. */
function packBits(heap: Heap, to: number, bytes: ArrayLike<number>, rows: number): number {
  let zeros = 0;
  heap.u8.fill(0, to, to + bitBytes(rows));
  for (let row = 0; row < rows; row++) {
    if (bytes[row] !== 0) heap.u8[to + (row >>> 3)]! |= 1 << (row & 7);
    else zeros++;
  }
  return zeros;
}

/** Bytes of a batch of columns. */
export const bytesInHeap = (fields: Fields, columns: readonly ColumnValues[], rows: number): number =>
  columns.reduce((sum, column, i) => sum + columnBytes(fields[i]!, column, rows), aligned(descriptorBytes(columns.length)));

/**
 * Copies columns from private memory into a batch in the heap: one allocation, to be freed by its address, the descriptor.
 * REQUIRES: the columns are those of `fields`, in order, with `rows` values each.
 */
export function columnsToHeap(heap: Heap, allocator: Allocator, fields: Fields, columns: readonly ColumnValues[], rows: number): number {
  const block = allocator.allocate(bytesInHeap(fields, columns, rows));
  putColumns(heap, block, fields, columns, rows);
  return block;
}

/** Writes the batch at `block`. REQUIRES: as above, and room for `bytesInHeap`; aligned to 64. */
export function putColumns(heap: Heap, block: number, fields: Fields, columns: readonly ColumnValues[], rows: number): void {
  let at = block + aligned(descriptorBytes(columns.length));
  const take = (bytes: number): number => {
    const address = at;
    at += aligned(bytes);
    return address;
  };
  heap.u32.fill(0, block >>> 2, (block + descriptorBytes(columns.length)) >>> 2);
  heap.u32[block >>> 2] = rows;
  heap.u32[(block >>> 2) + 1] = columns.length;
  columns.forEach((column, index) => {
    const word = columnWord(block, index);
    if (column.valid !== null) {
      const bits = take(bitBytes(rows));
      const nulls = packBits(heap, bits, column.valid, rows);
      heap.u32[word + ColumnWord.nullCount] = nulls;
      heap.u32[word + ColumnWord.validity] = nulls === 0 ? 0 : bits;
    }
    if (column.kind === 'text') {
      const base = column.offsets[0]!;
      const offsets = take((rows + 1) * 4);
      const bytes = column.bytes.subarray(base, column.offsets[rows]);
      const values = take(bytes.length);
      if (base === 0) heap.i32.set(column.offsets.subarray(0, rows + 1), offsets >>> 2);
      else for (let row = 0; row <= rows; row++) heap.i32[(offsets >>> 2) + row] = column.offsets[row]! - base;
      heap.u8.set(bytes, values);
      heap.u32.set([values, heap.u32[word + ColumnWord.validity]!, offsets, heap.u32[word + ColumnWord.nullCount]!, 0, bytes.length], word);
    } else if (fields[index]!.type.kind === 'bool') {
      const values = take(bitBytes(rows));
      packBits(heap, values, column.values as Uint8Array, rows);
      heap.u32[word + ColumnWord.values] = values;
      heap.u32[word + ColumnWord.byteLength] = bitBytes(rows);
    } else {
      const { buffer, byteOffset, byteLength } = column.values;
      const values = take(byteLength);
      heap.u8.set(new Uint8Array(buffer, byteOffset, byteLength), values);
      heap.u32[word + ColumnWord.values] = values;
      heap.u32[word + ColumnWord.byteLength] = byteLength;
    }
  });
}
