import type { Kernels } from '../../native-free-kernels/load.js';
import { MillraceError } from '../errors.js';
import type { Allocator, Heap } from '../heap/heap.js';
import type { Fields } from '../plan/types.js';
import { copyBits, countBits } from './bitmap.js';
import { allocateBatch, getColumn, setColumn, setNulls } from './heap-batch.js';
import { ColumnWord } from './layout.js';
import type { SharedBatch, SharedColumn, SharedSlice } from './shared-batch.js';
import { fixedBytes, numericView, storageOf, type NumericStorage } from './storage.js';

/**
 * Copies morsels of users' shared batches into the heap (any thread; no apache-arrow). Throws HEAP_FULL, and SOURCE_FAILED where the data
 * contradicts itself: kernels trust offsets and codes, so ones that lead astray must not get by.
 */
export class SharedCopier {
  private readonly views = new WeakMap<SharedArrayBuffer, Uint8Array>();
  constructor(private readonly heap: Heap, private readonly kernels: Kernels, private readonly allocator: Allocator, private readonly fields: Fields) {}

  /** Rows first … first + rows - 1 as a batch of their own; returns its descriptor. */
  copy(batch: SharedBatch, first: number, rows: number): number {
    const { heap, fields } = this;
    const needs = batch.columns.map(column => ({ nulls: column.validity !== null, bytes: this.bytesOf(batch, column, first, rows) }));
    const descriptor = allocateBatch(heap, this.allocator, fields, rows, needs);
    try {
      batch.columns.forEach((column, index) => this.column(batch, column, descriptor, index, first, rows));
    } catch (error) {
      this.allocator.free(descriptor);
      throw error;
    }
    return descriptor;
  }

  private bytesOf(batch: SharedBatch, column: SharedColumn, first: number, rows: number): number {
    if (column.offsets === null) return 0;
    const offsets = this.offsets(batch, column.offsets, first, rows);
    if (offsets[0]! < 0 || offsets[rows]! < offsets[0]! || offsets[rows]! > column.values.byteLength) throw astray();
    return offsets[rows]! - offsets[0]!;
  }

  private column(batch: SharedBatch, column: SharedColumn, descriptor: number, index: number, first: number, rows: number): void {
    const { heap } = this;
    const values = getColumn(heap, descriptor, index, ColumnWord.values);
    const validity = getColumn(heap, descriptor, index, ColumnWord.validity);
    if (column.validity !== null) {
      copyBits(this.view(batch, column.validity), column.firstValidityBit + first, rows, heap.u8, validity);
    }
    const storage = storageOf(this.fields[index]!.type);
    if (storage === 'bits') copyBits(this.view(batch, column.values), column.firstBit + first, rows, heap.u8, values);
    else if (storage === 'bytes') this.text(batch, column, descriptor, index, first, rows);
    else {
      const source = this.view(batch, column.values);
      heap.u8.set(source.subarray(fixedBytes(storage, first), fixedBytes(storage, first + rows)), values);
      if (column.dictionary !== null) {
        this.codes(column.dictionary, storage, values, validity, rows);
        setColumn(heap, descriptor, index, ColumnWord.dictionary, column.dictionary.block);
      }
    }
    if (validity !== 0) setNulls(heap, descriptor, index, rows - countBits(heap.u8, validity, rows));
  }

  private text(batch: SharedBatch, column: SharedColumn, descriptor: number, index: number, first: number, rows: number): void {
    const { heap } = this;
    const target = getColumn(heap, descriptor, index, ColumnWord.offsets);
    const offsets = this.offsets(batch, column.offsets!, first, rows);
    const base = offsets[0]!;
    let last = 0;
    for (let row = 0; row <= rows; row++) {
      const offset = offsets[row]! - base;
      if (offset < last) throw astray();
      last = heap.i32[(target >>> 2) + row] = offset;
    }
    // The owner of the buffers may have changed them since room was made.
    if (last !== getColumn(heap, descriptor, index, ColumnWord.byteLength)) throw astray();
    heap.u8.set(this.view(batch, column.values).subarray(base, base + last), getColumn(heap, descriptor, index, ColumnWord.values));
  }

  private codes(dictionary: NonNullable<SharedColumn['dictionary']>, storage: NumericStorage, values: number, validity: number, rows: number): void {
    const { heap } = this;
    const sound = this.kernels.maxCode(rows, values, fixedBytes(storage, 1)) >>> 0 < dictionary.codes;
    if (dictionary.remap === null && (sound || rows === 0)) return;
    const codes = numericView(heap, storage, values, rows);
    for (let row = 0; row < rows; row++) {
      const code = codes[row] as number;
      if (code >= 0 && code < dictionary.codes) codes[row] = dictionary.remap?.[code] ?? code;
      else if (validity !== 0 && ((heap.u8[validity + (row >>> 3)]! >>> (row & 7)) & 1) === 0) codes[row] = 0;
      else throw astray();
    }
  }

  private offsets(batch: SharedBatch, slice: SharedSlice, first: number, rows: number): Int32Array {
    return new Int32Array(batch.buffers[slice.buffer]!, slice.byteOffset + first * 4, rows + 1);
  }
  private view(batch: SharedBatch, slice: SharedSlice): Uint8Array {
    const buffer = batch.buffers[slice.buffer]!;
    let whole = this.views.get(buffer);
    if (whole === undefined) this.views.set(buffer, whole = new Uint8Array(buffer));
    return whole.subarray(slice.byteOffset, slice.byteOffset + slice.byteLength);
  }
}

const astray = (): MillraceError => new MillraceError('SOURCE_FAILED', 'an Arrow batch on shared memory has offsets or codes that lead outside of its data, or changed while it was read');
