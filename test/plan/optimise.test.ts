import { describe, expect, test } from 'vitest';
import { count, lit, max, min, schema, stream, sum, t, tumbling } from '../../src/index.ts';
import { finishPlan } from '../../src/plan/finish.ts';
import { countChanges } from '../../src/plan/optimise/count-changes.ts';
import { countPairs } from '../../src/plan/optimise/count-pairs.ts';
import { dropNarrowing } from '../../src/plan/optimise/drop-narrowing.ts';
import { pushFilters } from '../../src/plan/optimise/push-filters.ts';
import { printExpression } from '../../src/plan/print-expression.ts';
import { pruneColumns } from '../../src/plan/optimise/prune-columns.ts';
import type { OptimiserRule } from '../../src/plan/optimise/rules.ts';
import { printCall } from '../../src/plan/print-call.ts';
import type { OutputNode } from '../../src/pipeline/output.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { fakeSource } from './fakes.ts';

const Wide = schema({ text: t.utf8, a: t.int32, b: t.int32, c: t.int32, at: t.timestamp });
const wide = stream(fakeSource(), Wide);
const planWith = (pipeline: unknown, ...rules: OptimiserRule[]): Plan => finishPlan((pipeline as OutputNode).draft, rules).plan;
const read = (plan: Plan): string[] => plan.stages[0]!.branches[0]!.source.schema.map(field => field.name);
const shape = (plan: Plan): string[] => plan.stages[0]!.branches[0]!.steps.map(step => (step.kind === 'filter' ? 'filter' : step.columns.map(column => column.name).join(',')));

test('without rules the plan is what was said', () => {
  const plan = planWith(wide.select('a', 'b').filter(row => row.a.gt(1)).select('a'));
  expect(read(plan)).toEqual(['text', 'a', 'b', 'c', 'at']);
  expect(shape(plan)).toEqual(['a,b', 'filter', 'a']);
});
test('pruneColumns reads what is used, and the event time', () => {
  const timed = wide.eventTime('at').with(row => ({ d: row.b.add(1), e: row.c.add(1) })).filter(row => row.d.gt(1)).groupBy('a').window(tumbling('1m')).aggregate(row => ({ n: count(), s: sum(row.a) }));
  const plan = planWith(timed, pruneColumns);
  expect(read(plan)).toEqual(['a', 'b', 'at']);
  expect(shape(plan)).toEqual(['a,d', 'filter']);
});
test('pruneColumns leaves a column to count rows by', () => {
  const plan = planWith(wide.map(() => ({ one: lit(1) })).aggregate(() => ({ n: count() })), pruneColumns);
  expect(read(plan)).toEqual(['a']);
  expect(shape(plan)).toEqual([]);
});
test('pruneColumns keeps every column of a result', () => {
  expect(read(planWith(wide.filter(row => row.a.gt(1)), pruneColumns))).toEqual(['text', 'a', 'b', 'c', 'at']);
});
test('dropNarrowing keeps the projection that makes the result', () => {
  const narrowed = wide.select('a', 'b').filter(row => row.b.gt(1)).select('a');
  expect(shape(planWith(narrowed, dropNarrowing))).toEqual(['filter', 'a']);
  expect(shape(planWith(narrowed, pruneColumns, dropNarrowing))).toEqual(['filter', 'a']);
  expect(shape(planWith(wide.select('b', 'a'), pruneColumns, dropNarrowing))).toEqual(['b,a']);
  expect(shape(planWith(wide.select('a', 'b'), pruneColumns, dropNarrowing))).toEqual([]);
  expect(shape(planWith(wide.map(row => ({ a: row.b, b: row.a })).select('a', 'b'), pruneColumns, dropNarrowing))).toEqual(['a,b', 'a,b']);
  expect(shape(planWith(wide.select('a', 'b').aggregate(row => ({ n: sum(row.a) })), dropNarrowing))).toEqual([]);
});
test('pruneColumns goes from stage to stage', () => {
  const minutes = wide.eventTime('at').dedupe('text', { within: '1h' }).groupBy('text').window(tumbling('1m')).aggregate(row => ({ n: count(), s: sum(row.a), unused: sum(row.b) }));
  const plan = planWith(minutes.with(row => ({ more: row.n.add(1n) })).select('text', 'windowStart', 'windowEnd', 's').top(3, row => row.s).select('text'), pruneColumns);
  const columns = plan.stages.map(stage => stage.output.map(field => field.name).join(','));
  expect(columns).toEqual(['text,a,at', 'text,windowStart,windowEnd,s', 'text,windowStart,windowEnd,s', 'text']);
  expect(plan.stages.map(stage => stage.branches[0]!.source.schema.map(field => field.name).join(','))).toEqual(['text,a,at', ...columns.slice(0, 3)]);
  expect(plan.stages[1]!.aggregate!.aggregates.map(call => call.name)).toEqual(['s']);
  const used = { columns: [{ name: 'text' }, { name: 'windowStart' }, { name: 'windowEnd' }, { name: 's' }] };
  expect(plan.stages[2]!.branches[0]!.steps).toMatchObject([used, used]);
});
test('pruneColumns leaves top the columns that break ties, wanted behind it or not', () => {
  const minutes = wide.eventTime('at').groupBy('text', 'c').window(tumbling('1m')).aggregate(row => ({ n: count(), s: sum(row.a) }));
  const plan = planWith(minutes.top(3, row => row.n).select('n').aggregate(row => ({ most: sum(row.n) })), pruneColumns);
  expect(plan.stages.map(stage => stage.output.map(field => field.name).join(','))).toEqual(['text,c,windowStart,windowEnd,n,s', 'text,c,windowStart,windowEnd,n,s', 'most']);
  expect(read(plan)).toEqual(['text', 'a', 'c', 'at']);
});
test('a stage that needs no column of another still has its rows', () => {
  const plan = planWith(wide.aggregate(row => ({ n: sum(row.a) })).aggregate(() => ({ rows: count() })), pruneColumns);
  expect(plan.stages[0]!.output.length).toBeGreaterThan(0);
  expect(plan.stages[1]!.branches[0]!.source.schema).toEqual(plan.stages[0]!.output);
});

