/**
 * CSV records (RFC 4180) into staging columns. A quote opens a quoted field only as its first byte; elsewhere it is an ordinary
 * character. A bad record is walked to its end by the same rules, so that what follows stays in step with the source's splitting.
 */
import { NumberStyle, StringRef, TextColumn, TextError, TextKind, TextState } from '../text-layout';
import { columnAt, finishLine, hasRoom, markValue, putBit, putFloat, putInteger, putScannedFloat, putText, startLine } from './text-column';
import { parseTime, scanDate, scanNumber, scaleNumber } from './text-number';
import { base64Bytes, fail, sequenceBytes } from './text-string';

/** Whether the bytes are these lower-case letters, in any case. `letters`: the first in the lowest byte. */
function isWord(p: usize, end: usize, letters: u64, count: usize): bool {
  if (end - p != count) return false;
  for (; p < end; p++, letters >>= 8) {
    if ((<u64>load<u8>(p) | 32) != (letters & 0xff)) return false;
  }
  return true;
}

const TRUE: u64 = 0x65757274;
const FALSE: u64 = 0x65736c6166;
const NAN: u64 = 0x6e616e;
const INF: u64 = 0x666e69;
const INFINITY: u64 = 0x7974696e69666e69;

/** 1, 0, or above for what is neither true nor false. */
function boolOf(p: usize, end: usize): u32 {
  if (end - p == 1) {
    const c: u32 = load<u8>(p);
    if (c == 49 || (c | 32) == 116) return 1;
    return c == 48 || (c | 32) == 102 ? 0 : 2;
  }
  return isWord(p, end, TRUE, 4) ? 1 : isWord(p, end, FALSE, 5) ? 0 : 2;
}

function readFloat(state: usize, column: u32, at: usize, p: usize, end: usize, row: u32): bool {
  if (scanNumber(state, p, NumberStyle.lenient) == end) {
    putScannedFloat(state, column, row, p, end);
    return true;
  }
  store<u32>(state, 0, TextState.error);
  const sign: u32 = load<u8>(p);
  const word = sign == 45 || sign == 43 ? p + 1 : p;
  if (isWord(word, end, NAN, 3)) putFloat(at, row, NaN);
  else if (isWord(word, end, INF, 3) || isWord(word, end, INFINITY, 8)) putFloat(at, row, sign == 45 ? -Infinity : Infinity);
  else return fail(state, TextError.badNumber, p) != 0;
  return true;
}

function scaledTo(state: usize, at: usize, digits: u32, p: usize): bool {
  const error = scaleNumber(state, digits, load<u64>(at, TextColumn.limit), load<u64>(at, TextColumn.lowLimit));
  return error == 0 || fail(state, error, p) != 0;
}

/** Reads an integer of any kind: date, timestamp, decimal, integer. */
function readInteger(state: usize, kind: u32, at: usize, p: usize, end: usize, row: u32): bool {
  if (kind == TextKind.date) {
    if (scanDate(state, p) != end) return fail(state, TextError.badDate, p) != 0;
  } else {
    const digits = load<u32>(at, TextColumn.digits);
    const isTime = kind == TextKind.timestamp;
    if (scanNumber(state, p, NumberStyle.lenient) == end) {
      if (!scaledTo(state, at, isTime ? 0 : digits, p)) return false;
    } else if (!isTime) {
      return fail(state, TextError.badNumber, p) != 0;
    } else {
      store<u32>(state, 0, TextState.error);
      if (!parseTime(state, p, end, digits)) return fail(state, TextError.badTime, p) != 0;
    }
  }
  putInteger(at, row, load<i64>(state, TextState.result));
  return true;
}

/** Reads the field from `p` to `end`, without its quotes, into its column. False if it cannot. `doubled`: pairs of quotes in it. */
function readField(state: usize, column: u32, p: usize, end: usize, quoted: bool, doubled: u32): bool {
  const at = columnAt(state, column);
  const row = load<u32>(state, TextState.row);
  const kind = load<u32>(at, TextColumn.kind);
  const isText = kind == TextKind.utf8 || kind == TextKind.binary;
  // Nothing is null, except between the quotes of a text.
  if (p == end && !(quoted && isText)) return true;
  markValue(state, column);
  if (kind == TextKind.utf8) {
    putText(at, row, p, (<u32>(end - p) - doubled) | (doubled != 0 ? StringRef.csvQuotes : 0));
    return true;
  }
  while (p < end && (load<u8>(p) == 32 || load<u8>(p) == 9)) p++;
  while (p < end && (load<u8>(end - 1) == 32 || load<u8>(end - 1) == 9)) end--;
  if (kind == TextKind.bool) {
    const value = boolOf(p, end);
    if (value > 1) return fail(state, TextError.badBool, p) != 0;
    putBit(load<u32>(at, TextColumn.values), row, value);
    return true;
  }
  if (kind == TextKind.binary) {
    const bytes = base64Bytes(p, end, false);
    if (bytes < 0) return fail(state, TextError.badBase64, p) != 0;
    putText(at, row, p, bytes | StringRef.base64);
    return true;
  }
  if (kind == TextKind.float32 || kind == TextKind.float64) return readFloat(state, column, at, p, end, row);
  return readInteger(state, kind, at, p, end, row);
}

