import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Plan } from '../../src/plan/plan.ts';
import type { Row } from '../../src/plan/types.ts';
import { counted, feedsFor, type JoinData, joinOf } from '../oracle/generate-joins.ts';
import { checkSimulation } from '../support/check-simulation.ts';
import { simulationOf } from '../support/keyed-windows.ts';
import { HEAP_KERNELS, runsOf } from '../support/kernels.ts';
import { Random } from '../support/random.ts';
import { hasEngine } from '../support/run-plan.ts';
import type { Feed, SimulationOptions } from '../support/simulation.ts';
import { wideAsOfJoinOf, wideJoinOf, wideRows } from '../support/wide-joins.ts';

/**
 * Joins under any interleaving of workers: what was given out and not taken back is what the reference says, nothing is taken back that is not
 * there, and nothing is left behind. MILLRACE_SEED and MILLRACE_RUNS draw others, or more. A failure names its seed, of drawn plans their number.
 */
const SEED = Number(process.env['MILLRACE_SEED'] ?? 1);
const RUNS = runsOf(70);
/** Plans of any types are dearer. */
const DRAWN = runsOf(20);
/** Only the drawn plan with this number. */
const ONLY = process.env['MILLRACE_ONLY'];

const optionsOf = (random: Random): SimulationOptions => ({ ...simulationOf(random), kernels: HEAP_KERNELS });
/** Logs of few blocks that are compacted and linked anew, and probes that stop in the middle. */
const smallLimits = (random: Random): SimulationOptions['joinLimits'] => ({ log: { shift: 5, relinkAfter: random.pick([64, 200, 1000]), leastBuckets: 2 }, probeRows: random.pick([1, 3, 17]), eventRows: random.pick([1, 5, 40]) });

/** Batches of several branches in any order, and their ends. The clocks of sides keep near each other. */
function feedsOf(random: Random, branches: number, morsels: number, rows: number): Feed[] {
  const keys = random.pick([1, 3, 10, 50]);
  const clock = { now: 0 };
  const open = Array.from({ length: branches }, (_, branch) => branch);
  const feeds: Feed[] = [];
  while (open.length > 0) {
    const branch = random.pick(open);
    const ends = feeds.length >= morsels || random.chance(0.01);
    const own = { now: Math.max(0, clock.now - random.below(20)) };
    feeds.push({ branch, rows: ends ? null : wideRows(random, random.below(rows), keys, own) });
    clock.now = Math.max(clock.now, own.now);
    if (ends) open.splice(open.indexOf(branch), 1);
  }
  return feeds;
}
/** Every source ends at last. */
const ended = (plan: Plan, feeds: readonly Feed[]): Feed[] =>
  [...feeds, ...plan.stages[0]!.branches.flatMap((_, branch) => (feeds.some(feed => feed.branch === branch && feed.rows === null) ? [] : [{ branch, rows: null }]))];

test('any interleaving of workers gives the same matches, and leaves nothing behind', { timeout: 60_000 + RUNS * 1000 }, () => {
  console.info(`seeds ${SEED} … ${SEED + RUNS - 1}`);
  for (let seed = SEED; seed < SEED + RUNS; seed++) {
    const random = new Random(seed);
    const plan = wideJoinOf(random);
    const feeds = feedsOf(random, plan.stages[0]!.branches.length, 5 + random.below(30), random.pick([3, 15, 40]));
    checkSimulation(seed, plan, feeds, { ...optionsOf(random), unheard: seed % 5 === 0, joinLimits: random.chance(0.5) ? smallLimits(random) : undefined }, random);
  }
});

test('so does a join with a table that changes', { timeout: 60_000 + RUNS * 1000 }, () => {
  const totals = { late: 0, results: 0 };
  for (let seed = SEED; seed < SEED + RUNS; seed++) {
    const random = new Random(seed + 1_000_000);
    // The larger, the more rows have one time, and are just in time or just late.
    const scale = random.pick([1, 3, 20, 20]);
    const plan = wideAsOfJoinOf(random, scale);
    const feeds = feedsOf(random, plan.stages[0]!.branches.length, 5 + random.below(60), random.pick([3, 3, 15, 40]))
      .map(({ branch, rows }): Feed => ({ branch, rows: Array.isArray(rows) ? rows.map(row => ({ ...row as Row, at: Math.floor((row as { at: number }).at / scale) })) : rows }));
    const { expected } = checkSimulation(seed, plan, feeds, { ...optionsOf(random), joinLimits: random.chance(0.7) ? smallLimits(random) : undefined }, random);
    totals.late += expected.letters.length;
    totals.results += expected.rows.length;
  }
  expect(Math.min(totals.late, totals.results)).toBeGreaterThan(RUNS);
});

const withFeeds = (plan: Plan): fc.Arbitrary<[Plan, JoinData]> => fc.tuple(fc.constant(plan), feedsFor(plan, sides => fc.nat([150, 60, 40][sides - 2]!), false));
const plans = joinOf({ mostSides: 4, depth: 0, windows: true, unions: true, changes: true });
const cases = fc.oneof({ arbitrary: plans, weight: 3 }, plans.filter(({ changelog, stages }) => changelog === 'append' && stages[0]!.join!.mode !== 'changes').chain(counted))
  .chain(withFeeds);
const tables = joinOf({ mostSides: 2, depth: 0, unions: true, asOf: true });
const versions = fc.oneof({ arbitrary: tables, weight: 3 }, tables.chain(counted)).chain(withFeeds);

function checkDrawn(drawn: fc.Arbitrary<[Plan, JoinData]>): { late: number; results: number; retracted: number } {
  console.info(`seed ${SEED}, ${DRAWN} runs`);
  const totals = { late: 0, results: 0, retracted: 0 };
  for (const [number, [plan, { feeds }]] of fc.sample(drawn, { seed: SEED, numRuns: DRAWN }).entries()) {
    if (ONLY !== undefined && number !== Number(ONLY)) continue;
    const random = new Random(SEED * 1_000_003 + number);
    const { got, expected } = checkSimulation(number, plan, ended(plan, feeds), optionsOf(random), random);
    totals.late += expected.letters.length;
    totals.results += expected.rows.length;
    totals.retracted += got.rows.filter(row => row['retracted'] === true).length;
  }
  return totals;
}
// The cases are worth something.
test.skipIf(!hasEngine)('so do joins of any types, and aggregates behind them', { timeout: 60_000 + DRAWN * 500 }, () => {
  const { late, results, retracted } = checkDrawn(cases);
  if (ONLY === undefined && DRAWN >= 20) expect(Math.min(late, results, retracted)).toBeGreaterThan(DRAWN / 2);
});
test.skipIf(!hasEngine)('and those with a table of any types', { timeout: 60_000 + DRAWN * 500 }, () => {
  const { late, results } = checkDrawn(versions);
  if (ONLY === undefined && DRAWN >= 20) expect(late > 0 && results > DRAWN).toBe(true);
});
