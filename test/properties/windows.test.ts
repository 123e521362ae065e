import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RunOptions } from '../../src/coordinator/job-types.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { AggregateOverflow } from '../oracle/aggregates.ts';
import { difference } from '../oracle/compare.ts';
import { type Data, dataOf } from '../oracle/generate-data.ts';
import { planOf } from '../oracle/generate-plans.ts';
import { ALL_TYPES } from '../oracle/generate-values.ts';
import { planText, rowText } from '../oracle/print.ts';
import { type ReferenceResult, runReference } from '../oracle/reference.ts';
import { fold, withoutVersion } from '../support/changelog.ts';
import { runsOf } from '../support/kernels.ts';
import { cut, hasEngine, runEngine } from '../support/run-plan.ts';

/**
 * Windows of all kinds that are made of slices, with late rows that are accepted: whatever the disorder, the borders of batches and the
 * number of workers, every changelog folds to what the reference says, no version goes back, and the ledger balances. MILLRACE_RUNS and
 * MILLRACE_SEED draw more, or others.
 */
const RUNS = runsOf(200);
const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_240_229);

interface Case {
  readonly plan: Plan;
  readonly data: Data;
  readonly options: RunOptions & { readonly batchRows: number };
}
const cases: fc.Arbitrary<Case> = fc.tuple(planOf({ maxBranches: 1, depth: 1, types: ALL_TYPES, windows: true }), fc.record({
  batchRows: fc.constantFrom(1, 2, 7, 64, 65_536),
  workers: fc.constantFrom(1, 2, 3),
  partitioner: fc.constantFrom('auto' as const, 'hash' as const, 'local' as const),
  kernels: fc.constantFrom('wasm' as const, 'typescript' as const),
})).chain(([plan, options]) => dataOf(plan, fc.nat(120)).map(data => ({ plan, data, options })));

async function check({ plan, data, options }: Case): Promise<void> {
  let expected: ReferenceResult | null = null;
  try {
    expected = runReference(withoutVersion(plan), data.ingest);
  } catch (error) {
    if (!(error instanceof AggregateOverflow)) throw error;
  }
  const rows = data.ingest.flatMap(item => ('row' in item ? [item.row] : []));
  const running = runEngine(plan, [cut(rows, options.batchRows)], options);
  if (expected === null) {
    await expect(running).rejects.toMatchObject({ code: 'AGGREGATE_OVERFLOW' });
    return;
  }
  const got = await running.catch((error: unknown) => {
    // What a group amounts to for a time, a late row may still change.
    if (plan.changelog === 'updating' && (error as { code?: string }).code === 'AGGREGATE_OVERFLOW') return null;
    throw error;
  });
  if (got === null) return;
  const ledgers = got.stats.sources.map(({ read, filtered, applied, late, deadLettered }) => ({ read, filtered, applied, late, deadLettered }));
  expect(ledgers).toEqual(expected.ledgers);
  expect(difference(withoutVersion(plan), expected, fold(plan, got.rows))).toBe(null);
}

test.skipIf(!hasEngine)('sliced windows, lateness and firing', { timeout: 60_000 + RUNS * 500 }, async () => {
  console.info(`seed ${SEED}, ${RUNS} runs`);
  const details = await fc.check(fc.asyncProperty(cases, check), { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: 50_000 + RUNS * 450 });
  if (details.interrupted) console.warn(`only ${details.numRuns} of ${RUNS} runs in time`);
  if (!details.failed) return;
  const [smallest] = details.counterexample ?? [];
  const report = smallest === undefined ? '' : `${JSON.stringify(smallest.options)}\n${planText(smallest.plan)}\n${JSON.stringify(smallest.plan.stages[0]!.aggregate, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}\n${smallest.data.ingest.slice(0, 50).map(i => ('row' in i ? rowText(i.row) : 'end')).join('\n')}`;
  throw new Error(`seed ${details.seed}, path ${details.counterexamplePath}: ${String(details.errorInstance)}\n${report}`);
});
