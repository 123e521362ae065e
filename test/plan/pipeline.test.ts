import { describe, expect, test } from 'vitest';
import { argMin, boolAnd, collectList, count, first, global, lookup, max, mean, median, min, mostFrequent, quantile, schema, staticTable, stddev, stream, sum, t, topN, tumbling, variancePopulation } from '../../src/index.ts';
import { fieldText } from '../../src/plan/schema.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { errorOf, fakeSink, fakeSource } from './fakes.ts';

const Click = schema({ adId: t.dictionary(), ip: t.utf8, price: t.decimal(10, 2).nullable, bytes: t.uint64, n: t.int16, ok: t.bool, at: t.timestamp, us: t.timestampUs, day: t.date });
const clicks = () => stream(fakeSource({ name: 'clicks' }), Click);
const output = (plan: Plan): string => plan.output.map(fieldText).join(', ');

test('a plan is frozen plain JSON', () => {
  const table = staticTable(schema({ k: t.utf8, v: t.int64 }), [{ k: 'a', v: 2n ** 63n - 1n }], { key: 'k' });
  const plan = clicks().eventTime('at').with(row => ({ v: lookup(row.adId, table).v })).filter(row => row.v.in([1n, 5n]))
    .groupBy('adId').window(tumbling('1m')).aggregate(row => ({ n: count(), v: sum(row.v) })).plan();
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  const check = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return expect(value).not.toBeUndefined();
    expect(Object.isFrozen(value)).toBe(true);
    Object.values(value).forEach(check);
  };
  check(plan);
});

describe('aggregate', () => {
  test('more inputs and options', () => {
    const pipeline = clicks().with(row => ({ extra: row.n.add(1) })).groupBy('ip').aggregate(row => ({ best: argMin(row.adId, row.extra), p9: quantile(row.price, 0.9), all: collectList(row.day, { limit: 7 }), top: topN(row.adId, 2).where(row.ok) }));
    const plan = pipeline.plan();
    expect(output(plan)).toBe('ip utf8, best utf8, p9 float64 null, all utf8, top utf8 null');
    expect(plan.stages[0]!.branches[0]!.source.schema.map(field => field.name)).toEqual(['adId', 'ip', 'price', 'n', 'ok', 'day']);
    expect(pipeline.explain()).toContain("argMin(CAST(adId AS utf8), extra) AS best, quantile(CAST(price AS float64), 0.9, 0.01) AS p9, collectList(day, 7) AS all, topN(CAST(adId AS utf8), 2) FILTER (WHERE ok) AS top");
  });
  test('result columns: keys, window bounds, aggregates', () => {
    const plan = clicks().eventTime('at', { outOfOrderness: '1.5s' }).groupBy('adId', row => ({ net: row.ip.substring(1, 3), price: row.price })).window(tumbling('1h', { offset: '-5m' }))
      .aggregate(row => ({ n: count(), priced: count(row.price), s: sum(row.n), b: sum(row.bytes), p: sum(row.price), m: mean(row.n), d: stddev(row.n), v: variancePopulation(row.n), lo: min(row.adId), hi: max(row.day), f: first(row.ip), all: boolAnd(row.ok), few: sum(row.n).where(row.ok), nOk: count().where(row.ok) })).plan();
    expect(output(plan)).toBe('adId dictionary, net utf8, price decimal(10,2) null, windowStart timestamp, windowEnd timestamp, n int64, priced int64, s int64, b uint64, '
      + 'p decimal(18,2) null, m float64, d float64 null, v float64, lo utf8, hi date, f utf8, all bool, few int64 null, nOk int64');
    expect(plan.stages[0]!.aggregate!.window).toEqual({ kind: 'tumbling', size: 3_600_000, offset: 3_300_000, unit: 'ms' });
    expect(plan.stages[0]!.branches[0]!.eventTime).toEqual({ column: 'at', shift: 0, outOfOrderness: 1500, watermark: null, idleAfterMs: null, maxDrift: null, maxAhead: 86_400_000 });
    expect(plan.stages[0]!.aggregate!.aggregates[0]).toEqual({ name: 'n', fn: 'count', input: null, where: null, type: { kind: 'int64' }, nullable: false });
    expect(plan.stages[0]!.aggregate!.aggregates[8]!.input).toMatchObject({ op: 'cast', type: { kind: 'utf8' } });
  });
  test('without keys and window all but counts may be null', () => {
    expect(output(clicks().aggregate(row => ({ n: count(), s: sum(row.n) })).plan())).toBe('n int64, s int64 null');
    expect(output(clicks().groupBy().window(global()).aggregate(row => ({ s: sum(row.n) })).plan())).toBe('s int64 null');
    expect(output(clicks().eventTime('us').window(tumbling('250us')).aggregate(row => ({ s: sum(row.n) })).plan())).toBe('windowStart timestampUs, windowEnd timestampUs, s int64');
    expect(output(clicks().groupBy('ip').aggregate(() => ({})).plan())).toBe('ip utf8');
  });
  test('a date as event time counts in ms', () => {
    const plan = clicks().eventTime('day', { outOfOrderness: '1d' }).window(tumbling('7d')).aggregate(() => ({ n: count() })).plan();
    expect(plan.stages[0]!.branches[0]!.eventTime).toMatchObject({ column: 'day', outOfOrderness: 86_400_000 });
    expect(output(plan)).toBe('windowStart timestamp, windowEnd timestamp, n int64');
  });
  test('refused', () => {
    expect(errorOf(() => clicks().window(tumbling('1m') as never)).message).toContain('PLAN_INVALID: tumbling windows need event time, and clicks has none');
    expect(errorOf(() => stream(fakeSource({ bounded: false }), Click).groupBy('ip').aggregate(() => ({ n: count() })).plan()).message).toContain('never ends');
    expect(errorOf(() => clicks().groupBy('ip').aggregate(() => ({ ip: count() }))).message).toContain('names the column ip twice');
    expect(errorOf(() => clicks().eventTime('at').window(tumbling('1m')).aggregate(() => ({ windowEnd: count() }))).message).toContain('windowEnd twice');
    expect(errorOf(() => clicks().groupBy('ip', 'ip')).message).toContain('twice');
    expect(errorOf(() => clicks().groupBy().aggregate(() => ({}))).message).toContain('at least one column');
    expect(errorOf(() => clicks().aggregate((row: any) => ({ s: sum(row.ip) }))).message).toContain('TYPE_MISMATCH: sum takes numbers, got ip (utf8)');
    expect(errorOf(() => clicks().aggregate((row: any) => ({ s: boolAnd(row.n) }))).code).toBe('TYPE_MISMATCH');
    const refused = (build: (row: any) => any): string => errorOf(() => clicks().aggregate(row => ({ s: build(row) }))).message;
    expect(refused(row => median(row.ip))).toContain('TYPE_MISMATCH: median takes numbers, got ip (utf8)');
    expect(refused(row => argMin(row.ip, 5 as never))).toContain('argMin: what is compared takes a column expression, got number 5');
    expect(refused(row => quantile(row.n, 99))).toContain('BAD_OPTION: quantile: q is a number from 0 to 1, got number 99');
    expect(refused(row => quantile(row.n, 0.5, { accuracy: 0 }))).toContain('accuracy is a relative error from 0.001 to 0.25');
    expect(refused(row => topN(row.n, 0))).toContain('topN: its number of values is a whole number from 1 to 10000, got number 0');
    expect(refused(row => mostFrequent(row.n, undefined as never))).toContain('got undefined');
    expect(refused(row => collectList(row.n, { limit: 1e6 }))).toContain('collectList: limit is a whole number from 1 to 10000');
    expect(errorOf(() => clicks().aggregate(row => ({ s: count().where(row.ok).where(row.ok) }))).message).toContain('has a where already');
    expect(errorOf(() => clicks().window({} as never)).message).toContain('tumbling(size) or global()');
  });
});

