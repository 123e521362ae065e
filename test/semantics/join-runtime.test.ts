import { expect, test } from 'vitest';
import type { Plan } from '../../src/plan/plan.ts';
import type { Row } from '../../src/plan/types.ts';
import { difference } from '../oracle/compare.ts';
import { runStages } from '../oracle/reference.ts';
import { foldRetractions } from '../support/changelog.ts';
import { ingestOf } from '../support/feeds.ts';
import { KERNELS } from '../support/kernels.ts';
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

test.skipIf(KERNELS !== 'wasm')('of batches with more chunks than go through the regions at once each pair is found once', { timeout: 120_000 }, async () => {
  const [rows, all] = [140_000, 160_000];
  const [template] = wideRows(new Random(1), 1, 5, { now: 0 });
  const random = new Random(2);
  // Each key once on either side, in another order, in batches that workers take at the same time.
  const side = (): Row[][] => {
    const keys = Array.from({ length: all }, (_, key) => key);
    for (let at = keys.length - 1; at > 0; at--) {
      const other = random.below(at + 1);
      [keys[at], keys[other]] = [keys[other]!, keys[at]!];
    }
    return [keys.slice(0, rows), keys.slice(rows)].map(part => part.map(key => ({ ...template, key: BigInt(key), at: 5 })));
  };
  const got = await runEngine(wideJoin(PARTS), [side(), side()], { workers: 3, batchRows: rows });
  const columns = Object.keys(got.rows[0]!).filter(name => typeof got.rows[0]![name] === 'bigint');
  expect(got.rows.length).toBe(all);
  expect(columns.some(name => new Set(got.rows.map(row => row[name])).size === all)).toBe(true);
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
