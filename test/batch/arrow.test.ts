import * as arrow from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arrowFields } from '../../src/batch/arrow.ts';
import { ArrowReader, arrowToHeap } from '../../src/batch/arrow-reader.ts';
import { ArrowCopier } from '../../src/batch/arrow-copy.ts';
import { ArrowWriter, heapToArrow } from '../../src/batch/arrow-writer.ts';
import { dictionariesFor, RowBuilder } from '../../src/batch/row-builder.ts';
import { readRows } from '../../src/batch/row-reader.ts';
import type { DataType, Fields, Row } from '../../src/plan/types.ts';
import { sample } from '../support/batch-arbitraries.ts';
import { testHeap } from '../support/heap.ts';

const { heap, allocator, wasm, twins } = testHeap(4096);
const build = (fields: Fields, rows: readonly unknown[]): number => {
  const builder = new RowBuilder(fields, heap, allocator, dictionariesFor(fields, heap, allocator));
  for (const row of rows) expect(builder.append(row)).toBeNull();
  return builder.finish().descriptor;
};
const read = (fields: Fields, batch: arrow.RecordBatch): Row[] => {
  const result = arrowToHeap(heap, wasm, allocator, fields, batch, dictionariesFor(fields, heap, allocator));
  expect(result.bad).toEqual([]);
  return readRows(heap, fields, result.descriptor);
};
const one = (type: DataType, nullable = true): Fields => [{ name: 'c', type, nullable }];
const batchOf = (vector: arrow.Vector): arrow.RecordBatch => new arrow.RecordBatch({ c: vector.data[0]! });
const values = (type: DataType, vector: arrow.Vector): unknown[] => read(one(type), batchOf(vector)).map(row => row['c']);

describe('rows to the heap, to Arrow and back', () => {
  test('zero copy, copied, and over IPC', () => {
    fc.assert(fc.property(sample(), ({ fields, rows }) => {
      const descriptor = build(fields, rows);
      const batch = heapToArrow(heap, fields, descriptor);
      expect(read(fields, batch)).toEqual(rows);
      expect(arrowFields(batch.schema)).toEqual(fields);
      expect(read(fields, new ArrowCopier().copy(batch))).toEqual(rows);
      for (const format of ['stream', 'file'] as const) {
        const table = arrow.tableFromIPC(arrow.tableToIPC(new arrow.Table(batch), format));
        expect(table.batches.flatMap(each => read(fields, each))).toEqual(rows);
      }
    }), { numRuns: 150 });
  });

  test('slices of slices, realigned', () => {
    fc.assert(fc.property(sample(80), fc.nat(40), fc.nat(40), fc.nat(20), ({ fields, rows }, start, length, inner) => {
      const batch = heapToArrow(heap, fields, build(fields, rows)).slice(start, start + length);
      expect(read(fields, batch)).toEqual(rows.slice(start, start + length));
      expect(read(fields, batch.slice(inner, inner + 11))).toEqual(rows.slice(start, start + length).slice(inner, inner + 11));
    }), { numRuns: 150 });
  });

  test('columns are found by name, and batches share dictionaries', () => {
    fc.assert(fc.property(sample(30), ({ fields, rows }) => {
      const batches = [rows, [...rows].reverse()].map(each => heapToArrow(heap, fields, build(fields, each)));
      const turned = [...fields].reverse();
      const dictionaries = dictionariesFor(turned, heap, allocator);
      const reader = new ArrowReader(heap, twins, allocator, turned, dictionaries);
      const results = batches.map(batch => readRows(heap, turned, reader.read(batch).descriptor));
      expect(results).toEqual([rows, [...rows].reverse()]);
    }), { numRuns: 50 });
  });
});

