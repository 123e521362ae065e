/** Dates and timestamps as text, in the proleptic Gregorian calendar of ISO 8601. Years outside 0000…9999 carry a sign and six digits or more. */
export const DAY_MS = 86_400_000;

/** Days since 1970-01-01 of a calendar date. Algorithm: Howard Hinnant, "chrono-compatible low-level date algorithms". */
export function daysOfDate(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468;
}

/** Year, month and day of days since 1970-01-01, any int32. The same source. */
export function dateOfDays(days: number): { year: number; month: number; day: number } {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1 };
}

/** `YYYY-MM-DD` of days since 1970-01-01, any int32. */
export function dateText(days: number): string {
  const { year, month, day } = dateOfDays(days);
  return `${yearText(year)}-${month < 10 ? '0' : ''}${month}-${day < 10 ? '0' : ''}${day}`;
}

const yearText = (year: number): string =>
  year >= 0 && year <= 9999 ? String(year).padStart(4, '0') : `${year < 0 ? '-' : '+'}${String(Math.abs(year)).padStart(6, '0')}`;

const DATE = /^(\d{4}|[+-]\d{6,7})-(\d\d)-(\d\d)/;
const TIME = /^[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)?$/;

/** Days since 1970-01-01 of `YYYY-MM-DD`; NaN if it is not a date. */
export function parseDate(text: string): number {
  const parts = DATE.exec(text);
  return parts !== null && parts[0].length === text.length ? daysOf(parts) : NaN;
}

function daysOf(parts: RegExpExecArray): number {
  const year = Number(parts[1]);
  const month = Number(parts[2]);
  const day = Number(parts[3]);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const longest = month === 2 ? (leap ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return month >= 1 && month <= 12 && day >= 1 && day <= longest ? daysOfDate(year, month, day) : NaN;
}

export interface Instant {
  /** Milliseconds since the epoch, rounded down. */
  readonly ms: number;
  /** What the text says beyond that: 0…999,999 ns. */
  readonly ns: number;
}

/**
 * An ISO 8601 date or date and time, `T` or a space between them. Without a zone it is UTC. null if it is not one; a leap second
 * (`:60`) and `24:00` are not.
 */
export function parseInstant(text: string): Instant | null {
  const parts = DATE.exec(text);
  if (parts === null) return null;
  const days = daysOf(parts);
  if (Number.isNaN(days)) return null;
  if (parts[0].length === text.length) return { ms: days * DAY_MS, ns: 0 };
  const time = TIME.exec(text.slice(parts[0].length));
  if (time === null) return null;
  const hour = Number(time[1]);
  const minute = Number(time[2]);
  const second = Number(time[3] ?? 0);
  const zone = zoneMinutes(time[5]);
  if (hour > 23 || minute > 59 || second > 59 || Number.isNaN(zone)) return null;
  const fraction = Number((time[4] ?? '').padEnd(9, '0'));
  const ms = days * DAY_MS + ((hour * 60 + minute - zone) * 60 + second) * 1000 + Math.floor(fraction / 1e6);
  return { ms, ns: fraction % 1e6 };
}

function zoneMinutes(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(':', '') || 0);
  return hours > 23 || minutes > 59 ? NaN : (zone[0] === '-' ? -1 : 1) * (hours * 60 + minutes);
}
