import { describe, expectTypeOf, test } from 'vitest';
import { calendar, collect, count, countWindow, cumulating, first, global, schema, session, sliding, stream, sum, t, tumbling, type Output, type Sink, type Source } from 'millrace';

declare const source: Source;
declare const anySink: Sink;
declare const appendOnly: Sink & { readonly accepts: 'append' };
const Event = schema({ key: t.utf8, tz: t.utf8.nullable, code: t.dictionary(), n: t.int32, at: t.timestamp, us: t.timestampUs, mark: t.timestamp.nullable, day: t.date });
const rows = stream(source, Event);
const timed = rows.eventTime('at', { outOfOrderness: '1s', idleAfter: '10s', maxDrift: '1m', maxAhead: 'none' });
type RowsOf<P> = P extends { collect(): Promise<(infer R)[]> } ? R : never;
type ModeOf<P> = P extends Output<infer _, infer L> ? L : never;

const minutes = timed.groupBy('key').window(tumbling('1m')).aggregate(row => ({ n: count(), total: sum(row.n) }));
const sessions = timed.groupBy('key').window(session('5m')).aggregate(row => ({ n: count(), total: sum(row.n) }));
interface Once { readonly key: string; readonly windowStart: number; readonly windowEnd: number; readonly n: bigint; readonly total: bigint }
interface Revised extends Once { readonly version: bigint }
interface Vanishing { readonly key: string; readonly windowStart: number; readonly windowEnd: number; readonly version: bigint; readonly deleted: boolean; readonly n: bigint | null; readonly total: bigint | null }

describe('windows', () => {
  test('every kind has its columns', () => {
    for (const window of [sliding('10s', '1s'), cumulating('1d', '1h'), calendar('day'), calendar('day', { zone: 'UTC' }), calendar('day', { zoneFrom: 'tz' }), calendar('day', { zoneFrom: 'code' })] as const) {
      const result = timed.groupBy('key').window(window).aggregate(row => ({ n: count(), total: sum(row.n) }));
      expectTypeOf<RowsOf<typeof result>>().toEqualTypeOf<Flat<Once>>();
    }
    const counted = rows.groupBy('key').window(countWindow(5)).aggregate(row => ({ total: sum(row.n) }));
    expectTypeOf<RowsOf<typeof counted>>().toEqualTypeOf<{ readonly key: string; readonly windowNumber: bigint; readonly total: bigint }>();
    const micro = rows.eventTime('us').window(session('1s')).aggregate(() => ({ n: count() }));
    expectTypeOf<RowsOf<typeof micro>>().toEqualTypeOf<{ readonly windowStart: bigint; readonly windowEnd: bigint; readonly n: bigint }>();
  });
  test('what does not compile', () => {
    // @ts-expect-error time windows need event time
    rows.window(sliding('10s', '1s'));
    // @ts-expect-error time windows need event time
    rows.groupBy('key').window(calendar('day', { zoneFrom: 'tz' }));
    // @ts-expect-error no such column
    timed.window(calendar('day', { zoneFrom: 'zone' }));
    // @ts-expect-error not a text column
    timed.groupBy('key').window(calendar('day', { zoneFrom: 'n' }));
    // @ts-expect-error no such part of a calendar
    calendar('year');
    // @ts-expect-error one or the other
    calendar('day', { zone: 'UTC', zoneFrom: 'tz' });
    // @ts-expect-error a number
    countWindow('5');
  });
  test('event time', () => {
    rows.eventTime('at', { watermark: 'mark' });
    rows.eventTime('us', { maxAhead: '1h' });
    // @ts-expect-error a watermark of another unit
    rows.eventTime('at', { watermark: 'us' });
    // @ts-expect-error no time at all
    rows.eventTime('at', { watermark: 'key' });
    // @ts-expect-error a misspelt option
    rows.eventTime('at', { idle: '1s' });
  });
});

