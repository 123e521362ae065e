import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Plan } from '../../src/plan/plan.ts';
import { difference } from '../oracle/compare.ts';
import { counted, feedsFor, joinOf } from '../oracle/generate-joins.ts';
import { planText } from '../oracle/print.ts';
import { runStages } from '../oracle/reference.ts';
import { ingestOf } from '../support/feeds.ts';
import { HEAP_KERNELS, runsOf } from '../support/kernels.ts';
import { foldRetractions } from '../support/joined-plans.ts';
import { Random } from '../support/random.ts';
import { hasEngine } from '../support/run-plan.ts';
import { simulate, type Feed, type SimulationOptions } from '../support/simulation.ts';

/**
 * Joins under any interleaving of workers: what was given out and not taken back is what the reference says, and nothing is taken back that
 * is not there. MILLRACE_SEED and MILLRACE_RUNS draw others, or more. A failure names its seed and its number.
 */
const SEED = Number(process.env['MILLRACE_SEED'] ?? 1);
const RUNS = runsOf(20);
/** Only the one with this number. */
const ONLY = process.env['MILLRACE_ONLY'];

const plans = joinOf({ mostSides: 4, depth: 0, windows: true, unions: true });
const cases = fc.oneof({ arbitrary: plans, weight: 3 }, plans.filter(({ changelog }) => changelog === 'append').chain(counted))
  .chain(plan => fc.tuple(fc.constant(plan), feedsFor(plan, sides => fc.nat([150, 60, 40][sides - 2]!), false)));

function optionsOf(random: Random): SimulationOptions {
  const workers = 1 + random.below(4);
  return { workers, partitioners: Array.from({ length: workers }, () => 'auto' as const), kernels: HEAP_KERNELS, preemption: random.pick([0, 0.01, 0.1]) };
}

/** Every source ends at last. */
const ended = (plan: Plan, feeds: readonly Feed[]): Feed[] =>
  [...feeds, ...plan.stages[0]!.branches.flatMap((_, branch) => (feeds.some(feed => feed.branch === branch && feed.rows === null) ? [] : [{ branch, rows: null }]))];

test.skipIf(!hasEngine)('any interleaving of workers gives what the reference says and leaves nothing behind', { timeout: 60_000 + RUNS * 500 }, () => {
  console.info(`seed ${SEED}, ${RUNS} runs`);
  const totals = { late: 0, results: 0, retracted: 0 };
  for (const [number, [plan, { feeds: drawn, shape }]] of fc.sample(cases, { seed: SEED, numRuns: RUNS }).entries()) {
    if (ONLY !== undefined && number !== Number(ONLY)) continue;
    const feeds = ended(plan, drawn);
    const random = new Random(SEED * 1_000_003 + number);
    const options = optionsOf(random);
    const note = `seed ${SEED}, number ${number}, ${JSON.stringify(options)}, ${JSON.stringify(shape)}\n${planText(plan)}`;
    const expected = runStages(plan, ingestOf(feeds));
    let got;
    try {
      got = simulate(plan, feeds, random, options);
      expect(difference(plan, expected, foldRetractions(plan, got.rows))).toBe(null);
    } catch (error) {
      throw new Error(note, { cause: error });
    }
    expect(got.ledgers, note).toEqual(expected.ledgers);
    expect(got.late.sort(), note).toEqual(expected.letters.map(({ source, position, reason }) => `s${source} ${position} ${reason}`).sort());
    expect(got.left, note).toEqual([0, 0, 0]);
    totals.late += expected.letters.length;
    totals.results += expected.rows.length;
    totals.retracted += got.rows.filter(row => row['retracted'] === true).length;
  }
  // The cases are worth something.
  if (ONLY === undefined && RUNS >= 20) expect(Math.min(totals.late, totals.results, totals.retracted)).toBeGreaterThan(RUNS / 2);
});
