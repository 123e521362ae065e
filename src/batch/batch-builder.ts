import type { Kernels } from '../../native-free-kernels/load.js';
import { MillraceError } from '../errors.js';
import type { Allocator, Heap } from '../heap/heap.js';
import type { Field, Fields } from '../plan/types.js';
import type { DictionaryBuilder } from './dictionary-builder.js';
import { allocateBatch, bitmapBytes, getColumn, setColumn, setNulls, type ColumnNeed } from './heap-batch.js';
import { bitAt, countBits } from './bitmap.js';
import { byteColumn, type ByteColumn } from './byte-column.js';
import { ColumnWord, RANGE_ROWS, rangesBytes } from './layout.js';
import { columnIndex, fixedBytes, numericView, storageOf, typeText, type NumericArray } from './storage.js';
import { encode } from './text-codec.js';

/**
 * A batch whose columns are filled in place, in the heap: nothing is copied when a job reads it (unless it has utf8 or binary columns,
 * which make `finish` move the others once). Fill the typed arrays, then call `finish`. Every value of a fixed-width column must be
 * written: the memory holds whatever it held. Throws UNKNOWN_COLUMN and TYPE_MISMATCH for columns that are not there or of another kind.
 */
export class BatchBuilder {
  private descriptor: number;
  private readonly dictionaries: (DictionaryBuilder | null)[];
  private readonly texts: (ByteColumn | null)[];

  /** `rows`: the most rows it can have. Throws HEAP_FULL, BATCH_TOO_LARGE. */
  constructor(private readonly fields: Fields, readonly rows: number, private readonly heap: Heap, private readonly allocator: Allocator, private readonly kernels: Kernels) {
    this.dictionaries = fields.map(() => null);
    this.texts = fields.map(() => null);
    this.descriptor = allocateBatch(heap, allocator, fields, rows, fields.map(field => needOf(field, 0)));
    fields.forEach((field, column) => {
      if (!field.nullable) return;
      const validity = this.word(column, ColumnWord.validity);
      heap.u8.fill(255, validity, validity + bitmapBytes(rows));
    });
  }

  /**
   * The values of a fixed-width column, to be filled: dates as days (Int32Array), timestamps in their unit and decimals × 10^scale
   * (BigInt64Array), codes of a dictionary column (Int8Array, Int16Array or Int32Array), bools as bits, lowest first (Uint8Array).
   */
  column(name: string): NumericArray {
    const [column, { type }] = this.find(name);
    const storage = storageOf(type);
    if (storage === 'bytes') throw new MillraceError('TYPE_MISMATCH', `column '${name}' is ${typeText(type)}: set it with strings() or binaries()`);
    const values = this.word(column, ColumnWord.values);
    return storage === 'bits' ? this.heap.u8.subarray(values, values + bitmapBytes(this.rows)) : numericView(this.heap, storage, values, this.rows);
  }

  /** The validity bits of a nullable column, lowest first, all 1 at the beginning: clear the bit of a row to make it null. */
  validity(name: string): Uint8Array {
    const [column, { nullable }] = this.find(name);
    if (!nullable) throw new MillraceError('TYPE_MISMATCH', `column '${name}' is not nullable`);
    const at = this.word(column, ColumnWord.validity);
    return this.heap.u8.subarray(at, at + bitmapBytes(this.rows));
  }

  /** The dictionary whose codes a column has; batches of one table share it. Must be open as long as the batch is used. */
  dictionary(name: string, dictionary: DictionaryBuilder): this {
    const [column, { type }] = this.find(name);
    if (type.kind !== 'dictionary' || type.index !== dictionary.index) throw new MillraceError('TYPE_MISMATCH', `column '${name}' is ${typeText(type)} and cannot have a dictionary of ${dictionary.index} codes`);
    this.dictionaries[column] = dictionary;
    return this;
  }

  /** All values of a utf8 column. */
  strings(name: string, values: readonly (string | null)[]): this {
    return this.setBytes(name, 'utf8', values, encode);
  }
  /** All values of a binary column. */
  binaries(name: string, values: readonly (Uint8Array | null)[]): this {
    return this.setBytes(name, 'binary', values, value => value);
  }

