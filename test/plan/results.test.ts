import { describe, expect, test } from 'vitest';
import { calendar, count, countWindow, first, max, schema, session, stream, sum, t, tumbling } from '../../src/index.ts';
import type { Branch, Plan, Stage } from '../../src/plan/plan.ts';
import { fieldText } from '../../src/plan/schema.ts';
import { errorOf, fakeSink, fakeSource } from './fakes.ts';

const View = schema({ id: t.utf8, page: t.utf8, country: t.dictionary(), ms: t.int32, at: t.timestamp, us: t.timestampUs, day: t.date });
const views = (name = 'views') => stream(fakeSource({ name }), View);
const timed = () => views().eventTime('at');
const minutes = () => timed().groupBy('page', 'country').window(tumbling('1m')).aggregate(row => ({ views: count(), worst: max(row.ms) }));
const outputs = (plan: Plan): string[] => plan.stages.map(stage => stage.output.map(fieldText).join(', '));
const branchOf = (stage: Stage | undefined): Branch => stage!.branches[0]!;
const TIME = { outOfOrderness: 0, watermark: null, idleAfterMs: null, maxDrift: null, maxAhead: null };

describe('windows over windows', () => {
  test('a stage reads the results of the one before, as of the last moment of their window', () => {
    const plan = minutes().filter(row => row.views.gt(1n)).groupBy('page').window(tumbling('1h')).aggregate(row => ({ busiest: max(row.views), minutes: count() })).plan();
    expect(outputs(plan)).toEqual([
      'page utf8, country dictionary, windowStart timestamp, windowEnd timestamp, views int64', 'page utf8, windowStart timestamp, windowEnd timestamp, busiest int64, minutes int64',
    ]);
    expect(branchOf(plan.stages[1])).toMatchObject({ from: { stage: 0 }, source: { name: 'the results of stage 0', schema: plan.stages[0]!.output }, eventTime: { ...TIME, column: 'windowEnd', shift: -1 } });
    expect(branchOf(plan.stages[1]).steps).toMatchObject([{ kind: 'filter' }]);
    expect(plan.stages[1]!.aggregate!.window).toEqual({ kind: 'tumbling', size: 3_600_000, offset: 0, unit: 'ms' });
    expect(plan.output).toEqual(plan.stages[1]!.output);
  });
  test('the window may be dropped from the columns; its time stays', () => {
    const plan = minutes().map(row => ({ country: row.country, views: row.views })).groupBy('country').window(calendar('day')).aggregate(row => ({ views: sum(row.views) })).plan();
    expect(branchOf(plan.stages[1])).toMatchObject({ eventTime: { column: 'windowEnd', shift: -1 } });
  });
  test('three stages, and steps behind the last', () => {
    const plan = minutes().groupBy('page').window(tumbling('1h')).aggregate(row => ({ n: sum(row.views) })).window(tumbling('1d')).aggregate(row => ({ n: max(row.n) })).with(row => ({ many: row.n.gt(10n) })).plan();
    expect(plan.stages.map(stage => branchOf(stage).from)).toEqual([{ source: 0 }, { stage: 0 }, { stage: 1 }, { stage: 2 }]);
    expect(outputs(plan).slice(2)).toEqual(['windowStart timestamp, windowEnd timestamp, n int64', 'windowStart timestamp, windowEnd timestamp, n int64, many bool']);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });
  test('the last may accept no late rows, but fire early', () => {
    const plan = minutes().late({ accept: '1h' }).emit('final').window(tumbling('1h')).aggregate(() => ({ n: count() })).emit({ early: '5s' }).plan();
    expect(plan.changelog).toBe('updating');
    expect(plan.stages[0]!.output.map(field => field.name)).not.toContain('version');
  });
  test('in µs', () => {
    const plan = views().eventTime('us').window(tumbling('1ms')).aggregate(() => ({ n: count() })).window(session('5ms')).aggregate(() => ({ n: count() })).plan();
    expect(plan.stages[1]!.aggregate!.window).toEqual({ kind: 'session', gap: 5000, maxLength: null, unit: 'us' });
  });
  test('refused', () => {
    const counts = timed().window(countWindow(5)).aggregate(() => ({ n: count() }));
    expect(errorOf(() => (counts as any).window(tumbling('1m'))).message).toBe('PLAN_INVALID: tumbling windows need event time, and results of count windows have none.');
    expect(errorOf(() => (timed().groupBy('page').aggregate(() => ({ n: count() })) as any).window(session('1m'))).message).toContain('results of global windows have none');
    expect(errorOf(() => minutes().window(tumbling('1h')).aggregate(row => ({ x: first(row.views) }))).message).toContain('x is first(views), but rows behind an aggregate, top or dedupe have no order');
    expect(errorOf(() => timed().dedupe('id', { within: '1h' }).window(tumbling('1h')).aggregate(row => ({ x: first(row.ms) }))).message).toContain('have no order');
    expect(errorOf(() => (minutes() as any).eventTime('windowEnd')).message).toContain('right behind stream');
    const endless = stream(fakeSource({ bounded: false }), View).groupBy('page').aggregate(() => ({ n: count() }));
    expect(errorOf(() => endless.having(row => row.n.gt(1n))).message).toContain('never ends');
  });
  test('tables and functions of all stages are numbered together; sinks and sources go with the job', () => {
    const dead = fakeSink();
    const job = minutes().deadLetters(dead).having(row => row.views.gt(1n)).to(fakeSink());
    expect(job.description).toMatchObject({ deadLetters: dead, late: null });
    expect(job.description.sources.map(source => source.name)).toEqual(['views']);
  });
});

