import { expect, test } from 'vitest';
import { calendar, coalesce, count, countDistinct, max, mean, min, sliding, sum, tumbling } from '../../src/index.ts';
import { OPTIMISER_RULES } from '../../src/plan/optimise/rules.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { Row } from '../../src/plan/types.ts';
import { difference } from '../oracle/compare.ts';
import { runStages, type ReferenceResult } from '../oracle/reference.ts';
import { adFeeds, joinParts, type Loose } from '../support/ad-joins.ts';
import { foldRetractions, lastVersions } from '../support/changelog.ts';
import { ingestOf } from '../support/feeds.ts';
import { runInOrder } from '../support/in-order.ts';
import { KERNELS, runsOf } from '../support/kernels.ts';
import { Random } from '../support/random.ts';
import { hasEngine } from '../support/run-plan.ts';

/**
 * Rules of the optimiser change no result: joins with what may stand behind them, drawn at random, run by the engine with all rules off, with each
 * of them alone, and with all, over rows out of order, of which some are late, by one worker or several. Each must give what the reference makes
 * of the plan as it was written, in mode 'final', in which no row is ever taken back. MILLRACE_SEED and MILLRACE_RUNS draw others, or more.
 */
const FIRST_SEED = Number(process.env['MILLRACE_SEED'] ?? 1);
const RUNS = runsOf(40);
const RULES = OPTIMISER_RULES.map(rule => rule.name);
type Rule = (typeof RULES)[number];
const switches = (on: (rule: Rule) => boolean): Record<Rule, boolean> => Object.fromEntries(RULES.map(rule => [rule, on(rule)])) as Record<Rule, boolean>;

/** `ms` and `others` are numbers of matches, or columns of theirs. `steady`: in either mode no row is taken back. */
interface Joined { readonly pipeline: Loose; readonly steady: boolean }

function joinedBy(random: Random, mode: 'eager' | 'final'): Joined {
  const { ads, views, bound, options, side, lately } = joinParts(random, mode);
  const columns = (ad: Loose, view: Loose): object => ({ campaign: ad.campaign, cost: ad.cost, price: ad.price, ms: view.ms, others: view.note });
  return random.pick([
    (): Joined => ({ pipeline: lately(ads.join(views(), { ...options, ...bound(), select: columns })), steady: true }),
    (): Joined => ({ pipeline: lately(ads.join(views(), { ...options, ...bound(), select: columns })), steady: true }),
    (): Joined => ({ pipeline: lately(ads.asOfJoin(views(), { on: 'id', kind: random.pick(['inner', 'left']), within: random.pick([undefined, '30ms']), deleted: random.pick([undefined, (view: Loose) => view.ms.lt(0)]), select: columns })), steady: true }),
    (): Joined => ({ pipeline: lately(ads.join(views(), { ...options, ...bound(), kind: 'left', select: columns })), steady: false }),
    (): Joined => ({ pipeline: lately(ads.join(views(), { ...options, ...bound(), kind: random.pick(['right', 'full']), select: columns })).with((row: Loose) => ({ campaign: coalesce(row.campaign, 'none') })), steady: false }),
    (): Joined => ({ pipeline: lately(ads.countMatches({ ms: side() }, options)).with((row: Loose) => ({ others: row.cost })), steady: false }),
    (): Joined => ({ pipeline: lately(ads.countMatches({ ms: side(), others: side() }, options)), steady: false }),
    (): Joined => ({ pipeline: lately(ads.countMatches({ ms: side(), others: side() }, options)), steady: false }),
    (): Joined => ({ pipeline: lately(ads.joinAll({ one: side(random.pick(['left', 'inner'])), two: side(random.pick(['left', 'inner'])) }, { ...options, select: (ad: Loose, { one }: Loose) => columns(ad, one) })), steady: false }),
  ])();
}

