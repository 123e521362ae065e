import { describe, expect, test } from 'vitest';
import { countWindow, count, first, mean, min, schema, session, sliding, stream, sum, t, tumbling } from '../../src/index.ts';
import { reachOf } from '../../src/plan/join-plan.ts';
import { fieldText } from '../../src/plan/schema.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { errorOf, fakeSink, fakeSource } from './fakes.ts';

const Ad = schema({ adId: t.int64, campaign: t.dictionary(), at: t.timestamp });
const View = schema({ adId: t.int64, ip: t.utf8, seen: t.timestamp });
const ads = () => stream(fakeSource({ name: 'ads' }), Ad).eventTime('at');
const views = (name = 'views') => stream(fakeSource({ name }), View).eventTime('seen');
const columns = (pipeline: { plan(): Plan }): string => pipeline.plan().output.map(fieldText).join(', ');
const joinOf = (pipeline: { plan(): Plan }) => pipeline.plan().stages[0]!.join!;

describe('the plan of a join', () => {
  test('pairs', () => {
    const plan = ads().join(views(), { on: 'adId', within: { before: '1m', after: '12h' } }).plan();
    expect(plan.changelog).toBe('append');
    expect(plan.stages).toHaveLength(1);
    expect(plan.stages[0]!.branches.map(({ side, source }) => [side, source.name])).toEqual([[0, 'ads'], [1, 'views']]);
    expect(plan.stages[0]!.join).toMatchObject({
      mode: 'eager', accept: 0, window: null,
      sides: [{ name: 'left', match: 'left', keys: [{ name: 'adId' }] }, { name: 'right', match: 'inner', before: 60_000, after: 43_200_000, keepsUnmatched: false }],
      columns: [{ kind: 'field', side: 0, name: 'adId' }, { side: 0, name: 'campaign' }, { side: 0, name: 'at' }, { side: 1, name: 'ip' }, { side: 1, name: 'seen' }],
    });
    expect(plan.output.map(fieldText).join(', ')).toBe('adId int64, campaign utf8, at timestamp, ip utf8, seen timestamp');
  });
  test('rows without a match', () => {
    const kinds = (['inner', 'left', 'right', 'full'] as const).map(kind => ads().select('adId', 'campaign').join(views().select('adId', 'ip'), { on: 'adId', within: '10m', kind }));
    expect(kinds.map(columns)).toEqual([
      'adId int64, campaign utf8, ip utf8',
      'adId int64, campaign utf8, ip utf8 null, retracted bool',
      'adId int64, campaign utf8 null, ip utf8, retracted bool',
      'adId int64 null, campaign utf8 null, ip utf8 null, retracted bool',
    ]);
    expect(kinds.map(pipeline => pipeline.plan().changelog)).toEqual(['append', 'retracting', 'retracting', 'retracting']);
    const final = ads().join(views(), { on: 'adId', within: '10m', kind: 'left', mode: 'final' });
    expect([final.plan().changelog, columns(final)]).toEqual(['append', 'adId int64, campaign utf8, at timestamp, ip utf8 null, seen timestamp null']);
  });
  test('halves and counts', () => {
    const semi = ads().semiJoin(views(), { on: 'adId', within: '1m' });
    expect([semi.plan().changelog, columns(semi)]).toEqual(['append', 'adId int64, campaign utf8, at timestamp']);
    const anti = ads().antiJoin(views(), { on: 'adId', window: tumbling('1m') });
    expect([anti.plan().changelog, columns(anti)]).toEqual(['retracting', 'adId int64, campaign utf8, at timestamp, windowStart timestamp, windowEnd timestamp, retracted bool']);
    const counts = ads().countMatches({ views: { of: views(), within: { after: '12h' } }, clicks: { of: views('clicks'), within: { after: '1h' } } }, { on: 'adId' });
    expect(columns(counts)).toBe('adId int64, campaign utf8, at timestamp, views int64, clicks int64, retracted bool');
    expect(joinOf(counts).sides.map(({ name, match }) => `${name} ${match}`)).toEqual(['left left', 'views count', 'clicks count']);
  });
  test('a window instead of a distance', () => {
    expect(joinOf(ads().join(views(), { on: 'adId', window: sliding('10s', '2s', { offset: '1s' }) }))).toMatchObject({ window: { size: 10_000, slide: 2000, offset: 1000 }, sides: [{}, { before: 0, after: 0 }] });
    expect(joinOf(ads().join(views(), { on: 'adId', window: tumbling('1m') }))).toMatchObject({ window: { size: 60_000, slide: 60_000, offset: 0 } });
  });
  test('columns of one\'s own', () => {
    const bare = ads().join(views(), { on: 'adId', within: '1m', select: (ad, view) => ({ id: ad.adId, who: view.ip }) });
    expect(bare.plan().stages).toHaveLength(1);
    expect(columns(bare)).toBe('id int64, who utf8');
    const computed = ads().join(views(), { on: 'adId', within: '1m', kind: 'left', select: (ad, view) => ({ id: ad.adId, who: view.ip.upper() }) });
    expect(computed.plan().stages.map(stage => stage.join !== null)).toEqual([true, false]);
    expect(columns(computed)).toBe('id int64, who utf8 null, retracted bool');
    const several = ads().joinAll({ views: { of: views(), within: '1m' }, clicks: { of: views('clicks'), within: '1m', kind: 'left' } }, { on: 'adId', select: (ad, { views: view, clicks }) => ({ id: ad.adId, seen: view.seen, clicked: clicks.seen }) });
    expect(columns(several)).toBe('id int64, seen timestamp, clicked timestamp null, retracted bool');
  });
  test('a side may be a union, and keys may be computed', () => {
    const both = views().union(views('more'));
    const join = ads().join(both, { on: { left: ad => ({ id: ad.adId.cast(t.utf8) }), right: view => ({ id: view.ip }) }, within: 0, select: (ad, view) => ({ at: ad.at, seen: view.seen }) });
    expect(join.plan().stages[0]!.branches.map(branch => branch.side)).toEqual([0, 1, 1]);
    expect(joinOf(join).sides.map(side => side.keys.map(key => [key.name, key.expression.type.kind]))).toEqual([[['id', 'utf8']], [['id', 'utf8']]]);
  });
  test('only what is needed is read', () => {
    const plan = ads().join(views(), { on: 'adId', within: '1m' }).select('campaign').plan();
    expect(plan.stages[0]!.output.map(field => field.name)).toEqual(['campaign', '$time']);
    expect(plan.stages[0]!.branches.map(({ source }) => source.schema.map(field => field.name))).toEqual([['adId', 'campaign', 'at'], ['adId', 'seen']]);
    expect(joinOf({ plan: () => plan }).sides.map(side => side.fields.map(field => field.name))).toEqual([['adId', 'campaign'], ['adId']]);
  });
  test('late rows', () => {
    const late = fakeSink();
    const pipeline = ads().join(views(), { on: 'adId', within: '1m' }).late({ accept: '12h', then: late });
    expect(joinOf(pipeline).accept).toBe(43_200_000);
    expect(pipeline.to(fakeSink()).description.late).toBe(late);
  });
  test('how long rows are kept', () => {
    const reaches = (pipeline: { plan(): Plan }): number[] => joinOf(pipeline).sides.map((_, side) => reachOf(joinOf(pipeline), side));
    expect(reaches(ads().join(views(), { on: 'adId', within: { before: 3, after: 7 } }))).toEqual([7, 3]);
    expect(reaches(ads().join(views(), { on: 'adId', window: tumbling(9) }))).toEqual([9, 9]);
    const sides = { a: { of: views(), within: { before: 3, after: 7 } }, b: { of: views('b'), within: { before: 1, after: 20 } } };
    // A row of `a` at t meets one of `b` at up to t + 3 + 20, through a left row at t + 3.
    expect(reaches(ads().joinAll(sides, { on: 'adId', select: ad => ({ id: ad.adId }) }))).toEqual([20, 23, 8]);
    expect(reaches(ads().countMatches(sides, { on: 'adId' }))).toEqual([20, 3, 1]);
  });
});

