import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DictionaryBuilder } from '../../src/batch/dictionary-builder.ts';
import { MAX_COLUMN_BYTES } from '../../src/batch/heap-batch.ts';
import { readRows } from '../../src/batch/row-reader.ts';
import { encode } from '../../src/batch/text-codec.ts';
import type { Vector } from '../../src/expression/vector.ts';
import { PageUse } from '../../src/heap/page-allocator.ts';
import type { Fields } from '../../src/plan/types.ts';
import { ChunkResults } from '../../src/worker/chunk-results.ts';
import { stateHeap } from '../support/state-heap.ts';

/** Results of the chunks of a morsel become one batch, with what is null in some of them, or one batch each where they cannot. */
const FIELDS: Fields = [
  { name: 'number', type: { kind: 'int64' }, nullable: true }, { name: 'flag', type: { kind: 'bool' }, nullable: true },
  { name: 'text', type: { kind: 'utf8' }, nullable: true }, { name: 'code', type: { kind: 'utf8' }, nullable: true },
];
type Row = { number: bigint | null; flag: boolean | null; text: string | null; code: string | null };
const row: fc.Arbitrary<Row> = fc.record({
  number: fc.option(fc.bigInt({ min: -9n, max: 9n })), flag: fc.option(fc.boolean()), text: fc.option(fc.string({ maxLength: 20 })), code: fc.option(fc.constantFrom('a', 'bb', '')),
});
const thread = stateHeap('wasm', 0, 1024);
const { heap, pages, scratch } = thread;
const allocator = pages.for(PageUse.batch);

function vectorsOf(rows: readonly Row[], dictionary: DictionaryBuilder): Vector[] {
  const vector = (cls: Vector['cls'], width: number, values: readonly unknown[], write: (at: number, value: never) => void): Vector => {
    const data = scratch.take(rows.length * width);
    const valid = values.includes(null) ? scratch.take(rows.length) : 0;
    values.forEach((value, index) => {
      if (valid) heap.u8[valid + index] = value === null ? 0 : 1;
      heap.u8.fill(0, data + index * width, data + (index + 1) * width);
      if (value !== null) write(data + index * width, value as never);
    });
    return { cls, data, valid, dictionary: cls === 'code' ? dictionary.block() : 0 };
  };
  return [
    vector('i64', 8, rows.map(({ number }) => number), (at, value: bigint) => { heap.i64[at >>> 3] = value; }),
    vector('bool', 1, rows.map(({ flag }) => flag), (at, value: boolean) => { heap.u8[at] = Number(value); }),
    vector('bytes', 8, rows.map(({ text }) => text), (at, value: string) => {
      const bytes = encode(value);
      const address = scratch.take(bytes.length);
      heap.u8.set(bytes, address);
      heap.u32.set([address, bytes.length], at >>> 2);
    }),
    vector('code', 4, rows.map(({ code }) => code), (at, value: string) => { heap.i32[at >>> 2] = dictionary.code(value); }),
  ];
}

test('they become one batch, and nothing is left for the next', () => {
  const dictionary = new DictionaryBuilder(heap, allocator, 'int32');
  for (const code of ['a', 'bb', '']) dictionary.code(code);
  const results = new ChunkResults(thread, allocator, FIELDS);
  fc.assert(fc.property(fc.array(fc.array(row, { maxLength: 40 }), { maxLength: 6 }), chunks => {
    scratch.reset();
    for (const rows of chunks) results.add(vectorsOf(rows, dictionary), rows.length);
    const batches: number[] = [];
    results.flush(descriptor => batches.push(descriptor));
    const all = chunks.flat();
    expect(batches.length).toBe(all.length > 0 ? 1 : 0);
    expect(batches.flatMap(descriptor => readRows(heap, FIELDS, descriptor))).toEqual(all);
    results.flush(() => expect.fail('they were given out'));
    for (const descriptor of batches) allocator.free(descriptor);
  }), { numRuns: 100 });
});

test('codes of two dictionaries stay apart', () => {
  scratch.reset();
  const results = new ChunkResults(thread, allocator, FIELDS);
  const rows: Row[] = ['x', 'y', 'z'].map((code, number) => ({ number: BigInt(number), flag: true, text: code, code }));
  for (const each of rows) results.add(vectorsOf([each], new DictionaryBuilder(heap, allocator, 'int32')), 1);
  const batches: number[] = [];
  results.flush(descriptor => batches.push(descriptor));
  expect(batches.map(descriptor => readRows(heap, FIELDS, descriptor))).toEqual(rows.map(each => [each]));
});

test('texts that are too many for one batch go in several', () => {
  scratch.reset();
  const results = new ChunkResults(thread, allocator, [FIELDS[2]!]);
  // Never read: the room for them is refused before.
  const bytes = Math.floor(MAX_COLUMN_BYTES / 2) + 1;
  const list = scratch.take(16);
  heap.u32.set([list, bytes, list, bytes], list >>> 2);
  for (const part of [0, 1]) results.add([{ cls: 'bytes', data: list + part * 8, valid: 0, dictionary: 0 }], 1);
  const given: number[] = [];
  // One alone fits a batch, but not this heap.
  expect(() => results.flush(descriptor => given.push(descriptor))).toThrow(expect.objectContaining({ code: 'HEAP_FULL' }));
  expect(given).toEqual([]);
});
