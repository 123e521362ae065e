import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileAggregate } from '../../src/aggregate/compile.ts';
import { finishAggregate } from '../../src/aggregate/finish.ts';
import { primitivesFor, type RowsToCells } from '../../src/aggregate/primitives.ts';
import { isBytesType, isFloatType } from '../../src/aggregate/words.ts';
import type { Vector } from '../../src/expression/vector.ts';
import { LEAST_PAGES } from '../../src/heap/control.ts';
import type { Heap } from '../../src/heap/heap.ts';
import type { AggregateFunction } from '../../src/plan/plan.ts';
import type { DataType } from '../../src/plan/types.ts';
import { HashedTable } from '../../src/state/hashed-table.ts';
import { aggregate, AggregateOverflow, type Entry } from '../oracle/aggregates.ts';
import type { Cell } from '../oracle/cells.ts';
import { slackOf } from '../oracle/slack.ts';
import { testHeap } from '../support/heap.ts';
import { agg, col } from '../support/plans.ts';
import { Random } from '../support/random.ts';
import { renew, stateHeap, type StateHeap } from '../support/state-heap.ts';

/** Rows are dealt out to several cells, which are then merged in any order: the result is that of all rows at once. */
const base = testHeap(LEAST_PAGES);
const { heap } = base;
const MOST_CELLS = 5;

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

/** The vector of a chunk as the stateless stage would give it, bools widened. */
function vectorOf({ scratch }: StateHeap, type: DataType, cells: readonly Cell[]): Vector {
  const rows = cells.length;
  const [data, valid] = [scratch.take(rows * 8), scratch.take(rows)];
  cells.forEach((cell, row) => {
    heap.u8[valid + row] = cell === null ? 0 : 1;
    if (isBytesType(type)) {
      const bytes = cell === null ? new Uint8Array(0) : typeof cell === 'string' ? new TextEncoder().encode(cell) : cell as Uint8Array;
      const at = scratch.take(bytes.length);
      heap.u8.set(bytes, at);
      heap.u32.set([at, bytes.length], (data >>> 2) + row * 2);
    } else if (isFloatType(type)) heap.f64[(data >>> 3) + row] = Number(cell ?? 99);
    else heap.u64[(data >>> 3) + row] = BigInt.asUintN(64, BigInt(cell as bigint | boolean ?? 99));
  });
  return { cls: isBytesType(type) ? 'bytes' : isFloatType(type) ? 'f64' : 'i64', data, valid, dictionary: 0 };
}

function valueOf({ u8, i64, u64, f64, u32 }: Heap, type: DataType, { data, valid, cls }: Vector): Cell {
  if (valid && !u8[valid]) return null;
  if (cls === 'bytes') {
    const bytes = u8.slice(u32[data >>> 2]!, u32[data >>> 2]! + u32[(data >>> 2) + 1]!);
    return type.kind === 'utf8' ? Buffer.from(bytes).toString() : bytes;
  }
  if (cls === 'bool') return u8[data] === 1;
  return cls === 'f64' ? f64[data >>> 3]! : type.kind === 'uint64' ? u64[data >>> 3]! : i64[data >>> 3]!;
}

function compute(fn: AggregateFunction, type: DataType, { cells, times, seed, kernels: kind }: Drawn): Cell {
  renew(heap, 65_536, 65_536 * 4);
  const on = stateHeap(kind, 0, LEAST_PAGES, base);
  const { kernels, blocks, scratch } = on;
  const random = new Random(seed);
  const call = agg('out', fn, col({ name: 'in', type, nullable: true }));
  const out = fn === 'sum' && type.kind === 'uint64' ? { ...call, type } : call;
  const compiled = compileAggregate({ keys: [], window: { kind: 'global' }, aggregates: [out], accept: 0, emit: { when: 'close', earlyMs: null } }, true);
  const primitives = primitivesFor(heap, kernels);
  const { arena } = HashedTable.create(heap, kernels, blocks, 0, compiled.cellBytes);
  const places = Array.from({ length: 1 + random.below(MOST_CELLS) }, () => {
    const cell = scratch.take(compiled.cellBytes);
    for (const state of compiled.states) primitives[state.primitive].init(cell + state.offset);
    return cell;
  });
  for (let from = 0; from < cells.length;) {
    const rows = 1 + random.below(Math.min(30, cells.length - from));
    const vector = vectorOf(on, type, cells.slice(from, from + rows));
    const [slots, at] = [scratch.take(rows * 4), scratch.take(rows * 8)];
    for (let row = 0; row < rows; row++) heap.u32[(slots >>> 2) + row] = random.pick(places);
    heap.i64.set(times.slice(from, from + rows), at >>> 3);
    const input: RowsToCells = { rows, positions: 0, slots, times: at, selection: 0, firstRow: from, basePosition: 1n << 48n, arena };
    for (const state of compiled.states) primitives[state.primitive].accumulate(input, state.offset, state.input < 0 ? null : vector, state.input >= 0 && state.skipNulls ? vector.valid : 0);
    from += rows;
  }
  while (places.length > 1) {
    const from = places.splice(random.below(places.length), 1)[0]!;
    const pair = scratch.take(8);
    heap.u32.set([random.pick(places), from], pair >>> 2);
    for (const state of compiled.states) primitives[state.primitive].merge({ rows: 1, into: pair, from: pair + 4, arena }, state.offset);
  }
  const addresses = scratch.take(4);
  heap.u32[addresses >>> 2] = places[0]!;
  return valueOf(heap, out.type, finishAggregate(heap, kernels, compiled.finishers[0]!, 1, addresses, scratch));
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
  fc.record({ seed: fc.nat(), kernels: fc.constantFrom('wasm' as const, 'twins' as const) }).map(rest => ({ ...rest, cells: rows.map(([value]) => value), times: rows.map(([, time]) => time) })));

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
    const data: Drawn = { cells, times: cells.map(() => 0n), seed, kernels: 'wasm' };
    expect(compute('sum', INT64, data)).toBe(MAX);
    expect(() => compute('sum', INT64, { ...data, cells: [...cells, 1n], times: [...data.times, 0n] })).toThrow(expect.objectContaining({ code: 'AGGREGATE_OVERFLOW' }));
  }
});

test('float sums do not depend on the order where doubles alone would', () => {
  const cells = [1e100, 1, -1e100, 1, 1e-20];
  for (let seed = 0; seed < 20; seed++) {
    const got = compute('sum', FLOAT, { cells: new Random(seed).chance(0.5) ? cells : [...cells].reverse(), times: cells.map(() => 0n), seed, kernels: 'twins' });
    expect(got).toBe(2);
  }
});
