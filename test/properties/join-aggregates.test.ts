import { expect, test } from 'vitest';
import { calendar, coalesce, count, mean, rows, schema, sliding, stream, sum, t, tumbling } from '../../src/index.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { Row } from '../../src/plan/types.ts';
import { difference, rowText } from '../oracle/compare.ts';
import { runStages } from '../oracle/reference.ts';
import { ingestOf } from '../support/feeds.ts';
import { runInOrder, type RowsOrEnd } from '../support/in-order.ts';
import { KERNELS, runsOf } from '../support/kernels.ts';
import { Random } from '../support/random.ts';
import { hasEngine } from '../support/run-plan.ts';

/**
 * Aggregates over rows of a join that may be taken back: whatever the order of rows, the borders of batches and the number of workers, the last
 * versions are what the reference makes of the final rows. MILLRACE_SEED and MILLRACE_RUNS draw others, or more. A failure names its seed.
 */
const FIRST_SEED = Number(process.env['MILLRACE_SEED'] ?? 1);
const RUNS = runsOf(20);

const Ad = schema({ id: t.int64.nullable, campaign: t.utf8, cost: t.int64.nullable, price: t.decimal(9, 2), at: t.timestamp });
const View = schema({ id: t.int64.nullable, ms: t.int32, seen: t.timestamp });
const KEY = ['campaign', 'windowStart', 'windowEnd'];

/** Each is typed where it is used by hand; what is drawn is not. */
type Loose = any;
/** Results of `campaign, window, n, total, part, average, costs, seen`, revised or final; of a join in mode 'final' no row is ever taken back. */
function planOf(random: Random, mode: 'eager' | 'final'): Plan {
  const ms = (...of: number[]): string => `${random.pick(of)}ms`;
  const ads: Loose = stream(rows([]), Ad).eventTime('at', { outOfOrderness: ms(0, 5, 60) as '0ms' });
  const views = (): Loose => stream(rows([]), View).eventTime('seen', { outOfOrderness: ms(0, 5, 60) as '0ms' });
  const window = random.chance(0.3) ? random.pick([tumbling('20ms'), sliding('40ms', '15ms')]) : undefined;
  const bound = (): object => (window ? {} : { within: { before: ms(0, 3, 40), after: ms(0, 10, 100) } });
  const options = { on: 'id', mode, ...(window && { window }) };
  const side = (kind?: string): object => ({ of: views(), ...bound(), ...(kind && { kind }) });
  const columns = (ad: Loose, view: Loose): object => ({ campaign: coalesce(ad.campaign, 'none'), cost: ad.cost, price: ad.price, ms: view.ms });
  const late = random.pick([null, null, '7ms', '80ms']);
  const lately = (join: Loose): Loose => (late === null ? join : join.late({ accept: late }));
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

function feedsOf(random: Random, plan: Plan): RowsOrEnd[] {
  const sources = 1 + Math.max(...plan.stages[0]!.branches.map(({ from }) => ('source' in from ? from.source : 0)));
  const keys = random.pick([1, 5, 20]);
  const jitter = random.pick([10, 100, 200]);
  let now = 1_700_000_000_000;
  return Array.from({ length: random.below(60) }, () => {
    const branch = random.below(sources);
    const batch = Array.from({ length: 1 + random.below(4) }, () => {
      const id = random.chance(0.1) ? null : BigInt(random.below(keys));
      const at = (now += random.below(6)) - random.below(jitter);
      const ad = { id, campaign: random.pick(['a', 'b']), cost: random.chance(0.2) ? null : BigInt(random.below(100) - 20), price: `${random.below(10)}.${random.below(90) + 10}`, at };
      return branch === 0 ? ad : { id, ms: random.below(20) - 3, seen: at };
    });
    return { branch, rows: batch };
  });
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
/** The last version of each result, without those that were taken back. Throws where a version does not grow. */
function lastVersions(plan: Plan, given: readonly Row[]): Row[] {
  const last = new Map<string, Row>();
  for (const row of given) {
    const key = rowText(row, KEY);
    const before = last.get(key);
    if (before && (plan.changelog === 'append' || !((row['version'] as bigint) > (before['version'] as bigint)))) throw new Error(`a second row of {${key}}: version ${String(row['version'])} after ${String(before['version'])}`);
    last.set(key, row);
  }
  return [...last.values()].filter(row => row['deleted'] !== true).map(({ version: _version, deleted: _deleted, ...row }) => row);
}

test.skipIf(!hasEngine)('aggregates over rows that may be taken back', { timeout: 60_000 + RUNS * 500 }, async () => {
  console.info(`seeds ${FIRST_SEED} … ${FIRST_SEED + RUNS - 1}`);
  const totals = { results: 0, late: 0, revisions: 0 };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const random = new Random(seed);
    const plan = planOf(random, 'eager');
    // The reference runs the plan in which there is nothing to take back: its aggregates are what was said.
    const once = planOf(new Random(seed), 'final');
    const feeds = feedsOf(random, plan);
    const options = { workers: random.pick([1, 2, 3]), batchRows: random.pick([1, 2, 50]), kernels: KERNELS };
    const { columns: _columns, ...join } = plan.stages[0]!.join!;
    const note = `seed ${seed}, ${JSON.stringify(options)}, ${JSON.stringify(join)}, ${JSON.stringify(plan.stages[1]!.aggregate?.window)}`;
    const expected = runStages(once, ingestOf(feeds));
    const got = await runInOrder(plan, feeds, options);
    const ledgers = got.stats.sources.map(({ read, filtered, applied, late, deadLettered }) => ({ read, filtered, applied, late, deadLettered }));
    expect(ledgers, note).toEqual(expected.ledgers.slice(0, ledgers.length));
    // No change comes too late for its window.
    expect(got.stats.stages.map(({ late, deadLettered }) => late + deadLettered), note).toEqual(got.stats.stages.map(() => 0));
    expect(difference(once, expected, withMeansOf(expected.rows, lastVersions(plan, got.rows))), note).toBe(null);
    totals.results += expected.rows.length;
    totals.late += ledgers.reduce((sum_, { late }) => sum_ + late, 0);
    totals.revisions += got.rows.length - expected.rows.length;
  }
  // The cases are worth something.
  if (RUNS >= 20) expect(Math.min(totals.results, totals.late, totals.revisions * 10)).toBeGreaterThan(RUNS);
});
