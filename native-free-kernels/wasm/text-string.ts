/** Strings of text formats: finding their end while checking them, and taking them out of their quotes. */
import { NO_COLUMN, StringRef, TextError, TextState } from '../text-layout';

/** Notes what is wrong and returns 0, which no address is. */
export function fail(state: usize, error: u32, at: usize): usize {
  store<u32>(state, error, TextState.error);
  store<u32>(state, NO_COLUMN, TextState.errorColumn);
  store<u32>(state, <u32>at, TextState.errorAt);
  return 0;
}

function hexDigit(c: u32): u32 {
  const digit = c - 48;
  if (digit < 10) return digit;
  const letter = (c | 32) - 97;
  return letter < 6 ? letter + 10 : 0x10000;
}

/** The code unit of four hexadecimal digits, or something above 0xffff. */
export function hex4(p: usize): u32 {
  const high = (hexDigit(load<u8>(p)) << 12) | (hexDigit(load<u8>(p, 1)) << 8);
  const low = (hexDigit(load<u8>(p, 2)) << 4) | hexDigit(load<u8>(p, 3));
  return high | low;
}

/** Bytes of a well-formed UTF-8 sequence of two or more bytes at `p`, or 0. */
export function sequenceBytes(p: usize): u32 {
  const c: u32 = load<u8>(p);
  const second: u32 = load<u8>(p, 1);
  if (c < 0xc2 || c > 0xf4 || (second & 0xc0) != 0x80) return 0;
  if (c < 0xe0) return 2;
  if ((load<u8>(p, 2) & 0xc0) != 0x80) return 0;
  if (c < 0xf0) {
    if (c == 0xe0 && second < 0xa0) return 0;
    if (c == 0xed && second > 0x9f) return 0;
    return 3;
  }
  if ((load<u8>(p, 3) & 0xc0) != 0x80) return 0;
  if (c == 0xf0 && second < 0x90) return 0;
  if (c == 0xf4 && second > 0x8f) return 0;
  return 4;
}

/** Address after the JSON escape at `p`, or 0; adds to `saved` what it shrinks by. */
function scanEscape(state: usize, p: usize): usize {
  const c: u32 = load<u8>(p, 1);
  if (c == 117) {
    const unit = hex4(p + 2);
    if (unit > 0xffff) return fail(state, TextError.badEscape, p);
    let read: u32 = 6;
    let written: u32 = unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
    if (unit >> 11 == 0x1b) {
      if (unit > 0xdbff || load<u8>(p, 6) != 92 || load<u8>(p, 7) != 117 || hex4(p + 8) >> 10 != 0x37) {
        return fail(state, TextError.loneSurrogate, p);
      }
      read = 12;
      written = 4;
    }
    store<u32>(state, load<u32>(state, TextState.saved) + read - written, TextState.saved);
    return p + read;
  }
  if (c == 34 || c == 92 || c == 47 || c == 98 || c == 102 || c == 110 || c == 114 || c == 116) {
    store<u32>(state, load<u32>(state, TextState.saved) + 1, TextState.saved);
    return p + 2;
  }
  return fail(state, TextError.badEscape, p);
}

/** `p`: after the opening quote. Address of the closing one, or 0. `saved`: bytes by which unescaping shrinks the string. */
export function scanString(state: usize, p: usize): usize {
  store<u32>(state, 0, TextState.saved);
  const quote = i8x16.splat(34);
  const backslash = i8x16.splat(92);
  const space = i8x16.splat(32);
  while (true) {
    const bytes = v128.load(p);
    // As signed bytes, control characters and all that is not ASCII are below the space.
    const stops = v128.or(v128.or(i8x16.eq(bytes, quote), i8x16.eq(bytes, backslash)), i8x16.lt_s(bytes, space));
    const mask = i8x16.bitmask(stops);
    if (mask == 0) {
      p += 16;
      continue;
    }
    p += ctz(mask);
    const c: u32 = load<u8>(p);
    if (c == 34) return p;
    if (c == 92) {
      p = scanEscape(state, p);
      if (p == 0) return 0;
    } else if (c >= 128) {
      const bytes = sequenceBytes(p);
      if (bytes == 0) return fail(state, TextError.badUtf8, p);
      p += bytes;
    } else {
      return fail(state, c == 10 ? TextError.openString : TextError.controlCharacter, p);
    }
  }
}

/** Writes a code point as UTF-8; returns the address after it. */
function putCodePoint(to: usize, point: u32): usize {
  if (point < 0x80) {
    store<u8>(to, point);
    return to + 1;
  }
  if (point < 0x800) {
    store<u8>(to, 0xc0 | (point >> 6));
    store<u8>(to, 0x80 | (point & 63), 1);
    return to + 2;
  }
  if (point < 0x10000) {
    store<u8>(to, 0xe0 | (point >> 12));
    store<u8>(to, 0x80 | ((point >> 6) & 63), 1);
    store<u8>(to, 0x80 | (point & 63), 2);
    return to + 3;
  }
  store<u8>(to, 0xf0 | (point >> 18));
  store<u8>(to, 0x80 | ((point >> 12) & 63), 1);
  store<u8>(to, 0x80 | ((point >> 6) & 63), 2);
  store<u8>(to, 0x80 | (point & 63), 3);
  return to + 4;
}

