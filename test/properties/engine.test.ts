import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RunOptions } from '../../src/coordinator/job-types.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { AggregateOverflow } from '../oracle/aggregates.ts';
import { difference } from '../oracle/compare.ts';
import { type Data, dataOf } from '../oracle/generate-data.ts';
import { planOf, type PlanOptions } from '../oracle/generate-plans.ts';
import { ALL_TYPES } from '../oracle/generate-values.ts';
import { planText, rowText } from '../oracle/print.ts';
import { type ReferenceResult, runReference } from '../oracle/reference.ts';
import { KERNELS, runsOf } from '../support/kernels.ts';
import { cut, type EngineResult, hasEngine, runEngine } from '../support/run-plan.ts';

/**
 * The engine answers as the reference does, whatever the plan, the data, the borders of batches, the number of workers, the partitioner
 * and the kernels (see support/kernels.ts). MILLRACE_RUNS and MILLRACE_SEED draw more, or others.
 */
const RUNS = runsOf(110);
const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_240_229);

interface Case {
  readonly plan: Plan;
  readonly data: Data;
  readonly options: RunOptions & { readonly batchRows: number };
}

const casesOf = (plans: PlanOptions, rows: fc.Arbitrary<number>, batchRows: fc.Arbitrary<number>): fc.Arbitrary<Case> => {
  const options = fc.record({
    batchRows,
    workers: fc.constantFrom(1, 2, 3),
    partitioner: fc.constantFrom('auto' as const, 'hash' as const, 'local' as const),
    kernels: fc.constant(KERNELS),
  });
  return fc.tuple(planOf(plans), options).chain(([plan, o]) => dataOf(plan, rows).map(data => ({ plan, data, options: o })));
};

const rowsOf = ({ plan, data }: Case): unknown[][] =>
  plan.stages[0]!.branches.map((_, branch) => data.ingest.flatMap(item => (item.branch === branch && 'row' in item ? [item.row] : [])));
const lettersOf = (plan: Plan, expected: ReferenceResult, isLate: boolean): string[] => expected.letters
  .filter(l => (l.reason === 'LATE') === isLate).map(l => `${plan.stages[0]!.branches[l.source]?.source.name} ${l.position} ${l.reason}`).sort();
/** Of a row that has several faults, by the reference, any may be named: then as the reference does. */
function lettersGot(plan: Plan, expected: ReferenceResult, rows: EngineResult['letters']): string[] {
  const placeOf = (source: unknown, position: unknown): string => `${String(source)} ${String(position)}`;
  const several = new Map(expected.letters.filter(l => l.reasons.length > 1).map(l => [placeOf(plan.stages[0]!.branches[l.source]?.source.name, l.position), l]));
  return rows.map(({ source, position, reason }) => {
    const letter = several.get(placeOf(source, position));
    return `${placeOf(source, position)} ${letter?.reasons.includes(String(reason)) ? letter.reason : String(reason)}`;
  }).sort();
}

async function check(drawn: Case): Promise<void> {
  const { plan, data, options } = drawn;
  let expected: ReferenceResult | null = null;
  try {
    expected = runReference(plan, data.ingest);
  } catch (error) {
    if (!(error instanceof AggregateOverflow)) throw error;
  }
  const running = runEngine(plan, rowsOf(drawn).map(rows => cut(rows, options.batchRows)), options);
  if (expected === null) {
    await expect(running).rejects.toMatchObject({ code: 'AGGREGATE_OVERFLOW' });
    return;
  }
  const got = await running;
  expect(lettersGot(plan, expected, got.letters)).toEqual(lettersOf(plan, expected, false));
  expect(lettersGot(plan, expected, got.late)).toEqual(lettersOf(plan, expected, true));
  const ledgers = got.stats.sources.map(({ read, filtered, applied, late, deadLettered }) => ({ read, filtered, applied, late, deadLettered }));
  expect(ledgers).toEqual(expected.ledgers);
  expect(difference(plan, expected, got.rows)).toBe(null);
  expect(got.stats.emitted).toBe(expected.rows.length);
}

const report = ({ plan, data, options }: Case): string =>
  `${JSON.stringify(options)}\n${planText(plan)}\n${data.ingest.slice(0, 50).map(i => `${i.branch}: ${'row' in i ? rowText(i.row) : 'end'}`).join('\n')}`;

async function property(cases: fc.Arbitrary<Case>, numRuns: number): Promise<void> {
  console.info(`seed ${SEED}, ${numRuns} runs`);
  const details = await fc.check(fc.asyncProperty(cases, check), { numRuns, seed: SEED, interruptAfterTimeLimit: 90_000 + RUNS * 450 });
  if (details.interrupted) console.warn(`only ${details.numRuns} of ${numRuns} runs in time`);
  if (!details.failed) return;
  const [smallest] = details.counterexample ?? [];
  throw new Error(`seed ${details.seed}, path ${details.counterexamplePath}: ${String(details.errorInstance)}\n${smallest === undefined ? '' : report(smallest)}`);
}

test.skipIf(!hasEngine)('small inputs, deep plans', { timeout: 60_000 + RUNS * 500 }, () =>
  property(casesOf({ maxBranches: 2, depth: 2, types: ALL_TYPES }, fc.nat(80), fc.constantFrom(1, 2, 7, 64, 65_536)), RUNS));

test.skipIf(!hasEngine)('batches that grow tables and cross chunks', { timeout: 60_000 + RUNS * 500 }, () =>
  property(casesOf({ maxBranches: 2, depth: 1, types: ALL_TYPES }, fc.nat(4_000), fc.integer({ min: 1, max: 5_000 })), Math.ceil(RUNS / 6)));

test.skipIf(!hasEngine)('batches of up to 70,000 rows', { timeout: 60_000 + RUNS * 500 }, () =>
  property(casesOf({ maxBranches: 1, depth: 1, types: ALL_TYPES }, fc.integer({ min: 20_000, max: 90_000 }), fc.integer({ min: 1_000, max: 70_000 })), Math.ceil(RUNS / 24)));
