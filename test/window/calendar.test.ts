import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sliceAssigner } from '../../src/window/assigner.ts';
import type { SliceAssigner } from '../../src/window/slice.ts';
import { requireZone, Zone } from '../../src/window/zone.ts';
import { windowsOfRow } from '../oracle/windows.ts';
import { at, calendarTime, calendarUnit, calendarWindow, type CalendarWindow, ODD_ZONES, ZONES } from './support.ts';

const assignerOf = (every: CalendarWindow['every'], zone: string, unit: 'ms' | 'us' = 'ms'): SliceAssigner =>
  sliceAssigner({ kind: 'calendar', every, zone, zoneColumn: null, unit })!;
const utc = (time: bigint): string => new Date(Number(time)).toISOString().replace(':00.000Z', 'Z');
/** The windows from an instant on, up to another, as UTC. */
function windowsFrom(every: CalendarWindow['every'], zone: string, from: string, to: string): string[] {
  const assigner = assignerOf(every, zone);
  const found: string[] = [];
  for (let time = at(from); time < at(to); ) {
    const { start, end } = assigner.sliceOf(time)!;
    found.push(`${utc(start)} ${Number(end - start) / 3_600_000}h`);
    time = end;
  }
  return found;
}

describe('calendar windows', () => {
  test('are those that Intl tells', () => {
    fc.assert(fc.property(calendarWindow, calendarTime, fc.bigInt(0n, 999n), (window, ms, us) => {
      const time = window.unit === 'us' ? BigInt(ms) * 1000n + us : BigInt(ms);
      const slice = sliceAssigner(window)!.sliceOf(time);
      expect(slice === null ? 'OVERFLOW' : [slice]).toEqual(windowsOfRow(window, time));
    }), { numRuns: 250 });
  });

  test('are those that Intl tells around the changes of clocks', () => {
    const changeOf = (zone: string, after: number): number => Zone.named(zone)!.stretchAt(after).to;
    const near = fc.oneof(fc.constantFrom(-1, 0, 1), fc.integer({ min: -90_000_000, max: 90_000_000 }), fc.integer({ min: -7_300_000, max: 7_300_000 }));
    const after = fc.integer({ min: Date.UTC(1840, 0), max: Date.UTC(2037, 0) });
    fc.assert(fc.property(fc.oneof(fc.constantFrom(...ZONES), fc.constantFrom(...ODD_ZONES)), calendarUnit, after, near, (zone, every, since, by) => {
      const change = changeOf(zone, since);
      fc.pre(Number.isFinite(change));
      const time = BigInt(change + by);
      expect([assignerOf(every, zone).sliceOf(time)], `${zone} ${utc(time)}`).toEqual(windowsOfRow({ kind: 'calendar', every, zone, zoneColumn: null, unit: 'ms' }, time));
    }), { numRuns: 400 });
  });

  test('lie side by side; boundaries, bounds of lateness and firing are those of the windows', () => {
    fc.assert(fc.property(calendarWindow, calendarTime, fc.integer({ min: 0, max: 4_000 }), fc.integer({ min: 1, max: 80 }), (window, ms, hours, most) => {
      const perMs = window.unit === 'us' ? 1000n : 1n;
      const [assigner, other] = [sliceAssigner(window)!, sliceAssigner(window)!];
      const least = BigInt(ms) * perMs, greatest = least + BigInt(hours) * 3_600_000n * perMs;
      fc.pre(least >= assigner.inside.start && greatest < assigner.inside.end);
      const slices = [assigner.sliceOf(least)!];
      while (slices.at(-1)!.end <= greatest) slices.push(other.sliceOf(slices.at(-1)!.end)!);
      slices.forEach(({ start }, index) => expect(index === 0 || start === slices[index - 1]!.end).toBe(true));
      const found = assigner.boundaries(least, greatest, most);
      if (slices.length > most) expect(found).toBeNull();
      else expect([...found!]).toEqual([...slices.map(({ start }) => start), slices.at(-1)!.end]);
      const last = slices.at(-1)!;
      expect([assigner.lateBelow(greatest), assigner.lateForSomeBelow(greatest)]).toEqual([last.start, last.start]);
      expect(assigner.windowsOf(last)).toEqual([last]);
      expect(assigner.windowsEndingIn(slices[0]!.end, greatest, slices)).toEqual(slices.slice(1, -1));
    }), { numRuns: 300 });
  });

  test('end where Temporal does: beyond, a time is outside', () => {
    for (const every of ['hour', 'day', 'week', 'month'] as const) {
      for (const zone of ['Europe/Paris', 'Pacific/Apia', 'America/Adak', 'UTC']) {
        const assigner = assignerOf(every, zone);
        const { inside } = assigner;
        for (const time of [inside.start, inside.end - 1n]) {
          const slice = assigner.sliceOf(time)!;
          expect(slice.start <= time && time < slice.end).toBe(true);
          expect([slice]).toEqual(windowsOfRow({ kind: 'calendar', every, zone, zoneColumn: null, unit: 'ms' }, time));
        }
        for (const time of [inside.start - 1n, inside.end, -(2n ** 63n), 2n ** 63n - 1n]) expect(assigner.sliceOf(time)).toBeNull();
        expect([assigner.lateBelow(-(2n ** 63n)), assigner.lateBelow(2n ** 63n - 1n)]).toEqual([-(2n ** 63n), 2n ** 63n - 1n]);
      }
    }
  });
});

