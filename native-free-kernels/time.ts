import type { HeapViews } from './heap-views.js';

/** Parts and truncation of dates and timestamps: int64 ticks since 1970-01-01T00:00Z, `perDay` of them a day (1 for dates). */
export interface TimeKernels {
  /**
   * `part` 0…6: year, quarter, month, week (ISO), day, day of week (0 is Sunday), day of year; 7…10: hour, minute, second,
   * millisecond (seconds included, as in DuckDB); 11: whole seconds since 1970.
   */
  datePart(part: number, rows: number, a: number, perDay: bigint, out: number): void;
  /**
   * Down to the start of its second, minute, hour, day (`unit` 0…3; `ticks` of them), week (4, from Monday), month, quarter or year
   * (5…7). `bad` 1 where that start is before `low`; returns how many.
   */
  truncateTime(unit: number, rows: number, a: number, perDay: bigint, ticks: bigint, low: bigint, bad: number, out: number): number;
  /** Seconds since 1970 with their fraction, as float64. */
  epochSeconds(rows: number, a: number, perSecond: number, out: number): void;
}

const floorDivide = (x: bigint, by: bigint): bigint => (x % by < 0n ? x / by - 1n : x / by);
const modulo = (x: bigint, by: bigint): bigint => x - floorDivide(x, by) * by;

/** Days from 1970 to the first of a month: years of 365 days and the leap days between. */
function firstOf(year: bigint, month: bigint): bigint {
  const before = year - 1n;
  const leapDays = floorDivide(before, 4n) - floorDivide(before, 100n) + floorDivide(before, 400n);
  const leap = modulo(year, 4n) === 0n && (modulo(year, 100n) !== 0n || modulo(year, 400n) === 0n);
  const ofMonth = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][Number(month) - 1]! + (leap && month > 2n ? 1 : 0);
  return before * 365n + leapDays + BigInt(ofMonth) - 719_162n;
}
function civil(day: bigint): [year: bigint, month: bigint] {
  let year = 1970n + floorDivide(day * 400n, 146_097n);
  while (firstOf(year, 1n) > day) year--;
  while (firstOf(year + 1n, 1n) <= day) year++;
  let month = 12n;
  while (firstOf(year, month) > day) month--;
  return [year, month];
}
function partOfDay(part: number, day: bigint): bigint {
  const [year, month] = civil(day);
  switch (part) {
    case 0: return year;
    case 1: return (month + 2n) / 3n;
    case 2: return month;
    case 3: {
      const thursday = day - modulo(day + 3n, 7n) + 3n;
      return (thursday - firstOf(civil(thursday)[0], 1n)) / 7n + 1n;
    }
    case 4: return day - firstOf(year, month) + 1n;
    case 5: return modulo(day + 4n, 7n);
    default: return day - firstOf(year, 1n) + 1n;
  }
}
function partOfTime(part: number, value: bigint, perDay: bigint): bigint {
  if (perDay === 1n) return part === 11 ? value * 86_400n : 0n;
  const perSecond = perDay / 86_400n, ticks = modulo(value, perDay);
  switch (part) {
    case 7: return ticks / (perSecond * 3600n);
    case 8: return (ticks / (perSecond * 60n)) % 60n;
    case 9: return (ticks / perSecond) % 60n;
    case 10: return (ticks % (perSecond * 60n)) / (perSecond / 1000n);
    default: return floorDivide(value, perSecond);
  }
}
function start(unit: number, value: bigint, perDay: bigint, ticks: bigint): bigint {
  if (unit < 4) return floorDivide(value, ticks) * ticks;
  const day = floorDivide(value, perDay);
  if (unit === 4) return (day - modulo(day + 3n, 7n)) * perDay;
  const [year, month] = civil(day);
  return firstOf(year, unit === 5 ? month : unit === 6 ? ((month - 1n) / 3n) * 3n + 1n : 1n) * perDay;
}

export const timeTwins = (heap: HeapViews): TimeKernels => ({
  datePart(part, rows, a, perDay, out) {
    for (let row = 0; row < rows; row++) {
      const value = heap.i64[(a >>> 3) + row]!;
      heap.i64[(out >>> 3) + row] = part < 7 ? partOfDay(part, floorDivide(value, perDay)) : partOfTime(part, value, perDay);
    }
  },
  truncateTime(unit, rows, a, perDay, ticks, low, bad, out) {
    let failures = 0;
    for (let row = 0; row < rows; row++) {
      const value = heap.i64[(a >>> 3) + row]!;
      const result = start(unit, value, perDay, ticks);
      const fails = result < low ? 1 : 0;
      heap.i64[(out >>> 3) + row] = result;
      heap.u8[bad + row] = fails;
      failures += fails;
    }
    return failures;
  },
  epochSeconds(rows, a, perSecond, out) {
    for (let row = 0; row < rows; row++) heap.f64[(out >>> 3) + row] = Number(heap.i64[(a >>> 3) + row]!) / perSecond;
  },
});