const Ad = schema({ adId: t.int64, campaign: t.utf8, at: t.timestamp });
const View = schema({ adId: t.int64, ip: t.utf8, ms: t.int32, seen: t.timestamp });
const ads = stream(fakeSource({ name: 'ads' }), Ad).eventTime('at');
const views = stream(fakeSource({ name: 'views' }), View).eventTime('seen');
/** The conditions of each branch: 'stage.branch condition'. */
const filters = (plan: Plan): string[] => plan.stages.flatMap(({ branches }, s) => branches.flatMap(({ steps }, b) =>
  steps.flatMap(step => (step.kind === 'filter' ? [`${s}.${b} ${printExpression(step.predicate)}`] : []))));

describe('pushFilters', () => {
  const within = { on: 'adId', within: '1h' } as const;
  const inner = ads.join(views, within);
  test('checks what concerns one side before the join', () => {
    const filtered = inner.filter(row => row.campaign.eq('a').and(row.ip.ne('b'), row.ms.gt(row.adId.cast(t.int32)))).filter(row => row.ms.isNotNull());
    // The cast may fault: what comes after it stays where it is, or a row would no longer be set aside.
    expect(filters(planWith(filtered, pushFilters))).toEqual(['0.0 campaign = \'a\'', '0.1 ip <> \'b\'', '1.0 ms > CAST(adId AS int32)', '1.0 ms IS NOT NULL']);
    expect(filters(planWith(inner.filter(row => row.ms.gt(1)), pushFilters))).toEqual(['0.1 ms > 1']);
    const renamed = ads.join(views, { ...within, select: (ad, view) => ({ who: view.ip, what: ad.campaign }) }).filter(row => row.who.ne(row.what)).filter(row => row.who.eq('x'));
    expect(filters(planWith(renamed, pushFilters))).toEqual(['0.1 ip = \'x\'', '1.0 who <> what']);
  });
  test('where a row that is turned away would give nothing', () => {
    const found = (['left', 'right', 'full'] as const).map(kind => filters(planWith(ads.join(views, { ...within, kind }).filter(row => row.campaign.eq('a').and(row.ip.eq('b'))), pushFilters)));
    expect(found).toEqual([['0.0 campaign = \'a\'', '1.0 ip = \'b\''], ['1.0 (campaign = \'a\') AND (ip = \'b\')'], ['1.0 (campaign = \'a\') AND (ip = \'b\')']]);
    const counts = ads.countMatches({ views: { of: views, within: '1h' } }, { on: 'adId' }).filter(row => row.campaign.eq('a')).filter(row => row.views.gt(1n));
    expect(filters(planWith(counts, pushFilters))).toEqual(['0.0 campaign = \'a\'', '1.0 views > 1']);
  });
  test('of a table as of event time never: an older version would show', () => {
    const Campaign = schema({ campaign: t.utf8, budget: t.int32, since: t.timestamp });
    const campaigns = stream(fakeSource({ name: 'campaigns' }), Campaign).eventTime('since');
    const found = (['inner', 'left'] as const).map(kind => filters(planWith(ads.asOfJoin(campaigns, { on: 'campaign', kind }).filter(row => row.adId.gt(1n).and(row.budget.gt(1))), pushFilters)));
    expect(found).toEqual([['0.0 adId > 1', '1.0 budget > 1'], ['0.0 adId > 1', '1.0 budget > 1']]);
  });
  test('not where others read the join, too', () => {
    const both = inner.filter(row => row.campaign.eq('a')).union(inner.filter(row => row.campaign.eq('b')));
    expect(filters(planWith(both, pushFilters))).toEqual(['1.0 campaign = \'a\'', '1.1 campaign = \'b\'']);
  });
  test('can be turned off, and both plans are shown', () => {
    const filtered = inner.filter(row => row.ms.gt(1));
    expect(filters(filtered.plan())).toEqual(['0.1 ms > 1']);
    expect(filters(filtered.optimise({ pushFilters: false }).plan())).toEqual(['1.0 ms > 1']);
    expect(filters(inner.optimise({ pushFilters: false }).filter(row => row.ms.gt(1)).optimise({ pushFilters: true }).plan())).toEqual(['0.1 ms > 1']);
    expect(filtered.explain()).toMatch(/^as written\n[^]*\nas it runs, by pushFilters\n/);
    expect(filtered.optimise({ pushFilters: false }).explain()).not.toContain('as written');
    expect(inner.explain()).not.toContain('as written');
    expect(() => inner.optimise({ pushFilter: false } as never)).toThrow('no option pushFilter');
  });
});

