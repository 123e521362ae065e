import { dateOfDays as civilFromDays, daysOfDate as daysFromCivil } from '../batch/time-text.js';

export { civilFromDays, daysFromCivil };

const pad = (value: number, digits: number): string => String(value).padStart(digits, '0');
/** `YYYY-MM-DD`; years beyond 9999 with more digits, before 1 with a minus sign (year 0 is 1 BC). */
export function formatDate(days: number): string {
  const { year, month, day } = civilFromDays(days);
  return `${year < 0 ? '-' : ''}${pad(Math.abs(year), 4)}-${pad(month, 2)}-${pad(day, 2)}`;
}

const DATE = /^(-?\d{1,6})-(\d{1,2})-(\d{1,2})/;
const TIME = /^[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?(?: ?(Z|UTC|[+-]\d{1,2}(?::?\d{2})?))?$/;

/** Microseconds since 1970 of `YYYY-MM-DD`, or with a time of day (and an offset from UTC, which is applied); null if it is none. */
export function parseTimestamp(text: string): bigint | null {
  const trimmed = text.trim();
  const date = DATE.exec(trimmed);
  if (date === null) return null;
  const year = Number(date[1]), month = Number(date[2]), day = Number(date[3]);
  const days = daysFromCivil(year, month, day);
  const civil = civilFromDays(days);
  if (month < 1 || month > 12 || civil.month !== month || civil.day !== day) return null;
  const micros = BigInt(days) * 86_400_000_000n;
  const rest = trimmed.slice(date[0].length);
  if (rest === '') return micros;
  const time = TIME.exec(rest);
  if (time === null) return null;
  const hour = Number(time[1]), minute = Number(time[2]), second = Number(time[3] ?? 0);
  const fraction = Number((time[4] ?? '').slice(0, 6).padEnd(6, '0'));
  if (minute > 59 || second > 59 || hour > 24 || (hour === 24 && (minute > 0 || second > 0 || fraction > 0))) return null;
  const offset = offsetMinutes(time[5]);
  if (offset === null) return null;
  return micros + BigInt(((hour * 60 + minute - offset) * 60 + second) * 1_000_000 + fraction);
}
function offsetMinutes(zone: string | undefined): number | null {
  if (zone === undefined || zone === 'Z' || zone === 'UTC') return 0;
  const digits = zone.slice(1).replace(':', '');
  const hours = Number(digits.length > 2 ? digits.slice(0, -2) : digits), minutes = digits.length > 2 ? Number(digits.slice(-2)) : 0;
  if (hours > 15 || minutes > 59) return null;
  return (zone[0] === '-' ? -1 : 1) * (hours * 60 + minutes);
}

/** Days since 1970 of a date, or of the date of a timestamp; null if it is neither. */
export function parseDate(text: string): number | null {
  const micros = parseTimestamp(text);
  if (micros === null) return null;
  const days = micros / 86_400_000_000n;
  return Number(days * 86_400_000_000n > micros ? days - 1n : days);
}

/** As DuckDB prints it: `YYYY-MM-DD HH:MM:SS`, then a fraction without trailing zeros if there is one. */
export function formatTimestamp(value: bigint, unit: 'ms' | 'us'): string {
  const perSecond = unit === 'ms' ? 1000n : 1_000_000n;
  const perDay = 86_400n * perSecond;
  let inDay = value % perDay;
  if (inDay < 0n) inDay += perDay;
  const seconds = Number(inDay / perSecond), fraction = String(inDay % perSecond).padStart(unit === 'ms' ? 3 : 6, '0').replace(/0+$/, '');
  const time = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(part => pad(part, 2)).join(':');
  return `${formatDate(Number((value - inDay) / perDay))} ${time}${fraction === '' ? '' : `.${fraction}`}`;
}
