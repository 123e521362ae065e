/**
 * JSON lines into staging columns, in one walk over the bytes. Each line ends in a line feed, which no token of JSON takes, so that
 * the walk needs no test for the end of the text. Members that are not wanted are checked as strictly as those that are.
 */
import { MemoSlot, NO_COLUMN, NumberStyle, StringRef, TextColumn, TextError, TextKind, TextLimit, TextState } from '../text-layout';
import { columnAt, finishLine, hasRoom, markNull, markValue, putBit, putInteger, putScannedFloat, putText, startLine } from './text-column';
import { parseTime, scanDate, scanNumber, scaleNumber } from './text-number';
import { base64Bytes, fail, scanString, unescapeJson } from './text-string';

const NULL: u32 = 0x6c6c756e;
const TRUE: u32 = 0x65757274;
const ALSE: u32 = 0x65736c61;

function skipSpace(p: usize): usize {
  let c: u32 = load<u8>(p);
  while (c == 32 || c == 9 || c == 13) c = load<u8>(++p);
  return p;
}

/** Address after a value that is neither object nor array, or 0. */
function skipScalar(state: usize, p: usize): usize {
  const c: u32 = load<u8>(p);
  if (c == 34) {
    const close = scanString(state, p + 1);
    return close == 0 ? 0 : close + 1;
  }
  if (c == 45 || c - 48 < 10) return scanNumber(state, p, NumberStyle.json);
  if (load<u32>(p) == NULL || load<u32>(p) == TRUE) return p + 4;
  if (c == 102 && load<u32>(p, 1) == ALSE) return p + 5;
  return fail(state, TextError.expectedValue, p);
}

/** Address after the name and the colon of a member that nobody wants, or 0. */
function skipKey(state: usize, p: usize): usize {
  if (load<u8>(p) != 34) return fail(state, TextError.expectedKey, p);
  p = scanString(state, p + 1);
  if (p == 0) return 0;
  p = skipSpace(p + 1);
  if (load<u8>(p) != 58) return fail(state, TextError.expectedColon, p);
  return skipSpace(p + 1);
}

/** Address after any value, or 0. Nesting is a stack of bits, not of calls. */
function skipValue(state: usize, p: usize): usize {
  let depth: u32 = 0;
  while (true) {
    // At a value.
    let c: u32 = load<u8>(p);
    let ended = true;
    if ((c | 32) == 123) {
      if (depth >= <u32>TextLimit.nestingDepth) return fail(state, TextError.tooDeep, p);
      const opensObject = c == 123;
      putBit(state + TextState.nesting, depth++, opensObject ? 1 : 0);
      p = skipSpace(p + 1);
      ended = load<u8>(p) == (opensObject ? 125 : 93);
      if (!ended && opensObject) p = skipKey(state, p);
    } else {
      p = skipScalar(state, p);
      if (depth == 0) return p;
      if (p != 0) p = skipSpace(p);
    }
    if (p == 0) return 0;
    // After a value or an opening brace: as many levels as end here.
    while (ended) {
      const level = depth - 1;
      const inObject = (<u32>load<u8>(state + TextState.nesting + (level >> 3)) >> (level & 7)) & 1;
      c = load<u8>(p++);
      if (c == (inObject ? 125 : 93)) {
        if (--depth == 0) return p;
        p = skipSpace(p);
      } else {
        if (c != 44) return fail(state, TextError.expectedComma, p - 1);
        p = skipSpace(p);
        if (inObject) p = skipKey(state, p);
        if (p == 0) return 0;
        ended = false;
      }
    }
  }
}

