import { expect, test } from 'vitest';
import type { Plan } from '../../src/plan/plan.ts';
import { difference } from '../oracle/compare.ts';
import { runReference } from '../oracle/reference.ts';
import { firingPlan, fold, withoutVersion } from '../support/changelog.ts';
import { aggregates, EARLY_MS, name, planOf, rowsOf, schema } from '../support/keyed-windows.ts';
import { aggregatePlan } from '../support/plans.ts';
import { feedsOf, ingestOf, optionsOf } from '../support/ordered-feeds.ts';
import { Random } from '../support/random.ts';
import { simulate, type Feed, type SimulationOptions } from '../support/simulation.ts';

/**
 * Windows that depend on the order of rows: sessions, and windows of so many rows. Under any interleaving of workers they are those of the
 * naive reference. MILLRACE_SEED and MILLRACE_RUNS draw others, or more. A failure names its seed.
 */
const FIRST_SEED = Number(process.env['MILLRACE_SEED'] ?? 1);
const RUNS = Number(process.env['MILLRACE_RUNS'] ?? 60);

function check(seed: number, plan: Plan, feeds: readonly Feed[], options: SimulationOptions, random: Random): { deleted: number; early: number } {
  const { keys, window, accept, emit } = plan.stages[0]!.aggregate!;
  const note = `seed ${seed}, ${JSON.stringify(options)}, ${JSON.stringify(keys.map(key => key.name))}, ${JSON.stringify({ window, accept, emit })}`;
  const final = withoutVersion(plan);
  const expected = runReference(final, ingestOf(feeds));
  let got;
  try {
    got = simulate(plan, feeds, random, options);
  } catch (error) {
    throw new Error(note, { cause: error });
  }
  expect(got.ledgers, note).toEqual(expected.ledgers);
  expect(got.late.sort(), note).toEqual(expected.letters.map(({ source, position, reason }) => `s${source} ${position} ${reason}`).sort());
  expect(difference(final, expected, fold(plan, got.rows)), note).toBe(null);
  expect(got.left, note).toEqual([0, 0, 0]);
  const deleted = got.rows.filter(row => row['deleted'] === true).length;
  return { deleted, early: accept > 0 ? 0 : got.rows.length - expected.rows.length - deleted };
}

test('any interleaving of workers gives the windows of the reference and leaves nothing behind', { timeout: 60_000 + RUNS * 500 }, () => {
  console.info(`seeds ${FIRST_SEED} … ${FIRST_SEED + RUNS - 1}`);
  const totals = { session: { deleted: 0, early: 0 }, count: { deleted: 0, early: 0 } };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const random = new Random(seed);
    const plan = planOf(random);
    const { deleted, early } = check(seed, plan, feedsOf(random, plan.stages[0]!.branches.length, 5 + random.below(60), random.pick([3, 20, 120])), optionsOf(random), random);
    const total = totals[plan.stages[0]!.aggregate!.window.kind as keyof typeof totals];
    total.deleted += deleted;
    total.early += early;
  }
  // The cases are worth something: sessions that had been given out were joined, and windows came before they were complete.
  expect(Math.min(totals.session.deleted, totals.session.early, totals.count.early)).toBeGreaterThan(0);
  expect(totals.count.deleted).toBe(0);
});

test('stores are rebuilt again and again, while results wait and sessions go on', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const random = new Random(seed);
    const window = seed === 3 || seed === 5 ? { kind: 'count' as const, rows: 2 } : { kind: 'session' as const, gap: 2, maxLength: null, unit: 'ms' as const };
    const plain = aggregatePlan({ schema, time: { column: 'at', outOfOrderness: 20 }, keys: [name], window, aggregates });
    const plan = firingPlan(plain, seed === 2 || seed === 4 ? 60 : 0, { when: 'close', earlyMs: seed > 3 ? EARLY_MS : null });
    const feeds: Feed[] = Array.from({ length: 12 }, () => ({ branch: 0, rows: null }));
    const clock = { now: 0 };
    check(seed, plan, [...feeds.map(feed => ({ ...feed, rows: rowsOf(random, 1200, 300, clock) })), { branch: 0, rows: null }], { workers: 1, partitioners: ['auto'], kernels: 'wasm', preemption: 0 }, random);
  }
});
