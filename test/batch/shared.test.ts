import * as arrow from 'apache-arrow';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ArrowReader } from '../../src/batch/arrow-reader.ts';
import { arrowSharedBuffers } from '../../src/batch/arrow-shared.ts';
import { heapToArrow } from '../../src/batch/arrow-writer.ts';
import { dictionariesFor, RowBuilder } from '../../src/batch/row-builder.ts';
import { readRows } from '../../src/batch/row-reader.ts';
import { SharedCopier } from '../../src/batch/shared-copy.ts';
import type { Fields } from '../../src/plan/types.ts';
import { sample } from '../support/batch-arbitraries.ts';
import { testHeap } from '../support/heap.ts';

// Two heaps: the first stands for the user's shared memory.
const theirs = testHeap(4096);
const ours = testHeap(4096);
const { heap, allocator } = ours;

test('workers copy morsels of shared batches without Arrow', () => {
  let described = 0;
  fc.assert(fc.property(sample(60), fc.nat(30), fc.nat(60), fc.nat(20), ({ fields, rows }, cut, first, count) => {
    const builder = new RowBuilder(fields, theirs.heap, theirs.allocator, dictionariesFor(fields, theirs.heap, theirs.allocator));
    for (const row of rows) expect(builder.append(row)).toBeNull();
    const batch = heapToArrow(theirs.heap, fields, builder.finish().descriptor).slice(cut);
    const expected = rows.slice(cut);
    const dictionaries = dictionariesFor(fields, heap, allocator);
    dictionaries.forEach(dictionary => dictionary?.addAll(['青', 'not theirs']));
    const shared = arrowSharedBuffers(batch, fields, new ArrowReader(heap, ours.wasm, allocator, fields, dictionaries));
    const hasDecimal = fields.some(field => field.type.kind === 'decimal');
    if (shared === null) {
      expect(hasDecimal || expected.length === 0 || fields.some(field => field.type.kind === 'dictionary')).toBe(true);
      return;
    }
    described++;
    const start = Math.min(first, expected.length);
    const length = Math.min(count, expected.length - start);
    for (const kernels of [ours.wasm, ours.twins]) {
      const copier = new SharedCopier(heap, kernels, allocator, fields);
      expect(readRows(heap, fields, copier.copy(structuredClone(shared), start, length))).toEqual(expected.slice(start, start + length));
    }
  }), { numRuns: 200 });
  expect(described).toBeGreaterThan(50);
});

test('a dictionary on shared memory keeps its codes where it can', () => {
  const fields: Fields = [{ name: 'c', type: { kind: 'dictionary', index: 'int32' }, nullable: true }];
  const shared = new Int32Array(new SharedArrayBuffer(12));
  shared.set([1, 0, 9]);
  const data = (nullBitmap: Uint8Array | null): arrow.Data => arrow.makeData({
    type: new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32()), data: shared, dictionary: arrow.vectorFromArray(['a', 'b'], new arrow.Utf8()), nullBitmap,
  });
  const bits = new Uint8Array(new SharedArrayBuffer(1)).fill(3);
  const describe = (nullBitmap: Uint8Array | null): ReturnType<typeof arrowSharedBuffers> =>
    arrowSharedBuffers(new arrow.RecordBatch({ c: data(nullBitmap) }), fields, new ArrowReader(heap, ours.wasm, allocator, fields, dictionariesFor(fields, heap, allocator)));
  const copier = new SharedCopier(heap, ours.wasm, allocator, fields);
  const batch = describe(bits)!;
  expect(batch.columns[0]!.dictionary!.remap).toBeNull();
  expect(readRows(heap, fields, copier.copy(batch, 0, 3))).toEqual([{ c: 'b' }, { c: 'a' }, { c: null }]);
  expect(() => copier.copy(describe(null)!, 0, 3)).toThrow(/SOURCE_FAILED: an Arrow batch on shared memory/);
  expect(describe(new Uint8Array([3]))).toBeNull();
});

test('private memory, other types and nulls where none may be are for the coordinator', () => {
  const of = (field: Fields[number], data: arrow.Data): unknown =>
    arrowSharedBuffers(new arrow.RecordBatch({ c: data }), [field], new ArrowReader(heap, ours.wasm, allocator, [field], [null]));
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const int32 = (data: Int32Array, nullBitmap: Uint8Array | null = null): arrow.Data => arrow.makeData({ type: new arrow.Int32(), data, nullBitmap });
  expect(of({ name: 'c', type: { kind: 'int32' }, nullable: false }, int32(shared))).toMatchObject({ rows: 2, buffers: [shared.buffer] });
  expect(of({ name: 'c', type: { kind: 'int32' }, nullable: false }, int32(new Int32Array(2)))).toBeNull();
  expect(of({ name: 'c', type: { kind: 'int64' }, nullable: false }, int32(shared))).toBeNull();
  expect(of({ name: 'c', type: { kind: 'int32' }, nullable: false }, int32(shared, new Uint8Array(new SharedArrayBuffer(1))))).toBeNull();
});
