import { describe, expect, test } from 'vitest';
import { coalesce, lit, lookup, schema, staticTable, stream, t, udf, when } from '../../src/index.ts';
import type { Expression } from '../../src/plan/expression-tree.ts';
import { printExpression } from '../../src/plan/print-expression.ts';
import { fieldText } from '../../src/plan/schema.ts';
import { errorOf, fakeSource } from './fakes.ts';

const Everything = schema({
  flag: t.bool, maybe: t.bool.nullable, i8: t.int8, i16: t.int16, i32: t.int32, i64: t.int64, u8: t.uint8, u32: t.uint32, u64: t.uint64,
  f32: t.float32, f64: t.float64, n: t.int32.nullable, dec: t.decimal(10, 2), fine: t.decimal(9, 4), text: t.utf8, code: t.dictionary(),
  tiny: t.dictionary('int8'), bytes: t.binary, day: t.date, at: t.timestamp, us: t.timestampUs,
});
const rows = stream(fakeSource(), Everything);
// What is tested here is what plain JavaScript gets; types have tests of their own.
type Untyped = (row: any) => any;
function record(callback: Untyped): { expression: Expression; text: string; type: string } {
  const plan = rows.map(row => ({ x: callback(row) })).plan();
  const step = plan.stages[0]!.branches[0]!.steps[0]!;
  const { expression } = step.kind === 'project' ? step.columns[0]! : expect.unreachable();
  return { expression, text: printExpression(expression), type: fieldText(plan.output[0]!).slice('x '.length) };
}
const sql = (callback: Untyped): string => record(callback).text;
const typeOf = (callback: Untyped): string => record(callback).type;
const refused = (callback: Untyped): string => {
  const { code, message } = errorOf(() => record(callback));
  expect(message.startsWith(code)).toBe(true);
  return message;
};

