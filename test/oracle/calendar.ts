import type { DatePart, TimeUnit } from '../../src/plan/expression-tree.ts';

export const floorDiv = (a: bigint, b: bigint): bigint => (a % b !== 0n && (a < 0n) !== (b < 0n) ? a / b - 1n : a / b);
export const floorMod = (a: bigint, b: bigint): bigint => a - floorDiv(a, b) * b;

/** Days since 1970-01-01 of a proleptic Gregorian date, counted from its year, so that no JavaScript Date range applies. */
export function daysOfCivil(year: bigint, month: bigint, day: bigint): bigint {
  const before = (y: bigint): bigint => 365n * y + floorDiv(y + 3n, 4n) - floorDiv(y + 99n, 100n) + floorDiv(y + 399n, 400n);
  let days = before(year) - before(1970n) + day - 1n;
  for (let m = 1n; m < month; m++) days += monthLength(year, m);
  return days;
}
const isLeap = (year: bigint): boolean => floorMod(year, 4n) === 0n && (floorMod(year, 100n) !== 0n || floorMod(year, 400n) === 0n);
export function monthLength(year: bigint, month: bigint): bigint {
  if (month === 2n) return isLeap(year) ? 29n : 28n;
  return month === 4n || month === 6n || month === 9n || month === 11n ? 30n : 31n;
}
export interface Civil { readonly year: bigint; readonly month: bigint; readonly day: bigint }
export function civilOfDays(days: bigint): Civil {
  let year = 1970n + floorDiv(days * 400n, 146_097n);
  while (daysOfCivil(year, 1n, 1n) > days) year--;
  while (daysOfCivil(year + 1n, 1n, 1n) <= days) year++;
  let month = 1n;
  while (month < 12n && daysOfCivil(year, month + 1n, 1n) <= days) month++;
  return { year, month, day: days - daysOfCivil(year, month, 1n) + 1n };
}

export function dateText(days: bigint): string {
  const { year, month, day } = civilOfDays(days);
  const two = (n: bigint): string => n.toString().padStart(2, '0');
  return `${year < 0n ? '-' : ''}${(year < 0n ? -year : year).toString().padStart(4, '0')}-${two(month)}-${two(day)}`;
}
/** Null where the text is not a date of the calendar in the form YYYY-MM-DD. */
export function daysOfText(text: string): bigint | null {
  const match = /^(-?\d{4,6})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return null;
  const [year, month, day] = [BigInt(match[1] ?? 0), BigInt(match[2] ?? 0), BigInt(match[3] ?? 0)];
  if (month < 1n || month > 12n || day < 1n || day > monthLength(year, month)) return null;
  return daysOfCivil(year, month, day);
}

/** Monday is 0. 1970-01-01 was a Thursday. */
const weekdayFromMonday = (days: bigint): bigint => floorMod(days + 3n, 7n);
/** ISO 8601: week 1 holds the year's first Thursday. */
function isoWeek(days: bigint): bigint {
  const thursday = days - weekdayFromMonday(days) + 3n;
  return (thursday - daysOfCivil(civilOfDays(thursday).year, 1n, 1n)) / 7n + 1n;
}

/** An instant as days and the time of that day, in ticks of `perSecond`. */
export interface Instant { readonly days: bigint; readonly ticks: bigint; readonly perSecond: bigint }
export const instantOf = (time: bigint, perSecond: bigint): Instant =>
  ({ days: floorDiv(time, 86_400n * perSecond), ticks: floorMod(time, 86_400n * perSecond), perSecond });

/** As DuckDB: dayOfWeek from Sunday = 0, millisecond counts from the minute, epoch are seconds with a fraction. */
export function datePart(part: DatePart, { days, ticks, perSecond }: Instant): bigint | number {
  const { year, month, day } = civilOfDays(days);
  switch (part) {
    case 'year': return year;
    case 'quarter': return (month + 2n) / 3n;
    case 'month': return month;
    case 'week': return isoWeek(days);
    case 'day': return day;
    case 'dayOfWeek': return (weekdayFromMonday(days) + 1n) % 7n;
    case 'dayOfYear': return days - daysOfCivil(year, 1n, 1n) + 1n;
    case 'hour': return ticks / (3_600n * perSecond);
    case 'minute': return ticks / (60n * perSecond) % 60n;
    case 'second': return ticks / perSecond % 60n;
    case 'millisecond': return ticks % (60n * perSecond) * 1_000n / perSecond;
    case 'epoch': return Number(days * 86_400n * perSecond + ticks) / Number(perSecond);
  }
}

/** Start of the unit that holds the instant, in ticks since 1970. */
export function truncateTime(unit: TimeUnit, { days, ticks, perSecond }: Instant): bigint {
  const { year, month } = civilOfDays(days);
  const atDay = (start: bigint): bigint => start * 86_400n * perSecond;
  const within = (seconds: bigint): bigint => atDay(days) + ticks - ticks % (seconds * perSecond);
  switch (unit) {
    case 'second': return within(1n);
    case 'minute': return within(60n);
    case 'hour': return within(3_600n);
    case 'day': return atDay(days);
    case 'week': return atDay(days - weekdayFromMonday(days));
    case 'month': return atDay(daysOfCivil(year, month, 1n));
    case 'quarter': return atDay(daysOfCivil(year, (month - 1n) / 3n * 3n + 1n, 1n));
    case 'year': return atDay(daysOfCivil(year, 1n, 1n));
  }
}