describe('a table as of event time', () => {
  const Campaign = schema({ campaign: t.dictionary(), budget: t.int32, stopped: t.bool.nullable, since: t.timestamp });
  const campaigns = () => stream(fakeSource({ name: 'campaigns' }), Campaign).eventTime('since');
  const refused = (options: object, table: unknown = campaigns()) => errorOf(() => (ads() as any).asOfJoin(table, options));
  test('the plan', () => {
    const left = ads().asOfJoin(campaigns(), { on: 'campaign', kind: 'left', within: '30d', deleted: row => row.stopped });
    expect([left.plan().changelog, columns(left)]).toEqual(['append', 'adId int64, campaign utf8, at timestamp, budget int32 null, stopped bool null, since timestamp null']);
    expect(joinOf(left)).toMatchObject({ mode: 'final', accept: 0, window: null, sides: [{ match: 'left' }, { name: 'table', match: 'optional', before: 0, after: 0 }], asOf: { within: 30 * 86_400_000, deleted: { op: 'coalesce' } } });
    const inner = ads().asOfJoin(campaigns(), { on: 'campaign' }).late({ accept: '1h' });
    expect(joinOf(inner)).toMatchObject({ accept: 3_600_000, sides: [{}, { match: 'inner' }], asOf: { within: null, deleted: null } });
    expect(columns(inner.groupBy('campaign').window(session('1m')).aggregate(row => ({ least: min(row.budget) })))).toContain('least int32');
  });
  test('what says that a row is gone is read, other columns that nobody needs are not', () => {
    const plan = ads().asOfJoin(campaigns(), { on: 'campaign', deleted: row => row.stopped.and(row.budget.gt(0)) }).select('adId').plan();
    expect(plan.stages[0]!.branches[1]!.source.schema.map(field => field.name)).toEqual(['campaign', 'budget', 'stopped', 'since']);
    expect(joinOf({ plan: () => plan }).columns).toEqual([{ kind: 'field', side: 0, name: 'adId' }, { kind: 'time' }]);
  });
  test('refused', () => {
    expect(refused({ on: 'campaign', kind: 'full' }).message).toContain('asOfJoin: kind is \'inner\', \'left\', got');
    expect(refused({ on: 'campaign', within: '-1s' }).message).toContain('asOfJoin: within is -1s; it must not be negative');
    expect(refused({ on: 'campaign', mode: 'eager' }).message).toContain('no option mode');
    expect(refused({ on: 'campaign', deleted: (row: any) => row.budget })).toMatchObject({ code: 'TYPE_MISMATCH' });
    expect(refused({ on: 'campaign', deleted: 'stopped' }).message).toContain('asOfJoin: deleted takes a callback');
    expect(refused({ on: 'adId' }, campaigns().with(row => ({ adId: row.budget }))).message).toContain('the key adId is int64 on the left side and int32 in table');
    expect(refused({ on: 'campaign' }, stream(fakeSource({ name: 'untimed' }), Campaign)).message).toContain('need event time, and untimed has none');
    expect(refused({ on: 'campaign' }, 'campaigns').message).toContain('asOfJoin takes a pipeline');
    const revised = campaigns().groupBy('campaign').window(tumbling('1m')).aggregate(() => ({ n: count() })).late({ accept: '1h' });
    expect(refused({ on: 'campaign' }, revised).message).toContain('emit(\'final\')');
    const changing = ads().join(views(), { on: 'adId', within: '1m', kind: 'left' });
    expect(errorOf(() => (changing as any).asOfJoin(campaigns(), { on: 'campaign' })).message).toContain('mode: \'final\'');
  });
  test('explained', () => {
    const lines = (text: string): string[] => text.split('\n').map(one => one.trim().replace(/\s+/g, ' '));
    const explained = lines(ads().asOfJoin(campaigns(), { on: 'campaign', kind: 'left', within: '30d', deleted: row => row.budget.eq(0) }).late({ accept: '1m' }).explain());
    expect(explained).toContain('join of left (ads), table (campaigns)');
    expect(explained).toContain('table the newest version at or before the left row\'s time, at most 30d before it; nulls where there is none');
    expect(explained).toContain('deleted none where budget = 0');
    expect(explained).toContain('emits a row when no version at or before its time can come any more');
    expect(explained).toContain('late rows are accepted until 1m behind the watermark');
  });
});

