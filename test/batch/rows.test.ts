import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dictionariesFor, RowBuilder } from '../../src/batch/row-builder.ts';
import { readRows, readValue, rowReader } from '../../src/batch/row-reader.ts';
import type { DataType, Fields, Row, Value } from '../../src/plan/types.ts';
import { sample } from '../support/batch-arbitraries.ts';
import { testHeap } from '../support/heap.ts';

const { heap, allocator } = testHeap();
const build = (fields: Fields, rows: readonly unknown[]): number => {
  const builder = new RowBuilder(fields, heap, allocator, dictionariesFor(fields, heap, allocator));
  for (const row of rows) expect(builder.append(row)).toBeNull();
  return builder.finish().descriptor;
};
const type = (text: string): DataType => {
  const [kind, a, b] = text.split(' ');
  if (kind === 'timestamp') return { kind, unit: a as 'ms' | 'us' };
  if (kind === 'decimal') return { kind, precision: Number(a), scale: Number(b) };
  if (kind === 'dictionary') return { kind, index: a as 'int8' };
  return { kind } as DataType;
};

test('rows come back as they went in', () => {
  fc.assert(fc.property(sample(), ({ fields, rows }) => {
    const descriptor = build(fields, rows);
    expect(readRows(heap, fields, descriptor)).toEqual(rows);
    if (rows.length > 0) expect(rowReader(heap, fields)(descriptor, rows.length - 1)).toEqual(rows.at(-1));
  }), { numRuns: 200 });
});

test('a builder serves many batches, and forgets refused rows', () => {
  const fields: Fields = [{ name: 'n', type: type('int32'), nullable: false }, { name: 's', type: type('utf8'), nullable: true }];
  const builder = new RowBuilder(fields, heap, allocator, []);
  for (let batch = 0; batch < 3; batch++) {
    const rows = Array.from({ length: 2500 }, (_, row) => ({ n: row, s: row % 3 === 0 ? null : `t${row}-${batch}` }));
    for (const row of rows) {
      expect(builder.append({ n: row.n, s: 5 })).toMatch(/column 's' \(utf8\) cannot be 5: expected a string/);
      expect(builder.append(row)).toBeNull();
    }
    const { descriptor, rows: count } = builder.finish();
    expect(count).toBe(2500);
    expect(readRows(heap, fields, descriptor)).toEqual(rows);
  }
});

