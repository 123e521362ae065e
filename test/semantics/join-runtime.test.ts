import { expect, test } from 'vitest';
import type { Plan } from '../../src/plan/plan.ts';
import type { Row } from '../../src/plan/types.ts';
import { rowText } from '../oracle/compare.ts';
import { joinPlan, joinPlanOf, joinRows, type JoinParts } from '../support/join-plans.ts';
import { naiveJoin, settled } from '../support/naive-join.ts';
import { Random } from '../support/random.ts';
import { runEngine } from '../support/run-plan.ts';

/** Joins through threads, with rows in such an order that none is late. */
function rowsOf(plan: Plan, random: Random, batches: number, rows: number): Row[][][] {
  return plan.stages[0]!.branches.map(({ side }) => {
    const clock = { now: 0 };
    return Array.from({ length: batches }, () => joinRows(random, side, rows, 40, clock));
  });
}
async function check(plan: Plan, sources: Row[][][], workers: number): Promise<void> {
  const names = plan.output.map(({ name }) => name).filter(name => name !== 'retracted');
  const expected = naiveJoin(plan, sources.flatMap((batches, branch) => batches.map(rows => ({ branch, rows }))), () => true);
  const got = await runEngine(plan, sources, { workers });
  expect(got.stats.sources.map(({ applied, late }) => [applied, late])).toEqual(expected.ledgers.map(({ applied, late }) => [applied, late]));
  expect(settled(got.rows, names)).toEqual(expected.rows.map(row => rowText(row, names)).sort());
}

test.each([1, 2, 3])('%i workers find what comparing all rows does', async workers => {
  for (let seed = 0; seed < 12; seed++) {
    const random = new Random(seed * 10 + workers);
    const drawn = joinPlanOf(random);
    const [stage] = drawn.stages;
    // Nothing is late, whichever source is read first.
    const branches = stage!.branches.map(branch => ({ ...branch, eventTime: { ...branch.eventTime!, outOfOrderness: 1e9 }, steps: [] }));
    const plan = { ...drawn, stages: [{ ...stage!, branches }] };
    await check(plan, rowsOf(plan, random, 12, 30), workers);
  }
});

const PARTS: JoinParts = { keys: 'word', matches: ['inner'], before: 20, after: 20, mode: 'eager', outOfOrderness: 1e9 };

test('a row with very many matches does not fill the heap', async () => {
  const rows = (side: number, count: number): Row[] => joinRows(new Random(side), side, count, 1, { now: 0 }).map(row => ({ ...row, [`key${side}`]: 1n, [`at${side}`]: 5 }));
  const plan = joinPlan(PARTS);
  const got = await runEngine(plan, [[rows(0, 1000)], [rows(1, 1000)]], { workers: 2 });
  expect(got.rows.length).toBe(1_000_000);
});

test('a join that keeps too much says so, and of whom', async () => {
  const { createEngine } = await import('millrace');
  // Room enough for batches and working memory that it is the state's share which is full, whoever is faster.
  const engine = createEngine({ workers: 1, heap: '256MiB' });
  try {
    const text = 'x'.repeat(50_000);
    const rows = Array.from({ length: 220 }, () => Array.from({ length: 20 }, (): Row => ({ ...joinRows(new Random(1), 0, 1, 5, { now: 0 })[0]!, name0: text })));
    await expect(runEngine(joinPlan(PARTS), [rows, []], { engine })).rejects.toThrow(/the join of side 0 and side 1 keeps \d+ bytes of rows/);
  } finally {
    await engine.close();
  }
});