describe('what stands behind rows that may be taken back', () => {
  const left = () => ads().join(views(), { on: 'adId', within: { after: '1h' }, kind: 'left' });
  test('the mark goes along', () => {
    expect(columns(left().filter(row => row.ip.isNotNull()).select('ip').map(row => ({ who: row.ip.upper() })).with(row => ({ n: row.who.length() })))).toBe('who utf8 null, retracted bool, n int32 null');
    expect(errorOf(() => left().map(row => ({ retracted: row.at }))).message).toContain('the column retracted says that a row is taken back');
  });
  test('aggregates take changes as long as there may be any', () => {
    const hours = left().groupBy('campaign').window(tumbling('1m')).aggregate(row => ({ n: count(), seen: count(row.ip) }));
    expect(hours.plan().stages[1]!.aggregate).toMatchObject({ accept: 3_600_000, window: { kind: 'tumbling' } });
    expect([hours.plan().changelog, columns(hours)]).toEqual(['updating', 'campaign utf8, windowStart timestamp, windowEnd timestamp, version int64, deleted bool, n int64 null, seen int64 null']);
    const once = hours.emit('final');
    expect([once.plan().changelog, columns(once)]).toEqual(['append', 'campaign utf8, windowStart timestamp, windowEnd timestamp, n int64, seen int64']);
    expect(columns(hours.having(row => row.n.gt(1n)))).toBe(columns(hours));
    expect(columns(once.groupBy('campaign').window(tumbling('1h')).aggregate(row => ({ most: sum(row.n) })))).toBe('campaign utf8, windowStart timestamp, windowEnd timestamp, most int64');
    const late = left().late({ accept: '2h' }).groupBy('campaign').window(tumbling('1m')).aggregate(() => ({ n: count() }));
    expect(late.plan().stages[1]!.aggregate!.accept).toBe(3 * 3_600_000);
  });
  test('over everything', () => {
    const all = left().aggregate(() => ({ n: count() }));
    expect([all.plan().changelog, columns(all)]).toEqual(['append', 'n int64']);
    const keyed = left().groupBy('campaign').aggregate(row => ({ n: count(), average: mean(row.adId) }));
    expect([keyed.plan().changelog, columns(keyed)]).toEqual(['append', 'campaign utf8, n int64, average float64']);
  });
  test('refused', () => {
    const groups = left().with(row => ({ x: row.adId.cast(t.float64) })).groupBy('campaign').window(tumbling('1m'));
    expect(errorOf(() => groups.aggregate(row => ({ least: min(row.adId) }))).message).toContain('least stands behind a join whose rows may be taken back, and min cannot forget a row');
    expect(errorOf(() => groups.aggregate(row => ({ one: first(row.adId) }))).message).toContain('first');
    expect(errorOf(() => groups.aggregate(row => ({ x: sum(row.x) }))).message).toContain('a sum of floats depends on the order');
    expect(errorOf(() => (left() as any).groupBy('campaign').window(session('1m')).aggregate(() => ({ n: count() }))).message).toContain('session windows cannot stand behind');
    expect(errorOf(() => (left() as any).groupBy('campaign').window(countWindow(3)).aggregate(() => ({ n: count() }))).message).toContain('count windows cannot stand behind');
    for (const next of [() => (left() as any).dedupe('adId', { within: '1m' }), () => (left() as any).join(views(), { on: 'adId', within: '1m' }), () => (left() as any).union(left())]) expect(errorOf(next).message).toContain('mode: \'final\'');
    expect(errorOf(() => left().groupBy('campaign').window(tumbling('1m')).aggregate(() => ({ n: count() })).to({ ...fakeSink(), accepts: 'append' } as never)).message).toContain('only appends');
    expect(errorOf(() => left().to({ ...fakeSink(), accepts: 'updating' } as never)).message).toContain('cannot take rows back');
  });
});

