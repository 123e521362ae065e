/** Parts and truncation of dates and timestamps: int64 ticks since 1970-01-01T00:00Z, `perDay` of them a day (1 for dates). */

// @ts-ignore: decorator
@inline
function floorDivide(x: i64, by: i64): i64 {
  const quotient = x / by;
  return quotient - i64(quotient * by > x);
}

/** Year × 16 + month of a day (H. Hinnant, "chrono-compatible low-level date algorithms"). */
// @ts-ignore: decorator
@inline
function yearAndMonth(days: i64): i64 {
  const z = days + 719468;
  const era = floorDivide(z, 146097);
  // 32 bits from here on: the compiler turns their constant divisions into products
  const ofEra = <u32>(z - era * 146097);
  const yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36524 - ofEra / 146096) / 365;
  const ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const shifted = (5 * ofYear + 2) / 153;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return ((<i64>yearOfEra + era * 400 + i64(month <= 2)) << 4) | <i64>month;
}
/** The day of the first of a month. */
// @ts-ignore: decorator
@inline
function firstOf(year: i64, month: i64): i64 {
  const y = year - i64(month <= 2);
  const era = floorDivide(y, 400);
  const yearOfEra = <u32>(y - era * 400);
  const ofYear = (153 * (<u32>month + (month > 2 ? -3 : 9)) + 2) / 5;
  return era * 146097 + <i64>(yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + ofYear) - 719468;
}
/** ISO 8601: the week of the year that has this week's Thursday. */
// @ts-ignore: decorator
@inline
function isoWeek(day: i64): i64 {
  const thursday = day - (day + 3 - floorDivide(day + 3, 7) * 7) + 3;
  return (thursday - firstOf(yearAndMonth(thursday) >> 4, 1)) / 7 + 1;
}

// @ts-ignore: decorator
@inline
function partOfDay(part: i32, day: i64): i64 {
  if (part == 3) return isoWeek(day);
  if (part == 5) return day + 4 - floorDivide(day + 4, 7) * 7;
  const both = yearAndMonth(day), year = both >> 4, month = both & 15;
  if (part == 0) return year;
  if (part == 1) return (month + 2) / 3;
  if (part == 2) return month;
  if (part == 4) return day - firstOf(year, month) + 1;
  return day - firstOf(year, 1) + 1;
}

/**
 * `part` 0…6: year, quarter, month, week (ISO), day, day of week (0 is Sunday), day of year; 7…10: hour, minute, second, millisecond
 * (seconds included, as in DuckDB); 11: whole seconds since 1970.
 */
export function datePart(part: i32, rows: i32, a: usize, perDay: i64, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const value = load<i64>(a + (row << 3));
    const day = floorDivide(value, perDay);
    let result: i64;
    if (part < 7) result = partOfDay(part, day);
    else if (perDay == 1) result = part == 11 ? day * 86400 : 0;
    else {
      const ticks = value - day * perDay, perSecond = perDay / 86400;
      if (part == 7) result = ticks / (perSecond * 3600);
      else if (part == 8) result = ticks / (perSecond * 60) % 60;
      else if (part == 9) result = ticks / perSecond % 60;
      else if (part == 10) result = ticks % (perSecond * 60) / (perSecond / 1000);
      else result = floorDivide(value, perSecond);
    }
    store<i64>(out + (row << 3), result);
  }
}

/**
 * Down to the start of its second, minute, hour, day (`unit` 0…3; `ticks` of them), week (4, from Monday), month, quarter or year
 * (5…7). `bad` 1 where that start is before `low`. Returns how many.
 */
export function truncateTime(unit: i32, rows: i32, a: usize, perDay: i64, ticks: i64, low: i64, bad: usize, out: usize): i32 {
  let failures: i32 = 0;
  for (let row: usize = 0; row < <usize>rows; row++) {
    const value = load<i64>(a + (row << 3));
    let result: i64;
    if (unit < 4) result = floorDivide(value, ticks) * ticks;
    else {
      let day = floorDivide(value, perDay);
      if (unit == 4) day -= day + 3 - floorDivide(day + 3, 7) * 7;
      else {
        const both = yearAndMonth(day), month = both & 15;
        day = firstOf(both >> 4, unit == 5 ? month : unit == 6 ? (month - 1) / 3 * 3 + 1 : 1);
      }
      result = day * perDay;
    }
    const fails = i32(result > value) | i32(result < low);
    store<i64>(out + (row << 3), result);
    store<u8>(bad + row, <u8>fails);
    failures += fails;
  }
  return failures;
}

/** Seconds since 1970 with their fraction, as float64. */
export function epochSeconds(rows: i32, a: usize, perSecond: f64, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) store<f64>(out + (row << 3), <f64>load<i64>(a + (row << 3)) / perSecond);
}