describe('top', () => {
  test('in the plan', () => {
    const plan = minutes().top(10, row => row.views, { per: ['country'] }).plan();
    expect(plan.stages[1]).toMatchObject({ aggregate: null, deduplicate: null, top: { n: 10, by: { op: 'column', name: 'views' }, descending: true, per: ['country'] } });
    expect(outputs(plan)[1]).toBe('page utf8, country dictionary, windowStart timestamp, windowEnd timestamp, views int64, worst int32');
    expect(minutes().top(1, row => row.worst, { order: 'asc' }).plan().stages[1]!.top).toMatchObject({ n: 1, descending: false, per: [] });
  });
  test('behind steps, and before more', () => {
    const plan = minutes().filter(row => row.views.gt(5n)).with(row => ({ score: row.views.mul(2n) })).top(3, row => row.score).select('page').plan();
    expect(plan.stages.map(stage => [branchOf(stage).steps.map(step => step.kind).join(' '), stage.top?.n])).toEqual([['', undefined], ['filter project', 3], ['project', undefined]]);
    expect(outputs(plan)[2]).toBe('page utf8');
    const again = minutes().top(3, row => row.views, { per: ['page'] }).groupBy('page').window(tumbling('1h')).aggregate(() => ({ n: count() })).plan();
    expect(branchOf(again.stages[2])).toMatchObject({ from: { stage: 1 }, eventTime: { column: 'windowEnd', shift: -1 } });
    expect(again.stages[2]!.output.map(field => field.name)).toEqual(['page', 'windowStart', 'windowEnd', 'n']);
  });
  test('over everything, without windows', () => {
    const plan = views().groupBy('page').aggregate(() => ({ n: count() })).top(10, row => row.n).plan();
    expect(branchOf(plan.stages[1]).eventTime).toBeNull();
  });
  test('refused', () => {
    const refused = (act: (of: any) => unknown): string => errorOf(() => act(minutes())).message;
    expect(errorOf(() => (timed() as any).top(5, (row: any) => row.ms)).message).toContain('it belongs behind .aggregate(…)');
    for (const wrong of [0, -1, 1.5, '10', undefined, 1e9]) expect(refused(of => of.top(wrong, (row: any) => row.views))).toContain('BAD_OPTION: top takes a whole number of rows from 1 to 1000000');
    expect(refused(of => of.top(5, (row: any) => row.views, { per: ['contry'] }))).toContain('top: per has no column contry. Did you mean country?');
    expect(refused(of => of.top(5, (row: any) => row.views, { per: 'country' }))).toContain('per is a list of columns');
    expect(refused(of => of.top(5, (row: any) => row.views, { order: 'down' }))).toContain('order is \'desc\'');
    expect(refused(of => of.select('page', 'views').top(5, (row: any) => row.views))).toContain('windowStart and windowEnd are gone or changed: keep them');
    expect(refused(of => of.with((row: any) => ({ windowEnd: row.windowStart })).top(5, (row: any) => row.views))).toContain('windowEnd is gone or changed: keep it');
    for (const window of [session('1m'), countWindow(5)]) {
      const own = timed().groupBy('page').window(window).aggregate(() => ({ n: count() })) as any;
      expect(errorOf(() => own.top(5, (row: any) => row.n)).message).toContain(`each group has ${window.kind} windows of its own`);
    }
  });
});

