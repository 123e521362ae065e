import { MillraceError } from '../errors.js';
import type { Heap } from '../heap/heap.js';
import { grown, type ColumnWriter } from './column-writer.js';
import type { DictionaryBuilder } from './dictionary-builder.js';
import { MAX_COLUMN_BYTES } from './heap-batch.js';
import { NUMERIC_ARRAYS } from './storage.js';
import { encodeText } from './text-codec.js';

/** utf8 or binary: offsets and bytes. */
export class BytesWriter implements ColumnWriter {
  private offsets = new Int32Array(1);
  private data = new Uint8Array(1024);
  constructor(private readonly text: boolean) {}

  write(row: number, value: unknown): boolean {
    const at = this.offsets[row]!;
    if (this.text) {
      if (typeof value !== 'string') return false;
      this.room(at + value.length * 3);
      this.offsets[row + 1] = encodeText(value, this.data, at);
      return true;
    }
    if (!(value instanceof Uint8Array)) return false;
    this.room(at + value.length);
    this.data.set(value, at);
    this.offsets[row + 1] = at + value.length;
    return true;
  }
  private room(bytes: number): void {
    if (bytes <= this.data.length) return;
    if (bytes > MAX_COLUMN_BYTES) throw new MillraceError('BATCH_TOO_LARGE', `a column of one batch would have ${bytes} bytes; make batches smaller`);
    this.data = grown(this.data, new Uint8Array(Math.max(bytes, this.data.length * 2)));
  }
  writeNull(row: number): void {
    this.offsets[row + 1] = this.offsets[row]!;
  }
  grow(capacity: number): void {
    this.offsets = grown(this.offsets, new Int32Array(capacity + 1));
  }
  bytes(rows: number): number {
    return this.offsets[rows]!;
  }
  copy(heap: Heap, values: number, offsets: number, rows: number): number {
    heap.i32.set(this.offsets.subarray(0, rows + 1), offsets >>> 2);
    heap.u8.set(this.data.subarray(0, this.offsets[rows]!), values);
    return 0;
  }
}

export class DictionaryWriter implements ColumnWriter {
  private codes = new Int32Array(0);
  constructor(private readonly dictionary: DictionaryBuilder) {}
  write(row: number, value: unknown): boolean {
    if (typeof value !== 'string') return false;
    this.codes[row] = this.dictionary.code(value);
    return true;
  }
  writeNull(row: number): void {
    this.codes[row] = 0;
  }
  grow(capacity: number): void {
    this.codes = grown(this.codes, new Int32Array(capacity));
  }
  bytes(): number {
    return 0;
  }
  copy(heap: Heap, values: number, _offsets: number, rows: number): number {
    new (NUMERIC_ARRAYS[this.dictionary.index] as typeof Int32Array)(heap.memory.buffer, values, rows).set(this.codes.subarray(0, rows));
    return this.dictionary.block();
  }
}
