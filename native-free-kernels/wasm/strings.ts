/** UTF-8 text as (address, length) pairs. Results are views of their operand where they can be; else bytes at `buffer`, one after another. */
import { compareTwoTexts } from './compare';

/** Bytes of all elements together. */
export function stringBytes(rows: i32, a: usize): u32 {
  let sum: u32 = 0;
  for (let row: usize = 0; row < <usize>rows; row++) sum += load<u32>(a + (row << 3), 4);
  return sum;
}

/** Code points of `length` bytes: those that do not continue one. */
// @ts-ignore: decorator
@inline
function codePoints(at: usize, length: u32): u32 {
  let count: u32 = 0, byte: u32 = 0;
  const least = i8x16.splat(-64);
  for (; byte + 16 <= length; byte += 16) count += <u32>popcnt(i8x16.bitmask(i8x16.ge_s(v128.load(at + byte), least)));
  for (; byte < length; byte++) count += u32((load<u8>(at + byte) & 0xc0) != 0x80);
  return count;
}
export function textLength(rows: i32, a: usize, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    store<i64>(out + (row << 3), <i64>codePoints(load<u32>(a + (row << 3)), load<u32>(a + (row << 3), 4)));
  }
}

/**
 * ASCII letters to lower (`upper` 0) or upper case. Elements with other bytes get a 1 in `other` and stay as they were, for the
 * caller to treat; returns how many. May write 16 bytes past the end of the result.
 */
export function caseText(upper: i32, rows: i32, a: usize, buffer: usize, other: usize, out: usize): i32 {
  const first = i8x16.splat(upper != 0 ? 97 : 65), bit = i8x16.splat(32), letters = i8x16.splat(26);
  let others: i32 = 0;
  for (let row: usize = 0; row < <usize>rows; row++) {
    const from: usize = load<u32>(a + (row << 3)), length: usize = load<u32>(a + (row << 3), 4);
    let seen = i8x16.splat(0);
    for (let byte: usize = 0; byte < length; byte += 16) {
      const text = v128.load(from + byte);
      v128.store(buffer + byte, v128.xor(text, v128.and(i8x16.lt_u(i8x16.sub(text, first), letters), bit)));
      if (byte + 16 <= length) seen = v128.or(seen, text);
      else for (let rest = byte; rest < length; rest++) seen = v128.or(seen, i8x16.splat(load<i8>(from + rest)));
    }
    const isOther = i32(i8x16.bitmask(seen) != 0);
    store<u8>(other + row, <u8>isOther);
    others += isOther;
    store<u32>(out + (row << 3), isOther != 0 ? <u32>from : <u32>buffer);
    store<u32>(out + (row << 3), <u32>length, 4);
    buffer += length;
  }
  return others;
}

/** Bytes of the space separator (Unicode category Zs) that starts at `at`, or 0. */
// @ts-ignore: decorator
@inline
function spaceAt(at: usize, left: u32): u32 {
  const byte: u32 = load<u8>(at);
  if (byte == 0x20) return 1;
  if (byte < 0xc2) return 0;
  if (byte == 0xc2) return left >= 2 && load<u8>(at, 1) == 0xa0 ? 2 : 0;
  if (left < 3 || byte > 0xe3) return 0;
  const next: u32 = (<u32>load<u8>(at, 1) << 8) | <u32>load<u8>(at, 2);
  if (byte == 0xe1) return next == 0x9a80 ? 3 : 0;
  if (byte == 0xe3) return next == 0x8080 ? 3 : 0;
  if (byte != 0xe2) return 0;
  return (next >= 0x8080 && next <= 0x808a) || next == 0x80af || next == 0x819f ? 3 : 0;
}
/** Without space separators at both ends. */
export function trimText(rows: i32, a: usize, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    let from = load<u32>(a + (row << 3)), length = load<u32>(a + (row << 3), 4);
    while (length > 0) {
      const width = spaceAt(from, length);
      if (width == 0) break;
      from += width;
      length -= width;
    }
    while (length > 0) {
      let start = length - 1;
      while (start > 0 && (load<u8>(from + start) & 0xc0) == 0x80) start--;
      if (spaceAt(from + start, length - start) != length - start) break;
      length = start;
    }
    store<u32>(out + (row << 3), from);
    store<u32>(out + (row << 3), length, 4);
  }
}

/** a then b. */
export function concatText(rows: i32, a: usize, strideA: usize, b: usize, strideB: usize, buffer: usize, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const lengthA = load<u32>(a, 4), lengthB = load<u32>(b, 4);
    memory.copy(buffer, load<u32>(a), lengthA);
    memory.copy(buffer + lengthA, load<u32>(b), lengthB);
    store<u32>(out + (row << 3), <u32>buffer);
    store<u32>(out + (row << 3), lengthA + lengthB, 4);
    buffer += lengthA + lengthB;
    a += strideA; b += strideB;
  }
}

/** Bytes in front of code point `index` (from 0). */
// @ts-ignore: decorator
@inline
function offsetOf(from: usize, length: u32, index: i64): u32 {
  let at: u32 = 0;
  while (index > 0 && at < length) {
    at++;
    while (at < length && (load<u8>(from + at) & 0xc0) == 0x80) at++;
    index--;
  }
  return at;
}
/**
 * From code point `start` (1 is the first, -1 the last, 0 one before the first), `count` of them (0 stride and address: all); a
 * negative count goes backwards. What lies outside the text is left out.
 */
