import { expect, test } from 'vitest';
import { agg, aggregatePlan, col, expectAnswer, field, lit, op } from '../support/plans.ts';
import { hasEngine, runEngine } from '../support/run-plan.ts';

const [X, I, L, B] = [field('x', 'float64'), field('i', 'int32'), field('l', 'int64'), field('b', 'bool')];
const SPREAD = ['variance', 'variancePopulation', 'stddev', 'stddevPopulation'] as const;
const spread = aggregatePlan({ schema: [I], aggregates: SPREAD.map(fn => agg(fn, fn, col(I))) });

test('variance and stddev are of a sample, the Population ones of all', () =>
  expectAnswer(spread, [[1, 2, 3, 4, null].map(i => ({ i }))], {
    rows: [{ variance: 5 / 3, variancePopulation: 1.25, stddev: Math.sqrt(5 / 3), stddevPopulation: Math.sqrt(1.25) }],
  }));
test('of one value the sample has no variance', () =>
  expectAnswer(spread, [[{ i: 7 }]], { rows: [{ variance: null, variancePopulation: 0, stddev: null, stddevPopulation: 0 }] }));
test('a spread that is not finite is NaN', () =>
  expectAnswer(aggregatePlan({ schema: [X], aggregates: [agg('v', 'variance', col(X))] }), [[{ x: Infinity }, { x: 1 }]], { rows: [{ v: NaN }] }));

test('nothing to aggregate: counts are 0, all else null', () =>
  expectAnswer(aggregatePlan({
    schema: [I, B], aggregates: [agg('n', 'count'), agg('ni', 'count', col(I)), agg('s', 'sum', col(I)), agg('lo', 'min', col(I)), agg('m', 'mean', col(I)), agg('and', 'boolAnd', col(B))],
  }), [[{ i: null, b: null }]], { rows: [{ n: 1n, ni: 0n, s: null, lo: null, m: null, and: null }] }));
test('boolAnd and boolOr take no notice of nulls', () =>
  expectAnswer(aggregatePlan({ schema: [B], aggregates: [agg('and', 'boolAnd', col(B)), agg('or', 'boolOr', col(B))] }), [[{ b: true }, { b: null }]], { rows: [{ and: true, or: true }] }));
test('a condition that is null is not true', () =>
  expectAnswer(aggregatePlan({ schema: [I], aggregates: [agg('n', 'count', null, op('gt', { kind: 'bool' }, col(I), lit(1, { kind: 'int32' })))] }),
    [[{ i: 2 }, { i: null }, { i: 0 }]], { rows: [{ n: 1n }] }));

test('min and max: NaN is greatest, -0 is less than 0', async () => {
  const plan = aggregatePlan({ schema: [X], aggregates: [agg('lo', 'min', col(X)), agg('hi', 'max', col(X))] });
  await expectAnswer(plan, [[0, -0, 0].map(x => ({ x }))], { rows: [{ lo: -0, hi: 0 }] });
  await expectAnswer(plan, [[1, NaN, -Infinity, null].map(x => ({ x }))], { rows: [{ lo: -Infinity, hi: NaN }] });
});
test('text is ordered by code point', () => {
  const t = field('t', 'utf8');
  const plan = aggregatePlan({ schema: [t], aggregates: [agg('lo', 'min', col(t)), agg('hi', 'max', col(t))] });
  // By UTF-16 units the emoji would come before U+FFFF.
  return expectAnswer(plan, [['\uffff', '😀', '', 'a'].map(x => ({ t: x }))], { rows: [{ lo: '', hi: '😀' }] });
});

test('the mean of integers is the exact sum over the count', () =>
  expectAnswer(aggregatePlan({ schema: [L], aggregates: [agg('m', 'mean', col(L))] }),
    [[{ l: 2n ** 63n - 1n }, { l: 2n ** 63n - 1n }, { l: -(2n ** 63n) + 2n }, { l: -(2n ** 63n) + 2n }, { l: 1n }]], { rows: [{ m: 3 / 5 }] }));
test('an integer sum may leave its range on the way', () =>
  expectAnswer(aggregatePlan({ schema: [L], aggregates: [agg('s', 'sum', col(L))] }),
    [[{ l: 2n ** 63n - 1n }, { l: 2n ** 63n - 1n }, { l: -(2n ** 63n) }]], { rows: [{ s: 2n ** 63n - 2n }] }));
test.skipIf(!hasEngine)('an integer sum that ends out of range fails the job', async () => {
  const plan = aggregatePlan({ schema: [L], aggregates: [agg('s', 'sum', col(L))] });
  await expect(runEngine(plan, [[[{ l: 2n ** 63n - 1n }], [{ l: 1n }]]])).rejects.toMatchObject({ code: 'AGGREGATE_OVERFLOW' });
});
test('decimal sums are exact', () => {
  const d = field('d', { kind: 'decimal', precision: 18, scale: 2 });
  return expectAnswer(aggregatePlan({ schema: [d], aggregates: [agg('s', 'sum', col(d)), agg('m', 'mean', col(d))] }),
    [[{ d: '0.10' }, { d: '0.20' }, { d: '-12.30' }]], { rows: [{ s: '-12.00', m: -4 }] });
});

const sum = aggregatePlan({ schema: [X], aggregates: [agg('s', 'sum', col(X))] });
test('float sums do not lose what doubles would', () =>
  expectAnswer(sum, [[1e16, 1, -1e16].map(x => ({ x }))], { rows: [{ s: 1 }] }));
test('float sums of infinities', async () => {
  await expectAnswer(sum, [[Infinity, 1, Infinity].map(x => ({ x }))], { rows: [{ s: Infinity }] });
  await expectAnswer(sum, [[Infinity, 1, -Infinity].map(x => ({ x }))], { rows: [{ s: NaN }] });
  await expectAnswer(sum, [[NaN, Infinity].map(x => ({ x }))], { rows: [{ s: NaN }] });
});
