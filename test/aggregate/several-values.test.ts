import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isBytesType } from '../../src/aggregate/words.ts';
import type { AggregateCall, AggregateFunction, AggregateOptions } from '../../src/plan/plan.ts';
import type { DataType } from '../../src/plan/types.ts';
import { aggregate, type Entry } from '../oracle/aggregates.ts';
import type { Cell } from '../oracle/cells.ts';
import { slackOf } from '../oracle/slack.ts';
import { HEAP_KERNELS, runsOf } from '../support/kernels.ts';
import { accumulated, type Dealt } from '../support/accumulated.ts';
import { aggOf, col } from '../support/plans.ts';

/** Aggregates whose state is more than a word, over rows that are dealt out to several tables and merged in any order. */
const INT64: DataType = { kind: 'int64' };
const UTF8: DataType = { kind: 'utf8' };
const FLOAT: DataType = { kind: 'float64' };
const VALUES: readonly [DataType, fc.Arbitrary<Cell>][] = [
  [INT64, fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.bigInt(-3n, 3n))],
  // The word whose hash is 0.
  [{ kind: 'uint64' }, fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.constantFrom(2n ** 63n, 2n ** 32n, 2n ** 32n - 1n, 0n, 0x9e3779b97f4a7c15n))],
  [FLOAT, fc.oneof(fc.double(), fc.constantFrom(-0, 0, NaN, Infinity, -Infinity, 1, -1, 5e-324))],
  [UTF8, fc.oneof(fc.string({ unit: 'binary', maxLength: 30 }), fc.constantFrom('', 'a', 'aa', '\uffff', '😀', '"\n'))],
  [{ kind: 'binary' }, fc.uint8Array({ maxLength: 20 })],
  [{ kind: 'bool' }, fc.boolean()],
  [{ kind: 'decimal', precision: 18, scale: 4 }, fc.bigInt(1n - 10n ** 18n, 10n ** 18n - 1n)],
  [{ kind: 'date' }, fc.bigInt(-800_000n, 3_000_000n)],
  [{ kind: 'timestamp', unit: 'us' }, fc.bigInt(-(10n ** 15n), 10n ** 16n)],
];
const kinds = fc.constantFrom(...VALUES);
const kernels = fc.constant(HEAP_KERNELS);

/** Rows of values of which some are null and many equal. */
const cellsOf = (value: fc.Arbitrary<Cell>, count: number, seed: number): Cell[] => {
  const pool = fc.sample(fc.option(value, { freq: 9 }), { numRuns: 1 + count / 2, seed });
  return Array.from({ length: count }, (_, row) => pool[(row * 7919 + seed) % pool.length]!);
};

function check(fn: AggregateFunction, type: DataType, cells: readonly Cell[], dealt: Omit<Dealt, 'columns'>, options?: AggregateOptions, by?: [DataType, readonly Cell[]]): void {
  const input = col({ name: 'value', type, nullable: true });
  const out: DataType = fn.startsWith('arg') ? type : fn === 'quantile' ? FLOAT : fn.endsWith('Distinct') ? INT64 : UTF8;
  const call: AggregateCall = aggOf('out', fn, input, {
    type: out, nullable: !fn.endsWith('Distinct'), ...(options && { options }), ...(by && { more: [col({ name: 'by', type: by[0], nullable: true })] }),
  });
  const entries = cells.map((cell, position): Entry => ({ cell, time: dealt.times[position]!, source: 1, position, ...(by && { more: [by[1][position]!] }) }));
  const expected = aggregate(fn, type, out, entries, options);
  const got = accumulated(call, { ...dealt, columns: { value: cells, by: by?.[1] ?? [] } });
  const slack = slackOf(fn, type, entries, options);
  if (slack === null || !Number.isFinite(Number(expected))) expect(got).toStrictEqual(expected);
  else expect(Math.abs(Number(got) - Number(expected)), `${String(got)} for ${String(expected)}`).toBeLessThanOrEqual(slack);
}

const dealt = fc.record({ seed: fc.nat(), kernels, rows: fc.nat(90) }).map(drawn => (
  { ...drawn, times: Array.from({ length: drawn.rows }, (_, row) => BigInt((row * 31 + drawn.seed) % 5) - 2n) }));

