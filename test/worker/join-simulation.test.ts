import { expect, test } from 'vitest';
import type { Plan } from '../../src/plan/plan.ts';
import { rowText } from '../oracle/compare.ts';
import { joinPlanOf, joinRows } from '../support/join-plans.ts';
import { HEAP_KERNELS, runsOf } from '../support/kernels.ts';
import { naiveJoin, settled } from '../support/naive-join.ts';
import { Random } from '../support/random.ts';
import { simulate, type Feed, type SimulationOptions } from '../support/simulation.ts';

/**
 * Under any interleaving of workers a join gives what comparing every row with every row does, and is left with nothing. MILLRACE_SEED and MILLRACE_RUNS
 * draw others, or more. A failure names its seed.
 */
const FIRST_SEED = Number(process.env['MILLRACE_SEED'] ?? 1);
const RUNS = runsOf(100);

/** Batches of several branches in any order, and their ends. The clocks of sides keep near each other. */
function feedsOf(random: Random, plan: Plan, morsels: number, rows: number): Feed[] {
  const { branches } = plan.stages[0]!;
  const keys = random.pick([1, 3, 10, 50]);
  const clock = { now: 0 };
  const open = branches.map((_, branch) => branch);
  const feeds: Feed[] = [];
  while (open.length > 0) {
    const branch = random.pick(open);
    const ends = feeds.length >= morsels || random.chance(0.01);
    const own = { now: Math.max(0, clock.now - random.below(20)) };
    feeds.push({ branch, rows: ends ? null : joinRows(random, branches[branch]!.side, random.below(rows), keys, own) });
    clock.now = Math.max(clock.now, own.now);
    if (ends) open.splice(open.indexOf(branch), 1);
  }
  return feeds;
}

function optionsOf(random: Random): SimulationOptions {
  const workers = 1 + random.below(4);
  return { workers, partitioners: Array.from({ length: workers }, () => 'auto' as const), kernels: HEAP_KERNELS, preemption: random.pick([0, 0.01, 0.1]) };
}

function check(seed: number, plan: Plan, feeds: readonly Feed[], random: Random, small: boolean): void {
  const join = plan.stages[0]!.join!;
  const options = { ...optionsOf(random), joinLimits: small ? { log: { shift: 5, relinkAfter: random.pick([64, 200, 1000]), leastBuckets: 2 }, probeRows: random.pick([1, 3, 17]) } : undefined };
  const said = { ...join, columns: undefined, sides: join.sides.map(({ match, before, after, keys, keepsUnmatched }) => ({ match, before, after, keys: keys.length, keepsUnmatched })) };
  const note = `seed ${seed}, ${JSON.stringify(options)}, ${JSON.stringify(said)}`;
  const filtered = plan.stages[0]!.branches[0]!.steps.length > 0;
  const expected = naiveJoin(plan, feeds, (row, side) => !filtered || Number(row[`id${side}`]) >= 3);
  let got;
  try {
    got = simulate(plan, feeds, random, options);
  } catch (error) {
    throw new Error(note, { cause: error });
  }
  const names = plan.output.map(({ name }) => name).filter(name => name !== 'retracted');
  expect(got.ledgers, note).toEqual(expected.ledgers);
  expect(got.late.sort(), note).toEqual(expected.late.map(text => `${plan.stages[0]!.branches[Number(text.split(' ')[0])]!.source.name} ${text.split(' ')[1]} LATE`).sort());
  expect(settled(got.rows, names), note).toEqual(expected.rows.map(row => rowText(row, names)).sort());
  expect(got.left, note).toEqual([0, 0, 0]);
}

test('any interleaving of workers gives the same matches, and leaves nothing behind', { timeout: 60_000 + RUNS * 1000 }, () => {
  console.info(`seeds ${FIRST_SEED} … ${FIRST_SEED + RUNS - 1}`);
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const random = new Random(seed);
    const plan = joinPlanOf(random);
    check(seed, plan, feedsOf(random, plan, 5 + random.below(30), random.pick([3, 15, 40])), random, random.chance(0.5));
  }
});
