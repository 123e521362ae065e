import { expect, test } from 'vitest';
import type { Plan } from '../../src/plan/plan.ts';
import type { Row } from '../../src/plan/types.ts';
import { difference } from '../oracle/compare.ts';
import { runStages } from '../oracle/reference.ts';
import { foldRetractions } from '../support/changelog.ts';
import { ingestOf } from '../support/feeds.ts';
import { Random } from '../support/random.ts';
import { runEngine } from '../support/run-plan.ts';
import { wideJoin, wideJoinOf, wideRows, type RandomJoin } from '../support/wide-joins.ts';

/** Joins through threads, with rows in such an order that none is late. */
function rowsOf(plan: Plan, random: Random, batches: number, rows: number): Row[][][] {
  return plan.stages[0]!.branches.map(() => {
    const clock = { now: 0 };
    return Array.from({ length: batches }, () => wideRows(random, rows, 40, clock));
  });
}
async function check(plan: Plan, sources: Row[][][], workers: number): Promise<void> {
  const expected = runStages(plan, ingestOf(sources.flatMap((batches, branch) => [...batches, null].map(rows => ({ branch, rows })))));
  const got = await runEngine(plan, sources, { workers });
  expect(got.stats.sources.map(({ applied, late }) => [applied, late])).toEqual(expected.ledgers.map(({ applied, late }) => [applied, late]));
  expect(difference(plan, expected, foldRetractions(plan, got.rows))).toBe(null);
}

test.each([1, 2, 3])('%i workers find what the reference does', async workers => {
  for (let seed = 0; seed < 12; seed++) {
    const random = new Random(seed * 10 + workers);
    const drawn = wideJoinOf(random);
    const [stage] = drawn.stages;
    // Nothing is late, whichever source is read first.
    const branches = stage!.branches.map(branch => ({ ...branch, eventTime: { ...branch.eventTime!, outOfOrderness: 1e9 }, steps: [] }));
    const plan = { ...drawn, stages: [{ ...stage!, branches }] };
    await check(plan, rowsOf(plan, random, 12, 30), workers);
  }
});

const PARTS: RandomJoin = { keys: 'word', matches: ['inner'], before: 20, after: 20, mode: 'eager', outOfOrderness: 1e9 };

test('a row with very many matches does not fill the heap', async () => {
  const rows = (seed: number, count: number): Row[] => wideRows(new Random(seed), count, 1, { now: 0 }).map(row => ({ ...row, key: 1n, at: 5 }));
  const plan = wideJoin(PARTS);
  const got = await runEngine(plan, [[rows(0, 1000)], [rows(1, 1000)]], { workers: 2 });
  expect(got.rows.length).toBe(1_000_000);
});

test('a join that keeps too much says so, and of whom', async () => {
  const { createEngine } = await import('millrace');
  // Room enough for batches and working memory that it is the state's share which is full, whoever is faster.
  const engine = createEngine({ workers: 1, heap: '256MiB' });
  try {
    const text = 'x'.repeat(50_000);
    const rows = Array.from({ length: 220 }, () => Array.from({ length: 20 }, (): Row => ({ ...wideRows(new Random(1), 1, 5, { now: 0 })[0]!, name: text })));
    await expect(runEngine(wideJoin(PARTS), [rows, []], { engine })).rejects.toThrow(/the join of side 0 and side 1 keeps \d+ bytes of rows/);
  } finally {
    await engine.close();
  }
});
