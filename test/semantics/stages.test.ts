import { describe, expect, test } from 'vitest';
import type { RunOptions } from '../../src/coordinator/job-types.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { Row } from '../../src/plan/types.ts';
import { difference } from '../oracle/compare.ts';
import { runStages } from '../oracle/reference.ts';
import { agg, aggregatePlan, col, field, filter, followedBy, lit, MS, op, topOf, tumbling } from '../support/plans.ts';
import { Random } from '../support/random.ts';
import { cut, hasEngine, runEngine } from '../support/run-plan.ts';

/** Stages behind stages, on threads. That they hold under every interleaving is `test/worker/simulation.test.ts`. */
const [ID, AT, VALUE] = [field('id', 'int64'), field('at', MS, false), field('value', 'int64')];
const ROWS = field('rows', 'int64', false);
const bool = { kind: 'bool' } as const;
const int64 = { kind: 'int64' } as const;

const perKey = (size: number, aggregates = [agg('rows', 'count'), agg('total', 'sum', col(VALUE))]): Plan =>
  aggregatePlan({ schema: [ID, AT, VALUE], time: { column: 'at', outOfOrderness: 20 }, keys: [ID], window: tumbling(size), aggregates });

function rowsOf(random: Random, count: number, keys: number): Row[] {
  let now = 0;
  return Array.from({ length: count }, () => {
    now += random.below(3);
    return { id: BigInt(random.below(keys)), at: Math.max(0, now - random.below(40)), value: BigInt(random.below(1000)) };
  });
}

async function check(plan: Plan, rows: Row[], options: RunOptions & { batchRows: number }): Promise<void> {
  const expected = runStages(plan, rows.map(row => ({ branch: 0, row })));
  const got = await runEngine(plan, [cut(rows, options.batchRows)], options);
  expect(difference(plan, expected, got.rows)).toBe(null);
  const counts = [...got.stats.sources, ...got.stats.stages].map(({ read, filtered, applied, late, deadLettered }) => ({ read, filtered, applied, late, deadLettered }));
  expect(counts).toEqual(expected.ledgers);
  const place = (stage: string, position: unknown, reason: unknown): string => `${stage} ${String(position)} ${String(reason)}`;
  expect(got.late.map(({ source, position, reason }) => place(String(source), position, reason)).sort()).toEqual(expected.letters.filter(l => l.reason === 'LATE').map(l => place('s0', l.position, l.reason)).sort());
}

const VARIANTS = [{ workers: 1, batchRows: 65_536 }, { workers: 2, batchRows: 3, partitioner: 'hash' }, { workers: 3, batchRows: 50, partitioner: 'local' }] as const;