export function substringText(rows: i32, a: usize, strideA: usize, start: usize, strideStart: usize, count: usize, strideCount: usize, out: usize): void {
  const limit: i64 = 1 << 33;
  for (let row: usize = 0; row < <usize>rows; row++) {
    const from: usize = load<u32>(a), length = load<u32>(a, 4);
    const size = <i64>codePoints(from, length);
    const offset = min<i64>(max<i64>(load<i64>(start), -limit), limit);
    let begin = offset > 0 ? offset - 1 : offset < 0 ? size + offset : -1;
    let end = size;
    if (count != 0) {
      const wanted = min<i64>(max<i64>(load<i64>(count), -limit), limit);
      end = begin + wanted;
      if (wanted < 0) { end = begin; begin = begin + wanted; }
      count += strideCount;
    }
    begin = min<i64>(max<i64>(begin, 0), size);
    end = min<i64>(max<i64>(end, begin), size);
    const skipped = offsetOf(from, length, begin);
    store<u32>(out + (row << 3), <u32>from + skipped);
    store<u32>(out + (row << 3), offsetOf(from + skipped, length - skipped, end - begin), 4);
    a += strideA; start += strideStart;
  }
}

/** Where `needle` first is in a text, in bytes; -1: nowhere. Reads up to 16 bytes past the text. */
// @ts-ignore: decorator
@inline
function find(from: usize, length: u32, needle: usize, needleLength: u32): i32 {
  if (needleLength == 0) return 0;
  if (needleLength > length) return -1;
  const first = i8x16.splat(load<i8>(needle));
  const last = length - needleLength;
  for (let at: u32 = 0; at <= last; at += 16) {
    let mask = i8x16.bitmask(i8x16.eq(v128.load(from + at), first));
    while (mask != 0) {
      const here = at + <u32>ctz(mask);
      if (here > last) return -1;
      if (compareTwoTexts(from + here, needleLength, needle, needleLength) == 0) return <i32>here;
      mask &= mask - 1;
    }
  }
  return -1;
}

/** `mode` 0: a starts with b, 1: ends with, 2: contains. */
export function matchText(mode: i32, rows: i32, a: usize, strideA: usize, b: usize, strideB: usize, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    const from: usize = load<u32>(a), length = load<u32>(a, 4), part: usize = load<u32>(b), partLength = load<u32>(b, 4);
    let found: i32 = 0;
    if (partLength <= length) {
      if (mode == 2) found = i32(find(from, length, part, partLength) >= 0);
      else found = i32(compareTwoTexts(mode == 0 ? from : from + (length - partLength), partLength, part, partLength) == 0);
    }
    store<u8>(out + row, <u8>found);
    a += strideA; b += strideB;
  }
}

/**
 * Every b in a by c, from left to right. With `buffer` 0 only counts: returns the bytes the results need. An empty b is nowhere.
 */
export function replaceText(rows: i32, a: usize, strideA: usize, b: usize, strideB: usize, c: usize, strideC: usize, buffer: usize, out: usize): u32 {
  let total: u32 = 0;
  for (let row: usize = 0; row < <usize>rows; row++) {
    let from: usize = load<u32>(a), length = load<u32>(a, 4);
    const part: usize = load<u32>(b), partLength = load<u32>(b, 4), other: usize = load<u32>(c), otherLength = load<u32>(c, 4);
    let size: u32 = 0;
    while (partLength != 0) {
      const at = find(from, length, part, partLength);
      if (at < 0) break;
      if (buffer != 0) {
        memory.copy(buffer + total + size, from, at);
        memory.copy(buffer + total + size + at, other, otherLength);
      }
      size += <u32>at + otherLength;
      from += <u32>at + partLength;
      length -= <u32>at + partLength;
    }
    if (buffer != 0) {
      memory.copy(buffer + total + size, from, length);
      store<u32>(out + (row << 3), <u32>buffer + total);
      store<u32>(out + (row << 3), size + length, 4);
    }
    total += size + length;
    a += strideA; b += strideB; c += strideC;
  }
  return total;
}

// @ts-ignore: decorator
@inline
function nextPoint(from: usize, length: u32, at: u32): u32 {
  at++;
  while (at < length && (load<u8>(from + at) & 0xc0) == 0x80) at++;
  return at;
}
/** SQL LIKE without an escape: `%` any text, `_` one code point. The last `%` met takes one code point more whenever the rest does not fit. */
function isLike(from: usize, length: u32, pattern: usize, patternLength: u32): i32 {
  let at: u32 = 0, in_: u32 = 0, resumeAt: u32 = 0, resumeIn: i32 = -1;
  while (at < length) {
    const wanted: u32 = in_ < patternLength ? <u32>load<u8>(pattern + in_) : 0;
    if (in_ < patternLength && wanted == 0x25) {
      resumeIn = <i32>++in_;
      resumeAt = at;
    } else if (in_ < patternLength && wanted == 0x5f) {
      at = nextPoint(from, length, at);
      in_++;
    } else if (in_ < patternLength && wanted == <u32>load<u8>(from + at)) {
      at++;
      in_++;
    } else if (resumeIn >= 0) {
      resumeAt = at = nextPoint(from, length, resumeAt);
      in_ = <u32>resumeIn;
    } else return 0;
  }
  while (in_ < patternLength && load<u8>(pattern + in_) == 0x25) in_++;
  return i32(in_ == patternLength);
}
export function likeText(rows: i32, a: usize, strideA: usize, b: usize, strideB: usize, out: usize): void {
  for (let row: usize = 0; row < <usize>rows; row++) {
    store<u8>(out + row, <u8>isLike(load<u32>(a), load<u32>(a, 4), load<u32>(b), load<u32>(b, 4)));
    a += strideA; b += strideB;
  }
}
