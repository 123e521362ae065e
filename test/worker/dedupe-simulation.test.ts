import { expect, test } from 'vitest';
import { checkSimulation } from '../support/check-simulation.ts';
import { dedupePlan, dedupePlanOf, resultsDeduplicatedOf } from '../support/dedupe-plans.ts';
import { feedsOf, oneBranch } from '../support/feeds.ts';
import { runsOf } from '../support/kernels.ts';
import { name, rowsOf, simulationOf } from '../support/keyed-windows.ts';
import { Random } from '../support/random.ts';

/**
 * Under any interleaving of workers de-duplication lets through what the naive reference does, in the same order. MILLRACE_SEED and MILLRACE_RUNS
 * draw others, or more. A failure names its seed.
 */
const FIRST_SEED = Number(process.env['MILLRACE_SEED'] ?? 1);
const RUNS = runsOf(55);

test('any interleaving of workers lets the same rows through, in order, and leaves nothing behind', { timeout: 60_000 + RUNS * 500 }, () => {
  console.info(`seeds ${FIRST_SEED} … ${FIRST_SEED + RUNS - 1}`);
  let [filtered, late] = [0, 0];
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const random = new Random(seed);
    const plan = dedupePlanOf(random, 2);
    const feeds = feedsOf(random, rowsOf, plan.stages[0]!.branches.length, 5 + random.below(50), random.pick([3, 20, 80]));
    const { got: { ledgers } } = checkSimulation(seed, plan, feeds, { ...simulationOf(random), unheard: seed % 5 === 0 }, random);
    for (const ledger of ledgers) [filtered, late] = [filtered + ledger.filtered, late + ledger.late];
  }
  // The cases are worth something.
  expect(Math.min(filtered, late)).toBeGreaterThan(0);
});

test('results of windows are sorted before, and let through in the order of their time', { timeout: 60_000 + RUNS * 500 }, () => {
  let filtered = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS / 2; seed++) {
    const random = new Random(seed);
    const plan = resultsDeduplicatedOf(random);
    const { got: { ledgers } } = checkSimulation(seed, plan, feedsOf(random, rowsOf, 1, 5 + random.below(50), random.pick([3, 20, 80])), simulationOf(random), random);
    filtered += ledgers.at(2)!.filtered;
  }
  expect(filtered).toBeGreaterThan(0);
});

test('logs are copied again and again, and their indexes grow', () => {
  for (const seed of [1, 2, 3]) {
    const random = new Random(seed);
    const clock = { now: 0 };
    const batches = Array.from({ length: 8 }, () => rowsOf(random, 600, 300, clock));
    checkSimulation(seed, dedupePlan([name], seed, 20), oneBranch(batches), simulationOf(random), random);
  }
});
