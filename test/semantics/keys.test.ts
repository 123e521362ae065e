import { test } from 'vitest';
import type { DataType } from '../../src/plan/types.ts';
import { agg, aggregatePlan, col, expectAnswer, field, op } from '../support/plans.ts';

const countBy = (kind: Parameters<typeof field>[1]) => {
  const k = field('k', kind);
  return aggregatePlan({ schema: [k], keys: [k], aggregates: [agg('n', 'count')] });
};
const rows = (...keys: unknown[]): unknown[] => keys.map(k => ({ k }));

test('NaN is one group, -0 and 0 are one, reported as 0', () =>
  expectAnswer(countBy('float64'), [rows(NaN, -0, 0, NaN, -0, null, Infinity)], {
    rows: [{ k: NaN, n: 2n }, { k: 0, n: 3n }, { k: null, n: 1n }, { k: Infinity, n: 1n }],
  }));
test('so it is for float32', () =>
  expectAnswer(countBy('float32'), [rows(-0, NaN, -0)], { rows: [{ k: 0, n: 2n }, { k: NaN, n: 1n }] }));
test('null is a group, and not the empty string', () =>
  expectAnswer(countBy('utf8'), [rows('', null, '', null, null, 'é', 'e\u0301')], {
    rows: [{ k: '', n: 2n }, { k: null, n: 3n }, { k: 'é', n: 1n }, { k: 'e\u0301', n: 1n }],
  }));
test('null is a group beside false', () =>
  expectAnswer(countBy('bool'), [rows(false, null, true, false)], { rows: [{ k: false, n: 2n }, { k: true, n: 1n }, { k: null, n: 1n }] }));
test('binary keys are compared byte by byte', () =>
  expectAnswer(countBy('binary'), [rows(new Uint8Array([0]), new Uint8Array(), new Uint8Array([0]), new Uint8Array([0, 0]))], {
    rows: [{ k: new Uint8Array([0]), n: 2n }, { k: new Uint8Array(), n: 1n }, { k: new Uint8Array([0, 0]), n: 1n }],
  }));
test('the columns of several keys do not run together', () => {
  const [a, b] = [field('a', 'utf8'), field('b', 'utf8')];
  const plan = aggregatePlan({ schema: [a, b], keys: [a, b], aggregates: [agg('n', 'count')] });
  return expectAnswer(plan, [[{ a: 'x', b: 'yz' }, { a: 'xy', b: 'z' }, { a: null, b: 'z' }, { a: 'z', b: null }, { a: 'x', b: 'yz' }]], {
    rows: [{ a: 'x', b: 'yz', n: 2n }, { a: 'xy', b: 'z', n: 1n }, { a: null, b: 'z', n: 1n }, { a: 'z', b: null, n: 1n }],
  });
});
test('a NaN that was computed is the same group as one that was read', () => {
  const [x, y] = [field('x', 'float64'), field('y', 'float64')];
  const FLOAT64: DataType = { kind: 'float64' };
  const plan = aggregatePlan({
    schema: [x, y], keys: [field('k', 'float64')], aggregates: [agg('n', 'count')],
    steps: [{ kind: 'project', columns: [{ name: 'k', expression: op('neg', FLOAT64, op('div', FLOAT64, col(x), col(y))) }] }],
  });
  return expectAnswer(plan, [[{ x: 0, y: 0 }, { x: NaN, y: 1 }, { x: -0, y: 0 }, { x: 0, y: 1 }, { x: -0, y: 1 }]], { rows: [{ k: NaN, n: 3n }, { k: 0, n: 2n }] });
});
