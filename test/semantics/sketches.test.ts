import { describe, expect, test } from 'vitest';
import type { AggregateCall, AggregateFunction, AggregateOptions } from '../../src/plan/plan.ts';
import type { DataType, Field } from '../../src/plan/types.ts';
import { aggOf, aggregatePlan, col, expectAnswer, field, MS, op } from '../support/plans.ts';
import { cut, hasEngine, runEngine } from '../support/run-plan.ts';

const UTF8: DataType = { kind: 'utf8' };
const INT64: DataType = { kind: 'int64' };
const FLOAT64: DataType = { kind: 'float64' };
const [X, I, T, AT] = [field('x', 'float64'), field('i', 'int32'), field('t', 'utf8'), field('at', MS, false)];
const counted = (fn: AggregateFunction, input: Field): AggregateCall => aggOf(fn, fn, col(input), { type: INT64, nullable: false });
const listed = (fn: AggregateFunction, input: Field, limit: number): AggregateCall => aggOf(fn, fn, col(input), { type: UTF8, options: { limit } });
const quantile = (name: string, q: number, options: AggregateOptions = { accuracy: 0.01 }): AggregateCall => aggOf(name, 'quantile', col(X), { type: FLOAT64, options: { q, ...options } });

describe('argMin and argMax', () => {
  const best = (fn: 'argMin' | 'argMax', by: Field): AggregateCall => aggOf(fn, fn, col(T), { type: UTF8, more: [col(by)] });
  const plan = aggregatePlan({ schema: [X, T, AT], time: { column: 'at', outOfOrderness: 0 }, aggregates: [best('argMin', X), best('argMax', X)] });
  test('ties are decided by the first row, by event time and not by arrival', () =>
    expectAnswer(plan, [[{ x: 1, t: 'b', at: 20 }, { x: 1, t: 'a', at: 10 }, { x: 1, t: 'c', at: 30 }]], { rows: [{ argMin: 'a', argMax: 'a' }] }));
  test('-0 and 0 tie, NaN is the greatest number', () =>
    expectAnswer(plan, [[{ x: 0, t: 'a', at: 1 }, { x: -0, t: 'b', at: 2 }, { x: NaN, t: 'c', at: 3 }, { x: Infinity, t: 'd', at: 4 }]], { rows: [{ argMin: 'a', argMax: 'c' }] }));
  test('rows whose compared column is null take no part; the value may be null', () =>
    expectAnswer(plan, [[{ x: null, t: 'a', at: 1 }, { x: 5, t: null, at: 2 }, { x: 6, t: 'c', at: 3 }]], { rows: [{ argMin: null, argMax: 'c' }] }));
  test('of nothing to compare they are null', () => expectAnswer(plan, [[{ x: null, t: 'a', at: 1 }]], { rows: [{ argMin: null, argMax: null }] }));
  test('text is compared by code point', () =>
    expectAnswer(aggregatePlan({ schema: [T], aggregates: [best('argMin', T), best('argMax', T)] }), [['b', '', '😀', '\uffff'].map(t => ({ t }))], { rows: [{ argMin: '', argMax: '😀' }] }));
});

describe('distinct values', () => {
  const plan = (input: Field) => aggregatePlan({ schema: [input], aggregates: [counted('countDistinct', input), counted('approxCountDistinct', input)] });
  test('nulls do not count, -0 is 0, every NaN is one', () =>
    expectAnswer(plan(X), [[0, -0, NaN, 1, null, 1].map(x => ({ x }))], { rows: [{ countDistinct: 3n, approxCountDistinct: 3n }] }));
  test('of nothing there are 0', () => expectAnswer(plan(T), [[{ t: null }]], { rows: [{ countDistinct: 0n, approxCountDistinct: 0n }] }));
  test('up to 128 values are counted exactly', () =>
    expectAnswer(plan(I), [Array.from({ length: 300 }, (_, i) => ({ i: i % 128 }))], { rows: [{ countDistinct: 128n, approxCountDistinct: 128n }] }));
  test.skipIf(!hasEngine)('the estimate is the same whatever the batches and the workers', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => ({ i: (i * 7919) % 12_345 }));
    const answers = await Promise.all([[1, 20_000], [2, 300], [3, 1111]].map(async ([workers, size]) => (await runEngine(plan(I), [cut(rows, size!)], { workers: workers! })).rows[0]!));
    expect(answers[0]!['countDistinct']).toBe(12_345n);
    expect(Math.abs(Number(answers[0]!['approxCountDistinct']) / 12_345 - 1)).toBeLessThan(0.05);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });
});