describe('joins that are refused', () => {
  const join = (options: object, right: unknown = views()) => errorOf(() => (ads() as any).join(right, options)).message;
  test('without a bound on time', () => {
    expect(join({ on: 'adId' })).toContain('has no bound on time, so every row would have to be kept for ever');
    expect(join({ on: 'adId', within: '1m', window: tumbling('1m') })).toContain('takes within or a window; not both');
    expect(join({ on: 'adId', within: '-1m' })).toContain('must not be negative');
    expect(join({ on: 'adId', within: { past: '1m' } })).toContain('no option past');
    expect(join({ on: 'adId', window: session('1m') })).toContain('window is tumbling(size) or sliding(size, slide), got a session window');
  });
  test('keys', () => {
    const text = views().with(row => ({ adId: row.adId.cast(t.utf8) }));
    expect(join({ on: 'adId', within: '1m' }, text)).toContain('the key adId is int64 on the left side and utf8 in right. Cast one');
    expect(join({ within: '1m' })).toContain('needs to know which rows belong together');
    expect(join({ on: 'nothing', within: '1m' })).toContain('nothing');
    expect(join({ on: { left: (row: any) => ({ a: row.adId }), right: (row: any) => ({ b: row.adId }) }, within: '1m' })).toContain('the left side\'s keys are (a), those of right (b)');
  });
  test('event time', () => {
    expect(join({ on: 'adId', within: '1m' }, stream(fakeSource({ name: 'untimed' }), View))).toContain('need event time, and untimed has none');
    const micro = stream(fakeSource({ name: 'micro' }), schema({ adId: t.int64, us: t.timestampUs })).eventTime('us');
    expect(join({ on: 'adId', within: '1m' }, micro)).toContain('count ms in one and µs in another');
    expect(errorOf(() => micro.join(views() as never, { on: 'adId', within: '1m' } as never)).message).toContain('count ms in one');
  });
  test('columns of one name', () => {
    expect(join({ on: 'adId', within: '1m' }, ads())).toContain('more than one input has a column campaign');
  });
  test('options', () => {
    expect(join({ on: 'adId', within: '1m', kind: 'outer' })).toContain('kind is \'inner\', \'left\', \'right\', \'full\'');
    expect(join({ on: 'adId', within: '1m', mode: 'lazy' })).toContain('mode is \'eager\' (the default) or \'final\'');
    expect(join({ on: 'adId', within: '1m' }, 'views')).toContain('join takes a pipeline');
    expect(errorOf(() => (ads() as any).countMatches({}, { on: 'adId' })).message).toContain('needs at least one other input');
    expect(errorOf(() => (ads() as any).countMatches({ views: { of: views(), within: '1m' } }, { on: (row: any) => ({ id: row.adId }) })).message).toContain('the left side\'s keys are computed');
  });
});