describe('options', () => {
  const tumblingError = (...args: unknown[]): string => errorOf(() => (tumbling as (...args: unknown[]) => unknown)(...args)).message;
  test('durations', () => {
    for (const [given, us] of [['10s', 10e6], ['1m', 60e6], ['12h', 43_200e6], ['1d', 86_400e6], ['500ms', 5e5], ['250us', 250], [1500, 15e5], ['1.5h', 5400e6], [0.25, 250], [1.1, 1100]] as const) {
      expect(tumbling(given).sizeUs).toBe(us);
    }
    for (const wrong of ['10', 'ten', '10 parsecs', '', NaN, Infinity, null, {}, '0.1us', 1e300]) expect(tumblingError(wrong)).toMatch(/^BAD_OPTION: tumbling: its size is .*'10s'/);
    for (const wrong of [0, '0s', -5, '-1m']) expect(tumblingError(wrong)).toContain('it must be more than 0');
    expect(tumblingError('1m', { ofset: 1 })).toContain('tumbling has no option ofset');
  });
  test('event time', () => {
    const at = (...args: unknown[]): string => errorOf(() => (clicks() as any).eventTime(...args)).message;
    expect(at('att')).toContain('Did you mean at?');
    expect(at('ip')).toContain('TYPE_MISMATCH: eventTime takes a timestamp or a date column; ip is utf8');
    expect(at('at', { outOfOrderness: '-1s' })).toContain('must not be negative');
    expect(at('at', { outOfOrderness: '1us' })).toContain('whole milliseconds');
    expect(at('at', { idle: 5 })).toContain('no option idle');
    expect(errorOf(() => (clicks().select('at') as any).eventTime('at')).message).toContain('right behind stream');
    expect(errorOf(() => clicks().eventTime('at').window(tumbling('1500us'))).message).toContain('whole milliseconds');
  });
  test('sources, schemas and sinks', () => {
    expect(errorOf(() => stream({} as never, Click)).message).toContain('takes a source');
    expect(errorOf(() => stream(fakeSource(), { a: t.bool } as never)).message).toContain('takes a schema');
    expect(errorOf(() => schema({})).message).toContain('at least one column');
    expect(errorOf(() => schema({ a: 'int32' as never })).message).toContain('a column type such as t.int32, got "int32"');
    expect(errorOf(() => t.decimal(19, 2)).code).toBe('BAD_OPTION');
    expect(errorOf(() => t.dictionary('int64' as never)).code).toBe('BAD_OPTION');
    expect(errorOf(() => clicks().to({} as never)).message).toContain('takes a sink');
    expect(errorOf(() => (clicks().aggregate(() => ({ n: count() })) as any).late({ then: fakeSink() })).message).toContain('behind an aggregate over time windows');
  });
});