describe('conversions without loss', () => {
  const i = (numbers: number[]): arrow.Vector => arrow.makeVector(new Int8Array(numbers));
  test('integers and floats widen', () => {
    for (const kind of ['int8', 'int16', 'int32', 'float32', 'float64'] as const) expect(values({ kind }, i([-128, 0, 127]))).toEqual([-128, 0, 127]);
    expect(values({ kind: 'int64' }, i([-128, 127]))).toEqual([-128n, 127n]);
    expect(values({ kind: 'int64' }, arrow.makeVector(new Uint32Array([2 ** 32 - 1])))).toEqual([2n ** 32n - 1n]);
    expect(values({ kind: 'float64' }, arrow.makeVector(new Float32Array([0.5])))).toEqual([0.5]);
    const half = new arrow.Vector([arrow.makeData({ type: new arrow.Float16(), data: new Uint16Array([0x3c00, 0xc000, 0x7c00, 0x0001]) })]);
    expect(values({ kind: 'float32' }, half)).toEqual([1, -2, Infinity, 2 ** -24]);
  });

  test('timestamps and dates of other units', () => {
    const stamps = (type: arrow.Timestamp, data: bigint[]): arrow.Vector => new arrow.Vector([arrow.makeData({ type, data: new BigInt64Array(data) })]);
    expect(values({ kind: 'timestamp', unit: 'ms' }, stamps(new arrow.TimestampSecond(), [-3n]))).toEqual([-3000]);
    expect(values({ kind: 'timestamp', unit: 'us' }, stamps(new arrow.TimestampNanosecond('UTC'), [5000n]))).toEqual([5n]);
    expect(values({ kind: 'timestamp', unit: 'us' }, stamps(new arrow.TimestampMillisecond(), [7n]))).toEqual([7000n]);
    const bad = arrowToHeap(heap, wasm, allocator, one({ kind: 'timestamp', unit: 'us' }), batchOf(stamps(new arrow.TimestampNanosecond(), [1000n, 1n, 3000n])), []);
    expect(bad.bad).toEqual([{ row: 1, reason: 'BAD_ROW', message: "column 'c': 1 ns is no timestamp in us, exactly", text: '{"c":1}' }]);
    expect(readRows(heap, one({ kind: 'timestamp', unit: 'us' }), bad.descriptor)).toEqual([{ c: 1n }, { c: 3n }]);
    const date64 = new arrow.Vector([arrow.makeData({ type: new arrow.DateMillisecond(), data: new BigInt64Array([-86_400_000n]) })]);
    expect(values({ kind: 'date' }, date64)).toEqual(['1969-12-31']);
  });

  test('decimals of other scales, 128 and 256 bits', () => {
    const decimals = (scale: number, bitWidth: number, numbers: bigint[]): arrow.Vector => {
      const data = new Uint32Array(numbers.flatMap(number => Array.from({ length: bitWidth / 32 }, (_, word) => Number(BigInt.asUintN(32, number >> BigInt(32 * word))))));
      return new arrow.Vector([arrow.makeData({ type: new arrow.Decimal(scale, 30, bitWidth), data })]);
    };
    const type: DataType = { kind: 'decimal', precision: 18, scale: 2 };
    for (const width of [128, 256]) {
      expect(values(type, decimals(1, width, [-123n, 5n]))).toEqual(['-12.30', '0.50']);
      expect(values(type, decimals(4, width, [-12300n]))).toEqual(['-1.23']);
      const bad = arrowToHeap(heap, wasm, allocator, one(type), batchOf(decimals(4, width, [1n, 100n, 10n ** 25n])), []);
      expect(bad.bad.map(each => each.row)).toEqual([0, 2]);
      expect(bad.bad[1]!.text).toBe('{"c":"1000000000000000000000.0000"}');
      expect(readRows(heap, one(type), bad.descriptor)).toEqual([{ c: '0.01' }]);
    }
  });

  test('all layouts of strings and bytes, dictionaries too', () => {
    const texts = ['', 'short', null, 'longer than twelve bytes', 'grün', '🙂'];
    const utf8: DataType = { kind: 'utf8' };
    const dictionary: DataType = { kind: 'dictionary', index: 'int8' };
    for (const type of [new arrow.Utf8(), new arrow.LargeUtf8(), new arrow.Utf8View(), new arrow.Dictionary(new arrow.Utf8(), new arrow.Uint16()), new arrow.Dictionary(new arrow.Utf8(), new arrow.Uint32())]) {
      const vector = arrow.vectorFromArray(texts, type as arrow.Utf8);
      for (const target of [utf8, dictionary]) {
        expect(values(target, vector)).toEqual(texts);
        expect(values(target, vector.slice(1, 5))).toEqual(texts.slice(1, 5));
      }
    }
    const fixed = arrow.vectorFromArray([new Uint8Array([1, 2]), null, new Uint8Array([3, 4])], new arrow.FixedSizeBinary(2));
    expect(values({ kind: 'binary' }, fixed)).toEqual([new Uint8Array([1, 2]), null, new Uint8Array([3, 4])]);
    expect(values({ kind: 'binary' }, fixed.slice(1))).toEqual([null, new Uint8Array([3, 4])]);
  });

  test('a dictionary with nulls, duplicates and wild codes under nulls', () => {
    const entries = arrow.vectorFromArray(['a', null, 'b', 'a'], new arrow.Utf8());
    const data = arrow.makeData({ type: new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32()), data: new Int32Array([0, 1, 2, 3, 99]), dictionary: entries, nullBitmap: new Uint8Array([0b01111]), nullCount: 1 });
    for (const type of [{ kind: 'dictionary', index: 'int32' }, { kind: 'utf8' }] as DataType[]) expect(values(type, new arrow.Vector([data]))).toEqual(['a', null, 'b', 'a', null]);
    const plain = arrow.vectorFromArray(['a', 'b'], new arrow.Utf8());
    const wild = arrow.makeData({ type: new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32()), data: new Int32Array([0, 7, 1]), dictionary: plain });
    expect(values({ kind: 'utf8' }, new arrow.Vector([wild]))).toEqual(['a', '', 'b']);
    const fields = one({ kind: 'dictionary', index: 'int32' });
    const result = arrowToHeap(heap, wasm, allocator, fields, new arrow.RecordBatch({ c: wild }), dictionariesFor(fields, heap, allocator));
    expect(result.bad.map(bad => bad.message)).toEqual(["column 'c': code 7 is not in the dictionary of 2"]);
    expect(readRows(heap, fields, result.descriptor)).toEqual([{ c: 'a' }, { c: 'b' }]);
  });
});

