import type { CalendarUnit } from '../plan/window-plan.js';
import type { Zone } from './zone.js';

const DAY = 86_400_000;
const HOUR = 3_600_000;
/** Longer than a month, and than any clock was ever set back. */
const MARGIN = 40 * DAY;

/**
 * The times (ms, ascending) at which calendar windows of a zone begin: the last at or before `from`, all up to `to`, and the first at or
 * after it.
 *
 * A day (week, month) begins when the zone's date first reaches it: at midnight, or, where clocks jump over midnight, when they do. Where
 * clocks are set back over midnight, the day that had begun goes on; a date that a zone skips has no window. An hour begins at each full
 * hour of the clock and at each change of its offset: an hour that is repeated is two windows.
 */
export function boundariesBetween(zone: Zone, every: CalendarUnit, from: number, to: number): number[] {
  const found = every === 'hour' ? hours(zone, from - 2 * HOUR, to + 2 * HOUR) : days(zone, UNITS[every], from - MARGIN, to + MARGIN);
  const first = found.findLastIndex(time => time <= from);
  return found.slice(first, found.findIndex(time => time >= to) + 1);
}

function hours(zone: Zone, from: number, to: number): number[] {
  const found: number[] = [];
  for (let at = from; at < to; ) {
    const stretch = zone.stretchAt(at);
    if (stretch.from === at) found.push(at);
    const end = Math.min(stretch.to, to);
    for (let time = Math.floor((at + stretch.offset) / HOUR) * HOUR + HOUR - stretch.offset; time < end; time += HOUR) found.push(time);
    at = end;
  }
  return found;
}

function days(zone: Zone, unit: DayUnit, from: number, to: number): number[] {
  const found: number[] = [];
  let reached = -Infinity;
  for (let at = from; at < to; ) {
    const { offset, to: end } = zone.stretchAt(at);
    const here = unit.of(at + offset);
    // Here clocks have jumped into another day, or to its very start.
    if (here > reached) {
      if (at > from) found.push(at);
      reached = here;
    }
    const last = Math.min(end, to);
    for (let time = unit.start(reached + 1) - offset; time < last; time = unit.start(reached + 1) - offset) {
      found.push(time);
      reached++;
    }
    at = last;
  }
  return found;
}

/** Days, weeks, months numbered on; times are local. */
interface DayUnit {
  of(local: number): number;
  start(number: number): number;
}
/** 1970-01-01 was a Thursday: the fourth day of a week. */
const DAYS_BEFORE_1970 = 3;
const UNITS: Record<Exclude<CalendarUnit, 'hour'>, DayUnit> = {
  day: { of: local => Math.floor(local / DAY), start: day => day * DAY },
  week: { of: local => Math.floor((Math.floor(local / DAY) + DAYS_BEFORE_1970) / 7), start: week => (week * 7 - DAYS_BEFORE_1970) * DAY },
  month: {
    of: local => {
      const date = new Date(local);
      return date.getUTCFullYear() * 12 + date.getUTCMonth();
    },
    // Not Date.UTC, for which the years 0 … 99 are of the twentieth century.
    start: month => new Date(0).setUTCFullYear(Math.floor(month / 12), month - Math.floor(month / 12) * 12, 1),
  },
};
