import { civilOfDays, floorDiv } from './calendar.ts';

/** Calendars of time zones by asking Intl for the local time of single instants. Times are ms. */
export type CalendarUnit = 'hour' | 'day' | 'week' | 'month';
export interface Interval { readonly start: number; readonly end: number }

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const formats = new Map<string, Intl.DateTimeFormat | null>();

/** null: there is no such zone. */
function formatOf(zone: string): Intl.DateTimeFormat | null {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  let format: Intl.DateTimeFormat | null = null;
  try {
    const numeric = 'numeric';
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, calendar: 'gregory', hourCycle: 'h23', era: 'short', year: numeric, month: numeric, day: numeric, hour: numeric, minute: numeric, second: numeric });
  } catch {
    // Not a zone.
  }
  formats.set(zone, format);
  return format;
}
export const isZone = (zone: string): boolean => formatOf(zone) !== null;

const offsets = new Map<string, number>();
/** How far the clocks of a zone are ahead of UTC at an instant, in ms. */
export function offsetAt(zone: string, time: number): number {
  const second = Math.floor(time / 1000) * 1000;
  const id = `${zone} ${second}`;
  const known = offsets.get(id);
  if (known !== undefined) return known;
  const parts: Record<string, string> = {};
  for (const { type, value } of formatOf(zone)!.formatToParts(second)) parts[type] = value;
  const year = parts['era']!.startsWith('B') ? 1 - Number(parts['year']) : Number(parts['year']);
  const local = new Date(0).setUTCFullYear(year, Number(parts['month']) - 1, Number(parts['day'])) + Number(parts['hour']) * HOUR + Number(parts['minute']) * 60_000 + Number(parts['second']) * 1000;
  if (offsets.size > 1_000_000) offsets.clear();
  offsets.set(id, local - second);
  return local - second;
}

const changes = new Map<string, number | null>();
/** The instant within (hour, hour + 1 h] at which clocks are changed, or null. No zone changes them twice within an hour. */
function changeWithin(zone: string, hour: number): number | null {
  const id = `${zone} ${hour}`;
  const known = changes.get(id);
  if (known !== undefined) return known;
  const before = offsetAt(zone, hour);
  let [low, high] = [hour, hour + HOUR];
  const changed = offsetAt(zone, high) !== before;
  while (changed && high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(zone, middle) === before) low = middle;
    else high = middle;
  }
  if (changes.size > 1_000_000) changes.clear();
  changes.set(id, changed ? high : null);
  return changed ? high : null;
}
/** The instants after `from`, up to `to`, at which clocks are changed. */
export function changesBetween(zone: string, from: number, to: number): number[] {
  const found: number[] = [];
  for (let hour = Math.floor(from / HOUR) * HOUR; hour < to; hour += HOUR) {
    const change = changeWithin(zone, hour);
    if (change !== null && change > from && change <= to) found.push(change);
  }
  return found;
}

/** Days, weeks or months, numbered on. */
function numberOf(unit: Exclude<CalendarUnit, 'hour'>, local: number): number {
  const day = Math.floor(local / DAY);
  if (unit === 'day') return day;
  if (unit === 'week') return Number(floorDiv(BigInt(day) + 3n, 7n));
  const { year, month } = civilOfDays(BigInt(day));
  return Number(year) * 12 + Number(month);
}

/** The greatest day (week, month) that the zone's clocks have shown up to an instant: clocks that are set back do not take it away. */
function reached(zone: string, unit: Exclude<CalendarUnit, 'hour'>, time: number): number {
  let greatest = numberOf(unit, time + offsetAt(zone, time));
  for (const change of changesBetween(zone, time - 30 * HOUR, time)) greatest = Math.max(greatest, numberOf(unit, change - 1 + offsetAt(zone, change - 1)));
  return greatest;
}
const LONGEST = { day: 3 * DAY, week: 9 * DAY, month: 34 * DAY };

/** The hour, day, week or month of a zone that holds an instant. */
export function calendarInterval(zone: string, unit: CalendarUnit, time: number): Interval {
  if (unit === 'hour') return hourOf(zone, time);
  const here = reached(zone, unit, time);
  return { start: firstThat(at => reached(zone, unit, at) >= here, time - LONGEST[unit], time), end: firstThat(at => reached(zone, unit, at) > here, time, time + LONGEST[unit]) };
}

/** An hour of the clock, at one offset. */
function hourOf(zone: string, time: number): Interval {
  const offset = offsetAt(zone, time);
  const start = Math.floor((time + offset) / HOUR) * HOUR - offset;
  const since = changesBetween(zone, start - 1, time).at(-1);
  const until = changesBetween(zone, time, start + HOUR)[0];
  return { start: since ?? start, end: until ?? start + HOUR };
}

/** REQUIRES: not at `from`, at `to`, and never no longer once it is so. */
function firstThat(holds: (time: number) => boolean, from: number, to: number): number {
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}
