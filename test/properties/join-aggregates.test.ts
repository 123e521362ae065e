import { expect, test } from 'vitest';
import { calendar, coalesce, count, mean, sliding, sum, tumbling } from '../../src/index.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { Row } from '../../src/plan/types.ts';
import { difference, rowText } from '../oracle/compare.ts';
import { runStages } from '../oracle/reference.ts';
import { adFeeds, joinParts, type Loose } from '../support/ad-joins.ts';
import { lastVersions } from '../support/changelog.ts';
import { ingestOf } from '../support/feeds.ts';
import { runInOrder } from '../support/in-order.ts';
import { KERNELS, runsOf } from '../support/kernels.ts';
import { Random } from '../support/random.ts';
import { hasEngine } from '../support/run-plan.ts';

/**
 * Aggregates over rows of a join that may be taken back: whatever the order of rows, the borders of batches and the number of workers, the last
 * versions are what the reference makes of the final rows. MILLRACE_SEED and MILLRACE_RUNS draw others, or more. A failure names its seed.
 */
const FIRST_SEED = Number(process.env['MILLRACE_SEED'] ?? 1);
const RUNS = runsOf(20);

const KEY = ['campaign', 'windowStart', 'windowEnd'];

/** Results of `campaign, window, n, total, part, average, costs, seen`, revised or final; of a join in mode 'final' no row is ever taken back. */
function planOf(random: Random, mode: 'eager' | 'final'): Plan {
  const { ads, views, bound, options, side, lately } = joinParts(random, mode);
  const columns = (ad: Loose, view: Loose): object => ({ campaign: coalesce(ad.campaign, 'none'), cost: ad.cost, price: ad.price, ms: view.ms });
  const joined = random.pick([
    (): Loose => lately(ads.join(views(), { ...options, ...bound(), kind: 'left', select: columns })),
    (): Loose => lately(ads.join(views(), { ...options, ...bound(), kind: random.pick(['right', 'full']), select: columns })),
    (): Loose => lately(ads.antiJoin(views(), { ...options, ...bound() })).with((ad: Loose) => ({ ms: ad.cost })),
    (): Loose => lately(ads.countMatches({ ms: side(), others: side() }, options)),
    (): Loose => lately(ads.joinAll({ one: side('left'), two: side(random.pick(['left', 'inner'])) }, { ...options, select: (ad: Loose, { one }: Loose) => columns(ad, one) })),
  ])();
  const grouped = joined.groupBy('campaign').window(random.pick([tumbling('10ms'), tumbling('1s'), sliding('50ms', '20ms'), calendar('hour', { zone: 'UTC' })]));
  const results = grouped.aggregate((row: Loose) => ({ n: count(), total: sum(row.cost), part: sum(row.cost).where(row.ms.gt(3)), average: mean(row.price), costs: mean(row.cost), seen: count(row.ms).where(row.ms.gt(0)) }));
  return (random.chance(0.3) ? results.emit('final') : results).plan();
}

/** A mean of decimals is rounded twice where rows may be taken back: each is the reference's, if it is no farther from it than that. */
function withMeansOf(expected: readonly Row[], rows: readonly Row[]): Row[] {
  const means = new Map(expected.map(row => [rowText(row, KEY), row['average'] as number | null]));
  const isNear = (a: number, b: number): boolean => Math.abs(a - b) <= 4 * Number.EPSILON * Math.abs(b);
  return rows.map(row => {
    const [own, mean_] = [row['average'] as number | null, means.get(rowText(row, KEY)) ?? null];
    return own !== null && mean_ !== null && isNear(own, mean_) ? { ...row, average: mean_ } : row;
  });
}
test.skipIf(!hasEngine)('aggregates over rows that may be taken back', { timeout: 60_000 + RUNS * 500 }, async () => {
  console.info(`seeds ${FIRST_SEED} … ${FIRST_SEED + RUNS - 1}`);
  const totals = { results: 0, late: 0, revisions: 0 };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const random = new Random(seed);
    const plan = planOf(random, 'eager');
    // The reference runs the plan in which there is nothing to take back: its aggregates are what was said.
    const once = planOf(new Random(seed), 'final');
    const feeds = adFeeds(random, plan);
    const options = { workers: random.pick([1, 2, 3]), batchRows: random.pick([1, 2, 50]), kernels: KERNELS };
    const { columns: _columns, ...join } = plan.stages[0]!.join!;
    const note = `seed ${seed}, ${JSON.stringify(options)}, ${JSON.stringify(join)}, ${JSON.stringify(plan.stages[1]!.aggregate?.window)}`;
    const expected = runStages(once, ingestOf(feeds));
    const got = await runInOrder(plan, feeds, options);
    const ledgers = got.stats.sources.map(({ read, filtered, applied, late, deadLettered }) => ({ read, filtered, applied, late, deadLettered }));
    expect(ledgers, note).toEqual(expected.ledgers.slice(0, ledgers.length));
    // No change comes too late for its window.
    expect(got.stats.stages.map(({ late, deadLettered }) => late + deadLettered), note).toEqual(got.stats.stages.map(() => 0));
    expect(difference(once, expected, withMeansOf(expected.rows, lastVersions(got.rows, KEY, plan.changelog === 'append').map(({ version: _version, deleted: _deleted, ...row }) => row))), note).toBe(null);
    totals.results += expected.rows.length;
    totals.late += ledgers.reduce((sum_, { late }) => sum_ + late, 0);
    totals.revisions += got.rows.length - expected.rows.length;
  }
  // The cases are worth something.
  if (RUNS >= 20) expect(Math.min(totals.results, totals.late, totals.revisions * 10)).toBeGreaterThan(RUNS);
});