describe('what does not fit', () => {
  test('nulls in a column that is not nullable are bad rows, the others stay', () => {
    const fields: Fields = [{ name: 'n', type: { kind: 'int32' }, nullable: false }, { name: 's', type: { kind: 'utf8' }, nullable: true }, { name: 'b', type: { kind: 'bool' }, nullable: true }];
    const source = fields.map(field => ({ ...field, nullable: true }));
    const rows = Array.from({ length: 50 }, (_, n) => ({ n: n % 7 === 3 ? null : n, s: n % 5 ? `s${n}` : null, b: n % 3 ? n % 2 === 0 : null }));
    const result = arrowToHeap(heap, wasm, allocator, fields, heapToArrow(heap, source, build(source, rows)), []);
    expect(readRows(heap, fields, result.descriptor)).toEqual(rows.filter(row => row.n !== null));
    expect(result.rows).toBe(rows.filter(row => row.n !== null).length);
    expect(result.bad[0]).toEqual({ row: 3, reason: 'NULL_IN_NON_NULL', message: "column 'n' is null, and not nullable", text: '{"n":null,"s":"s3","b":null}' });
  });

  test.each<[DataType, arrow.Vector]>([
    [{ kind: 'int32' }, arrow.makeVector(new BigInt64Array(1))],
    [{ kind: 'uint8' }, arrow.makeVector(new Int8Array(1))],
    [{ kind: 'float32' }, arrow.makeVector(new Float64Array(1))],
    [{ kind: 'float32' }, arrow.makeVector(new Int32Array(1))],
    [{ kind: 'utf8' }, arrow.makeVector(new Int32Array(1))],
    [{ kind: 'bool' }, arrow.makeVector(new Uint8Array(1))],
  ])('%o names the column and both types', (type, vector) => {
    expect(() => values(type, vector)).toThrow(new RegExp(`TYPE_MISMATCH: column 'c' is ${type.kind} in the schema and .* in the Arrow data`));
  });

  test('missing columns: null where that is allowed', () => {
    const batch = batchOf(arrow.makeVector(new Int8Array(3)));
    const extra = (nullable: boolean, type: DataType): Fields => [...one({ kind: 'int8' }), { name: 'd', type, nullable }];
    for (const type of [{ kind: 'utf8' }, { kind: 'int64' }, { kind: 'dictionary', index: 'int8' }] as DataType[]) {
      expect(read(extra(true, type), batch)).toEqual(Array(3).fill({ c: 0, d: null }));
      expect(() => read(extra(false, type), batch)).toThrow(/UNKNOWN_COLUMN: the Arrow data has no column 'd'.*it has c/);
    }
  });

  test('a nested type has no field', () => {
    const schema = new arrow.Schema([new arrow.Field('l', new arrow.List(new arrow.Field('x', new arrow.Int8())))]);
    expect(() => arrowFields(schema)).toThrow(/TYPE_MISMATCH: column 'l' of Arrow type List/);
    expect(() => arrowFields(schema, ['m'])).toThrow(/UNKNOWN_COLUMN/);
  });
});

test('children of different lengths: what is missing is null', () => {
  const batch = new arrow.RecordBatch({ a: arrow.makeData({ type: new arrow.Int32(), data: new Int32Array([1]) }), s: arrow.vectorFromArray(['x'], new arrow.Utf8()).data[0]!, b: arrow.makeVector(new Int8Array(10)).data[0]! });
  const fields: Fields = [{ name: 'a', type: { kind: 'int32' }, nullable: true }, { name: 's', type: { kind: 'utf8' }, nullable: true }, { name: 'b', type: { kind: 'int8' }, nullable: false }];
  expect(read(fields, batch).slice(0, 2)).toEqual([{ a: 1, s: 'x', b: 0 }, { a: null, s: null, b: 0 }]);
});

test('a dictionary that grows is the same Arrow vector, with more chunks', () => {
  const fields = one({ kind: 'dictionary', index: 'int32' });
  const builder = new RowBuilder(fields, heap, allocator, dictionariesFor(fields, heap, allocator));
  const writer = new ArrowWriter(heap, fields);
  const batches = ['a', 'b', 'b', 'c'].map(c => {
    builder.append({ c });
    return writer.batch(builder.finish().descriptor);
  });
  const dictionaries = batches.map(batch => batch.data.children[0]!.dictionary!);
  expect(dictionaries[1]).toBe(dictionaries[2]);
  expect(dictionaries[3]!.data[0]).toBe(dictionaries[0]!.data[0]);
  expect(batches.map(batch => batch.get(0)!['c'])).toEqual(['a', 'b', 'b', 'c']);
});