describe('accumulated in parts and merged in any order', () => {
  test('argMin, argMax', () => fc.assert(fc.property(kinds, kinds, dealt, ([type, value], [byType, by], rows) => {
    for (const fn of ['argMin', 'argMax'] as const) check(fn, type, cellsOf(value, rows.rows, rows.seed), rows, undefined, [byType, cellsOf(by, rows.rows, rows.seed + 1)]);
  }), { numRuns: runsOf(150) }));
  test('countDistinct, approxCountDistinct', () => fc.assert(fc.property(kinds, dealt, ([type, value], rows) => {
    for (const fn of ['countDistinct', 'approxCountDistinct'] as const) check(fn, type, cellsOf(value, rows.rows, rows.seed), rows);
  }), { numRuns: runsOf(150) }));
  test('topN, bottomN, mostFrequent, collectList', () => fc.assert(fc.property(kinds, dealt, fc.constantFrom(1, 2, 5, 100), ([type, value], rows, limit) => {
    for (const fn of ['topN', 'bottomN', 'mostFrequent', 'collectList'] as const) check(fn, type, cellsOf(value, rows.rows, rows.seed), rows, { limit });
  }), { numRuns: runsOf(150) }));
  test('quantile', () => fc.assert(fc.property(VALUES[2]![1] as fc.Arbitrary<Cell>, dealt, fc.constantFrom(0, 0.01, 0.5, 0.9, 1), fc.constantFrom(0.01, 0.001, 0.2), (_, rows, q, accuracy) => {
    check('quantile', FLOAT, cellsOf(VALUES[2]![1], rows.rows, rows.seed), rows, { q, accuracy });
  }), { numRuns: runsOf(150) }));
});

describe('many values in a group', () => {
  const many = (count: number, cell: (row: number) => Cell, seed = 1): [Cell[], Omit<Dealt, 'columns'>] =>
    [Array.from({ length: count }, (_, row) => cell(row)), { seed, kernels: HEAP_KERNELS, times: Array.from({ length: count }, () => 0n) }];

  test.each([INT64, UTF8])('countDistinct and mostFrequent of $kind split their segments', type => {
    const cell = (row: number): Cell => (isBytesType(type) ? `value ${row % 15_000}` : BigInt(row % 15_000) * 7n - 5000n);
    const [cells, rows] = many(40_000, cell);
    check('countDistinct', type, cells, rows);
    check('mostFrequent', type, cells, rows, { limit: 20 });
  });
  test('quantiles of numbers of all sizes', () => {
    const [cells, rows] = many(30_000, row => (row % 3 === 0 ? -1 : 1) * Math.exp(((row * 7919) % 30_000) / 30_000 * 1400 - 700));
    for (const q of [0, 0.001, 0.25, 1 / 3, 0.5, 0.75, 0.999, 1]) check('quantile', FLOAT, cells, rows, { q, accuracy: 0.01 });
  });
  test('long lists', () => {
    const [cells, rows] = many(20_000, row => BigInt((row * 7919) % 20_011));
    for (const fn of ['topN', 'bottomN', 'collectList'] as const) check(fn, INT64, cells, rows, { limit: 10_000 });
  });
  test('the estimate of distinct values is within a few standard errors, and as far off on average as it should be', () => {
    const errors = [130, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 40_000, 80_000].flatMap((count, index) => [0, 1, 2, 3].map(turn => {
      const [cells, rows] = many(count, row => BigInt(row) * 4n + BigInt(turn) + BigInt(index) * 10_000_019n, turn);
      const call = aggOf('out', 'approxCountDistinct', col({ name: 'value', type: INT64, nullable: true }), { type: INT64, nullable: false });
      return Number(accumulated(call, { ...rows, columns: { value: cells } })) / count - 1;
    }));
    const rms = Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length);
    expect(rms).toBeLessThan(0.0163 * 1.3);
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(0.0163 * 4);
    console.info(`relative error of approxCountDistinct over ${errors.length} sets: rms ${(rms * 100).toFixed(2)} %, greatest ${(Math.max(...errors.map(Math.abs)) * 100).toFixed(2)} %`);
  });
});

test('more different values than mostFrequent counts', () => {
  const count = 2 ** 20 + 1;
  const [type, limit] = [{ kind: 'int64' } as DataType, 1];
  const call = aggOf('out', 'mostFrequent', col({ name: 'value', type, nullable: true }), { type: UTF8, options: { limit } });
  const columns = { value: Array.from({ length: count }, (_, row) => BigInt(row)) };
  const rows = { columns, times: Array.from({ length: count }, () => 0n), seed: 3, kernels: HEAP_KERNELS };
  expect(() => accumulated(call, rows)).toThrow(expect.objectContaining({ code: 'AGGREGATE_TOO_LARGE' }));
}, 60_000);
