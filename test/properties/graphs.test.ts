import { expect, test } from 'vitest';
import { difference } from '../oracle/compare.ts';
import { runStages } from '../oracle/reference.ts';
import { graphPlanOf, graphRowsOf, graphText, inJobOrder } from '../support/graph-plans.ts';
import { KERNELS, runsOf } from '../support/kernels.ts';
import { Random } from '../support/random.ts';
import { cut, hasEngine, runEngine } from '../support/run-plan.ts';

/** A graph of stages gives what its stages give one after another, each over all of its input, whatever reads what and however often. */
const RUNS = runsOf(120);
const SEED = Number(process.env['MILLRACE_SEED'] ?? 1);

async function check(seed: number): Promise<void> {
  const random = new Random(seed);
  const sources = 1 + random.below(3);
  const plan = graphPlanOf(random, sources);
  const rows = Array.from({ length: sources }, () => graphRowsOf(random, random.below(random.chance(0.2) ? 3000 : 150)));
  const options = { workers: 1 + random.below(3), kernels: KERNELS };
  const batchRows = [1, 2, 7, 64, 5000][random.below(5)]!;
  const note = `seed ${seed}: ${graphText(plan)} ${JSON.stringify(options)} ${batchRows}`;
  const expected = runStages(plan, rows.flatMap((list, branch) => list.map(row => ({ branch, row }))));
  const got = await runEngine(plan, rows.map(list => cut(list, batchRows)), options);
  expect(difference(plan, expected, got.rows), note).toBe(null);
  const ledgers = [...got.stats.sources, ...got.stats.stages].map(({ read, filtered, applied, late, deadLettered }) => ({ read, filtered, applied, late, deadLettered }));
  expect(ledgers, note).toEqual(inJobOrder(plan, expected.ledgers));
  expect(got.stats.emitted, note).toBe(expected.rows.length);
}

test.skipIf(!hasEngine)('any graph of stages', { timeout: 60_000 + RUNS * 500 }, async () => {
  console.info(`seeds ${SEED} … ${SEED + RUNS - 1}`);
  for (let seed = SEED; seed < SEED + RUNS; seed++) await check(seed);
});