  /** All values of a utf8 or binary column without nulls, as they lie in Arrow: rows + 1 offsets into `bytes`, which are copied. UTF-8 is not checked. */
  bytes(name: string, offsets: Int32Array, bytes: Uint8Array): this {
    const [column, { type }] = this.find(name);
    if (storageOf(type) !== 'bytes') throw new MillraceError('TYPE_MISMATCH', `column '${name}' is ${typeText(type)}, not utf8 or binary`);
    if (offsets.length !== this.rows + 1 || offsets[0] !== 0 || offsets[this.rows]! > bytes.length) throw new MillraceError('BAD_OPTION', `column '${name}': ${this.rows} rows need ${this.rows + 1} offsets, from 0 to at most the ${bytes.length} bytes given`);
    for (let row = 0; row < this.rows; row++) if (offsets[row]! > offsets[row + 1]!) throw new MillraceError('BAD_OPTION', `column '${name}': offsets must not descend, as they do after row ${row}`);
    this.texts[column] = { offsets, bytes: bytes.subarray(0, offsets[this.rows]!), nulls: [] };
    return this;
  }

  private setBytes<V>(name: string, kind: 'utf8' | 'binary', values: readonly (V | null)[], bytesOf: (value: V) => Uint8Array): this {
    const [column, field] = this.find(name);
    if (field.type.kind !== kind) throw new MillraceError('TYPE_MISMATCH', `column '${name}' is ${typeText(field.type)}, not ${kind}`);
    if (values.length > this.rows) throw new MillraceError('BATCH_TOO_LARGE', `column '${name}' got ${values.length} values for ${this.rows} rows`);
    const bytes = byteColumn(name, this.rows, values.map(value => value === null ? null : bytesOf(value)));
    if (bytes.nulls.length > 0 && !field.nullable) throw new MillraceError('TYPE_MISMATCH', `column '${name}' is not nullable, and row ${bytes.nulls[0]} is null`);
    this.texts[column] = bytes;
    return this;
  }

  /**
   * Completes the batch, of the first `rows` rows, and returns its descriptor, which whoever has the allocator frees. The builder and its
   * typed arrays must not be used any more. Throws TYPE_MISMATCH if a column was not set, or has a code that its dictionary has not.
   */
  finish(rows: number = this.rows): number {
    if (this.descriptor === 0) throw new MillraceError('BAD_OPTION', 'the batch was finished or discarded before');
    if (!(rows >= 0 && rows <= this.rows)) throw new MillraceError('BAD_OPTION', `a batch for ${this.rows} rows cannot have ${rows}`);
    this.fields.forEach((field, column) => this.check(field, column, rows));
    if (this.texts.some(text => text !== null)) this.move();
    const { descriptor, heap } = this;
    heap.u32[descriptor >>> 2] = rows;
    this.fields.forEach((field, column) => this.complete(field, column, rows));
    this.descriptor = 0;
    return descriptor;
  }

  /** Gives the memory back instead. */
  discard(): void {
    if (this.descriptor !== 0) this.allocator.free(this.descriptor);
    this.descriptor = 0;
  }

  private check({ name, type }: Field, column: number, rows: number): void {
    if (storageOf(type) === 'bytes' && this.texts[column] === null) throw new MillraceError('TYPE_MISMATCH', `column '${name}' was not set: use ${type.kind === 'utf8' ? 'strings' : 'binaries'}()`);
    if (type.kind !== 'dictionary') return;
    const dictionary = this.dictionaries[column];
    if (!dictionary) throw new MillraceError('TYPE_MISMATCH', `column '${name}' has no dictionary: set it with dictionary()`);
    const codes = this.column(name) as Int32Array;
    const limit = dictionary.size;
    for (let row = 0; row < rows; row++) {
      if (codes[row]! >>> 0 < limit) continue;
      if (this.isValid(column, row)) throw new MillraceError('TYPE_MISMATCH', `column '${name}' has code ${codes[row]} in row ${row}; its dictionary has ${limit} values`);
      codes[row] = 0;
    }
  }
  private isValid(column: number, row: number): boolean {
    const validity = this.word(column, ColumnWord.validity);
    return validity === 0 || bitAt(this.heap.u8, validity, row) === 1;
  }