/** Finds the end of what is up to one of two bytes, from `p` on; before it, bytes that are no UTF-8 are noted. */
function scanTo(state: usize, p: usize, end: usize, one: u32, other: u32): usize {
  const ones = i8x16.splat(<i8>one);
  const others = i8x16.splat(<i8>other);
  while (p < end) {
    const bytes = v128.load(p);
    const mask: u32 = i8x16.bitmask(v128.or(v128.or(i8x16.eq(bytes, ones), i8x16.eq(bytes, others)), bytes));
    if (mask == 0) {
      p += 16;
      continue;
    }
    p += ctz(mask);
    if (p >= end) return end;
    if (load<u8>(p) < 128) return p;
    const length = sequenceBytes(p);
    if (length == 0 && load<u32>(state, TextState.error) == 0) fail(state, TextError.badUtf8, p);
    p += length == 0 ? 1 : length;
  }
  return end;
}

/** Walks a record: address of the line feed that ends it. What is wrong with it is left in `error`. */
function readRecord(state: usize, p: usize, end: usize): usize {
  const delimiter = load<u32>(state, TextState.delimiter);
  const fieldCount = load<u32>(state, TextState.fieldCount);
  const map: usize = load<u32>(state, TextState.fieldMap);
  store<u32>(state, 0, TextState.error);
  let field: u32 = 0;
  while (true) {
    let start = p;
    let stop: usize;
    let doubled: u32 = 0;
    const quoted = load<u8>(p) == 34;
    if (quoted) {
      start = ++p;
      p = scanTo(state, p, end, 34, 34);
      while (p < end && load<u8>(p, 1) == 34) {
        doubled++;
        p = scanTo(state, p + 2, end, 34, 34);
      }
      stop = p;
      if (p >= end) {
        if (load<u32>(state, TextState.error) == 0) fail(state, TextError.openQuote, start);
        return end - 1;
      }
      p = scanTo(state, p + 1, end, delimiter, 10);
      const rest = p - stop - 1;
      const onlyReturn = rest == 1 && load<u8>(stop, 1) == 13 && load<u8>(p) == 10;
      if (rest != 0 && !onlyReturn && load<u32>(state, TextState.error) == 0) fail(state, TextError.afterQuote, stop + 1);
    } else {
      p = scanTo(state, p, end, delimiter, 10);
      stop = p;
      if (load<u8>(p) == 10 && p > start && load<u8>(p - 1) == 13) stop--;
    }
    if (field < fieldCount && load<u32>(state, TextState.error) == 0) {
      const column = load<i32>(map + (<usize>field << 2));
      if (column >= 0 && !readField(state, column, start, stop, quoted, doubled)) store<u32>(state, column, TextState.errorColumn);
    }
    field++;
    if (load<u8>(p) == 10) break;
    p++;
  }
  if (field != fieldCount && load<u32>(state, TextState.error) == 0) fail(state, TextError.fieldCount, p);
  return p;
}

/** Reads records, see TextState. Empty lines are skipped, but of one field are nulls. REQUIRES: the byte before `end` is a line feed; 16 readable bytes after it. */
export function decodeCsv(state: usize): void {
  let p: usize = load<u32>(state, TextState.cursor);
  const end: usize = load<u32>(state, TextState.end);
  const skipsEmpty = load<u32>(state, TextState.fieldCount) != 1;
  while (p < end && hasRoom(state)) {
    if (skipsEmpty && (load<u8>(p) == 10 || (load<u8>(p) == 13 && load<u8>(p, 1) == 10))) {
      p += load<u8>(p) == 10 ? 1 : 2;
      continue;
    }
    startLine(state);
    const start = p;
    p = readRecord(state, p, end);
    finishLine(state, start, p, load<u32>(state, TextState.error) == 0);
    p++;
  }
  store<u32>(state, <u32>p, TextState.cursor);
}
