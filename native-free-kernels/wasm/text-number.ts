/** Numbers and times of text formats, exactly. */
import { NumberFlag, NumberStyle, TextError, TextLimit, TextState } from '../text-layout';
import { fail } from './text-string';

/** How many digits the eight bytes begin with, the first in the lowest byte; of each, what differs from `0`. */
function leadingDigits(differences: u64): u32 {
  // A carry out of a byte that is no digit reaches only bytes that no longer matter.
  const others = ((differences + 0x7676767676767676) | differences) & 0x8080808080808080;
  return <u32>(ctz(others) >> 3);
}

/** Value of `count` digits, 1 to 8: pairs, then fours, then all, by multiplication. */
function leadingValue(differences: u64, count: u32): u64 {
  const digits = differences << (64 - (count << 3));
  const pairs = digits * 10 + (digits >> 8);
  return ((pairs & 0x000000ff000000ff) * 0x000f424000000064 + ((pairs >> 16) & 0x000000ff000000ff) * 0x0000271000000001) >> 32;
}

function powerOfTen(state: usize, power: u32): u64 {
  return load<u64>(state + (<usize>power << 3), TextState.powers);
}

const ZEROS: u64 = 0x3030303030303030;

/** Largest mantissa that surely takes one digit more, and what the digit after the very largest may be. */
const LAST_MANTISSA: u64 = 1844674407370955161;

/**
 * Reads a number at `p` and returns the address after it, or 0. Its parts go to the state: the leading significant digits as
 * `mantissa`, a power of ten, whether it is negative, and whether digits other than zero did not fit the mantissa.
 */
export function scanNumber(state: usize, p: usize, style: u32): usize {
  const start = p;
  let flags: u32 = 0;
  let c: u32 = load<u8>(p);
  if (c == 45) {
    flags = NumberFlag.negative;
    p++;
  } else if (c == 43 && style == NumberStyle.lenient) {
    p++;
  }
  let mantissa: u64 = 0;
  let exponent: i32 = 0;
  let full = false;
  const digitsStart = p;
  let differences = load<u64>(p) ^ ZEROS;
  let count = leadingDigits(differences);
  if (count != 0) {
    mantissa = leadingValue(differences, count);
    p += count;
    if (count == 8) {
      differences = load<u64>(p) ^ ZEROS;
      count = leadingDigits(differences);
      if (count != 0) mantissa = mantissa * powerOfTen(state, count) + leadingValue(differences, count);
      p += count;
    }
  }
  c = <u32>load<u8>(p) - 48;
  while (c < 10) {
    if (!full && (mantissa < LAST_MANTISSA || (mantissa == LAST_MANTISSA && c <= 5))) {
      mantissa = mantissa * 10 + c;
    } else {
      full = true;
      exponent++;
      if (c != 0) flags |= NumberFlag.inexact;
    }
    c = <u32>load<u8>(++p) - 48;
  }
  const wholeDigits = p - digitsStart;
  if (style == NumberStyle.json && (wholeDigits == 0 || (wholeDigits > 1 && load<u8>(digitsStart) == 48))) {
    return fail(state, TextError.badNumber, start);
  }
  let fractionDigits: usize = 0;
  if (load<u8>(p) == 46) {
    const fractionStart = ++p;
    differences = load<u64>(p) ^ ZEROS;
    count = leadingDigits(differences);
    if (count != 0 && mantissa < 100000000000) {
      mantissa = mantissa * powerOfTen(state, count) + leadingValue(differences, count);
      exponent -= count;
      p += count;
    }
    c = <u32>load<u8>(p) - 48;
    while (c < 10) {
      if (!full && (mantissa < LAST_MANTISSA || (mantissa == LAST_MANTISSA && c <= 5))) {
        mantissa = mantissa * 10 + c;
        exponent--;
      } else {
        full = true;
        if (c != 0) flags |= NumberFlag.inexact;
      }
      c = <u32>load<u8>(++p) - 48;
    }
    fractionDigits = p - fractionStart;
    if (style == NumberStyle.json && fractionDigits == 0) return fail(state, TextError.badNumber, start);
  }
  if (wholeDigits + fractionDigits == 0) return fail(state, TextError.badNumber, start);
  if ((load<u8>(p) | 32) == 101) {
    let power: i32 = 0;
    c = load<u8>(++p);
    const negativePower = c == 45;
    if (negativePower || c == 43) p++;
    c = <u32>load<u8>(p) - 48;
    if (c > 9) return fail(state, TextError.badNumber, start);
    while (c < 10) {
      if (power < 1000000) power = power * 10 + c;
      c = <u32>load<u8>(++p) - 48;
    }
    exponent += negativePower ? -power : power;
  }
  store<u64>(state, mantissa, TextState.mantissa);
  store<i32>(state, exponent, TextState.exponent);
  store<u32>(state, flags, TextState.numberFlags);
  return p;
}