/** Reads a string as a date, time, decimal or binary: address after its closing quote, or 0. */
function readStringAs(state: usize, kind: u32, at: usize, p: usize, row: u32): usize {
  const close = scanString(state, p + 1);
  if (close == 0) return 0;
  const saved = load<u32>(state, TextState.saved);
  let start = p + 1;
  let end = close;
  if (kind == TextKind.binary) {
    const bytes = base64Bytes(start, end, saved != 0);
    if (bytes < 0) return fail(state, TextError.badBase64, p);
    putText(at, row, start, bytes | StringRef.base64 | (saved != 0 ? StringRef.jsonEscapes : 0));
    return close + 1;
  }
  if (saved != 0) {
    // Nothing of a reasonable length is lost: a date or a number has no use for escapes.
    const temp: usize = load<u32>(state, TextState.temp);
    const fits = <u32>(end - start) - saved <= load<u32>(state, TextState.tempBytes);
    end = fits ? unescapeJson(start, temp) : temp;
    store<u8>(end, 0);
    start = temp;
  }
  if (kind == TextKind.timestamp) {
    if (!parseTime(state, start, end, load<u32>(at, TextColumn.digits))) return fail(state, TextError.badTime, p);
  } else if (kind == TextKind.date) {
    if (scanDate(state, start) != end) return fail(state, TextError.badDate, p);
  } else {
    if (scanNumber(state, start, NumberStyle.json) != end) return fail(state, TextError.badNumber, p);
    const error = scaleNumber(state, load<u32>(at, TextColumn.digits), load<u64>(at, TextColumn.limit), load<u64>(at, TextColumn.lowLimit));
    if (error) return fail(state, error, p);
  }
  putInteger(at, row, load<i64>(state, TextState.result));
  return close + 1;
}

/** Reads a number into a column: address after it, or 0. */
function readNumber(state: usize, kind: u32, column: u32, at: usize, p: usize, row: u32): usize {
  const after = scanNumber(state, p, NumberStyle.json);
  if (after == 0) return 0;
  if (kind == TextKind.float64 || kind == TextKind.float32) {
    putScannedFloat(state, column, row, p, after);
    return after;
  }
  const digits = kind == TextKind.timestamp ? 0 : load<u32>(at, TextColumn.digits);
  const error = scaleNumber(state, digits, load<u64>(at, TextColumn.limit), load<u64>(at, TextColumn.lowLimit));
  if (error) return fail(state, error, p);
  putInteger(at, row, load<i64>(state, TextState.result));
  return after;
}

/** Reads the value at `p` into a column: address after it, or 0. */
function readValue(state: usize, column: u32, p: usize, row: u32): usize {
  const at = columnAt(state, column);
  const kind = load<u32>(at, TextColumn.kind);
  const c: u32 = load<u8>(p);
  if (c == 34) {
    if (kind == TextKind.utf8) {
      markValue(state, column);
      const close = scanString(state, p + 1);
      if (close == 0) return 0;
      const saved = load<u32>(state, TextState.saved);
      putText(at, row, p + 1, (<u32>(close - p) - 1 - saved) | (saved != 0 ? StringRef.jsonEscapes : 0));
      return close + 1;
    }
    if (kind < <u32>TextKind.binary) return fail(state, TextError.wrongType, p);
    markValue(state, column);
    return readStringAs(state, kind, at, p, row);
  }
  if (c == 45 || c - 48 < 10) {
    if (kind == TextKind.bool || kind - TextKind.utf8 <= <u32>(TextKind.date - TextKind.utf8)) return fail(state, TextError.wrongType, p);
    markValue(state, column);
    return readNumber(state, kind, column, at, p, row);
  }
  if (load<u32>(p) == NULL) {
    markNull(state, column);
    return p + 4;
  }
  const isTrue = load<u32>(p) == TRUE;
  if (isTrue || (c == 102 && load<u32>(p, 1) == ALSE)) {
    if (kind != TextKind.bool) return fail(state, TextError.wrongType, p);
    markValue(state, column);
    putBit(load<u32>(at, TextColumn.values), row, isTrue ? 1 : 0);
    return isTrue ? p + 4 : p + 5;
  }
  return fail(state, (c | 32) == 123 ? TextError.wrongType : TextError.expectedValue, p);
}

function sameBytes(a: usize, b: usize, length: u32): bool {
  for (let i: u32 = 0; i < length; i++) {
    if (load<u8>(a + i) != load<u8>(b + i)) return false;
  }
  return true;
}

function findColumn(state: usize, name: usize, length: u32): u32 {
  const columns = load<u32>(state, TextState.columnCount);
  for (let column: u32 = 0; column < columns; column++) {
    const at = columnAt(state, column);
    if (load<u32>(at, TextColumn.nameLength) == length && sameBytes(load<u32>(at, TextColumn.name), name, length)) return column;
  }
  return NO_COLUMN;
}