/** Of a join in mode 'final' no row is ever taken back. */
function pipelineOf(random: Random, mode: 'eager' | 'final'): Loose {
  const { pipeline, steady } = joinedBy(random, mode);
  const filtered = random.pick([
    (): Loose => pipeline, (): Loose => pipeline, (): Loose => pipeline.filter((row: Loose) => row.cost.gt(20n)), (): Loose => pipeline.filter((row: Loose) => row.ms.gt(0).or(row.cost.lt(50n))),
  ])();
  const kept = random.pick([
    (): Loose => filtered.select('campaign', 'cost', 'price', 'ms', 'others'),
    (): Loose => filtered.map((row: Loose) => ({ campaign: row.campaign.upper(), cost: row.cost, price: row.price, ms: row.ms, others: row.others })),
    (): Loose => filtered.map((row: Loose) => ({ campaign: row.campaign, cost: row.cost, price: row.price, ms: row.others, others: random.chance(0.5) ? row.ms : row.ms.add(row.ms) })),
  ])();
  if (random.chance(0.1)) return kept;
  const grouped = kept.groupBy(...random.pick([['campaign'], ['campaign'], ['campaign', 'cost'], ['ms']])).window(random.pick([tumbling('10ms'), tumbling('1s'), sliding('50ms', '20ms'), calendar('hour', { zone: 'UTC' })]));
  const results = grouped.aggregate((row: Loose) => {
    const some: [name: string, call: () => Loose][] = [
      ['n', (): Loose => count()], ['first', (): Loose => sum(row.ms)], ['others', (): Loose => sum(row.others)], ['costs', (): Loose => sum(row.cost).where(row.price.gt('5.00'))], ['part', (): Loose => sum(row.ms).where(row.cost.gt(10n))],
      ['seen', (): Loose => count(row.ms)], ['noted', (): Loose => count(row.others).where(row.price.lt('8.00'))], ['known', (): Loose => count(row.cost)], ['average', (): Loose => mean(row.ms)],
      ...steady ? [['greatest', (): Loose => max(row.cost)], ['least', (): Loose => min(row.price).where(row.cost.gt(0n))], ['prices', (): Loose => countDistinct(row.price)], ['most', (): Loose => max(row.ms)]] as [string, () => Loose][] : [],
    ];
    const chosen = some.filter(() => random.chance(0.4));
    return Object.fromEntries((chosen.length > 0 ? chosen : [random.pick(some)]).map(([name, call]) => [name, call()]));
  });
  return random.chance(0.3) ? results.emit('final') : results;
}

/** What somebody has in the end who keeps the last version of each result, or takes back what is taken back. */
function contents(plan: Plan, given: readonly Row[], names: readonly string[]): Row[] {
  const only = (row: Row): Row => Object.fromEntries(names.map(name => [name, row[name]!]));
  if (plan.changelog === 'append') return given.map(only);
  if (plan.changelog === 'retracting') return foldRetractions(plan, given).map(only);
  const identity = plan.output.slice(0, plan.output.findIndex(({ name }) => name === 'version')).map(({ name }) => name);
  return lastVersions(given, identity).map(only);
}

test.skipIf(!hasEngine)('every rule leaves results as they are', { timeout: 60_000 + RUNS * 2000 }, async () => {
  console.info(`seeds ${FIRST_SEED} … ${FIRST_SEED + RUNS - 1}`);
  const changed = new Map<string, number>();
  const totals = { results: 0, late: 0 };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const planOf = (mode: 'eager' | 'final', on: (rule: Rule) => boolean): Plan => pipelineOf(new Random(seed), mode).optimise(switches(on)).plan();
    const [written, once] = [planOf('eager', () => false), planOf('final', () => false)];
    const random = new Random(seed * 7919);
    const feeds = adFeeds(random, written);
    const expected: ReferenceResult = runStages(once, ingestOf(feeds));
    const names = once.output.map(({ name }) => name);
    totals.results += expected.rows.length;
    const variants: [name: string, plan: Plan][] = [
      ['none', written], ['all', planOf('eager', () => true)], ['all, final', planOf('final', () => true)],
      ...RULES.flatMap(rule => [[rule, planOf('eager', one => one === rule)], [`${rule}, final`, planOf('final', one => one === rule)]] as [string, Plan][]),
    ];
    const done = new Set<string>();
    for (const [name, plan] of variants) {
      const text = JSON.stringify(plan);
      if (done.has(text)) continue;
      done.add(text);
      const options = { workers: random.pick([1, 2, 3]), batchRows: random.pick([1, 2, 50]), kernels: KERNELS };
      const note = `seed ${seed}, rules: ${name}, ${JSON.stringify(options)}`;
      const got = await runInOrder(plan, feeds, options);
      expect(got.stats.stages.map(({ late, deadLettered }) => late + deadLettered), note).toEqual(got.stats.stages.map(() => 0));
      expect(difference(once, expected, contents(plan, got.rows, names)), note).toBe(null);
      changed.set(name, (changed.get(name) ?? 0) + 1);
      totals.late += got.stats.sources.reduce((sum_, { late }) => sum_ + late, 0);
    }
  }
  // The cases are worth something: each rule has changed some plans.
  if (RUNS < 60) return;
  for (const rule of RULES) expect((changed.get(rule) ?? 0) + (changed.get(`${rule}, final`) ?? 0), rule).toBeGreaterThan(5);
  expect(Math.min(totals.results, totals.late)).toBeGreaterThan(RUNS);
});
