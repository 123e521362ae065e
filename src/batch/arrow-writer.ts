import type { Data, RecordBatch, Schema, Vector } from 'apache-arrow';
import type { Heap } from '../heap/heap.js';
import type { Field, Fields } from '../plan/types.js';
import { arrow, arrowSchema } from './arrow.js';
import { batchRowCount, bitmapBytes, getColumn } from './heap-batch.js';
import { ColumnWord, DictionaryWord } from './layout.js';
import { numericView, storageOf } from './storage.js';

/**
 * Makes Arrow record batches of heap batches of one schema: views of the heap, valid as long as the batch (and its dictionaries) lie
 * there; decimals are converted copies. A dictionary that grows keeps its chunks, so that Arrow streams send only what is new.
 */
export class ArrowWriter {
  readonly schema: Schema;
  private readonly dictionaries: (GrowingDictionary | null)[];

  constructor(private readonly heap: Heap, private readonly fields: Fields) {
    this.schema = arrowSchema(fields);
    this.dictionaries = fields.map(field => field.type.kind === 'dictionary' ? new GrowingDictionary(heap) : null);
  }

  batch(descriptor: number): RecordBatch {
    const length = batchRowCount(this.heap, descriptor);
    const children = this.fields.map((field, column) => this.column(field, column, descriptor, length));
    return new arrow.RecordBatch(this.schema, arrow.makeData({ type: new arrow.Struct(this.schema.fields), length, nullCount: 0, children }));
  }

  private column(field: Field, column: number, descriptor: number, length: number): Data {
    const { heap } = this;
    const word = (kind: ColumnWord): number => getColumn(heap, descriptor, column, kind);
    const values = word(ColumnWord.values);
    const validity = word(ColumnWord.validity);
    const nullBitmap = validity === 0 ? null : heap.u8.subarray(validity, validity + bitmapBytes(length));
    const common = { length, nullCount: word(ColumnWord.nullCount), nullBitmap };
    const type = this.schema.fields[column]!.type as arrow.Int32;
    const storage = storageOf(field.type);
    if (storage === 'bits') return arrow.makeData({ ...common, type, data: heap.u8.subarray(values, values + bitmapBytes(length)) as unknown as Int32Array });
    if (storage === 'bytes') {
      const offsets = word(ColumnWord.offsets) >>> 2;
      const utf8 = type as unknown as arrow.Utf8;
      return arrow.makeData({ ...common, type: utf8, valueOffsets: heap.i32.subarray(offsets, offsets + length + 1), data: heap.u8.subarray(values, values + word(ColumnWord.byteLength)) });
    }
    const numbers = numericView(heap, storage, values, length) as Int32Array;
    if (field.type.kind === 'decimal') return arrow.makeData({ ...common, type, data: decimalWords(numbers as unknown as BigInt64Array) as unknown as Int32Array });
    if (field.type.kind !== 'dictionary') return arrow.makeData({ ...common, type, data: numbers });
    const dictionary = this.dictionaries[column]!.at(word(ColumnWord.dictionary));
    return arrow.makeData({ ...common, type: type as unknown as arrow.Dictionary, data: numbers, dictionary });
  }
}

/** int64 to 128 bits: the sign fills the upper half. */
function decimalWords(values: BigInt64Array): Uint32Array {
  const words = new BigInt64Array(values.length * 2);
  for (let row = 0; row < values.length; row++) {
    words[row * 2] = values[row]!;
    words[row * 2 + 1] = values[row]! < 0n ? -1n : 0n;
  }
  return new Uint32Array(words.buffer);
}

/** The Arrow vector of a dictionary block: the same object while nothing was added, else the old chunks and one of what is new. */
class GrowingDictionary {
  private id = -1;
  private vector: Vector<arrow.Utf8> = new arrow.Vector([arrow.makeData({ type: new arrow.Utf8(), length: 0, valueOffsets: new Int32Array(1), data: new Uint8Array(0) })]);
  constructor(private readonly heap: Heap) {}

  at(block: number): Vector<arrow.Utf8> {
    if (block === 0) return this.vector;
    const { heap } = this;
    const word = block >>> 2;
    const id = heap.u32[word + DictionaryWord.id]!;
    const count = Atomics.load(heap.u32, word + DictionaryWord.count);
    const known = id === this.id ? this.vector.length : 0;
    if (id === this.id && count <= known) return this.vector;
    const offsets = (heap.u32[word + DictionaryWord.offsets]! >>> 2) + known;
    const bytes = heap.u32[word + DictionaryWord.bytes]!;
    const first = heap.i32[offsets]!;
    const last = heap.i32[offsets + count - known]!;
    const valueOffsets = heap.i32.slice(offsets, offsets + count - known + 1).map(offset => offset - first);
    const chunk = arrow.makeData({ type: new arrow.Utf8(), length: count - known, nullCount: 0, valueOffsets, data: heap.u8.subarray(bytes + first, bytes + last) });
    this.vector = new arrow.Vector(known > 0 ? [...this.vector.data, chunk] : [chunk]);
    this.id = id;
    return this.vector;
  }
}

/** One batch as an Arrow record batch over the heap, once. For many batches of a schema make one ArrowWriter. */
export const heapToArrow = (heap: Heap, fields: Fields, descriptor: number): RecordBatch => new ArrowWriter(heap, fields).batch(descriptor);
