import { expect, test } from 'vitest';
import type { Plan } from '../../src/plan/plan.ts';
import { firingPlan } from '../support/changelog.ts';
import { checkSimulation } from '../support/check-simulation.ts';
import { feedsOf, oneBranch } from '../support/feeds.ts';
import { aggregates, EARLY_MS, name, planOf, rowsOf, schema, simulationOf } from '../support/keyed-windows.ts';
import { KERNELS, runsOf } from '../support/kernels.ts';
import { aggregatePlan } from '../support/plans.ts';
import { Random } from '../support/random.ts';
import type { Feed, SimulationOptions } from '../support/simulation.ts';

/**
 * Windows that depend on the order of rows: sessions, and windows of so many rows. Under any interleaving of workers they are those of the
 * naive reference. MILLRACE_SEED and MILLRACE_RUNS draw others, or more. A failure names its seed.
 */
const FIRST_SEED = Number(process.env['MILLRACE_SEED'] ?? 1);
const RUNS = runsOf(60);

/** How many results were taken back, and how many came before they were complete. */
function check(seed: number, plan: Plan, feeds: readonly Feed[], options: SimulationOptions, random: Random): { deleted: number; early: number } {
  const { got, expected } = checkSimulation(seed, plan, feeds, options, random);
  const deleted = got.rows.filter(row => row['deleted'] === true).length;
  return { deleted, early: plan.stages[0]!.aggregate!.accept > 0 ? 0 : got.rows.length - expected.rows.length - deleted };
}

test('any interleaving of workers gives the windows of the reference and leaves nothing behind', { timeout: 60_000 + RUNS * 500 }, () => {
  console.info(`seeds ${FIRST_SEED} … ${FIRST_SEED + RUNS - 1}`);
  const totals = { session: { deleted: 0, early: 0 }, count: { deleted: 0, early: 0 } };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const random = new Random(seed);
    const plan = planOf(random);
    const { deleted, early } = check(seed, plan, feedsOf(random, rowsOf, plan.stages[0]!.branches.length, 5 + random.below(60), random.pick([3, 20, 120])), simulationOf(random), random);
    const total = totals[plan.stages[0]!.aggregate!.window.kind as keyof typeof totals];
    total.deleted += deleted;
    total.early += early;
  }
  // The cases are worth something: sessions that had been given out were joined, and windows came before they were complete.
  expect(Math.min(totals.session.deleted, totals.session.early, totals.count.early)).toBeGreaterThan(0);
  expect(totals.count.deleted).toBe(0);
});

test.skipIf(KERNELS !== 'wasm')('stores are rebuilt again and again, while results wait and sessions go on', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const random = new Random(seed);
    const window = seed === 3 || seed === 5 ? { kind: 'count' as const, rows: 2 } : { kind: 'session' as const, gap: 2, maxLength: null, unit: 'ms' as const };
    const plain = aggregatePlan({ schema, time: { column: 'at', outOfOrderness: 20 }, keys: [name], window, aggregates });
    const plan = firingPlan(plain, seed === 2 || seed === 4 ? 60 : 0, { when: 'close', earlyMs: seed > 3 ? EARLY_MS : null });
    const clock = { now: 0 };
    const batches = Array.from({ length: 12 }, () => rowsOf(random, 1200, 300, clock));
    check(seed, plan, oneBranch(batches), { workers: 1, partitioners: ['auto'], kernels: 'wasm', preemption: 0 }, random);
  }
});
