import { test } from 'vitest';
import type { DataType } from '../../src/plan/types.ts';
import { col, expectAnswer, field, lit, op, projectPlan } from '../support/plans.ts';

const T = field('t', 'utf8');
const UTF8: DataType = { kind: 'utf8' };
const BOOL: DataType = { kind: 'bool' };
const INT64: DataType = { kind: 'int64' };
const INT32: DataType = { kind: 'int32' };
const text = (value: string) => lit(value, UTF8);

test('lengths and positions count code points', () =>
  expectAnswer(projectPlan([T], { n: op('length', INT32, col(T)), s: op('substring', UTF8, col(T), lit('2', INT64), lit('2', INT64)), e: op('substring', UTF8, col(T), lit('-2', INT64)) }),
    [[{ t: '😀é漢' }, { t: '' }, { t: null }]], { rows: [{ n: 3, s: 'é漢', e: 'é漢' }, { n: 0, s: '', e: '' }, { n: null, s: null, e: null }] }));
test('a position before the first takes from the length', () =>
  expectAnswer(projectPlan([T], { s: op('substring', UTF8, col(T), lit('0', INT64), lit('2', INT64)) }), [[{ t: 'abc' }]], { rows: [{ s: 'a' }] }));
test('lower and upper map one code point to one', () =>
  expectAnswer(projectPlan([T], { l: op('lower', UTF8, col(T)), u: op('upper', UTF8, col(T)) }), [[{ t: 'Aé漢' }, { t: 'ÀŸ' }, { t: 'ß' }]], {
    rows: [{ l: 'aé漢', u: 'AÉ漢' }, { l: 'àÿ', u: 'ÀŸ' }, { l: 'ß', u: 'ß' }],
  }));
test('a backslash in a pattern is a backslash', () =>
  expectAnswer(projectPlan([T], { a: op('like', BOOL, col(T), text('a\\%c')) }), [[{ t: 'a%c' }, { t: 'a\\xc' }]], { rows: [{ a: false }, { a: true }] }));
test('trim takes off spaces only', () =>
  expectAnswer(projectPlan([T], { t: op('trim', UTF8, col(T)) }), [[{ t: '  a b ' }, { t: '\ta ' }, { t: '   ' }]], { rows: [{ t: 'a b' }, { t: '\ta' }, { t: '' }] }));
test('like: % is any run, _ one code point', () =>
  expectAnswer(projectPlan([T], { a: op('like', BOOL, col(T), text('a%c')), b: op('like', BOOL, col(T), text('_')) }),
    [[{ t: 'abc' }, { t: 'a\nc' }, { t: '😀' }, { t: '' }]], { rows: [{ a: true, b: false }, { a: true, b: false }, { a: false, b: true }, { a: false, b: false }] }));
test('the empty text is part of every text, and nothing replaces it', () =>
  expectAnswer(projectPlan([T], { c: op('contains', BOOL, col(T), text('')), s: op('startsWith', BOOL, col(T), text('')), r: op('replace', UTF8, col(T), text(''), text('x')) }),
    [[{ t: 'ab' }, { t: '' }]], { rows: [{ c: true, s: true, r: 'ab' }, { c: true, s: true, r: '' }] }));
test('casts print as DuckDB does', () => {
  const [x, f, d] = [field('x', 'float64'), field('f', 'float32'), field('d', { kind: 'decimal', precision: 3, scale: 2 })];
  return expectAnswer(projectPlan([x, f, d], { x: op('cast', UTF8, col(x)), f: op('cast', UTF8, col(f)), d: op('cast', UTF8, col(d)) }),
    [[{ x: 100000, f: 0.1, d: '0.05' }, { x: 1e16, f: 16777216, d: '-1.20' }, { x: 0.00001, f: 1e10, d: null }, { x: NaN, f: -Infinity, d: '0.00' }, { x: -0, f: 0.5, d: null }]], {
      rows: [{ x: '100000.0', f: '0.1', d: '0.05' }, { x: '1e+16', f: '16777216.0', d: '-1.20' }, { x: '1e-05', f: '10000000000.0', d: null }, { x: 'nan', f: '-inf', d: '0.00' }, { x: '-0.0', f: '0.5', d: null }],
    });
});
test('casts read what DuckDB reads', () => {
  const plan = projectPlan([T], { i: op('cast', INT32, col(T)) });
  return expectAnswer(plan, [['12', ' 12 ', '12.5', '-0', '+5', '1e2', '', 'x', '2147483648', '1.2.3'].map(t => ({ t }))], {
    rows: [12, 12, 13, 0, 5, 100].map(i => ({ i })), letters: ['6 BAD_CAST', '7 BAD_CAST', '8 BAD_CAST', '9 BAD_CAST'],
  });
});
test('dates and times from text and back', () => {
  const at: DataType = { kind: 'timestamp', unit: 'us' };
  const plan = projectPlan([T], { at: op('cast', at, col(T)), back: op('cast', UTF8, op('cast', at, col(T))) });
  return expectAnswer(plan, [['2024-02-29', '2024-02-29 01:02:03.5', '2024-02-29T01:02:03Z', '2024-02-30', '2024-02-29 25:00:00'].map(t => ({ t }))], {
    rows: [{ at: 1709164800000000n, back: '2024-02-29 00:00:00' }, { at: 1709168523500000n, back: '2024-02-29 01:02:03.5' }, { at: 1709168523000000n, back: '2024-02-29 01:02:03' }],
    letters: ['3 BAD_CAST', '4 BAD_CAST'],
  });
});
test('parts of a time, in UTC', () => {
  const at = field('at', { kind: 'timestamp', unit: 'ms' });
  const part = (name: string) => op('datePart', INT32, text(name), col(at));
  return expectAnswer(projectPlan([at], { y: part('year'), w: part('week'), d: part('dayOfWeek'), ms: part('millisecond'), q: part('quarter'), n: part('dayOfYear') }),
    // Sunday 2024-12-29 is in week 52, Monday in week 1 of 2025; -1 is 1969-12-31T23:59:59.999.
    [[{ at: Date.UTC(2024, 11, 29) }, { at: Date.UTC(2024, 11, 30, 0, 0, 5, 678) }, { at: -1 }]], {
      rows: [{ y: 2024, w: 52, d: 0, ms: 0, q: 4, n: 364 }, { y: 2024, w: 1, d: 1, ms: 5678, q: 4, n: 365 }, { y: 1969, w: 1, d: 3, ms: 59999, q: 4, n: 365 }],
    });
});