describe('changelogs', () => {
  test('once, or revised', () => {
    expectTypeOf<RowsOf<typeof minutes>>().toEqualTypeOf<Flat<Once>>();
    const [a, b, c, d] = [minutes.late({ then: anySink }), minutes.emit('final'), minutes.late({ accept: '1h' }).emit('final'), minutes.emit('final').late({ accept: '1h' })];
    expectTypeOf<RowsOf<typeof a> | RowsOf<typeof b> | RowsOf<typeof c> | RowsOf<typeof d>>().toEqualTypeOf<Flat<Once>>();
    expectTypeOf<ModeOf<typeof a> | ModeOf<typeof b> | ModeOf<typeof c> | ModeOf<typeof d>>().toEqualTypeOf<'append'>();
    const [e, f] = [minutes.late({ accept: '1h', then: anySink }), minutes.emit({ early: '10s' })];
    expectTypeOf<RowsOf<typeof e> | RowsOf<typeof f>>().toEqualTypeOf<Flat<Revised>>();
    expectTypeOf<ModeOf<typeof e> | ModeOf<typeof f>>().toEqualTypeOf<'updating'>();
    const g = sessions.late({ accept: '1h' });
    expectTypeOf<RowsOf<typeof g>>().toEqualTypeOf<Vanishing>();
    expectTypeOf<RowsOf<typeof sessions>>().toEqualTypeOf<Flat<Once>>();
    // @ts-expect-error no row is late for a global window
    rows.aggregate(() => ({ n: count() })).late({ accept: '1h' });
    // @ts-expect-error a misspelt moment
    minutes.emit('finally');
  });
  test('sinks', () => {
    minutes.to(appendOnly);
    minutes.late({ accept: '1h' }).emit('final').to(appendOnly);
    timed.to(appendOnly);
    minutes.late({ accept: '1h' }).to(anySink);
    minutes.emit({ early: '1s' }).to(collect());
    // @ts-expect-error this sink only appends
    minutes.late({ accept: '1h' }).to(appendOnly);
    // @ts-expect-error this sink only appends
    minutes.emit({ early: '1s' }).having(row => row.n.gt(1n)).to(appendOnly);
    // @ts-expect-error this sink only appends
    sessions.late({ accept: '1h' }).deadLetters(anySink).to(appendOnly);
  });
  test('steps behind revised results', () => {
    const revised = minutes.late({ accept: '1h' });
    const filtered = revised.having(row => row.n.gt(1n));
    expectTypeOf<RowsOf<typeof filtered>>().toEqualTypeOf<Vanishing>();
    const twice = filtered.filter(row => row.total.gt(1n)).with(row => ({ mean: row.total.div(row.n) }));
    expectTypeOf<RowsOf<typeof twice>['mean']>().toEqualTypeOf<number | null>();
    const mapped = revised.map(row => ({ key: row.key, windowStart: row.windowStart, windowEnd: row.windowEnd, version: row.version, mean: row.total.div(row.n) }));
    expectTypeOf<RowsOf<typeof mapped>['mean']>().toEqualTypeOf<number>();
    const selected = revised.select('key', 'windowStart', 'windowEnd', 'version', 'n');
    expectTypeOf<keyof RowsOf<typeof selected>>().toEqualTypeOf<'key' | 'windowStart' | 'windowEnd' | 'version' | 'n'>();
    // @ts-expect-error keys, window and version stay
    revised.select('key', 'n');
    // @ts-expect-error keys, window and version stay
    revised.map(row => ({ key: row.key, n: row.n }));
    // @ts-expect-error keys, window and version stay
    revised.with(row => ({ version: row.key }));
    // @ts-expect-error each revision would count
    revised.groupBy('key');
    // @ts-expect-error each revision would count
    revised.window(tumbling('1h'));
    // @ts-expect-error each revision would count
    revised.aggregate(() => ({ n: count() }));
    // @ts-expect-error each revision would count
    revised.top(5, row => row.n);
    // @ts-expect-error each revision would count
    revised.dedupe('key', { within: '1h' });
  });
});

describe('behind a window', () => {
  test('windows over windows', () => {
    const hours = minutes.groupBy('key').window(tumbling('1h')).aggregate(row => ({ minutes: count(), best: sum(row.n) }));
    expectTypeOf<RowsOf<typeof hours>>().toEqualTypeOf<{ readonly key: string; readonly windowStart: number; readonly windowEnd: number; readonly minutes: bigint; readonly best: bigint }>();
    minutes.map(row => ({ n: row.n })).window(global()).aggregate(row => ({ n: sum(row.n) }));
    // @ts-expect-error results of count windows have no time
    rows.window(countWindow(5)).aggregate(() => ({ n: count() })).window(tumbling('1h'));
    // @ts-expect-error results of a global window have no time
    timed.groupBy('key').aggregate(() => ({ n: count() })).groupBy('key').window(session('1h'));
    // @ts-expect-error a column that is gone
    minutes.map(row => ({ n: row.n })).groupBy('key');
    // @ts-expect-error a column is no aggregate
    minutes.window(tumbling('1h')).aggregate(row => ({ x: row.n }));
    expectTypeOf(first).toBeFunction();
  });
  test('joins', () => {
    const joined = minutes.asPipeline().join(timed.dedupe('key', { within: '1h' }), { on: 'key', within: '1h', kind: 'left', mode: 'final', select: (left, right) => ({ total: left.total, n: right.n }) });
    expectTypeOf<RowsOf<typeof joined>['n']>().toEqualTypeOf<number | null>();
    // @ts-expect-error each revision would count
    revised.asPipeline();
    // @ts-expect-error say that they are rows
    minutes.join(timed, { on: 'key', within: '1h' });
  });
  test('having, top and dedupe', () => {
    const best = minutes.having(row => row.n.gt(5n)).top(10, row => row.total, { per: ['key'], order: 'asc' });
    expectTypeOf<RowsOf<typeof best>>().toEqualTypeOf<Flat<Once>>();
    const deduped = timed.dedupe(['key', row => ({ hour: row.at.truncate('hour') })], { within: '1h' }).groupBy('key').window(tumbling('1m')).aggregate(() => ({ n: count() }));
    expectTypeOf<RowsOf<typeof deduped>['n']>().toEqualTypeOf<bigint>();
    // @ts-expect-error no such column
    minutes.top(10, row => row.total, { per: ['kee'] });
    // @ts-expect-error only results have windows
    timed.top(10, row => row.n);
    // @ts-expect-error each session is of one group
    sessions.top(10, row => row.n);
    // @ts-expect-error dedupe needs event time
    rows.dedupe('key', { within: '1h' });
    // @ts-expect-error dedupe needs a bound
    timed.dedupe('key');
    // @ts-expect-error no such column
    timed.dedupe('kee', { within: '1h' });
    // @ts-expect-error results cannot be joined with rows
    timed.union(minutes);
  });
});
type Flat<T> = { [K in keyof T]: T[K] };
