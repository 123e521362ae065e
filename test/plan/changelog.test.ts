import { describe, expect, test } from 'vitest';
import { count, countWindow, schema, session, stream, sum, t, tumbling, type Sink } from '../../src/index.ts';
import { fieldText } from '../../src/plan/schema.ts';
import { errorOf, fakeSink, fakeSource } from './fakes.ts';

const Click = schema({ page: t.utf8, code: t.dictionary(), n: t.int32, at: t.timestamp });
const clicks = (bounded = true) => stream(fakeSource({ name: 'clicks', bounded }), Click).eventTime('at');
const minutes = () => clicks().groupBy('page').window(tumbling('1m')).aggregate(row => ({ views: count(), total: sum(row.n) }));
const sessions = () => clicks().groupBy('page').window(session('5m')).aggregate(row => ({ views: count(), total: sum(row.n) }));
const columns = (pipeline: { plan(): ReturnType<ReturnType<typeof minutes>['plan']> }): string => pipeline.plan().output.map(fieldText).join(', ');

const ONCE = 'page utf8, windowStart timestamp, windowEnd timestamp, views int64, total int64';
const REVISED = 'page utf8, windowStart timestamp, windowEnd timestamp, version int64, views int64, total int64';
const VANISHING = 'page utf8, windowStart timestamp, windowEnd timestamp, version int64, deleted bool, views int64 null, total int64 null';

describe('which results are revised', () => {
  test('by lateness and firing', () => {
    const found = [
      minutes(), minutes().emit('close'), minutes().emit('final'), minutes().late({ then: fakeSink() }), minutes().late({ accept: '1h' }),
      minutes().late({ accept: '1h' }).emit('final'), minutes().emit('final').late({ accept: '1h' }), minutes().emit({ early: '1s' }), minutes().emit({ early: '1s' }).emit('close'),
    ].map(pipeline => [pipeline.plan().changelog, columns(pipeline as never)]);
    const [once, revised] = [['append', ONCE], ['updating', REVISED]];
    expect(found).toEqual([once, once, once, once, revised, once, once, revised, once]);
  });
  test('sessions may vanish as they merge', () => {
    expect(columns(sessions())).toBe(ONCE);
    expect(columns(sessions().late({ accept: '1h' }) as never)).toBe(VANISHING);
    expect(columns(sessions().emit({ early: 500 }) as never)).toBe(VANISHING);
    expect(columns(clicks().window(countWindow(5)).aggregate(() => ({ n: count() })).emit({ early: '1s' }) as never)).toBe('windowNumber int64, version int64, n int64');
  });
  test('in the plan', () => {
    const { stages } = minutes().late({ accept: '12h' }).emit({ early: '10s' }).plan();
    expect(stages[0]!.aggregate).toMatchObject({ accept: 43_200_000, emit: { when: 'close', earlyMs: 10_000 } });
    expect(stages[0]!.output.map(fieldText).join(', ')).toBe(REVISED);
  });
  test('an endless source with a global window, if there are early results', () => {
    const all = clicks(false).groupBy('page').aggregate(() => ({ n: count() }));
    expect(errorOf(() => all.plan()).message).toContain('.emit({ early: \'10s\' })');
    expect(columns(all.emit({ early: '10s' }) as never)).toBe('page utf8, version int64, n int64');
  });
  test('the late sink goes with the job', () => {
    const late = fakeSink();
    expect(minutes().late({ accept: '1h', then: late }).emit('final').filter(row => row.views.gt(1n)).to(fakeSink()).description.late).toBe(late);
  });
  test('refused', () => {
    expect(errorOf(() => minutes().late({ accept: 0 })).message).toContain('BAD_OPTION: late: accept is 0; it must be more than 0');
    expect(errorOf(() => minutes().late({})).message).toContain('takes accept (for how long late rows are taken), then');
    expect(errorOf(() => minutes().late({ accept: '1us' })).message).toContain('whole milliseconds');
    expect(errorOf(() => (minutes().filter(row => row.views.gt(1n)) as any).late({ accept: '1s' })).message).toContain('right behind an aggregate');
    expect(errorOf(() => (clicks().window(countWindow(5)).aggregate(() => ({ n: count() })) as any).late({ accept: '1s' })).message).toContain('over time windows');
    expect(errorOf(() => minutes().groupBy('page').window(tumbling('1h')).aggregate(() => ({ n: count() })).late({ accept: '1s' })).message).toContain('late() belongs behind the first aggregate');
    expect(errorOf(() => (clicks() as any).emit('final')).message).toContain('right behind an aggregate');
    expect(errorOf(() => minutes().emit('finally' as never)).message).toContain('BAD_OPTION: emit takes \'close\' (the default), \'final\' or { early: \'10s\' }');
    expect(errorOf(() => minutes().emit({ early: 0 })).message).toContain('must be more than 0');
    expect(errorOf(() => minutes().emit({ earli: 0 } as never)).message).toContain('no option earli');
    const version = clicks().groupBy('page').window(tumbling('1m')).aggregate(() => ({ version: count() }));
    expect(errorOf(() => version.emit({ early: '1s' })).message).toContain('names the column version twice');
  });
});

