/** Dates and times of columns as ISO 8601 text in UTC, without a Date for each. */

import { dateText, DAY_MS } from '../batch/time-text.js';

const pad = (value: number, digits: number): string => String(value).padStart(digits, '0');
const TWO = Array.from({ length: 60 }, (_, value) => pad(value, 2));
const THREE = Array.from({ length: 1000 }, (_, value) => pad(value, 3));

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
