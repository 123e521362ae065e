import { DuckDBInstance } from '@duckdb/node-api';
import { expect, test } from 'vitest';

interface LocalDays {
  localDays(span: { from: string; until: string }): { collect(options?: { workers?: number }): Promise<DayRow[]> };
  FLIGHTS_FILE: string;
}
interface DayRow { origin: string; zone: string; windowStart: bigint; windowEnd: bigint; flights: bigint; meanDelay: number; worstDelay: bigint }

// By URL: the example is JavaScript, without declarations.
const example = (): Promise<LocalDays> => import(new URL('../examples/local-days/local-days.mjs', import.meta.url).href);
const [from, until] = ['2001-03-31', '2001-04-03'];

test('each airport has its own days: of 23 hours where clocks were set ahead, with the flights that the file has for that local day', async () => {
  const { localDays, FLIGHTS_FILE } = await example();
  const expected = await localDates(FLIGHTS_FILE);
  expect(expected.length).toBeGreaterThan(500);
  for (const workers of [1, 2]) {
    const days = await localDays({ from, until }).collect({ workers });
    expect(days.map(day => `${day.origin} ${dateOf(day)} ${day.flights} ${day.meanDelay} ${day.worstDelay}`).toSorted()).toEqual(expected);
    // From the first moment of a date to that of the next, by the clocks of the airport.
    for (const day of days) {
      expect([clock(day.zone, day.windowStart), clock(day.zone, day.windowStart - 1n), clock(day.zone, day.windowEnd)], day.origin)
        .toEqual([`${dateOf(day)} 00:00`, `${dayBefore(dateOf(day))} 23:59`, `${dayBefore(dateOf(day), -1)} 00:00`]);
    }
    const changes = (origin: string): bigint[] => days.filter(day => day.origin === origin).map(day => (day.windowEnd - day.windowStart) / 3_600_000_000n);
    for (const origin of ['ATL', 'EVV', 'ANC']) expect(changes(origin).toSorted(), origin).toEqual([23n, 24n, 24n]);
    for (const origin of ['PHX', 'IND', 'HNL', 'SJU']) expect(changes(origin), origin).toEqual([24n, 24n, 24n]);
  }
});

/** The file has local times, so DuckDB needs no zones: it groups by their date. */
async function localDates(file: string): Promise<string[]> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  try {
    const rows = await connection.runAndReadAll(`
      SELECT origin, strftime(date, '%Y-%m-%d'), count(*), avg(delay), max(delay)
      FROM '${file.replaceAll("'", "''")}' WHERE date >= '${from}' AND date < '${until}' GROUP BY ALL`);
    return rows.getRows().map(row => row.join(' ')).toSorted();
  } finally {
    connection.closeSync();
  }
}

const clocks = new Map<string, Intl.DateTimeFormat>();
/** What the clocks of a zone show, as `2001-04-01 00:00`. */
function clock(zone: string, us: bigint): string {
  const format = clocks.get(zone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  clocks.set(zone, format);
  return format.format(Number(us / 1000n));
}
const dateOf = (day: DayRow): string => clock(day.zone, day.windowStart).slice(0, 10);
const dayBefore = (date: string, days = 1): string => new Date(Date.parse(date) - days * 86_400_000).toISOString().slice(0, 10);