describe('what a column takes', () => {
  const accepted: [string, unknown, Value][] = [
    ['int8', -128n, -128], ['uint32', 4294967295, 4294967295], ['int64', 5, 5n], ['int64', -(2 ** 40), -(2n ** 40n)], ['int64', 2n ** 63n - 1n, 2n ** 63n - 1n],
    ['uint64', 2n ** 64n - 1n, 2n ** 64n - 1n], ['float64', 3n, 3], ['float32', 0.1, Math.fround(0.1)], ['float64', NaN, NaN], ['float64', -0, -0],
    ['date', '2024-02-29', '2024-02-29'], ['date', new Date('1969-12-31'), '1969-12-31'], ['date', '-000001-03-01', '-000001-03-01'],
    ['timestamp ms', new Date(5), 5], ['timestamp ms', '1970-01-01T00:00:01.5Z', 1500], ['timestamp ms', '1970-01-01 01:00+01:00', 0],
    ['timestamp us', new Date(-1), -1000n], ['timestamp us', '1970-01-01T00:00:00.000001', 1n], ['timestamp us', 7, 7n], ['timestamp ms', '1970-01-02', 86400000],
    ['timestamp us', '9999-12-31T23:59:59.999999Z', 253402300799999999n],
    ['decimal 10 2', 12.3, '12.30'], ['decimal 10 2', '-0012.3', '-12.30'], ['decimal 10 2', '1e3', '1000.00'], ['decimal 10 2', 7n, '7.00'], ['decimal 10 2', '.5', '0.50'],
    ['decimal 18 18', '0.123456789012345678', '0.123456789012345678'], ['decimal 10 2', 0.07, '0.07'], ['decimal 10 2', 1.10, '1.10'], ['decimal 3 0', '1.000', '1'],
    ['dictionary int8', 'x', 'x'],
  ];
  test.each(accepted)('%s takes %s', (text, value, result) => {
    const fields: Fields = [{ name: 'c', type: type(text), nullable: false }];
    expect(readValue(heap, fields, build(fields, [{ c: value }]), 0, 0)).toEqual(result);
  });

  const refused: [string, unknown][] = [
    ['int32', 1.5], ['int32', 2 ** 31], ['int8', -129], ['uint8', -1], ['int32', NaN], ['int32', '5'], ['int32', true], ['int64', 2 ** 53], ['int64', 2n ** 63n], ['int64', 0.5],
    ['uint64', -1], ['uint64', -1n], ['float64', '1'], ['float64', 2n ** 53n + 1n], ['float32', 1e39], ['bool', 1], ['bool', 'true'], ['utf8', 5], ['binary', 'x'], ['binary', [1]],
    ['date', '2023-02-29'], ['date', '2023-1-1'], ['date', new Date(1)], ['date', 5], ['date', '2023-01-01T00:00:00Z'],
    ['timestamp ms', '1970-01-01T00:00:00.0001Z'], ['timestamp ms', 1.5], ['timestamp ms', new Date(NaN)], ['timestamp us', new Date(NaN)], ['timestamp ms', 'soon'],
    ['timestamp ms', '2024-01-01T24:00:00Z'], ['timestamp us', '1970-01-01T00:00:00.0000001Z'], ['timestamp us', 2n ** 63n],
    ['decimal 10 2', 1.234], ['decimal 10 2', '1.234'], ['decimal 3 2', 10], ['decimal 3 2', 10n], ['decimal 10 2', NaN], ['decimal 10 2', ''], ['decimal 10 2', '.'], ['decimal 10 2', 1e300],
    ['dictionary int8', 5],
  ];
  test.each(refused)('%s refuses %s', (text, value) => {
    const fields: Fields = [{ name: 'c', type: type(text), nullable: true }];
    const builder = new RowBuilder(fields, heap, allocator, dictionariesFor(fields, heap, allocator));
    expect(builder.append({ c: value })).toMatch(/^column 'c' \(.*\) cannot be .*: expected /);
    expect(builder.lastReason).toBe('BAD_ROW');
    expect(builder.rows).toBe(0);
  });

  test('null in a column that is not nullable, and what is no row', () => {
    const builder = new RowBuilder([{ name: 'c', type: type('int32'), nullable: false }], heap, allocator, []);
    for (const row of [{}, { c: null }, { c: undefined }]) {
      expect(builder.append(row)).toBe("column 'c' is null or missing, and not nullable");
      expect(builder.lastReason).toBe('NULL_IN_NON_NULL');
    }
    for (const row of [null, undefined, 5, 'x', [1]]) expect(builder.append(row)).toMatch(/^a row must be an object/);
    expect(builder.append({ c: 'x'.repeat(5000) })!.length).toBeLessThan(300);
  });
});

test('a column may have any name', () => {
  const fields: Fields = ['__proto__', 'constructor', ''].map(name => ({ name, type: type('int32'), nullable: true }));
  const row = JSON.parse('{"__proto__": 1, "constructor": 2, "": 3}') as Row;
  expect(JSON.stringify(readRows(heap, fields, build(fields, [row])))).toBe('[{"__proto__":1,"constructor":2,"":3}]');
});

test('a dictionary keeps its codes, its id, and its old blocks while it grows', () => {
  const fields: Fields = [{ name: 'c', type: type('dictionary int16'), nullable: true }];
  const dictionaries = dictionariesFor(fields, heap, allocator);
  const builder = new RowBuilder(fields, heap, allocator, dictionaries);
  const batches: { descriptor: number; rows: unknown[] }[] = [];
  for (let batch = 0; batch < 20; batch++) {
    const rows = Array.from({ length: 100 }, (_, row) => ({ c: row % 10 === 0 ? null : `value ${row * batch}` }));
    for (const row of rows) builder.append(row);
    batches.push({ ...builder.finish(), rows });
  }
  for (const { descriptor, rows } of batches) expect(readRows(heap, fields, descriptor)).toEqual(rows);
  const reader = rowReader(heap, fields);
  for (const { descriptor, rows } of batches) expect(reader(descriptor, 99)).toEqual(rows[99]);
  expect(dictionaries[0]!.code('\ud800')).toBe(dictionaries[0]!.code('\ufffd'));
});

test('a full index type is an error that says so', () => {
  const dictionary = dictionariesFor([{ name: 'c', type: type('dictionary int8'), nullable: true }], heap, allocator)[0]!;
  expect(() => dictionary.addAll(Array.from({ length: 129 }, (_, code) => `v${code}`))).toThrow(/TYPE_MISMATCH: the dictionary of column 'c' has more than 128 values/);
  expect(dictionary.size).toBe(128);
});