/** The number just scanned times 10^digits, as an integer within the limits, to `result`: an error code, 0 if it is one. */
export function scaleNumber(state: usize, digits: i32, limit: u64, lowLimit: u64): u32 {
  let mantissa = load<u64>(state, TextState.mantissa);
  const exponent = load<i32>(state, TextState.exponent) + digits;
  const flags = load<u32>(state, TextState.numberFlags);
  if (exponent != 0 || (flags & NumberFlag.inexact) != 0) {
    if (mantissa == 0) {
      // Any power of ten of zero is zero.
    } else if (exponent >= 0) {
      if (flags & NumberFlag.inexact || exponent >= TextLimit.powers) return TextError.outOfRange;
      const power = powerOfTen(state, exponent);
      if (mantissa > 0xffffffffffffffff / power) return TextError.outOfRange;
      mantissa *= power;
    } else {
      if (flags & NumberFlag.inexact || exponent <= -TextLimit.powers) return TextError.notExact;
      const power = powerOfTen(state, -exponent);
      if (mantissa % power != 0) return TextError.notExact;
      mantissa /= power;
    }
  }
  if (flags & NumberFlag.negative) {
    if (mantissa > lowLimit) return TextError.outOfRange;
    store<u64>(state, 0 - mantissa, TextState.result);
  } else {
    if (mantissa > limit) return TextError.outOfRange;
    store<u64>(state, mantissa, TextState.result);
  }
  return TextError.none;
}

/** Value of `count` digits, or above 0xffff. */
function digitsAt(p: usize, count: u32): u32 {
  let value: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const digit = <u32>load<u8>(p + i) - 48;
    if (digit > 9) return 0x10000000;
    value = value * 10 + digit;
  }
  return value;
}

/** Days from 1970-01-01 of a date of the proleptic Gregorian calendar. Howard Hinnant, "chrono-compatible low-level date algorithms". */
function daysFromCivil(year: i32, month: i32, day: i32): i32 {
  if (month <= 2) year--;
  const era = (year >= 0 ? year : year - 399) / 400;
  const yearOfEra = year - era * 400;
  const dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468;
}

function daysInMonth(year: i32, month: u32): u32 {
  if (month == 2) return (year & 3) == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/** Reads `YYYY-MM-DD` or `±YYYYYY-MM-DD` at `p`: days to `result`; the address after it, or 0. */
export function scanDate(state: usize, p: usize): usize {
  let year: i32 = 0;
  const sign = load<u8>(p);
  if (sign == 45 || sign == 43) {
    year = digitsAt(p + 1, 6);
    if (year > 999999) return 0;
    if (sign == 45) year = -year;
    p += 7;
  } else {
    year = digitsAt(p, 4);
    if (year > 9999) return 0;
    p += 4;
  }
  const month = digitsAt(p + 1, 2);
  const day = digitsAt(p + 4, 2);
  if (load<u8>(p) != 45 || load<u8>(p, 3) != 45 || month - 1 > 11 || day - 1 >= daysInMonth(year, month)) return 0;
  store<i64>(state, daysFromCivil(year, month, day), TextState.result);
  return p + 6;
}

/** Minutes of an offset `±HH`, `±HHMM`, `±HH:MM` that takes all from `p` to `end`; above 0xffff if it is none. */
function offsetMinutes(p: usize, end: usize): i32 {
  const size = end - p;
  if (size != 3 && size != 5 && size != 6) return 0x10000;
  const hours = digitsAt(p + 1, 2);
  const minutes = size == 3 ? 0 : digitsAt(end - 2, 2);
  if (hours > 23 || minutes > 59 || (size == 6 && load<u8>(p, 3) != 58)) return 0x10000;
  return load<u8>(p) == 45 ? -(<i32>(hours * 60 + minutes)) : hours * 60 + minutes;
}

/**
 * Reads an ISO 8601 time that takes all from `p` to `end`: a date alone, or with `T`, `t` or a space, `HH:MM`, `:SS`, a fraction and
 * an offset (UTC without one). To `result`, in units of 10^-digits seconds; digits of the fraction beyond are cut. False if it is none.
 */
export function parseTime(state: usize, p: usize, end: usize, digits: u32): bool {
  p = scanDate(state, p);
  if (p == 0 || p > end) return false;
  let seconds = load<i64>(state, TextState.result) * 86400;
  let fraction: u32 = 0;
  let fractionDigits: u32 = 0;
  if (p < end) {
    const separator = load<u8>(p);
    const hours = digitsAt(p + 1, 2);
    const minutes = digitsAt(p + 4, 2);
    if ((separator | 32) != 116 && separator != 32) return false;
    if (load<u8>(p, 3) != 58 || hours > 23 || minutes > 59) return false;
    p += 6;
    if (p > end) return false;
    seconds += hours * 3600 + minutes * 60;
    if (p < end && load<u8>(p) == 58) {
      const second = digitsAt(p + 1, 2);
      p += 3;
      if (p > end || second > 59) return false;
      seconds += second;
      if (p < end && (load<u8>(p) == 46 || load<u8>(p) == 44)) {
        const first = ++p;
        for (let c = <u32>load<u8>(p) - 48; p < end && c < 10; c = <u32>load<u8>(++p) - 48) {
          if (fractionDigits < digits) {
            fraction = fraction * 10 + c;
            fractionDigits++;
          }
        }
        if (p == first) return false;
      }
    }
    if (p < end) {
      const zone = load<u8>(p);
      if ((zone | 32) == 122 && p + 1 == end) {
        // Zulu: nothing to add.
      } else if (zone == 43 || zone == 45) {
        const offset = offsetMinutes(p, end);
        if (offset > 0xffff) return false;
        seconds -= <i64>offset * 60;
      } else {
        return false;
      }
    }
  }
  for (; fractionDigits < digits; fractionDigits++) {
    fraction *= 10;
  }
  // Years that milliseconds can hold but microseconds cannot.
  if (digits == 6 && (seconds > 9223372036853 || seconds < -9223372036853)) return false;
  store<i64>(state, seconds * (digits == 3 ? 1000 : 1000000) + fraction, TextState.result);
  return true;
}