describe.skipIf(!hasEngine)('a stage', () => {
  const sessions = (gap: number) => ({ kind: 'session', gap, maxLength: null, unit: 'ms' }) as const;
  test.each(VARIANTS)('of sessions over windows, where one more window may come at the very end of a session: %j', options => {
    // Windows of one key follow each other at exactly a gap, or at more.
    const plan = followedBy(perKey(10), columns => aggregatePlan({ schema: columns, keys: [ID], window: sessions(10), aggregates: [agg('windows', 'count'), agg('rows', 'sum', col(ROWS))] }));
    return check(plan, rowsOf(new Random(4), 3000, 30), options);
  });
  test.each(VARIANTS)('of windows over sessions over sessions: %j', options => {
    const spec = perKey(10).stages[0]!;
    const sessionsOf = aggregatePlan({ schema: [ID, AT, VALUE], time: { column: 'at', outOfOrderness: 20 }, keys: [ID], window: sessions(7), aggregates: spec.aggregate!.aggregates });
    const second = followedBy(sessionsOf, columns => aggregatePlan({ schema: columns, keys: [], window: sessions(3), aggregates: [agg('sessions', 'count'), agg('rows', 'sum', col(ROWS))] }));
    return check(followedBy(second, columns => aggregatePlan({ schema: columns, keys: [], window: tumbling(100), aggregates: [agg('ends', 'count'), agg('all', 'sum', col(columns.at(-1)!))] })), rowsOf(new Random(5), 3000, 60), options);
  });

  test.each(VARIANTS)('of windows over windows: %j', options => {
    const plan = followedBy(perKey(10), columns => aggregatePlan({ schema: columns, keys: [], window: tumbling(50), aggregates: [agg('keys', 'count'), agg('rows', 'sum', col(ROWS)), agg('most', 'max', col(columns.at(-1)!))] }));
    return check(plan, rowsOf(new Random(1), 3000, 40), options);
  });

  test.each(VARIANTS)('of filtered results: %j', options => {
    const plan = followedBy(perKey(10), columns => {
      const stage = { branches: aggregatePlan({ schema: columns, aggregates: [], steps: [filter(op('gt', bool, col(ROWS), lit('1', int64)))] }).stages[0]!.branches, join: null, deduplicate: null, aggregate: null, top: null, output: columns };
      return { ...perKey(10), stages: [stage], output: columns };
    });
    return check(plan, rowsOf(new Random(2), 2000, 40), options);
  });

  test.each(VARIANTS)('of the best of each window: %j', async options => {
    const rows = rowsOf(new Random(4), 3000, 60);
    const minutes = perKey(50);
    await check(topOf(minutes, { n: 3, by: col(ROWS), descending: true, per: [] }), rows, options);
    // Again of the best: their windows are complete when those before are.
    const best = topOf(minutes, { n: 20, by: col(minutes.output.at(-1)!), descending: false, per: ['rows'] });
    await check(followedBy(best, columns => aggregatePlan({ schema: columns, keys: [ROWS], window: tumbling(100), aggregates: [agg('n', 'count')] })), rows, options);
  });

  test('of the best keeps what is open, however many batches come, and orders what ties by the other columns', async () => {
    const [name, score] = [field('name', 'utf8'), field('score', 'float64')];
    const plan = topOf(aggregatePlan({ schema: [name, score, AT], time: { column: 'at', outOfOrderness: 0 }, keys: [name], window: tumbling(10), aggregates: [agg('best', 'max', col(score))] }), { n: 2, by: col(score), descending: true, per: [] });
    const by = { ...plan.stages[1]!.top!, by: col(field('best', 'float64')) };
    const ranked = { ...plan, stages: [plan.stages[0]!, { ...plan.stages[1]!, top: by }] };
    const row = (of: string, at: number, value: number | null): Row => ({ name: of, at, score: value });
    const rows = [row('b', 1, 5), row('a', 1, 5), row('ä', 1, 5), row('\u{1f600}', 11, NaN), row('x', 11, Infinity), row('y', 12, null), row('z', 25, null), row('\uffff', 25, null), row('\u{10000}', 25, null)];
    const { rows: results } = await runEngine(ranked, [cut(rows, 1)], { workers: 2 });
    expect(results.map(result => `${String(result['windowStart'])} ${String(result['name'])}`).sort()).toEqual(['0 a', '0 b', '10 x', '10 \u{1f600}', '20 z', '20 \uffff']);
  });

  test('of three, the last over everything', () => {
    const days = followedBy(perKey(10), columns => aggregatePlan({ schema: columns, keys: [ID], window: tumbling(100), aggregates: [agg('rows', 'sum', col(ROWS))] }));
    const plan = followedBy(days, columns => aggregatePlan({ schema: columns, keys: [], window: { kind: 'global' }, aggregates: [agg('groups', 'count'), agg('all', 'sum', col(columns.at(-1)!))] }));
    return check(plan, rowsOf(new Random(3), 5000, 100), { workers: 2, batchRows: 100 });
  });

  test('without rows has the result of none', () => {
    const plan = followedBy(perKey(10), columns => aggregatePlan({ schema: columns, keys: [], window: { kind: 'global' }, aggregates: [agg('groups', 'count')] }));
    return check(plan, [], { workers: 2, batchRows: 10 });
  });
});

describe.skipIf(!hasEngine)('memory', () => {
  /** Results of the first stage take more than their share of the heap while all workers fire it: there is room only if they go on to the second. */
  test('results that are more than fit go on to the next stage as room is needed', { timeout: 120_000 }, async () => {
    const { createEngine } = await import('millrace');
    const keys = 300_000;
    const wide = [agg('rows', 'count'), ...Array.from({ length: 9 }, (_, index) => agg(`total${index}`, index % 2 ? 'sum' : 'max', col(VALUE)))];
    const plan = followedBy(perKey(1000, wide), columns => aggregatePlan({ schema: columns, keys: [], window: { kind: 'global' }, aggregates: [agg('keys', 'count'), agg('sum', 'sum', col(columns.at(-1)!))] }));
    const rows = Array.from({ length: keys }, (_, id) => ({ id: BigInt(id), at: 5, value: 1n }));
    const engine = createEngine({ workers: 2, heap: '96MiB' });
    try {
      const { rows: results, stats } = await runEngine(plan, [cut(rows, 10_000)], { engine });
      expect(results).toEqual([{ keys: BigInt(keys), sum: BigInt(keys) }]);
      expect(stats.stages).toMatchObject([{ read: keys, applied: keys, late: 0 }]);
    } finally {
      await engine.close();
    }
  });
});