describe('days', () => {
  test('have 23 and 25 hours where clocks change', () => {
    expect(windowsFrom('day', 'Europe/Paris', '2024-03-30T12:00Z', '2024-04-01T00:00Z')).toEqual(['2024-03-29T23:00Z 24h', '2024-03-30T23:00Z 23h', '2024-03-31T22:00Z 24h']);
    expect(windowsFrom('day', 'America/New_York', '2024-11-03T12:00Z', '2024-11-04T12:00Z')).toEqual(['2024-11-03T04:00Z 25h', '2024-11-04T05:00Z 24h']);
  });
  test('begin at one where there is no midnight', () => {
    expect(windowsFrom('day', 'America/Sao_Paulo', '2018-11-03T12:00Z', '2018-11-05T12:00Z')).toEqual(['2018-11-03T03:00Z 24h', '2018-11-04T03:00Z 23h', '2018-11-05T02:00Z 24h']);
    expect(windowsFrom('day', 'Asia/Beirut', '2024-03-30T12:00Z', '2024-03-31T12:00Z')).toEqual(['2024-03-29T22:00Z 24h', '2024-03-30T22:00Z 23h']);
    expect(windowsFrom('day', 'Africa/Cairo', '2023-04-27T12:00Z', '2023-04-28T12:00Z')).toEqual(['2023-04-26T22:00Z 24h', '2023-04-27T22:00Z 23h']);
  });
  test('go on where clocks are set back over midnight', () => {
    // Sao Paulo at midnight to 23:00; St. John's at 00:01 to 23:01 of the day before.
    expect(windowsFrom('day', 'America/Sao_Paulo', '2018-02-17T12:00Z', '2018-02-18T12:00Z')).toEqual(['2018-02-17T02:00Z 25h', '2018-02-18T03:00Z 24h']);
    expect(windowsFrom('day', 'America/St_Johns', '2010-11-06T12:00Z', '2010-11-07T12:00Z')).toEqual(['2010-11-06T02:30Z 24h', '2010-11-07T02:30Z 25h']);
  });
  test('that a zone skips have no window, and those it has twice have one', () => {
    expect(windowsFrom('day', 'Pacific/Apia', '2011-12-29T12:00Z', '2011-12-31T12:00Z')).toEqual(['2011-12-29T10:00Z 24h', '2011-12-30T10:00Z 24h', '2011-12-31T10:00Z 24h']);
    expect(windowsFrom('day', 'Pacific/Kwajalein', '1969-09-30T18:00Z', '1969-09-30T19:00Z')).toEqual(['1969-09-29T13:00Z 47h']);
  });
});

describe('hours, weeks, months', () => {
  test('an hour that is repeated is two windows', () => {
    expect(windowsFrom('hour', 'Europe/Paris', '2024-10-27T00:00Z', '2024-10-27T02:00Z')).toEqual(['2024-10-27T00:00Z 1h', '2024-10-27T01:00Z 1h']);
    // Half an hour: two o'clock comes again as half past one.
    expect(windowsFrom('hour', 'Australia/Lord_Howe', '2024-04-06T14:00Z', '2024-04-06T16:00Z')).toEqual(['2024-04-06T14:00Z 1h', '2024-04-06T15:00Z 0.5h', '2024-04-06T15:30Z 1h']);
    expect(windowsFrom('hour', 'Australia/Lord_Howe', '2024-10-05T14:30Z', '2024-10-05T16:00Z')).toEqual(['2024-10-05T14:30Z 1h', '2024-10-05T15:30Z 0.5h']);
  });
  test('hours begin where the clocks of a zone show a full one', () => {
    expect(windowsFrom('hour', 'Asia/Kathmandu', '2024-01-01T00:00Z', '2024-01-01T01:00Z')).toEqual(['2023-12-31T23:15Z 1h', '2024-01-01T00:15Z 1h']);
    expect(windowsFrom('hour', 'Asia/Kolkata', '1969-12-31T23:59Z', '1970-01-01T00:00Z')).toEqual(['1969-12-31T23:30Z 1h']);
  });
  test('weeks begin on Monday, months on the first', () => {
    expect(windowsFrom('week', 'Europe/Paris', '2024-03-30T00:00Z', '2024-04-02T00:00Z')).toEqual(['2024-03-24T23:00Z 167h', '2024-03-31T22:00Z 168h']);
    expect(windowsFrom('month', 'America/New_York', '2024-03-15T00:00Z', '2024-03-16T00:00Z')).toEqual(['2024-03-01T05:00Z 743h']);
    expect(windowsFrom('month', 'UTC', '1900-02-15T00:00Z', '1900-02-16T00:00Z')).toEqual(['1900-02-01T00:00Z 672h']);
    // The last day of 1994 was skipped: its month is a day shorter.
    expect(windowsFrom('month', 'Pacific/Kiritimati', '1994-12-15T00:00Z', '1995-01-15T00:00Z').at(-1)).toBe('1994-12-31T10:00Z 744h');
  });
});

describe('names of zones', () => {
  test('are those of the database, in any case; one zone is one object', () => {
    expect(Zone.named('europe/paris')).toBe(Zone.named('Europe/Paris'));
    for (const zone of ZONES) expect(Zone.named(zone), zone).not.toBeNull();
  });
  test('are no offsets, no times, no guesses', () => {
    for (const name of ['', 'Mars/Base', '+02:00', 'Z', '2020-01-01T00:00Z', 'Europe/Paris[u-ca=iso8601]', 'Europe/Paris ', 'Zürich', 'GMT+2', 'constructor']) expect(Zone.named(name), name).toBeNull();
  });
  test('a wrong one is a coded error that names it', () => {
    expect(() => requireZone('Mars/Base', 'calendar: its zone')).toThrow('BAD_OPTION: calendar: its zone is "Mars/Base"');
    expect(() => assignerOf('day', 'Mars/Base')).toThrow('BAD_OPTION');
  });
});
