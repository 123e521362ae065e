import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countWindowsOf, LiveSessions, sessionsOf } from '../oracle/sessions.ts';
import { openWindows, windowsOfRow } from '../oracle/windows.ts';

/** The naive windows by example: what the properties take for granted. */
const rows = (...times: number[]): { time: bigint }[] => times.map(time => ({ time: BigInt(time) }));
const text = (spans: readonly { start: bigint; end: bigint }[]): string => spans.map(({ start, end }) => `${start}–${end}`).join(' ');

describe('the reference of windows', () => {
  test('a row is in size / slide windows, or in one more', () => {
    const sliding = { kind: 'sliding', size: 25, slide: 10, offset: 0, unit: 'ms' } as const;
    expect(text(windowsOfRow(sliding, 3n) as never)).toBe('-20–5 -10–15 0–25');
    expect(text(windowsOfRow(sliding, 7n) as never)).toBe('-10–15 0–25');
    expect(windowsOfRow(sliding, 2n ** 63n - 1n)).toBe('OVERFLOW');
  });
  test('cumulating windows begin together', () => {
    expect(text(windowsOfRow({ kind: 'cumulating', size: 30, step: 10, offset: 5, unit: 'ms' }, -1n) as never)).toBe('-25–5');
    expect(text(windowsOfRow({ kind: 'cumulating', size: 30, step: 10, offset: 5, unit: 'ms' }, 17n) as never)).toBe('5–25 5–35');
  });
  test('a row counts in the windows that are open, and is late when none is', () => {
    const windows = windowsOfRow({ kind: 'sliding', size: 20, slide: 10, offset: 0, unit: 'ms' }, 5n) as never;
    expect(text(openWindows(windows, 0n, null))).toBe('-10–10 0–20');
    expect(text(openWindows(windows, 0n, 9n))).toBe('-10–10 0–20');
    expect(text(openWindows(windows, 0n, 10n))).toBe('0–20');
    expect(text(openWindows(windows, 5n, 14n))).toBe('-10–10 0–20');
    expect(text(openWindows(windows, 5n, 25n))).toBe('');
  });
  test('events exactly one gap apart are one session, which ends a gap behind the last', () => {
    expect(text(sessionsOf({ gap: 10, maxLength: null }, rows(20, 0, 10, 31)))).toBe('0–30 31–41');
  });
  test('sessions are cut at multiples of their greatest length', () => {
    expect(text(sessionsOf({ gap: 10, maxLength: 25 }, rows(0, 8, 16, 24, 25, 33)))).toBe('0–25 25–43');
    expect(text(sessionsOf({ gap: 10, maxLength: 25 }, rows(-1)))).toBe('-1–0');
  });
  test('a row is late if the session it would make has ended', () => {
    const sessions = new LiveSessions({ gap: 10, maxLength: null }, 0n);
    expect([sessions.add({ time: 0n }, null), sessions.add({ time: 9n }, 5n)]).toEqual([true, true]);
    // Alone it would end at 13: with the other two it ends at 19.
    expect(sessions.add({ time: 3n }, 18n)).toBe(true);
    expect(sessions.add({ time: 3n }, 19n)).toBe(false);
    // What has ended does not grow: a gap behind the last row begins anew.
    expect(sessions.add({ time: 19n }, 19n)).toBe(true);
    expect(text(sessions.end())).toBe('0–19 19–29');
  });
  test('sessions do not depend on the order of arrival, where nothing is late', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: -100, max: 100 }), { maxLength: 20 }), fc.integer({ min: 1, max: 20 }), fc.option(fc.integer({ min: 20, max: 60 })), (times, gap, maxLength) => {
      const live = new LiveSessions({ gap, maxLength }, 0n);
      for (const row of rows(...times)) live.add(row, null);
      expect(text(live.end())).toBe(text(sessionsOf({ gap, maxLength }, rows(...times.toSorted((a, b) => a - b)))));
    }));
  });
  test('count windows are full, but for the last', () => {
    expect(countWindowsOf(2, [1, 2, 3, 4, 5])).toEqual([[1, 2], [3, 4], [5]]);
  });
});