describe('comparisons', () => {
  test('a JavaScript value takes the column\'s type', () => {
    expect(record(row => row.i8.eq(5)).expression).toEqual({
      op: 'eq', type: { kind: 'bool' }, nullable: false,
      args: [{ op: 'column', name: 'i8', type: { kind: 'int8' }, nullable: false }, { op: 'literal', value: 5, type: { kind: 'int8' }, nullable: false }],
    });
    expect(sql(row => row.i64.gt(2n ** 63n - 1n))).toBe('i64 > 9223372036854775807');
    expect(record(row => row.f32.eq(0.1)).expression).toMatchObject({ args: [{}, { value: Math.fround(0.1), type: { kind: 'float32' } }] });
    expect(record(row => row.f64.eq(-0)).expression).toMatchObject({ args: [{}, { value: '-0' }] });
    expect(record(row => row.f64.lt(NaN)).expression).toMatchObject({ args: [{}, { value: 'NaN' }] });
    expect(sql(row => row.day.ge('2024-02-29'))).toBe('day >= DATE \'2024-02-29\'');
    expect(sql(row => row.at.lt(new Date('2020-01-01T00:00:00.5Z')))).toBe('at < TIMESTAMP \'2020-01-01T00:00:00.500Z\'');
    expect(sql(row => row.at.lt('2020-01-01T01:00+01:00'))).toBe('at < TIMESTAMP \'2020-01-01T00:00:00.000Z\'');
    expect(sql(row => row.us.eq(1n))).toBe('us = 1 µs');
    expect(sql(row => row.dec.eq('1.5'))).toBe('dec = 1.50');
  });
  test('or the next wider type that holds it', () => {
    expect(sql(row => row.i8.lt(1000))).toBe('CAST(i8 AS int32) < 1000');
    expect(sql(row => row.i32.lt(5_000_000_000))).toBe('CAST(i32 AS int64) < 5000000000');
    expect(sql(row => row.i32.gt(0.5))).toBe('CAST(i32 AS float64) > 0.5');
    expect(sql(row => row.dec.gt(1.005))).toBe('CAST(dec AS decimal(11,3)) > 1.005');
    expect(sql(row => row.dec.gt(0.1 + 0.2))).toBe('CAST(dec AS float64) > 0.30000000000000004');
    expect(sql(row => row.day.lt('2020-01-01 12:00'))).toBe('CAST(day AS timestamp) < TIMESTAMP \'2020-01-01T12:00:00.000Z\'');
  });
  test('columns of two types meet in one', () => {
    expect(sql(row => row.i8.eq(row.u8))).toBe('CAST(i8 AS int16) = CAST(u8 AS int16)');
    expect(sql(row => row.i16.eq(row.u32))).toBe('CAST(i16 AS int64) = CAST(u32 AS int64)');
    expect(sql(row => row.i32.eq(row.f32))).toBe('CAST(i32 AS float64) = CAST(f32 AS float64)');
    expect(sql(row => row.dec.eq(row.fine))).toBe('CAST(dec AS decimal(12,4)) = CAST(fine AS decimal(12,4))');
    expect(sql(row => row.dec.eq(row.i32))).toBe('CAST(dec AS decimal(12,2)) = CAST(i32 AS decimal(12,2))');
    expect(sql(row => row.day.eq(row.us))).toBe('CAST(day AS timestampUs) = us');
  });
  test('dictionaries stay as they are beside text values, and become text beside columns', () => {
    expect(record(row => row.code.eq('x')).expression).toMatchObject({ args: [{ op: 'column', type: { kind: 'dictionary' } }, { type: { kind: 'utf8' } }] });
    expect(sql(row => row.code.eq(lit('x')))).toBe('code = \'x\'');
    expect(sql(row => row.code.eq(row.text))).toBe('CAST(code AS utf8) = text');
    expect(sql(row => row.code.eq(row.tiny))).toBe('CAST(code AS utf8) = CAST(tiny AS utf8)');
    expect(sql(row => row.code.eq(row.code))).toBe('CAST(code AS utf8) = CAST(code AS utf8)');
  });
  test('null-ness', () => {
    expect(typeOf(row => row.n.eq(1))).toBe('bool null');
    expect(typeOf(row => row.i32.between(0, row.n))).toBe('bool null');
    expect(typeOf(row => row.n.isDistinctFrom(row.n))).toBe('bool');
    expect(typeOf(row => row.n.isNull().or(row.flag, row.maybe))).toBe('bool null');
  });
  test('in takes any iterable, each value once', () => {
    expect(sql(row => row.text.notIn(new Set(['a', 'b'])))).toBe('text NOT IN (\'a\', \'b\')');
    expect(record(row => row.i64.in([1, 1n, 2])).expression).toMatchObject({ values: ['1', '2'] });
    expect(record(row => row.dec.in(['1', 2.5])).expression).toMatchObject({ values: ['1.00', '2.50'] });
    expect(sql(row => row.code.in((function* () { yield 'x'; })()))).toBe('code IN (\'x\')');
    expect(typeOf(row => row.n.in([]))).toBe('bool null');
  });
  test('what cannot be compared says both types', () => {
    expect(refused(row => row.text.eq(row.i32))).toContain('TYPE_MISMATCH: eq cannot take text (utf8) and i32 (int32) together');
    expect(refused(row => row.text.eq(5))).toContain('number 5 is not a value of type utf8');
    expect(refused(row => row.i64.eq(row.u64))).toContain('No integer type holds both');
    expect(refused(row => row.i32.eq(null))).toContain('.isNull()');
    expect(refused(row => row.us.eq(5))).toContain('not a value of type timestampUs');
    expect(refused(row => row.i8.in([1000]))).toContain('1000 is not a value of i8 (int8)');
    expect(refused(row => row.i8.in([null]))).toContain('.isNull()');
    expect(refused(row => row.i8.in('abc'))).toContain('takes an iterable');
    expect(refused(row => row.i8.and(row.flag))).toContain('and takes bool columns, got i8 (int8)');
  });
});