  /** To a block with room for the texts. */
  private move(): void {
    const { heap, fields, rows, descriptor: from } = this;
    const to = allocateBatch(heap, this.allocator, fields, rows, fields.map((field, column) => needOf(field, this.texts[column]?.bytes.length ?? 0)));
    fields.forEach((field, column) => {
      const text = this.texts[column];
      const values = getColumn(heap, to, column, ColumnWord.values);
      const oldValues = getColumn(heap, from, column, ColumnWord.values);
      if (text) {
        heap.u8.set(text.bytes, values);
        heap.i32.set(text.offsets, getColumn(heap, to, column, ColumnWord.offsets) >>> 2);
      } else heap.u8.copyWithin(values, oldValues, oldValues + fixedBytes(storageOf(field.type), rows));
      if (!field.nullable) return;
      const validity = getColumn(heap, to, column, ColumnWord.validity);
      const oldValidity = getColumn(heap, from, column, ColumnWord.validity);
      heap.u8.copyWithin(validity, oldValidity, oldValidity + bitmapBytes(rows));
      for (const row of text?.nulls ?? []) heap.u8[validity + (row >>> 3)]! &= ~(1 << (row & 7));
    });
    this.allocator.free(from);
    this.descriptor = to;
  }

  private complete(field: Field, column: number, rows: number): void {
    const { heap, descriptor } = this;
    const storage = storageOf(field.type);
    const bytes = storage === 'bytes' ? heap.i32[(this.word(column, ColumnWord.offsets) >>> 2) + rows]! : fixedBytes(storage, rows);
    setColumn(heap, descriptor, column, ColumnWord.byteLength, bytes);
    setColumn(heap, descriptor, column, ColumnWord.dictionary, this.dictionaries[column]?.block() ?? 0);
    const bits = storage === 'bits' ? [this.word(column, ColumnWord.values)] : [];
    if (field.nullable) bits.push(this.word(column, ColumnWord.validity));
    if (rows & 7) for (const at of bits) heap.u8[at + (rows >>> 3)]! &= (1 << (rows & 7)) - 1;
    if (field.nullable) setNulls(heap, descriptor, column, rows - countBits(heap.u8, this.word(column, ColumnWord.validity), rows));
    if (isTime(field)) this.measure(column, rows);
  }
  /** Notes the ranges of a column, so that no job that reads the table as it lies need look at every time. */
  private measure(column: number, rows: number): void {
    if (this.word(column, ColumnWord.nullCount) > 0) return setColumn(this.heap, this.descriptor, column, ColumnWord.ranges, 0);
    const [values, ranges] = [this.word(column, ColumnWord.values), this.word(column, ColumnWord.ranges)];
    for (let first = 0; first < rows; first += RANGE_ROWS) this.kernels.minMax(Math.min(RANGE_ROWS, rows - first), values + first * 8, ranges + rangesBytes(first));
  }

  private word(column: number, word: ColumnWord): number {
    return getColumn(this.heap, this.descriptor, column, word);
  }
  private find(name: string): [number, Field] {
    if (this.descriptor === 0) throw new MillraceError('BAD_OPTION', 'the batch was finished or discarded before');
    const column = columnIndex(this.fields, name);
    if (column < 0) throw new MillraceError('UNKNOWN_COLUMN', `the batch has no column '${name}'; it has ${this.fields.map(field => field.name).join(', ')}`);
    return [column, this.fields[column]!];
  }
}

const isTime = ({ type }: Field): boolean => type.kind === 'timestamp';
const needOf = (field: Field, bytes: number): ColumnNeed => ({ nulls: field.nullable, bytes, ranges: isTime(field) });
