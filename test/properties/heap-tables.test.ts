import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { BatchBuilder } from '../../src/batch/batch-builder.ts';
import { RANGE_ROWS } from '../../src/batch/layout.ts';
import type { Engine } from '../../src/coordinator/engine.ts';
import type { EventTime, Plan, Window } from '../../src/plan/plan.ts';
import { seeded } from '../oracle/generate-data.ts';
import { VirtualClock } from '../support/clock.ts';
import { KERNELS, runsOf } from '../support/kernels.ts';
import { agg, aggregatePlan, field, MS, tumbling } from '../support/plans.ts';
import { type EngineResult, BatchSource, hasEngine, startSources } from '../support/run-plan.ts';

/**
 * A table in the heap says the least and the greatest time of every RANGE_ROWS rows, and workers go by that instead of looking. So a job over it
 * must give, and set aside, what it does over the same rows in the same batches from a source that says nothing. MILLRACE_RUNS and MILLRACE_SEED draw more, or others.
 */
const RUNS = runsOf(60);
const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_240_301);
const NOW = 1_700_000_000_000;
const [KEY, AT, MARK, MORE] = [field('k', 'int32', false), field('at', MS), field('mark', MS), field('more', 'int64')];

interface Row { readonly k: number; readonly at: number | null; readonly mark: number | null }
interface Case {
  readonly batches: readonly number[];
  readonly seed: number;
  /** Event time goes up by so much a row, in ms; some rows are behind by as much as `straggle`. */
  readonly step: number;
  readonly straggle: number;
  readonly stragglers: number;
  readonly nulls: number;
  /** Whether there are marks that are null. */
  readonly marks: boolean;
  /** The table has its columns in another order, and one more. */
  readonly reordered: boolean;
  /** How many branches read the table. */
  readonly readers: number;
  readonly time: Partial<EventTime>;
  readonly window: Window;
}
const cases: fc.Arbitrary<Case> = fc.record({
  batches: fc.array(fc.constantFrom(1, 63, RANGE_ROWS - 1, RANGE_ROWS, RANGE_ROWS + 1, 3000, 20_000), { minLength: 1, maxLength: 4 }),
  seed: fc.nat(),
  step: fc.constantFrom(0, 0.005, 0.01, 0.3, 5),
  straggle: fc.constantFrom(1, 500, 100_000),
  stragglers: fc.constantFrom(0, 0.0003, 0.01, 0.5),
  nulls: fc.constantFrom(0, 0, 0.001, 0.1),
  marks: fc.boolean(),
  reordered: fc.boolean(),
  readers: fc.constantFrom(1, 1, 2),
  time: fc.record({
    outOfOrderness: fc.constantFrom(0, 100), shift: fc.constantFrom(0, 0, -1), watermark: fc.constantFrom(null, null, 'mark'), maxAhead: fc.constantFrom(null, null, 2000),
  }),
  window: fc.constantFrom<Window>(tumbling(100), tumbling(10_000), { kind: 'sliding', size: 1000, slide: 250, offset: 0, unit: 'ms' }, { kind: 'session', gap: 50, maxLength: null, unit: 'ms' }),
});

function planOf({ time, window, readers }: Case): Plan {
  const plan = aggregatePlan({ schema: [KEY, AT, MARK], time: { column: 'at', outOfOrderness: 0 }, keys: [KEY], window, aggregates: [agg('n', 'count')], branches: readers });
  const [stage] = plan.stages;
  return { ...plan, stages: [{ ...stage!, branches: stage!.branches.map(branch => ({ ...branch, from: { source: 0 }, eventTime: { ...branch.eventTime!, ...time } })) }] };
}

function rowsOf({ batches, seed, step, straggle, stragglers, nulls, marks }: Case): Row[][] {
  const random = seeded(seed);
  let row = 0;
  return batches.map(size => Array.from({ length: size }, () => {
    const behind = random() < stragglers ? Math.floor(random() * straggle) : 0;
    const at = NOW + Math.floor(row++ * step) - behind;
    const isNull = random() < nulls;
    // A row without event time states no watermark, whatever it has.
    return { k: Math.floor(random() * 5), at: isNull ? null : at, mark: marks && random() < nulls ? null : at + (isNull ? 5000 : -Math.floor(random() * 200)) };
  }));
}

function fill(batch: BatchBuilder, rows: readonly Row[]): BatchBuilder {
  batch.column('k').set(rows.map(({ k }) => k) as never);
  for (const name of ['at', 'mark'] as const) {
    const [values, valid] = [batch.column(name) as BigInt64Array, batch.validity(name)];
    rows.forEach((row, index) => {
      // What lies at a null means nothing, and must not count.
      values[index] = BigInt(row[name] ?? (index % 2 ? -1 : NOW + 1_000_000));
      if (row[name] === null) valid[index >> 3]! &= ~(1 << (index & 7));
    });
  }
  return batch;
}

describe.skipIf(!hasEngine)('tables in the heap', () => {
  let engine: Engine;
  afterAll(() => engine?.close());
  const open = async (): Promise<Engine> => {
    const module = await import(new URL('../../dist/src/coordinator/engine.js', import.meta.url).href) as typeof import('../../src/coordinator/engine.ts');
    return module.createEngine({ workers: 2, heap: '512MiB', kernels: KERNELS });
  };
  const answer = async (plan: Plan, source: BatchSource | ReturnType<ReturnType<Engine['table']>['source']>): Promise<EngineResult> => {
    const { rows, letters, late, done } = await startSources(plan, [source], { engine, clock: new VirtualClock(NOW) });
    return { rows, letters, late, stats: await done };
  };
  const told = ({ rows, letters, late, stats }: EngineResult): unknown => {
    const lines = (list: readonly object[]): string[] => list.map(row => JSON.stringify(row, (name, value: unknown) => (typeof value === 'bigint' ? String(value) : name === 'source' ? null : value))).sort();
    const ledgers = stats.sources.map(({ read, filtered, applied, late: lateRows, deadLettered }) => ({ read, filtered, applied, late: lateRows, deadLettered }));
    return { rows: lines(rows), letters: lines(letters), late: lines(late), ledgers };
  };

  test('give what the same rows give without ranges', { timeout: 60_000 + RUNS * 2000 }, async () => {
    console.info(`seed ${SEED}, ${RUNS} runs`);
    engine = await open();
    await fc.assert(fc.asyncProperty(cases, async given => {
      const [plan, batches] = [planOf(given), rowsOf(given)];
      const table = engine.table({ fields: given.reordered ? [MARK, MORE, AT, KEY] : [KEY, AT, MARK] });
      for (const rows of batches) table.add(fill(table.batch(rows.length), rows));
      try {
        expect(told(await answer(plan, table.source()))).toEqual(told(await answer(plan, new BatchSource('rows', batches))));
      } finally {
        table.free();
      }
    }), { numRuns: RUNS, seed: SEED });
  });
});