/** The aggregates of the first stage that has any, each with its condition. */
const calls = (plan: Plan): string[] => plan.stages.find(stage => stage.aggregate !== null)!.aggregate!.aggregates
  .map(call => `${printCall(call)}${call.where === null ? '' : ` where ${printExpression(call.where)}`}`);
const mode = (plan: Plan): string => plan.stages[0]!.join!.mode;
const within = { within: { after: '1h' } } as const;

describe('countChanges', () => {
  const counted = ads.countMatches({ views: { of: views, ...within }, clicks: { of: views.select('adId'), ...within } }, { on: 'adId' });
  const minutes = counted.groupBy('campaign').window(tumbling('1m'));
  test('has sums of what comes, and nothing of what is taken back', () => {
    const plan = planWith(minutes.aggregate(ad => ({ served: count(), views: sum(ad.views), clicks: sum(ad.clicks).where(ad.campaign.ne('x')) })), countChanges, pruneColumns);
    expect(mode(plan)).toBe('changes');
    expect(plan.stages[0]!.join!.columns.map(column => column.kind)).toEqual(['field', 'count', 'count', 'isNew', 'time']);
    expect(calls(plan)).toEqual(['count(*) where isNew', 'sum(views)', 'sum(clicks) where campaign <> \'x\'', 'count(*) where (campaign <> \'x\') AND isNew']);
    const last = plan.stages[2]!.branches[0]!.steps.at(-1)!;
    expect(last.kind === 'project' && last.columns.map(({ name, expression }) => `${name}: ${printExpression(expression)}`).slice(5, 7)).toEqual([
      'served: CASE WHEN $0 = 0 THEN NULL ELSE $0 END', 'views: CASE WHEN $0 = 0 THEN NULL ELSE coalesce($2, 0) END',
    ]);
    expect(last.kind === 'project' && JSON.stringify(last.columns)).not.toMatch(/\$[13579]"/);
  });
  test('through steps that leave numbers as they are', () => {
    const renamed = counted.filter(ad => ad.campaign.ne('x')).map(ad => ({ retracted2: ad.campaign.upper(), isNew: ad.adId, n: ad.views }));
    const plan = planWith(renamed.groupBy('retracted2').window(tumbling('1m')).aggregate(ad => ({ total: sum(ad.n), ids: sum(ad.isNew) })), countChanges, pruneColumns);
    expect([mode(plan), ...calls(plan)]).toEqual(['changes', 'count(*) where $isNew', 'sum(n)', 'sum(isNew) where $isNew']);
  });
  test('not where more than sums is wanted, or others read the rows', () => {
    for (const pipeline of [counted, counted.groupBy('views').aggregate(() => ({ n: count() }))]) expect(mode(planWith(pipeline, countChanges))).toBe('eager');
    expect(mode(planWith(minutes.aggregate(ad => ({ n: count().where(ad.views.gt(1n)) })), countChanges))).toBe('eager');
    expect(mode(planWith(minutes.aggregate(ad => ({ n: sum(ad.views.add(ad.clicks)) })), countChanges))).toBe('eager');
    expect(mode(planWith(counted.filter(ad => ad.views.gt(1n)).window(tumbling('1m')).aggregate(() => ({ n: count() })), countChanges))).toBe('eager');
    const final = ads.countMatches({ views: { of: views, ...within } }, { on: 'adId', mode: 'final' });
    expect(mode(planWith(final.window(tumbling('1m')).aggregate(ad => ({ n: sum(ad.views) })), countChanges))).toBe('final');
    expect(mode(planWith(ads.join(views, { on: 'adId', ...within, kind: 'left' }).window(tumbling('1m')).aggregate(() => ({ n: count() })), countChanges))).toBe('eager');
  });
  test('can be turned off, and both plans are shown', () => {
    const results = minutes.aggregate(ad => ({ views: sum(ad.views) }));
    expect(results.explain()).toMatch(/^as written\n[^]*taken back when a match changes it[^]*\nas it runs, by countChanges\n[^]*its matches as changes of its numbers/);
    expect(mode(results.optimise({ countChanges: false }).plan())).toBe('eager');
  });
});

describe('countPairs', () => {
  const joined = ads.join(views, { on: 'adId', ...within });
  const optional = ads.join(views, { on: 'adId', ...within, kind: 'left', mode: 'final' });
  test('counts in the join', () => {
    const plan = planWith(joined.groupBy('campaign').window(tumbling('1m')).aggregate(row => ({ n: count(), ips: count(row.ip), some: count().where(row.campaign.ne('x')), last: max(row.at) })), countPairs);
    expect(plan.stages[0]!.join).toMatchObject({ mode: 'final', sides: [{}, { match: 'count' }], columns: [{ side: 0 }, { side: 0 }, { side: 0 }, { kind: 'time' }, { kind: 'count', side: 1 }] });
    expect(filters(plan)).toEqual(['1.0 matches > 0']);
    expect(calls(plan)).toEqual(['sum(matches)', 'sum(matches)', 'sum(CASE WHEN campaign <> \'x\' THEN matches ELSE 0 END)', 'max(at)']);
  });
  test('of a left join a row without a match is one row', () => {
    const plan = planWith(optional.select('ip', 'campaign').groupBy('campaign').window(tumbling('1m')).aggregate(row => ({ n: count(), ips: count(row.ip) })), countPairs);
    expect(filters(plan)).toEqual([]);
    expect(calls(plan)).toEqual(['sum(CASE WHEN matches = 0 THEN 1 ELSE matches END)', 'sum(matches)']);
    expect(shape({ ...plan, stages: plan.stages.slice(1) })).toEqual(['campaign,matches']);
  });
  test('not where pairs are needed, or could fault', () => {
    const ofPairs = [
      joined.aggregate(() => ({ n: count() })), joined.groupBy('ip').window(tumbling('1m')).aggregate(() => ({ n: count() })), joined.window(tumbling('1m')).aggregate(row => ({ n: sum(row.adId) })),
      joined.window(tumbling('1m')).aggregate(row => ({ n: min(row.ms) })), joined.window(tumbling('1m')).aggregate(() => ({ n: count() })).emit({ early: '1s' }),
      joined.filter(row => row.ip.ne(row.campaign)).window(tumbling('1m')).aggregate(() => ({ n: count() })), joined.map(row => ({ id: row.adId.add(1n) })).groupBy('id').window(tumbling('1m')).aggregate(() => ({ n: count() })),
      ads.join(views, { on: 'adId', ...within, kind: 'right', mode: 'final' }).window(tumbling('1m')).aggregate(() => ({ n: count() })),
      ads.join(views, { on: 'adId', ...within, kind: 'left' }).window(tumbling('1m')).aggregate(() => ({ n: count() })),
    ];
    for (const pipeline of ofPairs) expect(planWith(pipeline, countPairs).stages[0]!.join!.sides[1]!.match).not.toBe('count');
  });
  test('can be turned off', () => {
    const results = joined.groupBy('campaign').window(tumbling('1m')).aggregate(() => ({ n: count() }));
    expect(results.plan().stages[0]!.join!.sides[1]!.match).toBe('count');
    expect(results.explain()).toContain('as it runs, by countPairs\n');
    expect(results.optimise({ countPairs: false }).plan().stages[0]!.join!.sides[1]!.match).toBe('inner');
  });
});