/** Reads the name from after its opening quote: address after its closing one, or 0; its column to `keyColumn`, both to the slot. */
function readKey(state: usize, p: usize, slot: usize): usize {
  const close = scanString(state, p);
  if (close == 0) return 0;
  const saved = load<u32>(state, TextState.saved);
  const length = <u32>(close - p);
  let column: u32 = NO_COLUMN;
  if (saved == 0) {
    column = findColumn(state, p, length);
  } else if (length - saved <= load<u32>(state, TextState.tempBytes)) {
    const temp: usize = load<u32>(state, TextState.temp);
    unescapeJson(p, temp);
    column = findColumn(state, temp, length - saved);
  }
  store<u32>(state, column, TextState.keyColumn);
  if (slot != 0) {
    store<u32>(slot, <u32>p, MemoSlot.key);
    // Only short names are compared with one load.
    store<u32>(slot, length < 16 ? length + 1 : 0, MemoSlot.keyLength);
    store<u32>(slot, column, MemoSlot.column);
  }
  return close + 1;
}

/** Walks the object whose opening brace is at `p`: address of the line feed after it, or 0. */
function readObject(state: usize, p: usize, row: u32): usize {
  if (load<u8>(p) != 123) return fail(state, TextError.notObject, p);
  p = skipSpace(p + 1);
  if (load<u8>(p) == 125) return p + 1;
  let slot = state + TextState.memo;
  const lastSlot = slot + TextLimit.memoSlots * MemoSlot.bytes;
  while (true) {
    if (load<u8>(p) != 34) return fail(state, TextError.expectedKey, p);
    p++;
    // Lines mostly have the same members in the same order: is this the name, with its quote, that stood here before?
    const keyLength = load<u32>(slot, MemoSlot.keyLength);
    const same: u32 = i8x16.bitmask(i8x16.eq(v128.load(p), v128.load(load<u32>(slot, MemoSlot.key))));
    let column: u32;
    if (keyLength != 0 && (~same & ((1 << keyLength) - 1)) == 0) {
      column = load<u32>(slot, MemoSlot.column);
      p += keyLength;
    } else {
      p = readKey(state, p, slot);
      if (p == 0) return 0;
      column = load<u32>(state, TextState.keyColumn);
    }
    // Members beyond the last slot share it.
    slot = slot + MemoSlot.bytes < lastSlot ? slot + MemoSlot.bytes : slot;
    if (load<u8>(p) != 58) {
      p = skipSpace(p);
      if (load<u8>(p) != 58) return fail(state, TextError.expectedColon, p);
    }
    p++;
    if (load<u8>(p) <= 32) p = skipSpace(p);
    if (column == NO_COLUMN) {
      p = skipValue(state, p);
      if (p == 0) return 0;
    } else {
      p = readValue(state, column, p, row);
      if (p == 0) {
        store<u32>(state, column, TextState.errorColumn);
        return 0;
      }
    }
    if (load<u8>(p) <= 32) p = skipSpace(p);
    const c: u32 = load<u8>(p++);
    if (c == 44) {
      if (load<u8>(p) <= 32) p = skipSpace(p);
    } else if (c == 125) {
      return p;
    } else {
      return fail(state, TextError.expectedComma, p - 1);
    }
  }
}

/** Address of the next line feed. */
function lineEnd(p: usize): usize {
  const feed = i8x16.splat(10);
  while (true) {
    const mask: u32 = i8x16.bitmask(i8x16.eq(v128.load(p), feed));
    if (mask != 0) return p + ctz(mask);
    p += 16;
  }
}

/** Reads lines, see TextState. REQUIRES: the byte before `end` is a line feed; 16 readable bytes after `end`. */
export function decodeJson(state: usize): void {
  let p: usize = load<u32>(state, TextState.cursor);
  const end: usize = load<u32>(state, TextState.end);
  while (p < end && hasRoom(state)) {
    const start = p;
    p = skipSpace(p);
    if (load<u8>(p) == 10) {
      p++;
      continue;
    }
    startLine(state);
    let stop = readObject(state, p, load<u32>(state, TextState.row));
    if (stop != 0) {
      stop = skipSpace(stop);
      if (load<u8>(stop) != 10) stop = fail(state, TextError.trailing, stop);
    }
    p = stop != 0 ? stop : lineEnd(<usize>load<u32>(state, TextState.errorAt));
    finishLine(state, start, p, stop != 0);
    p++;
  }
  store<u32>(state, <u32>p, TextState.cursor);
}