describe('an append-only sink', () => {
  const appending: Sink & { readonly accepts: 'append' } = { ...fakeSink(), name: 'log', accepts: 'append' };
  test('takes results that come once', () => {
    for (const pipeline of [clicks(), minutes(), sessions(), minutes().late({ accept: '1h' }).emit('final')]) expect(pipeline.to(appending).description.sink).toBe(appending);
  });
  test('refuses revised ones as the plan is made, in plain JavaScript, too', () => {
    for (const pipeline of [minutes().late({ accept: '1h' }), minutes().emit({ early: '1s' }), minutes().emit({ early: '1s' }).having(row => row.views.gt(1n))]) {
      // @ts-expect-error in words: This sink only appends, but these results are revised
      expect(errorOf(() => pipeline.to(appending)).message).toMatch(/^PLAN_INVALID: log only appends, but these results are revised .* \.emit\('final'\)/);
    }
    expect(errorOf(() => minutes().to({ ...fakeSink(), accepts: 'upsert' as never })).message).toContain('a sink accepts \'append\', \'updating\' or \'retracting\'; fake says "upsert"');
  });
});

describe('steps behind revised results', () => {
  const revised = () => minutes().late({ accept: '1h' });
  test('a filter takes results back', () => {
    const plan = revised().having(row => row.views.gt(10n)).plan();
    expect(plan.output.map(fieldText).join(', ')).toBe(VANISHING);
    const [mark, clear] = plan.stages[1]!.branches[0]!.steps;
    expect(mark).toMatchObject({ kind: 'project', columns: [{ name: 'page' }, { name: 'windowStart' }, { name: 'windowEnd' }, { name: 'version' }, { name: 'deleted', expression: { op: 'not', args: [{ op: 'gt' }] } }, { name: 'views' }, { name: 'total' }] });
    expect(clear).toMatchObject({ columns: [{}, {}, {}, {}, { name: 'deleted', expression: { op: 'column' } }, { name: 'views', expression: { op: 'case', branches: [{ when: { name: 'deleted' }, then: { value: null } }], otherwise: { name: 'views' } } }, {}] });
  });
  test('a second one, too, and null is not true', () => {
    const plan = revised().filter(row => row.views.gt(10n)).filter(row => row.total.lt(5n)).plan();
    expect(plan.output.map(fieldText).join(', ')).toBe(VANISHING);
    expect(plan.stages[1]!.branches[0]!.steps[2]).toMatchObject({ columns: [{}, {}, {}, {}, { expression: { op: 'or', args: [{ name: 'deleted' }, { op: 'not', args: [{ op: 'coalesce' }] }] } }, {}, {}] });
  });
  test('a dictionary column becomes text where it may be null', () => {
    const plan = clicks().groupBy('code').window(tumbling('1m')).aggregate(() => ({ n: count() })).emit({ early: '1s' }).with(row => ({ again: row.code })).filter(row => row.n.gt(1n)).plan();
    expect(plan.output.map(fieldText).join(', ')).toBe('code dictionary, windowStart timestamp, windowEnd timestamp, version int64, deleted bool, n int64 null, again utf8 null');
  });
  test('results that come once are filtered as rows are', () => {
    expect(minutes().having(row => row.views.gt(10n)).plan().stages[1]!.branches[0]!.steps).toMatchObject([{ kind: 'filter' }]);
  });
  test('what tells the rows stays', () => {
    expect(columns(revised().with(row => ({ mean: row.total.div(row.views) })).select('page', 'windowStart', 'windowEnd', 'version', 'mean') as never))
      .toBe('page utf8, windowStart timestamp, windowEnd timestamp, version int64, mean float64');
    const refused = (act: (pipeline: any) => unknown): string => errorOf(() => act(revised())).message;
    expect(refused(of => of.select('page', 'views'))).toContain('PLAN_INVALID: select: the results are revised, and windowStart, windowEnd, version tell which row is which: keep them unchanged');
    expect(refused(of => of.map((row: any) => ({ page: row.page.upper(), windowStart: row.windowStart, windowEnd: row.windowEnd, version: row.version })))).toContain('and page tells which row is which: keep it unchanged');
    expect(refused(of => of.with((row: any) => ({ version: row.views })))).toContain('version tells');
    expect(refused(of => of.having((row: any) => row.views.gt(1n)).select('page', 'windowStart', 'windowEnd', 'version'))).toContain('deleted tells');
  });
  test('nothing counts revisions', () => {
    for (const act of [(of: any) => of.groupBy('page'), (of: any) => of.window(tumbling('1h')), (of: any) => of.aggregate(() => ({})), (of: any) => of.top(5, (row: any) => row.views), (of: any) => of.dedupe('page', { within: '1h' })]) {
      expect(errorOf(() => act(revised())).message).toMatch(/^PLAN_INVALID: .* cannot stand behind results that are revised: each revision would count as a row\. Say \.emit\('final'\)/);
    }
  });
});