describe('arithmetic', () => {
  test('result types', () => {
    expect(typeOf(row => row.i32.add(1))).toBe('int32');
    expect(typeOf(row => row.i8.add(row.i8))).toBe('int8');
    expect(typeOf(row => row.u8.mul(row.i16))).toBe('int16');
    expect(typeOf(row => row.n.sub(row.i64))).toBe('int64 null');
    expect(typeOf(row => row.f32.add(row.f32))).toBe('float64');
    expect(typeOf(row => row.i64.div(2))).toBe('float64');
    expect(typeOf(row => row.dec.add(row.fine))).toBe('decimal(13,4)');
    expect(typeOf(row => row.dec.mul(row.fine))).toBe('decimal(18,6)');
    expect(typeOf(row => row.dec.mul(1.5))).toBe('decimal(12,3)');
    expect(typeOf(row => row.dec.div('1.5'))).toBe('float64');
    expect(typeOf(row => row.i32.sqrt())).toBe('float64');
    expect(typeOf(row => row.f32.abs())).toBe('float32');
  });
  test('intDiv and mod are null where the divisor is 0, unless it is a constant', () => {
    expect(typeOf(row => row.i32.intDiv(row.i32))).toBe('int32 null');
    expect(typeOf(row => row.i32.mod(7))).toBe('int32');
    expect(refused(row => row.i32.mod(0))).toContain('PLAN_INVALID');
  });
  test('a value does not change the type of a result', () => {
    expect(refused(row => row.i32.mul(1.5))).toContain('.cast(t.float64)');
    expect(refused(row => row.i8.add(1000))).toContain('.cast(t.int64)');
    expect(sql(row => row.i32.cast(t.float64).mul(1.5))).toBe('CAST(i32 AS float64) * 1.5');
  });
  test('refused', () => {
    expect(refused(row => row.text.add(1))).toContain('add takes numbers, got text (utf8)');
    expect(refused(row => row.u8.neg())).toContain('unsigned');
    expect(refused(row => row.f64.intDiv(2))).toContain('intDiv takes integers');
    expect(refused(row => row.u64.add(row.i8))).toContain('No integer type holds both');
  });
});

describe('text, time, casts', () => {
  test('text functions work on text and dictionaries', () => {
    expect(sql(row => row.code.lower().concat('-', row.text))).toBe('concat(lower(code), \'-\', text)');
    expect(sql(row => row.text.substring(2, row.i8))).toBe('substring(text, 2, CAST(i8 AS int64))');
    expect(typeOf(row => row.text.length())).toBe('int32');
    expect(typeOf(row => row.text.like('a%'))).toBe('bool');
    expect(sql(row => row.text.replace('it\'s', ''))).toBe('replace(text, \'it\'\'s\', \'\')');
    expect(refused(row => row.i8.lower())).toContain('lower takes text, got i8 (int8)');
    expect(refused(row => row.text.contains(5))).toContain('TYPE_MISMATCH');
    expect(refused(row => row.text.like(row.text))).toContain('a pattern as a string');
  });
  test('date parts and truncation', () => {
    expect(typeOf(row => row.at.hour())).toBe('int32');
    expect(typeOf(row => row.us.datePart('epoch'))).toBe('float64');
    expect(sql(row => row.us.truncate('day'))).toBe('truncate(\'day\', us)');
    expect(typeOf(row => row.day.truncate('month'))).toBe('date');
    expect(refused(row => row.at.datePart('hours'))).toContain('BAD_OPTION');
    expect(refused(row => row.i64.year())).toContain('a date or a timestamp');
  });
  test('casts', () => {
    expect(sql(row => row.text.cast(t.int32))).toBe('CAST(text AS int32)');
    expect(sql(row => row.i32.cast(t.int32))).toBe('i32');
    expect(typeOf(row => row.n.cast(t.utf8))).toBe('utf8 null');
    expect(refused(row => row.text.cast(t.dictionary()))).toContain('cannot be cast');
    expect(refused(row => row.at.cast(t.int64))).toContain('at (timestamp) cannot be cast to int64');
    expect(refused(row => row.i8.cast('int32'))).toContain('a column type such as t.int32');
  });
});

describe('choices and constants', () => {
  test('when', () => {
    expect(sql(row => when(row.i32.gt(1)).then('a').when(row.flag).then(row.code).otherwise('c')))
      .toBe('CASE WHEN i32 > 1 THEN \'a\' WHEN flag THEN CAST(code AS utf8) ELSE \'c\' END');
    expect(typeOf(row => when(row.flag).then(row.i8).otherwise(row.i32))).toBe('int32');
    expect(typeOf(row => when(row.maybe).then(1).otherwise(null))).toBe('float64 null');
    expect(refused(row => when(row.flag).then(row.i8).otherwise(1000))).toContain('TYPE_MISMATCH');
    expect(refused(row => when(row.flag).then('x').otherwise(row.i8))).toContain('TYPE_MISMATCH');
    expect(refused(row => when(row.i8).then(1).otherwise(2))).toContain('is not a bool');
    expect(refused(row => when(row.flag).then(null).otherwise(null))).toContain('lit(null, type)');
    expect(errorOf(() => rows.filter((row: any) => { when(row.flag).then(1); return row.maybe; })).message).toContain('without its .otherwise');
  });
  test('coalesce is null only if all may be', () => {
    expect(typeOf(row => coalesce(row.n, 0))).toBe('int32');
    expect(typeOf(row => coalesce(row.n, row.n))).toBe('int32 null');
    expect(typeOf(row => coalesce(row.code, ''))).toBe('utf8');
  });
  test('lit', () => {
    expect(typeOf(() => lit(1))).toBe('float64');
    expect(typeOf(() => lit(1n))).toBe('int64');
    expect(typeOf(() => lit(1, t.int8))).toBe('int8');
    expect(typeOf(() => lit(null, t.utf8))).toBe('utf8 null');
    expect(record(() => lit(new Uint8Array([1, 2]))).expression).toMatchObject({ value: 'AQI=', type: { kind: 'binary' } });
    expect(refused(() => lit(300, t.int8))).toContain('number 300 is not a value of type int8');
    expect(refused(() => lit(null as never))).toContain('lit(value, type)');
  });
});