describe('dedupe', () => {
  test('in the plan, before an aggregate', () => {
    const plan = timed().filter(row => row.ms.gt(0)).dedupe('id', { within: '1h' }).groupBy('page').window(tumbling('1m')).aggregate(() => ({ n: count() })).plan();
    expect(plan.stages[0]).toMatchObject({ deduplicate: { keys: [{ name: 'id', expression: { op: 'column' } }], within: 3_600_000 }, aggregate: null, top: null });
    expect(outputs(plan)[0]).toBe('page utf8, at timestamp');
    expect(branchOf(plan.stages[0]).source.schema.map(field => field.name)).toEqual(['id', 'page', 'ms', 'at']);
    expect(branchOf(plan.stages[1])).toMatchObject({ from: { stage: 0 }, eventTime: { ...TIME, column: 'at', shift: 0 }, source: { schema: [{ name: 'page' }, { name: 'at' }] } });
  });
  test('alone, by several keys', () => {
    const plan = timed().dedupe(['id', row => ({ hour: row.at.truncate('hour') })], { within: 0 }).plan();
    expect(plan.stages).toHaveLength(1);
    expect(plan.stages[0]!.deduplicate).toMatchObject({ keys: [{ name: 'id' }, { name: 'hour' }], within: 0 });
    expect(plan.output.map(field => field.name)).toEqual(['id', 'page', 'country', 'ms', 'at', 'us', 'day']);
  });
  test('rows keep an event time that their columns have lost', () => {
    const plan = timed().map(row => ({ id: row.id, page: row.page })).filter(row => row.page.ne('')).dedupe('id', { within: '1h' }).window(tumbling('1m')).aggregate(() => ({ n: count() })).plan();
    expect(outputs(plan)[0]).toBe('$time timestamp');
    expect(branchOf(plan.stages[0]).steps).toMatchObject([{ columns: [{ name: 'id' }, { name: 'page' }, { name: '$time', expression: { op: 'column', name: 'at' } }] }, { kind: 'filter' }]);
    expect(branchOf(plan.stages[1]).eventTime).toMatchObject({ column: '$time', shift: 0 });
  });
  test('the inputs of a union may have different columns of time', () => {
    const days = views('days').eventTime('day');
    const plan = timed().union(days as never).dedupe('id', { within: '1d' }).groupBy('country').window(tumbling('1d')).aggregate(() => ({ n: count() })).plan();
    expect(outputs(plan)[0]).toBe('country utf8, $time timestamp');
    expect(plan.stages[0]!.branches.map(branch => branch.steps.at(-1))).toMatchObject([{ columns: [{ name: 'id' }, { name: 'country' }, { name: '$time', expression: { name: 'at' } }] }, { columns: [{}, {}, { name: '$time', expression: { op: 'cast', args: [{ name: 'day' }] } }] }]);
  });
  test('of results', () => {
    const plan = minutes().dedupe('page', { within: '1h' }).plan();
    expect(plan.stages[1]!.top).toEqual({ n: null, by: null, descending: false, per: [] });
    expect(plan.stages[2]).toMatchObject({ deduplicate: { within: 3_600_000 }, branches: [{ eventTime: { column: 'windowEnd', shift: -1 } }] });
  });
  test('refused', () => {
    expect(errorOf(() => views().dedupe('id', { within: '1h' } as never)).message).toContain('dedupe: rows need event time, and views has none');
    expect(errorOf(() => (timed() as any).dedupe('id')).message).toContain('how far apart rows of one key may be');
    expect(errorOf(() => timed().dedupe('id', { within: '-1h' })).message).toContain('must not be negative');
    expect(errorOf(() => (timed() as any).dedupe('idd', { within: 1 })).message).toContain('Did you mean id?');
    expect(errorOf(() => timed().dedupe([], { within: 1 })).message).toContain('dedupe needs at least one column');
  });
});
