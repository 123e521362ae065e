import { describe, expect, test } from 'vitest';
import { calendar, count, countWindow, cumulating, global, schema, session, sliding, stream, t, tumbling } from '../../src/index.ts';
import type { Plan, Window } from '../../src/plan/plan.ts';
import { fieldText } from '../../src/plan/schema.ts';
import { errorOf, fakeSource } from './fakes.ts';

const Visit = schema({ user: t.utf8, tz: t.utf8.nullable, code: t.dictionary(), n: t.int32, at: t.timestamp, us: t.timestampUs, mark: t.timestamp.nullable, day: t.date });
const visits = () => stream(fakeSource({ name: 'visits' }), Visit);
const timed = visits().eventTime('at');
const by = (window: never): Plan => timed.groupBy('user').window(window).aggregate(() => ({ n: count() })).plan();
const planned = (window: unknown): Window => by(window as never).stages[0]!.aggregate!.window;
const anyOf = (make: unknown) => (...args: unknown[]): { code: string; message: string } => errorOf(() => (make as (...args: unknown[]) => unknown)(...args));

test('every window in the plan, in the unit of event time', () => {
  expect(planned(global())).toEqual({ kind: 'global' });
  expect(planned(countWindow(100))).toEqual({ kind: 'count', rows: 100 });
  expect(planned(tumbling('1m', { offset: '-1s' }))).toEqual({ kind: 'tumbling', size: 60_000, offset: 59_000, unit: 'ms' });
  expect(planned(sliding('10s', '3s', { offset: '4s' }))).toEqual({ kind: 'sliding', size: 10_000, slide: 3000, offset: 1000, unit: 'ms' });
  expect(planned(cumulating('1d', '1h', { offset: '6h' }))).toEqual({ kind: 'cumulating', size: 86_400_000, step: 3_600_000, offset: 21_600_000, unit: 'ms' });
  expect(planned(calendar('month'))).toEqual({ kind: 'calendar', every: 'month', zone: 'UTC', zoneColumn: null, unit: 'ms' });
  expect(planned(calendar('day', { zone: 'Europe/Paris' }))).toEqual({ kind: 'calendar', every: 'day', zone: 'Europe/Paris', zoneColumn: null, unit: 'ms' });
  expect(planned(calendar('week', { zoneFrom: 'tz' }))).toEqual({ kind: 'calendar', every: 'week', zone: null, zoneColumn: { op: 'column', name: 'tz', type: { kind: 'utf8' }, nullable: true }, unit: 'ms' });
  expect(planned(session('30m'))).toEqual({ kind: 'session', gap: 1_800_000, maxLength: null, unit: 'ms' });
  expect(planned(session('30m', { maxLength: '1d' }))).toEqual({ kind: 'session', gap: 1_800_000, maxLength: 86_400_000, unit: 'ms' });
  const micro = visits().eventTime('us').window(sliding('1s', '250us')).aggregate(() => ({ n: count() })).plan();
  expect(micro.stages[0]!.aggregate!.window).toEqual({ kind: 'sliding', size: 1_000_000, slide: 250, offset: 0, unit: 'us' });
});
test('columns of a window', () => {
  const columns = (window: unknown): string => by(window as never).output.map(fieldText).join(', ');
  expect(columns(session('1m'))).toBe('user utf8, windowStart timestamp, windowEnd timestamp, n int64');
  expect(columns(countWindow(3))).toBe('user utf8, windowNumber int64, n int64');
});
test('a plan with every window is read back from JSON', () => {
  for (const window of [global(), countWindow(5), sliding('2s', '1s'), cumulating('2s', '1s'), calendar('hour', { zoneFrom: 'tz' }), session('5s')]) {
    const plan = by(window as never);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  }
});
test('a zone column is read, and is text in a union', () => {
  const zoned = timed.union(visits().eventTime('at')).window(calendar('day', { zoneFrom: 'code' })).aggregate(() => ({ n: count() })).plan();
  expect(zoned.stages[0]!.branches[0]!.source.schema.map(field => field.name)).toEqual(['code', 'at']);
  expect(zoned.stages[0]!.aggregate!.window).toMatchObject({ zoneColumn: { op: 'cast', type: { kind: 'utf8' } } });
});

