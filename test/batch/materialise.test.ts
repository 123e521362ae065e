import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DictionaryBuilder } from '../../src/batch/dictionary-builder.ts';
import { getColumn } from '../../src/batch/heap-batch.ts';
import { ColumnWord } from '../../src/batch/layout.ts';
import { materialise } from '../../src/batch/materialise.ts';
import { readRows } from '../../src/batch/row-reader.ts';
import { parseDate } from '../../src/batch/time-text.ts';
import { parseDecimal } from '../../src/batch/decimal-text.ts';
import { encode } from '../../src/batch/text-codec.ts';
import type { Vector, VectorClass } from '../../src/expression/vector.ts';
import type { DataType, Field, Fields, Value } from '../../src/plan/types.ts';
import { sample } from '../support/batch-arbitraries.ts';
import { testHeap } from '../support/heap.ts';

const { heap, allocator, scratch, wasm, twins } = testHeap(4096);

const classOf = (type: DataType, codes: boolean): VectorClass => {
  switch (type.kind) {
    case 'bool': return 'bool';
    case 'float32': case 'float64': return 'f64';
    case 'utf8': case 'dictionary': return codes ? 'code' : 'bytes';
    case 'binary': return 'bytes';
    default: return 'i64';
  }
};
const asLong = (type: DataType, value: Value): bigint =>
  type.kind === 'date' ? BigInt(parseDate(value as string)) : type.kind === 'decimal' ? parseDecimal(value as string, type.precision, type.scale)! : BigInt(value as number);

/** The working vector of a column, made one value at a time. */
function vectorOf(field: Field, values: Value[], codes: boolean): Vector {
  const cls = classOf(field.type, codes);
  const width = cls === 'bool' ? 1 : cls === 'code' ? 4 : 8;
  const data = scratch.take(values.length * width + 64);
  const valid = values.includes(null) ? scratch.take(values.length + 64) : 0;
  const dictionary = cls === 'code' ? new DictionaryBuilder(heap, allocator, 'int32') : null;
  values.forEach((value, row) => {
    if (valid) heap.u8[valid + row] = value === null ? 0 : 1;
    if (cls === 'bool') heap.u8[data + row] = value === true ? 1 : 0;
    else if (cls === 'code') heap.i32[data / 4 + row] = value === null ? 0 : dictionary!.code(value as string);
    else if (cls === 'f64') heap.f64[data / 8 + row] = (value ?? 0) as number;
    else if (cls === 'i64') heap.i64[data / 8 + row] = value === null ? 0n : asLong(field.type, value);
    else {
      const bytes = value === null ? new Uint8Array(0) : typeof value === 'string' ? encode(value) : value as Uint8Array;
      const address = scratch.take(bytes.length + 64);
      heap.u8.set(bytes, address);
      heap.u32[data / 4 + row * 2] = address;
      heap.u32[data / 4 + row * 2 + 1] = bytes.length;
    }
  });
  return { cls, data, valid, dictionary: dictionary?.block() ?? 0 };
}

test('vectors become the rows they stand for, with Wasm kernels and twins alike', () => {
  fc.assert(fc.property(sample(60, 5), fc.boolean(), ({ fields, rows }, codes) => {
    const vectors = fields.map(field => vectorOf(field, rows.map(row => row[field.name]!), codes));
    for (const kernels of [wasm, twins]) {
      const descriptor = materialise(heap, kernels, allocator, fields, vectors, rows.length);
      expect(readRows(heap, fields, descriptor)).toEqual(rows);
      fields.forEach((field, column) => {
        const nulls = rows.filter(row => row[field.name] === null).length;
        expect(getColumn(heap, descriptor, column, ColumnWord.nullCount)).toBe(nulls);
        expect(getColumn(heap, descriptor, column, ColumnWord.validity) === 0).toBe(nulls === 0);
        for (const word of [ColumnWord.values, ColumnWord.validity, ColumnWord.offsets]) expect(getColumn(heap, descriptor, column, word) % 64).toBe(0);
      });
    }
  }), { numRuns: 200 });
});

test('text columns next to each other do not spoil one another', () => {
  const fields: Fields = ['a', 'b', 'c'].map(name => ({ name, type: { kind: name === 'b' ? 'dictionary' : 'utf8', index: 'int32' } as DataType, nullable: true }));
  const rows = Array.from({ length: 500 }, (_, row) => ({ a: 'a'.repeat(row % 100), b: row % 5 ? `b${row % 37}`.repeat(row % 9) : null, c: 'ü'.repeat(row % 40) }));
  for (const codes of [false, true]) {
    const vectors = fields.map(field => vectorOf(field, rows.map(row => row[field.name as 'a']), codes));
    for (const kernels of [wasm, twins]) expect(readRows(heap, fields, materialise(heap, kernels, allocator, fields, vectors, rows.length))).toEqual(rows);
  }
});

test('maxCode is the same in Wasm and TypeScript', () => {
  fc.assert(fc.property(fc.array(fc.nat(0xffff_ffff), { maxLength: 50 }), fc.constantFrom(1, 2, 4), (codes, width) => {
    const at = scratch.take(codes.length * 4);
    heap.u32.set(codes, at / 4);
    const rows = Math.floor(codes.length * 4 / width);
    expect(wasm.maxCode(rows, at, width) >>> 0).toBe(twins.maxCode(rows, at, width) >>> 0);
  }));
});
