import type { Heap } from '../heap/heap.js';
import type { Fields } from '../plan/types.js';
import { bitAt, countBits } from './bitmap.js';
import { bitmapBytes, getColumn, setColumn, setNulls } from './heap-batch.js';
import { ColumnWord } from './layout.js';
import { fixedBytes, storageOf } from './storage.js';

/** Takes rows out of a batch in place. The rare case of bad rows: simple rather than fast. REQUIRES: `gone` ascending; one thread knows the batch. */
export function removeRows(heap: Heap, fields: Fields, descriptor: number, gone: readonly number[]): void {
  const rows = heap.u32[descriptor >>> 2]!;
  const kept = new Uint32Array(rows - gone.length);
  for (let row = 0, next = 0, at = 0; row < rows; row++) {
    if (gone[next] === row) next++;
    else kept[at++] = row;
  }
  fields.forEach((field, column) => {
    const values = getColumn(heap, descriptor, column, ColumnWord.values);
    const storage = storageOf(field.type);
    if (storage === 'bits') keepBits(heap, values, kept);
    else if (storage === 'bytes') setColumn(heap, descriptor, column, ColumnWord.byteLength, keepBytes(heap, values, getColumn(heap, descriptor, column, ColumnWord.offsets), kept));
    else {
      const width = fixedBytes(storage, 1);
      kept.forEach((row, at) => heap.u8.copyWithin(values + at * width, values + row * width, values + (row + 1) * width));
    }
    if (storage !== 'bytes') setColumn(heap, descriptor, column, ColumnWord.byteLength, fixedBytes(storage, kept.length));
    const validity = getColumn(heap, descriptor, column, ColumnWord.validity);
    if (validity === 0) return;
    keepBits(heap, validity, kept);
    setNulls(heap, descriptor, column, kept.length - countBits(heap.u8, validity, kept.length));
  });
  heap.u32[descriptor >>> 2] = kept.length;
}

function keepBits(heap: Heap, bits: number, kept: Uint32Array): void {
  const result = new Uint8Array(bitmapBytes(kept.length));
  kept.forEach((row, at) => {
    if (bitAt(heap.u8, bits, row)) result[at >>> 3]! |= 1 << (at & 7);
  });
  heap.u8.set(result, bits);
}

function keepBytes(heap: Heap, values: number, offsets: number, kept: Uint32Array): number {
  const at = offsets >>> 2;
  let end = 0;
  kept.forEach((row, index) => {
    // Rows only move down: offsets of rows yet to be read are still the old ones.
    const start = heap.i32[at + row]!;
    const next = heap.i32[at + row + 1]!;
    heap.u8.copyWithin(values + end, values + start, values + next);
    heap.i32[at + index] = end;
    end += next - start;
  });
  heap.i32[at + kept.length] = end;
  return end;
}