describe('union', () => {
  const narrow = () => stream(fakeSource({ name: 'narrow' }), schema({ at: t.timestamp, adId: t.dictionary('int8') }));
  test('orders columns by name, makes text of dictionaries that differ', () => {
    const plan = clicks().select('adId', 'at').union(narrow()).plan();
    expect(output(plan)).toBe('adId utf8, at timestamp');
    for (const { steps } of plan.stages[0]!.branches) expect(steps.at(-1)).toMatchObject({ columns: [{ name: 'adId', expression: { op: 'cast' } }, { name: 'at', expression: { op: 'column' } }] });
  });
  test('steps behind it are in every branch; keys are text', () => {
    const both = clicks().union(stream(fakeSource({ name: 'other' }), Click)).filter(row => row.adId.eq('x'));
    const plan = both.groupBy('adId').aggregate(() => ({ n: count() })).plan();
    expect(plan.stages[0]!.branches.map(branch => branch.source.name)).toEqual(['clicks', 'other']);
    for (const branch of plan.stages[0]!.branches) expect(branch.steps).toMatchObject([{ kind: 'filter', predicate: { args: [{ type: { kind: 'dictionary' } }, {}] } }]);
    expect(plan.stages[0]!.aggregate!.keys).toMatchObject([{ expression: { op: 'cast', type: { kind: 'utf8' } } }]);
    expect(output(plan)).toBe('adId utf8, n int64');
    expect(output(both.plan())).toContain('adId utf8');
  });
  test('null-ness of either', () => {
    const Maybe = schema({ a: t.int32.nullable });
    const plan = stream(fakeSource(), schema({ a: t.int32 })).union(stream(fakeSource(), Maybe) as never).plan();
    expect(output(plan)).toBe('a int32 null');
  });
  test('refused', () => {
    expect(errorOf(() => clicks().union(narrow() as never)).message).toContain('pipelines with the same columns');
    const wrong = stream(fakeSource(), schema({ adId: t.int32 }));
    expect(errorOf(() => narrow().select('adId').union(wrong as never)).message).toContain('TYPE_MISMATCH: union: the column adId is dictionary in one pipeline and int32 in another');
    expect(errorOf(() => clicks().union(5 as never)).message).toContain('takes pipelines');
    const ms = clicks().eventTime('at');
    expect(errorOf(() => ms.union(clicks().eventTime('us') as never).window(tumbling('1m'))).message).toContain('ms in one input and µs in another');
    expect(errorOf(() => ms.union(clicks() as never).window(tumbling('1m'))).message).toContain('clicks has none');
  });
});

test('sources without dictionaries read text', () => {
  const plan = stream(fakeSource({ dictionaries: false }), Click).filter(row => row.adId.eq('x')).plan();
  expect(plan.stages[0]!.branches[0]!.source.schema[0]).toEqual({ name: 'adId', type: { kind: 'utf8' }, nullable: false });
});

test('a job holds what a plan cannot', () => {
  const [sink, dead, late] = [fakeSink(), fakeSink(), fakeSink()];
  const job = clicks().eventTime('at').window(tumbling('1m')).aggregate(() => ({ n: count() })).deadLetters(dead).late({ then: late }).to(sink);
  expect(job.description).toMatchObject({ sink, deadLetters: dead, late });
  expect(job.description.sources.map(source => source.name)).toEqual(['clicks']);
  expect(job.plan()).toBe(job.description.plan);
  expect(job.stats()).toBeNull();
  expect(clicks().to(sink).description).toMatchObject({ deadLetters: null, late: null });
});