/** What a one-letter escape stands for. */
function shortEscape(c: u32): u32 {
  if (c == 98) return 8;
  if (c == 102) return 12;
  if (c == 110) return 10;
  if (c == 114) return 13;
  if (c == 116) return 9;
  return c;
}

/** Copies a checked JSON string from after its opening quote up to its closing one. Returns the address after the copy. */
export function unescapeJson(from: usize, to: usize): usize {
  while (true) {
    const c: u32 = load<u8>(from);
    if (c == 34) return to;
    if (c != 92) {
      store<u8>(to++, c);
      from++;
    } else if (load<u8>(from, 1) != 117) {
      store<u8>(to++, shortEscape(load<u8>(from, 1)));
      from += 2;
    } else {
      let point = hex4(from + 2);
      from += 6;
      if (point >> 11 == 0x1b) {
        point = 0x10000 + ((point & 0x3ff) << 10) + (hex4(from + 2) & 0x3ff);
        from += 6;
      }
      to = putCodePoint(to, point);
    }
  }
}

/** Copies `length` bytes of a quoted CSV field, each pair of quotes as one. `length`: of the result. */
export function unescapeCsv(from: usize, to: usize, length: u32): void {
  const end = to + length;
  while (to < end) {
    const c = load<u8>(from);
    store<u8>(to++, c);
    from += c == 34 ? 2 : 1;
  }
}

/** The six bits of a base64 digit of either alphabet, or 64. */
function sixBits(c: u32): u32 {
  if (c - 65 < 26) return c - 65;
  if (c - 97 < 26) return c - 71;
  if (c - 48 < 10) return c + 4;
  if (c == 43 || c == 45) return 62;
  if (c == 47 || c == 95) return 63;
  return 64;
}

/** A byte of a JSON string that may be escaped, and in the upper bits how many bytes it takes. REQUIRES: a checked string. */
function asciiAt(p: usize, escaped: bool): u32 {
  const c: u32 = load<u8>(p);
  if (c != 92 || !escaped) return c | 0x10000;
  const letter: u32 = load<u8>(p, 1);
  if (letter != 117) return shortEscape(letter) | 0x20000;
  const unit = hex4(p + 2);
  return (unit < 0x80 ? unit : 0) | 0x60000;
}

/** Bytes that the base64 from `p` to `end` stands for, or -1. Padding may be absent; of both alphabets. */
export function base64Bytes(p: usize, end: usize, escaped: bool): i32 {
  let digits: u32 = 0;
  let padding: u32 = 0;
  while (p < end) {
    const c = asciiAt(p, escaped);
    if ((c & 0xffff) == 61) padding++;
    else if (padding != 0 || sixBits(c & 0xffff) == 64) return -1;
    else digits++;
    p += c >> 16;
  }
  if ((digits & 3) == 1) return -1;
  if (padding != 0 && (padding > 2 || ((digits + padding) & 3) != 0)) return -1;
  return (digits >> 2) * 3 + ((digits & 3) == 0 ? 0 : (digits & 3) - 1);
}

/** Writes the `length` bytes of checked base64. */
export function decodeBase64(p: usize, to: usize, length: u32, escaped: bool): void {
  let bits: u32 = 0;
  let held: u32 = 0;
  const end = to + length;
  while (to < end) {
    const c = asciiAt(p, escaped);
    p += c >> 16;
    bits = (bits << 6) | sixBits(c & 0xffff);
    held += 6;
    if (held >= 8) {
      held -= 8;
      store<u8>(to++, bits >> held);
    }
  }
}

/** Sum of the lengths of `rows` StringRefs. */
export function textBytes(rows: u32, refs: usize): u32 {
  let total: u32 = 0;
  for (let row: u32 = 0; row < rows; row++, refs += StringRef.bytes) total += load<u32>(refs, StringRef.length) & StringRef.lengthMask;
  return total;
}

/** Copies `rows` strings one after another to `bytes`, and writes rows + 1 offsets. Writes up to 15 bytes past the end, reads so too. */
export function gatherText(rows: u32, refs: usize, offsets: usize, bytes: usize): void {
  let to = bytes;
  for (let row: u32 = 0; row < rows; row++, refs += StringRef.bytes, offsets += 4) {
    const from: usize = load<u32>(refs);
    const flagged = load<u32>(refs, StringRef.length);
    const length = flagged & StringRef.lengthMask;
    store<u32>(offsets, <u32>(to - bytes));
    if (flagged == length) {
      v128.store(to, v128.load(from));
      for (let done: u32 = 16; done < length; done += 16) v128.store(to + done, v128.load(from + done));
    } else if (flagged & StringRef.base64) {
      decodeBase64(from, to, length, (flagged & StringRef.jsonEscapes) != 0);
    } else if (flagged & StringRef.jsonEscapes) {
      unescapeJson(from, to);
    } else {
      unescapeCsv(from, to, length);
    }
    to += length;
  }
  store<u32>(offsets, <u32>(to - bytes));
}