describe('quantiles', () => {
  const plan = aggregatePlan({ schema: [X], aggregates: [quantile('least', 0), quantile('middle', 0.5), quantile('greatest', 1)] });
  // A power of γ = 1.01 / 0.99 is the upper end of its bucket, 1 % above what is given for it.
  const near = (x: number): number => {
    const gamma = 1.01 / 0.99;
    return gamma ** Math.ceil(Math.log(x) / Math.log(gamma)) * 0.99;
  };
  test.skipIf(!hasEngine)('are within the accuracy of the value at q · (n - 1), rounded down', async () => {
    const rows = [[10, 20, 30, 40].map(x => ({ x }))];
    const [got] = (await runEngine(plan, [rows])).rows;
    for (const [name, x] of [['least', 10], ['middle', 20], ['greatest', 40]] as const) {
      expect(got![name]).toBeCloseTo(near(x), 9);
      expect(Math.abs(got![name] as number - x) / x).toBeLessThanOrEqual(0.01);
    }
  });
  test('zero is exact; infinities are at the ends, NaN beyond', () =>
    expectAnswer(plan, [[NaN, 0, -Infinity, null, -0].map(x => ({ x }))], { rows: [{ least: -Infinity, middle: 0, greatest: NaN }] }));
  test('of nothing they are null', () => expectAnswer(plan, [[{ x: null }]], { rows: [{ least: null, middle: null, greatest: null }] }));
});

describe('lists', () => {
  const all = (input: Field, limit: number): AggregateCall[] => (['topN', 'bottomN', 'mostFrequent', 'collectList'] as const).map(fn => listed(fn, input, limit));
  test('equal values come as often as they are there, the most frequent by count and then by value', () =>
    expectAnswer(aggregatePlan({ schema: [I], aggregates: all(I, 3) }), [[5, 3, 5, 3, 9, null, 1].map(i => ({ i }))],
      { rows: [{ topN: '[9,5,5]', bottomN: '[1,3,3]', mostFrequent: '[{"value":3,"count":2},{"value":5,"count":2},{"value":1,"count":1}]', collectList: '[5,3,5]' }] }));
  test('collectList takes nulls, in the order of event time', () =>
    expectAnswer(aggregatePlan({ schema: [T, AT], time: { column: 'at', outOfOrderness: 0 }, aggregates: [listed('collectList', T, 3)] }),
      [[{ t: 'c', at: 30 }, { t: null, at: 10 }, { t: 'd', at: 40 }, { t: 'b', at: 20 }]], { rows: [{ collectList: '[null,"b","c"]' }] }));
  test('a condition skips them', () =>
    expectAnswer(aggregatePlan({ schema: [T], aggregates: [{ ...listed('collectList', T, 9), where: op('isNotNull', { kind: 'bool' }, col(T)) }] }),
      [['x', null, 'y'].map(t => ({ t }))], { rows: [{ collectList: '["x","y"]' }] }));
  test('JSON has no NaN and no infinity: null', () =>
    expectAnswer(aggregatePlan({ schema: [X], aggregates: all(X, 9) }), [[NaN, -0, 0, Infinity].map(x => ({ x }))],
      { rows: [{ topN: '[null,null,0,-0]', bottomN: '[-0,0,null,null]', mostFrequent: '[{"value":0,"count":2},{"value":null,"count":1},{"value":null,"count":1}]', collectList: '[null,-0,0,null]' }] }));
  test('times are ISO 8601, decimals have all their digits', () => {
    const [d, us, n] = [field('d', 'date'), field('us', { kind: 'timestamp', unit: 'us' }), field('n', { kind: 'decimal', precision: 9, scale: 3 })];
    return expectAnswer(aggregatePlan({ schema: [d, us, n], aggregates: [d, us, n].map(f => ({ ...listed('topN', f, 2), name: f.name })) }),
      [[{ d: '2024-02-29', us: -1n, n: '-0.500' }, { d: '1969-12-31', us: 1_700_000_000_123_456n, n: '12.000' }]],
      { rows: [{ d: '["2024-02-29","1969-12-31"]', us: '["2023-11-14T22:13:20.123456Z","1969-12-31T23:59:59.999999Z"]', n: '[12.000,-0.500]' }] });
  });
  test('of nothing they are null', () =>
    expectAnswer(aggregatePlan({ schema: [I], aggregates: all(I, 3) }), [[]], { rows: [{ topN: null, bottomN: null, mostFrequent: null, collectList: null }] }));
});
