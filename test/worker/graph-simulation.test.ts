import { expect, test } from 'vitest';
import { difference } from '../oracle/compare.ts';
import { runStages, type Ingest } from '../oracle/reference.ts';
import { graphPlanOf, graphRowsOf, graphText, inJobOrder, type GraphOptions } from '../support/graph-plans.ts';
import { HEAP_KERNELS, runsOf } from '../support/kernels.ts';
import { Random } from '../support/random.ts';
import { simulate, type Feed, type Simulated } from '../support/simulation.ts';

const FIRST_SEED = Number(process.env['MILLRACE_SEED'] ?? 1);
const RUNS = runsOf(55);

/** Each source in pieces, and which of them is read next is up to chance. */
function feedsOf(random: Random, sources: number): Feed[] {
  const left = Array.from({ length: sources }, () => graphRowsOf(random, random.below(200)));
  const open = left.map((_, source) => source);
  const most = random.pick([1, 5, 40]);
  const feeds: Feed[] = [];
  while (open.length > 0) {
    const branch = random.pick(open);
    const rows = left[branch]!.splice(0, 1 + random.below(most));
    feeds.push({ branch, rows: rows.length === 0 ? null : rows });
    if (rows.length === 0) open.splice(open.indexOf(branch), 1);
  }
  return feeds;
}
const ingestOf = (feeds: readonly Feed[]): Ingest[] =>
  feeds.flatMap(({ branch, rows }): Ingest[] => (rows === null ? [{ branch, end: true }] : (rows as readonly object[]).map(row => ({ branch, row }) as Ingest)));

function check(seed: number, options?: GraphOptions): Simulated {
  const random = new Random(seed);
  const sources = 1 + random.below(3);
  const plan = graphPlanOf(random, sources, options);
  const feeds = feedsOf(random, sources);
  // Each stage has working memory of its own in each worker.
  const workers = 1 + random.below(plan.stages.length > 4 ? 2 : 4);
  const note = `seed ${seed}: ${graphText(plan)}, ${workers} workers`;
  const expected = runStages(plan, ingestOf(feeds));
  const partitioners = Array.from({ length: workers }, () => random.pick(['hash', 'local'] as const));
  let got;
  try {
    got = simulate(plan, feeds, random, { workers, partitioners, kernels: HEAP_KERNELS, preemption: random.pick([0, 0.01, 0.1]) });
  } catch (error) {
    throw new Error(note, { cause: error });
  }
  expect(difference(plan, expected, got.rows), note).toBe(null);
  expect(got.ledgers, note).toEqual(inJobOrder(plan, expected.ledgers));
  expect(got.left, note).toEqual([0, 0, 0]);
  return got;
}

test('any interleaving of a graph gives the result of the reference and leaves nothing behind', { timeout: 60_000 + RUNS * 1000 }, () => {
  console.info(`seeds ${FIRST_SEED} … ${FIRST_SEED + RUNS - 1}`);
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) check(seed);
});

test('which rows are late does not depend on how often their source is read, nor on the borders of batches', { timeout: 60_000 + RUNS * 1000 }, () => {
  let [late, rows] = [0, 0];
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    for (const ledger of check(seed, { outOfOrderness: 3, mixes: false }).ledgers) [late, rows] = [late + ledger.late, rows + ledger.read];
  }
  expect(late / rows).toBeGreaterThan(0.05);
});
