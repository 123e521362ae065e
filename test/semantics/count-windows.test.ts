import { test } from 'vitest';
import { agg, aggregatePlan, col, expectAnswer, field, ledger, MS } from '../support/plans.ts';

const [KEY, VALUE, AT] = [field('key', 'utf8', true), field('value', 'int32', false), field('at', MS, false)];
const windows = (rows: number, keys = [KEY]) => aggregatePlan({ schema: [KEY, VALUE], keys, window: { kind: 'count', rows }, aggregates: [agg('n', 'count'), agg('total', 'sum', col(VALUE))] });
const rows = (...list: [string | null, number][]): unknown[] => list.map(([key, value]) => ({ key, value }));

test('each key counts its own rows in the order in which they are read; what is left is a window, too', () =>
  expectAnswer(windows(2), [rows(['a', 1], ['b', 10], ['a', 2], ['a', 4], [null, 100], ['b', 20], ['a', 8], ['a', 16])], {
    rows: [
      { key: 'a', windowNumber: 0n, n: 2n, total: 3n }, { key: 'a', windowNumber: 1n, n: 2n, total: 12n }, { key: 'a', windowNumber: 2n, n: 1n, total: 16n },
      { key: 'b', windowNumber: 0n, n: 2n, total: 30n }, { key: null, windowNumber: 0n, n: 1n, total: 100n },
    ],
    ledgers: [ledger(8, 0, 8, 0, 0)],
  }));

test('without keys all rows are counted together', () =>
  expectAnswer(windows(3, []), [rows(['a', 1], ['b', 2], ['c', 3], ['d', 4])], { rows: [{ windowNumber: 0n, n: 3n, total: 6n }, { windowNumber: 1n, n: 1n, total: 4n }] }));

test('an empty input has no window', () => expectAnswer(windows(3, []), [[]], { rows: [] }));

test('no row is late, however old', () => {
  const plan = aggregatePlan({ schema: [AT], time: { column: 'at', outOfOrderness: 0 }, window: { kind: 'count', rows: 2 }, aggregates: [agg('n', 'count')] });
  return expectAnswer(plan, [[{ at: 1000 }, { at: 1 }, { at: 500 }]], { rows: [{ windowNumber: 0n, n: 2n }, { windowNumber: 1n, n: 1n }], letters: [] });
});
