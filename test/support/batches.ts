import { BATCH_HEADER_WORDS, COLUMN_WORDS, ColumnWord, columnWord, descriptorBytes, DICTIONARY_WORDS, DictionaryWord } from '../../src/batch/layout.ts';
import type { DataType, Fields, Row, Value } from '../../src/plan/types.ts';
import type { TestHeap } from './heap.ts';

/** Days since 1970 of `YYYY-MM-DD` (years 1…9999). */
export const daysOf = (date: string): number => Date.parse(`${date}T00:00:00Z`) / 86_400_000;
/** A decimal string of exactly `scale` digits as its scaled integer. */
export const scaledOf = (decimal: string): bigint => BigInt(decimal.replace('.', ''));

/** A growing dictionary: one per column of a source, over all of its batches. */
export class TestDictionary {
  static #ids = 0;
  readonly id = ++TestDictionary.#ids;
  readonly codes = new Map<string, number>();
  code(value: string): number {
    let code = this.codes.get(value);
    if (code === undefined) this.codes.set(value, code = this.codes.size);
    return code;
  }
  /** A block with all values so far. */
  block({ heap, allocator }: TestHeap): number {
    const texts = [...this.codes.keys()].map(value => new TextEncoder().encode(value));
    const block = allocator.allocate(DICTIONARY_WORDS * 4), offsets = allocator.allocate((texts.length + 1) * 4);
    const bytes = allocator.allocate(texts.reduce((sum, text) => sum + text.length, 0));
    let at = 0;
    texts.forEach((text, code) => {
      heap.i32[(offsets >>> 2) + code] = at;
      heap.u8.set(text, bytes + at);
      at += text.length;
    });
    heap.i32[(offsets >>> 2) + texts.length] = at;
    const words = block >>> 2;
    heap.u32[words + DictionaryWord.count] = texts.length;
    heap.u32[words + DictionaryWord.offsets] = offsets;
    heap.u32[words + DictionaryWord.bytes] = bytes;
    heap.u32[words + DictionaryWord.id] = this.id;
    return block;
  }
}

/** Writes a batch of JavaScript rows; returns its descriptor. Nulls are written whether or not the schema allows them. */
export function writeBatch(test: TestHeap, schema: Fields, rows: readonly Row[], dictionaries: Map<string, TestDictionary> = new Map()): number {
  const { heap, allocator } = test;
  const descriptor = allocator.allocate(descriptorBytes(schema.length));
  heap.u32.fill(0, descriptor >>> 2, (descriptor >>> 2) + BATCH_HEADER_WORDS + COLUMN_WORDS * schema.length);
  heap.u32[descriptor >>> 2] = rows.length;
  heap.u32[(descriptor >>> 2) + 1] = schema.length;
  schema.forEach(({ name, type }, column) => {
    const word = columnWord(descriptor, column);
    const values = rows.map(row => row[name]!);
    const nulls = values.filter(value => value === null).length;
    heap.u32[word + ColumnWord.nullCount] = nulls;
    if (nulls > 0) heap.u32[word + ColumnWord.validity] = writeBits(test, values.map(value => value !== null));
    if (type.kind === 'utf8' || type.kind === 'binary') return writeText(test, word, values);
    if (type.kind === 'dictionary') {
      if (!dictionaries.has(name)) dictionaries.set(name, new TestDictionary());
      const dictionary = dictionaries.get(name)!;
      const codes = values.map(value => (value === null ? 0 : dictionary.code(value as string)));
      heap.u32[word + ColumnWord.dictionary] = dictionary.block(test);
      heap.u32[word + ColumnWord.values] = writeFixed(test, { kind: type.index }, codes);
      return;
    }
    heap.u32[word + ColumnWord.values] = type.kind === 'bool' ? writeBits(test, values.map(Boolean)) : writeFixed(test, type, values);
  });
  return descriptor;
}

function writeBits({ heap, allocator }: TestHeap, bits: readonly boolean[]): number {
  const address = allocator.allocate((bits.length >>> 3) + 8);
  heap.u8.fill(0, address, address + (bits.length >>> 3) + 8);
  bits.forEach((bit, row) => { if (bit) heap.u8[address + (row >>> 3)]! |= 1 << (row & 7); });
  return address;
}

function writeText({ heap, allocator }: TestHeap, word: number, values: readonly Value[]): void {
  const texts = values.map(value => (typeof value === 'string' ? new TextEncoder().encode(value) : value instanceof Uint8Array ? value : new Uint8Array()));
  const total = texts.reduce((sum, text) => sum + text.length, 0);
  const offsets = allocator.allocate((values.length + 1) * 4), bytes = allocator.allocate(total);
  let at = 0;
  texts.forEach((text, row) => {
    heap.i32[(offsets >>> 2) + row] = at;
    heap.u8.set(text, bytes + at);
    at += text.length;
  });
  heap.i32[(offsets >>> 2) + values.length] = at;
  heap.u32[word + ColumnWord.values] = bytes;
  heap.u32[word + ColumnWord.offsets] = offsets;
  heap.u32[word + ColumnWord.byteLength] = total;
}

function writeFixed({ heap, allocator }: TestHeap, type: DataType, values: readonly Value[]): number {
  const address = allocator.allocate(values.length * 8);
  const view = { int8: heap.i8, uint8: heap.u8, int16: heap.i16, uint16: heap.u16, int32: heap.i32, date: heap.i32, uint32: heap.u32, float32: heap.f32, float64: heap.f64 }[type.kind as 'int8'];
  values.forEach((value, row) => {
    if (view !== undefined) view[address / view.BYTES_PER_ELEMENT + row] = type.kind === 'date' && value !== null ? daysOf(value as string) : Number(value ?? 0);
    else heap.i64[(address >>> 3) + row] = type.kind === 'decimal' && value !== null ? scaledOf(value as string) : BigInt((value ?? 0) as bigint);
  });
  return address;
}
