import { expect, test } from 'vitest';
import { BatchBuilder } from '../../src/batch/batch-builder.ts';
import { DictionaryBuilder } from '../../src/batch/dictionary-builder.ts';
import { heapToArrow } from '../../src/batch/arrow-writer.ts';
import { getColumn } from '../../src/batch/heap-batch.ts';
import { ColumnWord, RANGE_ROWS } from '../../src/batch/layout.ts';
import { readRows } from '../../src/batch/row-reader.ts';
import type { Fields } from '../../src/plan/types.ts';
import { testHeap } from '../support/heap.ts';

const { heap, allocator, wasm } = testHeap();
const fields: Fields = [
  { name: 'at', type: { kind: 'timestamp', unit: 'us' }, nullable: false },
  { name: 'type', type: { kind: 'dictionary', index: 'int8' }, nullable: false },
  { name: 'ok', type: { kind: 'bool' }, nullable: true },
  { name: 'n', type: { kind: 'uint16' }, nullable: true },
];
const filled = (rows: number, more: Fields = []): BatchBuilder => {
  const builder = new BatchBuilder([...fields, ...more], rows, heap, allocator, wasm).dictionary('type', new DictionaryBuilder(heap, allocator, 'int8').addAll(['view', 'click']));
  const at = builder.column('at') as BigInt64Array;
  const type = builder.column('type') as Int8Array;
  const ok = builder.column('ok') as Uint8Array;
  const n = builder.column('n') as Uint16Array;
  const nValid = builder.validity('n');
  ok.fill(0b10101010);
  for (let row = 0; row < rows; row++) {
    at[row] = BigInt(row) * 10n;
    type[row] = row % 2;
    n[row] = row;
    if (row % 4 === 0) nValid[row >> 3]! &= ~(1 << (row & 7));
  }
  return builder;
};
const expected = (rows: number): Record<string, unknown>[] =>
  Array.from({ length: rows }, (_, row) => ({ at: BigInt(row) * 10n, type: row % 2 ? 'click' : 'view', ok: row % 2 === 1, n: row % 4 === 0 ? null : row }));

test('columns filled in place', () => {
  for (const rows of [0, 1, 8, 13]) {
    expect(readRows(heap, fields, filled(rows).finish())).toEqual(expected(rows));
    expect(readRows(heap, fields, filled(20).finish(rows))).toEqual(expected(rows));
  }
  const descriptor = filled(13).finish();
  expect(getColumn(heap, descriptor, 2, ColumnWord.validity)).toBe(0);
  expect(getColumn(heap, descriptor, 3, ColumnWord.nullCount)).toBe(4);
  expect(heapToArrow(heap, fields, descriptor).get(3)!.toJSON()).toMatchObject({ type: 'click', ok: true, n: 3 });
});

test('with texts and bytes', () => {
  const more: Fields = [{ name: 's', type: { kind: 'utf8' }, nullable: true }, { name: 'b', type: { kind: 'binary' }, nullable: false }];
  const builder = filled(3, more).strings('s', ['ä', null, 'z']).binaries('b', [new Uint8Array([1]), new Uint8Array(0), new Uint8Array([2, 3])]);
  const texts = [{ s: 'ä', b: new Uint8Array([1]) }, { s: null, b: new Uint8Array(0) }, { s: 'z', b: new Uint8Array([2, 3]) }];
  expect(readRows(heap, [...fields, ...more], builder.finish())).toEqual(expected(3).map((row, index) => ({ ...row, ...texts[index] })));
});

test('times have ranges where none is null', () => {
  const time: Fields = [{ name: 'at', type: { kind: 'timestamp', unit: 'ms' }, nullable: true }, { name: 's', type: { kind: 'utf8' }, nullable: false }];
  const rows = RANGE_ROWS + 3;
  const rangesOf = (nulls: readonly number[]): bigint[] | null => {
    const builder = new BatchBuilder(time, rows + 10, heap, allocator, wasm).strings('s', Array.from({ length: rows + 10 }, () => 'text'));
    // The least of the first range lies in the middle, that of the second at its end; what lies behind the rows does not count.
    (builder.column('at') as BigInt64Array).set(Array.from({ length: rows + 10 }, (_, row) => (row >= rows ? -9n : BigInt(row < RANGE_ROWS ? (row - 500) ** 2 : 5000 - row))));
    for (const row of nulls) builder.validity('at')[row >> 3]! &= ~(1 << (row & 7));
    const address = getColumn(heap, builder.finish(rows), 0, ColumnWord.ranges);
    return address === 0 ? null : [...heap.i64.subarray(address >>> 3, (address >>> 3) + 4)];
  };
  expect(rangesOf([])).toEqual([0n, BigInt((RANGE_ROWS - 1 - 500) ** 2), BigInt(5000 - RANGE_ROWS - 2), BigInt(5000 - RANGE_ROWS)]);
  expect(rangesOf([7])).toBe(null);
  expect(rangesOf([rows])).not.toBe(null);
});

test('misuse is said by name', () => {
  const more: Fields = [{ name: 's', type: { kind: 'utf8' }, nullable: false }];
  const builder = filled(3, more);
  expect(() => builder.column('x')).toThrow(/UNKNOWN_COLUMN: the batch has no column 'x'; it has at, type, ok, n, s/);
  expect(() => builder.column('s')).toThrow(/column 's' is utf8: set it with strings\(\)/);
  expect(() => builder.validity('at')).toThrow(/column 'at' is not nullable/);
  expect(() => builder.strings('at', [])).toThrow(/column 'at' is timestamp\(us\), not utf8/);
  expect(() => builder.strings('s', ['a', null, 'b'])).toThrow(/column 's' is not nullable, and row 1 is null/);
  expect(() => builder.dictionary('type', new DictionaryBuilder(heap, allocator, 'int32'))).toThrow(/cannot have a dictionary of int32 codes/);
  expect(() => builder.finish()).toThrow(/column 's' was not set/);
  builder.strings('s', ['a', 'b', 'c']);
  (builder.column('type') as Int8Array)[1] = 2;
  expect(() => builder.finish()).toThrow(/column 'type' has code 2 in row 1; its dictionary has 2 values/);
  (builder.column('type') as Int8Array)[1] = 0;
  expect(() => builder.finish(4)).toThrow(/BAD_OPTION/);
  builder.finish(2);
  expect(() => builder.finish()).toThrow(/finished or discarded/);
});
