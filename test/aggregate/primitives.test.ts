import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isFloatType } from '../../src/aggregate/words.ts';
import type { AggregateFunction } from '../../src/plan/plan.ts';
import type { DataType } from '../../src/plan/types.ts';
import { aggregate, AggregateOverflow, type Entry } from '../oracle/aggregates.ts';
import type { Cell } from '../oracle/cells.ts';
import { slackOf } from '../oracle/slack.ts';
import { HEAP_KERNELS } from '../support/kernels.ts';
import { accumulated } from '../support/accumulated.ts';
import { agg, col } from '../support/plans.ts';
import { Random } from '../support/random.ts';

/** Rows are dealt out to several cells, which are then merged in any order: the result is that of all rows at once. */
interface Drawn {
  readonly cells: readonly Cell[];
  readonly times: readonly bigint[];
  readonly seed: number;
  readonly kernels: 'wasm' | 'twins';
}
const INT64: DataType = { kind: 'int64' };
const UINT64: DataType = { kind: 'uint64' };
const DECIMAL: DataType = { kind: 'decimal', precision: 18, scale: 4 };
const FLOAT: DataType = { kind: 'float64' };
const BOOL: DataType = { kind: 'bool' };
const UTF8: DataType = { kind: 'utf8' };
const BINARY: DataType = { kind: 'binary' };

function compute(fn: AggregateFunction, type: DataType, { cells, times, seed, kernels }: Drawn): Cell {
  const call = agg('out', fn, col({ name: 'in', type, nullable: true }));
  const out = fn === 'sum' && type.kind === 'uint64' ? { ...call, type } : call;
  return accumulated(out, { columns: { in: cells }, times, seed, kernels });
}

function check(fn: AggregateFunction, type: DataType, drawn: Drawn): void {
  const entries: Entry[] = drawn.cells.map((cell, position) => ({ cell, time: drawn.times[position]!, source: 1, position }));
  const out = fn === 'sum' && type.kind === 'uint64' ? type : agg('out', fn, col({ name: 'in', type, nullable: true })).type;
  let expected: Cell;
  try {
    expected = aggregate(fn, type, out, entries);
  } catch (error) {
    if (!(error instanceof AggregateOverflow)) throw error;
    expect(() => compute(fn, type, drawn)).toThrow(expect.objectContaining({ code: 'AGGREGATE_OVERFLOW' }));
    return;
  }
  const got = compute(fn, type, drawn);
  // Integers and decimals are exact, whatever users are promised for their variances.
  const slack = isFloatType(type) ? slackOf(fn, type, entries) : null;
  if (slack === null || typeof expected !== 'number' || !Number.isFinite(expected)) expect(got).toStrictEqual(expected);
  else expect(Math.abs((got as number) - expected)).toBeLessThanOrEqual(slack);
}

const drawn = (cell: fc.Arbitrary<Cell>): fc.Arbitrary<Drawn> => fc.array(fc.tuple(fc.option(cell, { freq: 6 }), fc.bigInt(-3n, 3n)), { maxLength: 90, size: 'max' }).chain(rows =>
  fc.record({ seed: fc.nat(), kernels: fc.constant(HEAP_KERNELS) }).map(rest => ({ ...rest, cells: rows.map(([value]) => value), times: rows.map(([, time]) => time) })));

const [MIN, MAX] = [-(2n ** 63n), 2n ** 63n - 1n];
const SPREAD: readonly AggregateFunction[] = ['variance', 'variancePopulation', 'stddev', 'stddevPopulation'];
const KINDS: readonly [DataType, fc.Arbitrary<Cell>, readonly AggregateFunction[]][] = [
  [INT64, fc.oneof(fc.bigInt(MIN, MAX), fc.bigInt(-9n, 9n), fc.constantFrom(MIN, MAX)), ['count', 'sum', 'min', 'max', 'mean', 'first', 'last', ...SPREAD]],
  [INT64, fc.constantFrom(MAX, MAX - 1n, -MAX, MIN, 1n), ['sum', 'mean', ...SPREAD]],
  [UINT64, fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.bigInt(0n, 9n), fc.constantFrom(2n ** 64n - 1n, 2n ** 63n)), ['sum', 'min', 'max', 'mean', 'first', ...SPREAD]],
  [DECIMAL, fc.oneof(fc.bigInt(1n - 10n ** 18n, 10n ** 18n - 1n), fc.bigInt(-9n, 9n)), ['sum', 'min', 'max', 'mean', ...SPREAD]],
  [BOOL, fc.boolean(), ['boolAnd', 'boolOr', 'first', 'last', 'count']],
  [FLOAT, fc.oneof(fc.double({ noNaN: true, min: -1e150, max: 1e150 }), fc.integer(), fc.constantFrom(-0, 0, 0.1, 1e100, -1e100)), ['sum', 'mean', 'min', 'max', 'first', 'last', ...SPREAD]],
  [FLOAT, fc.constantFrom(NaN, Infinity, -Infinity, -0, 0, 1.5), ['sum', 'mean', 'min', 'max', 'first', 'last']],
  [UTF8, fc.oneof(fc.string({ unit: 'binary', maxLength: 30 }), fc.constantFrom('', 'a', 'aa', 'a\u0000', '\uffff', '😀')), ['min', 'max', 'first', 'last', 'count']],
  [BINARY, fc.uint8Array({ maxLength: 20 }), ['min', 'max', 'first', 'last']],
];

describe('accumulated in parts and merged in any order', () => {
  KINDS.forEach(([type, cell, fns], kind) => test(`${type.kind} ${kind}: ${fns.join(', ')}`, () => {
    fc.assert(fc.property(drawn(cell), data => { for (const fn of fns) check(fn, type, data); }), { numRuns: 40 });
  }));
});

test('a sum within the limits does not overflow on the way', () => {
  const cells = [...Array.from({ length: 40 }, () => MAX), ...Array.from({ length: 40 }, () => -MAX), MAX];
  for (let seed = 0; seed < 10; seed++) {
    const data: Drawn = { cells, times: cells.map(() => 0n), seed, kernels: HEAP_KERNELS };
    expect(compute('sum', INT64, data)).toBe(MAX);
    expect(() => compute('sum', INT64, { ...data, cells: [...cells, 1n], times: [...data.times, 0n] })).toThrow(expect.objectContaining({ code: 'AGGREGATE_OVERFLOW' }));
  }
});

test('float sums do not depend on the order where doubles alone would', () => {
  const cells = [1e100, 1, -1e100, 1, 1e-20];
  for (let seed = 0; seed < 20; seed++) {
    const got = compute('sum', FLOAT, { cells: new Random(seed).chance(0.5) ? cells : [...cells].reverse(), times: cells.map(() => 0n), seed, kernels: HEAP_KERNELS });
    expect(got).toBe(2);
  }
});
