import { expect, test } from 'vitest';
import type { Plan } from '../../src/plan/plan.ts';
import { difference, rowText } from '../oracle/compare.ts';
import { runStages } from '../oracle/reference.ts';
import { dedupePlan, dedupePlanOf } from '../support/dedupe-plans.ts';
import { name, rowsOf } from '../support/keyed-windows.ts';
import { feedsOf, ingestOf, optionsOf } from '../support/ordered-feeds.ts';
import { Random } from '../support/random.ts';
import { simulate, type Feed } from '../support/simulation.ts';

/**
 * Under any interleaving of workers de-duplication lets through what the naive reference does. MILLRACE_SEED and MILLRACE_RUNS draw others,
 * or more. A failure names its seed.
 */
const FIRST_SEED = Number(process.env['MILLRACE_SEED'] ?? 1);
const RUNS = Number(process.env['MILLRACE_RUNS'] ?? 80);

function check(seed: number, plan: Plan, feeds: readonly Feed[], random: Random): void {
  const options = optionsOf(random);
  const note = `seed ${seed}, ${JSON.stringify(options)}, ${JSON.stringify(plan.stages.map(stage => stage.deduplicate))}`;
  const expected = runStages(plan, ingestOf(feeds));
  let got;
  try {
    got = simulate(plan, feeds, random, options);
  } catch (error) {
    throw new Error(note, { cause: error });
  }
  expect(got.ledgers, note).toEqual(expected.ledgers);
  expect(got.late.sort(), note).toEqual(expected.letters.map(({ source, position, reason }) => `s${source} ${position} ${reason}`).sort());
  expect(difference(plan, expected, got.rows), note).toBe(null);
  const names = plan.output.map(field => field.name);
  if (plan.stages.at(-1)!.aggregate === null) expect(got.rows.map(row => rowText(row, names)), note).toEqual(expected.rows.map(row => rowText(row, names)));
  expect(got.left, note).toEqual([0, 0, 0]);
}

test('any interleaving of workers lets the same rows through, in order, and leaves nothing behind', { timeout: 60_000 + RUNS * 500 }, () => {
  console.info(`seeds ${FIRST_SEED} … ${FIRST_SEED + RUNS - 1}`);
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const random = new Random(seed);
    const plan = dedupePlanOf(random, 2);
    check(seed, plan, feedsOf(random, plan.stages[0]!.branches.length, 5 + random.below(50), random.pick([3, 20, 80])), random);
  }
});

test('stores are rebuilt again and again', () => {
  for (const seed of [1, 2, 3]) {
    const random = new Random(seed);
    const clock = { now: 0 };
    const feeds: Feed[] = Array.from({ length: 8 }, () => ({ branch: 0, rows: rowsOf(random, 600, 300, clock) }));
    check(seed, dedupePlan([name], seed, 20), [...feeds, { branch: 0, rows: null }], random);
  }
});