describe('lookup', () => {
  const ads = staticTable(schema({ id: t.int32, campaign: t.utf8, price: t.decimal(6, 2).nullable }),
    [{ id: 1, campaign: 'x', price: '1.5' }, { id: 2, campaign: 'y', price: null }], { key: 'id' });
  test('columns are nullable, tables are numbered in the plan', () => {
    const other = staticTable(schema({ word: t.dictionary(), n: t.int64 }), [{ word: 'a', n: 1n }], { key: 'word' });
    const plan = rows.map(row => ({ a: lookup(row.code, other).n, b: lookup(row.i8, ads).price, c: lookup(row.i32, ads).campaign })).plan();
    expect(plan.tables).toEqual([
      { key: { name: 'word', type: { kind: 'utf8' }, nullable: false }, columns: [{ name: 'n', type: { kind: 'int64' }, nullable: false }], keys: ['a'], values: [['1']] },
      { key: { name: 'id', type: { kind: 'int32' }, nullable: false }, columns: [{ name: 'campaign', type: { kind: 'utf8' }, nullable: false }, { name: 'price', type: { kind: 'decimal', precision: 6, scale: 2 }, nullable: true }], keys: [1, 2], values: [['x', 'y'], ['1.50', null]] },
    ]);
    const step = plan.stages[0]!.branches[0]!.steps[0]!;
    const texts = step.kind === 'project' ? step.columns.map(column => printExpression(column.expression)) : [];
    expect(texts).toEqual(['lookup(code, table 0).n', 'lookup(CAST(i8 AS int32), table 1).price', 'lookup(i32, table 1).campaign']);
    expect(plan.output.map(fieldText)).toEqual(['a int64 null', 'b decimal(6,2) null', 'c utf8 null']);
  });
  test('refused', () => {
    expect(refused(row => (lookup(row.i32, ads) as any).campain)).toContain('Did you mean campaign?');
    expect(refused(row => lookup(row.i64, ads).price)).toContain('Cast it');
    const Pair = schema({ k: t.int32.nullable, v: t.utf8 });
    expect(errorOf(() => staticTable(Pair, [{ k: 1, v: 'a' }, { k: 1, v: 'b' }], { key: 'k' })).message).toContain('not unique');
    expect(errorOf(() => staticTable(Pair, [{ k: null, v: 'a' }], { key: 'k' })).message).toContain('is null');
    expect(errorOf(() => staticTable(Pair, [{ k: 1, v: 2 as never }], { key: 'k' })).message).toContain('v of row 0 is number 2, not utf8');
    expect(errorOf(() => staticTable(Pair, [], { key: 'kk' as never })).code).toBe('UNKNOWN_COLUMN');
  });
});

describe('udf', () => {
  const score = udf(import.meta.url, 'score', { args: [t.utf8, t.int64.nullable], returns: t.float64.nullable });
  test('is recorded with its module', () => {
    const { expression, type } = record(row => score(row.code, row.n));
    expect(type).toBe('float64 null');
    expect(expression).toMatchObject({ op: 'udf', module: import.meta.url, name: 'score', args: [{ name: 'code' }, { op: 'cast', type: { kind: 'int64' } }] });
  });
  test('refused', () => {
    expect(refused(row => (score as any)(row.text))).toContain('takes 2 columns, got 1');
    expect(refused(row => (score as any)(row.i8, 1n))).toContain('declared is utf8');
    expect(refused(row => (score as any)(when(row.flag).then('a').otherwise(null), 1n))).toContain('may be null');
    expect(errorOf(() => udf('./score.js', 'score', { args: [], returns: t.bool })).code).toBe('BAD_OPTION');
  });
});
