/** Dates and times of columns as ISO 8601 text in UTC, without a Date for each. */

const pad = (value: number, digits: number): string => String(value).padStart(digits, '0');
const TWO = Array.from({ length: 60 }, (_, value) => pad(value, 2));
const THREE = Array.from({ length: 1000 }, (_, value) => pad(value, 3));
const DAY_MS = 86_400_000;

/** Days from 1970-01-01 as `YYYY-MM-DD`, or `±YYYYYY-MM-DD` outside the years 0 to 9999. Source: Howard Hinnant, civil_from_days. */
export function dateText(days: number): string {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const yearText = year >= 0 && year <= 9999 ? pad(year, 4) : (year < 0 ? '-' : '+') + pad(Math.abs(year), 6);
  return `${yearText}-${pad(month, 2)}-${pad(day, 2)}`;
}

let lastDay = NaN;
let lastDate = '';

function millisText(day: number, inDay: number): string {
  if (day !== lastDay) {
    lastDay = day;
    lastDate = dateText(day);
  }
  const seconds = Math.floor(inDay / 1000);
  const minutes = Math.floor(seconds / 60);
  return `${lastDate}T${TWO[Math.floor(minutes / 60)]}:${TWO[minutes % 60]}:${TWO[seconds % 60]}.${THREE[inDay % 1000]}`;
}

/** Milliseconds since 1970 as `YYYY-MM-DDTHH:MM:SS.mmm`, in UTC, to be followed by microseconds or a `Z`. */
export function isoMillis(ms: number | bigint): string {
  if (typeof ms === 'number') {
    const day = Math.floor(ms / DAY_MS);
    return millisText(day, ms - day * DAY_MS);
  }
  const inDay = ((ms % BigInt(DAY_MS)) + BigInt(DAY_MS)) % BigInt(DAY_MS);
  return millisText(Number((ms - inDay) / BigInt(DAY_MS)), Number(inDay));
}

/** Three digits, for 0 to 999. */
export const threeDigits = (value: number): string => THREE[value]!;