describe('windows that cannot be', () => {
  test('lengths', () => {
    for (const wrong of [0, '0s', -5, '-1m']) {
      for (const refused of [anyOf(sliding)(wrong, '1s'), anyOf(sliding)('1s', wrong), anyOf(cumulating)(wrong, '1s'), anyOf(cumulating)('1s', wrong), anyOf(session)(wrong), anyOf(session)('1s', { maxLength: wrong })]) {
        expect(refused).toMatchObject({ code: 'BAD_OPTION', message: expect.stringContaining('it must be more than 0') as unknown });
      }
    }
    expect(anyOf(sliding)('10s', undefined).message).toContain('sliding: its slide is undefined; give milliseconds or a text');
    expect(anyOf(sliding)('1s', '10s').message).toContain('BAD_OPTION: sliding: its slide (10s) is longer than its size (1s)');
    expect(anyOf(sliding)('30d', '1ms').message).toContain('its size (30d) is more than 100000 times its slide (1ms): each row would be in as many windows');
    expect(anyOf(cumulating)('1d', '7h').message).toContain('its step (7h) does not divide its size (1d)');
    expect(anyOf(cumulating)('1h', '1d').message).toContain('does not divide');
    expect(anyOf(session)('40000000m').message).toContain('more than ten years');
    expect(anyOf(session)('30m', { maxLength: '10m' }).message).toContain('maxLength (10m) is shorter than the gap (30m)');
    expect(anyOf(session)('30m', { max: '10m' }).message).toContain('session has no option max');
    expect(errorOf(() => planned(sliding('1ms', '500us'))).message).toContain('sliding: its slide is 500 µs, but the event time counts whole milliseconds');
    for (const wrong of [0, -1, 1.5, NaN, '100', undefined, 2 ** 31]) expect(anyOf(countWindow)(wrong).message).toContain('BAD_OPTION: countWindow takes a whole number of rows');
  });
  test('calendars', () => {
    expect(anyOf(calendar)('year').message).toContain('BAD_OPTION: calendar: "year" is no part of a calendar; it takes \'hour\', \'day\', \'week\', \'month\'');
    expect(anyOf(calendar)('day', { zone: 'Europe/Pariss' }).message).toContain('no time zone of the IANA database. Did you mean Europe/Paris?');
    expect(anyOf(calendar)('day', { zone: '+02:00' }).message).toContain('a distance from UTC');
    expect(anyOf(calendar)('day', { zone: '' }).message).toContain('no time zone');
    expect(anyOf(calendar)('day', { zone: 2 }).message).toContain('it takes a name such as');
    expect(anyOf(calendar)('day', { zone: 'UTC', zoneFrom: 'tz' }).message).toContain('not both');
    expect(errorOf(() => planned(calendar('day', { zoneFrom: 'tzz' }))).message).toContain('UNKNOWN_COLUMN: calendar: zoneFrom has no column tzz. Did you mean tz?');
    expect(errorOf(() => planned(calendar('day', { zoneFrom: 'n' }))).message).toContain('TYPE_MISMATCH: calendar: zoneFrom takes a text column, got n (int32)');
  });
  test('without event time', () => {
    for (const window of [sliding('2s', '1s'), cumulating('2s', '1s'), calendar('day'), session('1s')]) {
      expect(errorOf(() => visits().window(window as never)).message).toBe(`PLAN_INVALID: ${window.kind} windows need event time, and visits has none: call .eventTime(column) right behind its stream().`);
    }
    expect(visits().window(countWindow(5)).aggregate(() => ({ n: count() })).plan().stages).toHaveLength(1);
  });
});

describe('event time', () => {
  const time = (options: unknown) => (visits() as any).eventTime('at', options).plan().stages[0].branches[0].eventTime;
  test('options in the plan', () => {
    expect(time({ outOfOrderness: '2s', idleAfter: '30s', maxDrift: '5m', maxAhead: '1h' }))
      .toEqual({ column: 'at', shift: 0, outOfOrderness: 2000, watermark: null, idleAfterMs: 30_000, maxDrift: 300_000, maxAhead: 3_600_000 });
    expect(time({})).toEqual({ column: 'at', shift: 0, outOfOrderness: 0, watermark: null, idleAfterMs: null, maxDrift: null, maxAhead: 86_400_000 });
    expect(time({ maxAhead: 'none' })).toMatchObject({ maxAhead: null });
    expect(time({ maxAhead: null })).toMatchObject({ maxAhead: null });
    const micro = visits().eventTime('us', { maxAhead: '1ms', maxDrift: '5us', idleAfter: '1s' }).plan();
    expect(micro.stages[0]!.branches[0]!.eventTime).toMatchObject({ maxAhead: 1000, maxDrift: 5, idleAfterMs: 1000 });
  });
  test('a watermark column is read, whatever else is', () => {
    const plan = visits().eventTime('at', { watermark: 'mark' }).window(tumbling('1m')).aggregate(() => ({ n: count() })).plan();
    expect(plan.stages[0]!.branches[0]).toMatchObject({ eventTime: { watermark: 'mark', outOfOrderness: 0 }, source: { schema: [{ name: 'at' }, { name: 'mark' }] } });
  });
  test('refused', () => {
    const refused = (options: unknown): string => errorOf(() => time(options)).message;
    expect(refused({ idleAfter: '0s' })).toContain('idleAfter is 0s; it must be more than 0');
    expect(refused({ idleAfter: '1us' })).toContain('whole milliseconds');
    expect(refused({ maxDrift: 0 })).toContain('maxDrift is 0; it must be more than 0');
    expect(refused({ maxAhead: '-1s' })).toContain('maxAhead is -1s; it must not be negative');
    expect(refused({ maxAhead: 'never' })).toContain('maxAhead is "never"; give milliseconds');
    expect(refused({ watermark: 'us' })).toContain('TYPE_MISMATCH: eventTime: the watermark column us is timestampUs, but the event time counts ms');
    expect(refused({ watermark: 'user' })).toContain('TYPE_MISMATCH: eventTime: watermark takes a timestamp or a date column; user is utf8');
    expect(refused({ watermark: 'marc' })).toContain('Did you mean mark?');
    expect(refused({ watermark: 'mark', outOfOrderness: '1s' })).toContain('where a column is the watermark, leave it out');
  });
});
