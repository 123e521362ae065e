import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RunOptions } from '../../src/coordinator/job-types.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { difference } from '../oracle/compare.ts';
import { counted, feedsFor, type JoinData, joinOf, type JoinOptions } from '../oracle/generate-joins.ts';
import { planText, rowText } from '../oracle/print.ts';
import { runStages } from '../oracle/reference.ts';
import { ingestOfFeeds, runInOrder } from '../support/in-order.ts';
import { foldRetractions } from '../support/joined-plans.ts';
import { KERNELS, runsOf } from '../support/kernels.ts';
import { hasEngine } from '../support/run-plan.ts';

/**
 * Joins: whatever the plan, the order of rows, the borders of batches and the number of workers, what was given out and not taken back is what
 * the reference says, nothing is taken back that is not there, the same rows are late, and the ledger balances. MILLRACE_RUNS and
 * MILLRACE_SEED draw more, or others.
 */
const RUNS = runsOf(60);
const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_240_229);

interface Case {
  readonly plan: Plan;
  readonly data: JoinData;
  readonly options: RunOptions & { readonly batchRows: number };
}
const options = fc.record({ workers: fc.constantFrom(1, 2, 3), batchRows: fc.constantFrom(1, 2, 7, 64, 65_536), kernels: fc.constant(KERNELS) });
const casesOf = (plans: fc.Arbitrary<Plan>, rows: (sides: number) => fc.Arbitrary<number>): fc.Arbitrary<Case> =>
  fc.tuple(plans, options).chain(([plan, chosen]) => feedsFor(plan, rows).map(data => ({ plan, data, options: chosen })));
/** The results of several sides multiply. */
const few = (sides: number): fc.Arbitrary<number> => fc.nat([120, 60, 40][sides - 2]!);
const joins = (of: Partial<JoinOptions> = {}): fc.Arbitrary<Plan> => joinOf({ mostSides: 4, depth: 1, windows: true, unions: true, ...of });

interface Totals { late: number; results: number; retracted: number }
async function check({ plan, data, options: chosen }: Case, totals: Totals): Promise<void> {
  const expected = runStages(plan, ingestOfFeeds(data.feeds));
  const got = await runInOrder(plan, data.feeds, chosen);
  const ledgers = [...got.stats.sources, ...got.stats.stages].map(({ read, filtered, applied, late, deadLettered }) => ({ read, filtered, applied, late, deadLettered }));
  expect(ledgers).toEqual(expected.ledgers);
  const placeOf = (source: unknown, position: unknown): string => `${String(source)} ${String(position)}`;
  const letters = new Map(expected.letters.map(letter => [placeOf(`s${letter.source}`, letter.position), letter.reasons]));
  expect([...got.late, ...got.letters].map(({ source, position }) => placeOf(source, position)).sort()).toEqual([...letters.keys()].sort());
  for (const { source, position, reason } of [...got.late, ...got.letters]) expect(letters.get(placeOf(source, position))).toContain(reason);
  expect(difference(plan, expected, foldRetractions(plan, got.rows))).toBe(null);
  totals.late += got.late.length;
  totals.results += expected.rows.length;
  totals.retracted += (got.rows.length - expected.rows.length) / 2;
}

const report = ({ plan, data, options: chosen }: Case): string => [
  JSON.stringify(chosen), planText(plan), ...plan.stages.slice(1).map(stage => JSON.stringify(stage.aggregate)),
  ...ingestOfFeeds(data.feeds).slice(0, 60).map(item => `${item.branch}: ${'row' in item ? rowText(item.row) : 'end'}`),
].join('\n');

async function property(cases: fc.Arbitrary<Case>, numRuns: number): Promise<Totals> {
  console.info(`seed ${SEED}, ${numRuns} runs`);
  const totals: Totals = { late: 0, results: 0, retracted: 0 };
  const details = await fc.check(fc.asyncProperty(cases, one => check(one, totals)), { numRuns, seed: SEED, interruptAfterTimeLimit: 50_000 + RUNS * 450 });
  if (details.interrupted) console.warn(`only ${details.numRuns} of ${numRuns} runs in time`);
  if (details.failed) {
    const [smallest] = details.counterexample ?? [];
    throw new Error(`seed ${details.seed}, path ${details.counterexamplePath}: ${String(details.errorInstance)}\n${smallest === undefined ? '' : report(smallest)}`);
  }
  return totals;
}

test.skipIf(!hasEngine)('small batches', { timeout: 60_000 + RUNS * 500 }, async () => {
  const { late, results, retracted } = await property(casesOf(joins(), few), RUNS);
  // The cases are worth something.
  if (RUNS >= 60) expect(Math.min(late, results, retracted)).toBeGreaterThan(RUNS / 2);
});

test.skipIf(!hasEngine)('an aggregate over what was joined', { timeout: 60_000 + RUNS * 500 }, async () => {
  const { results } = await property(casesOf(joins().filter(({ changelog }) => changelog === 'append').chain(counted), few), Math.ceil(RUNS / 2));
  expect(results).toBeGreaterThan(RUNS / 4);
});
