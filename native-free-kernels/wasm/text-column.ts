/** Putting values of the present line into staging columns, and the end of a line. */
import { BadLine, FloatFix, NumberFlag, StringRef, TextColumn, TextError, TextKind, TextState } from '../text-layout';
import { fail } from './text-string';

export function columnAt(state: usize, column: u32): usize {
  return state + TextState.columns + <usize>column * TextColumn.bytes;
}

/** Forgets a float that a later member of the same name replaces. */
function dropFix(state: usize, column: u32): void {
  const first = load<u32>(state, TextState.lineFixes);
  const count = load<u32>(state, TextState.fixCount);
  const list: usize = load<u32>(state, TextState.fixList);
  for (let i = first; i < count; i++) {
    const fix = list + <usize>i * FloatFix.bytes;
    if (load<u32>(fix, FloatFix.column) != column) continue;
    memory.copy(fix, list + <usize>(count - 1) * FloatFix.bytes, FloatFix.bytes);
    store<u32>(state, count - 1, TextState.fixCount);
    return;
  }
}

/** The present line has a value for this column. */
export function markValue(state: usize, column: u32): void {
  const at = columnAt(state, column);
  const stamp = load<u32>(state, TextState.line) + 1;
  if (load<u32>(at, TextColumn.stamp) == stamp) {
    dropFix(state, column);
    return;
  }
  store<u32>(at, stamp, TextColumn.stamp);
  store<u32>(state, load<u32>(state, TextState.seen) + 1, TextState.seen);
}

/** The present line has a null for this column. */
export function markNull(state: usize, column: u32): void {
  const at = columnAt(state, column);
  if (load<u32>(at, TextColumn.stamp) != load<u32>(state, TextState.line) + 1) return;
  dropFix(state, column);
  store<u32>(at, 0, TextColumn.stamp);
  store<u32>(state, load<u32>(state, TextState.seen) - 1, TextState.seen);
}

export function putBit(bits: usize, row: u32, value: u32): void {
  const at = bits + (row >> 3);
  const mask: u32 = 1 << (row & 7);
  const old: u32 = load<u8>(at);
  store<u8>(at, value != 0 ? old | mask : old & ~mask);
}

/** Puts an integer into a column `width` bytes wide. */
export function putInteger(at: usize, row: u32, value: i64): void {
  const values: usize = load<u32>(at, TextColumn.values);
  const width = load<u32>(at, TextColumn.width);
  if (width == 8) store<i64>(values + (<usize>row << 3), value);
  else if (width == 4) store<i32>(values + (<usize>row << 2), <i32>value);
  else if (width == 2) store<i16>(values + (<usize>row << 1), <i16>value);
  else store<i8>(values + row, <i8>value);
}

export function putText(at: usize, row: u32, address: usize, flaggedLength: u32): void {
  const ref: usize = <usize>load<u32>(at, TextColumn.values) + <usize>row * StringRef.bytes;
  store<u32>(ref, <u32>address);
  store<u32>(ref, flaggedLength, StringRef.length);
}

export function putFloat(at: usize, row: u32, value: f64): void {
  const values: usize = load<u32>(at, TextColumn.values);
  if (load<u32>(at, TextColumn.kind) == TextKind.float32) store<f32>(values + (<usize>row << 2), <f32>value);
  else store<f64>(values + (<usize>row << 3), value);
}

/**
 * Puts the number just scanned, correctly rounded. Both the mantissa and the power of ten are doubles without error, then one
 * operation rounds once (Clinger's fast path); other numbers are noted for the caller to read. REQUIRES: room for one FloatFix.
 */
export function putScannedFloat(state: usize, column: u32, row: u32, start: usize, after: usize): void {
  const mantissa = load<u64>(state, TextState.mantissa);
  const exponent = load<i32>(state, TextState.exponent);
  const flags = load<u32>(state, TextState.numberFlags);
  let value = <f64>(<i64>mantissa);
  if (mantissa != 0) {
    if (flags & NumberFlag.inexact || mantissa > 9007199254740992 || exponent > 22 || exponent < -22) {
      const count = load<u32>(state, TextState.fixCount);
      const fix: usize = <usize>load<u32>(state, TextState.fixList) + <usize>count * FloatFix.bytes;
      store<u32>(fix, row, FloatFix.row);
      store<u32>(fix, column, FloatFix.column);
      store<u32>(fix, <u32>start, FloatFix.address);
      store<u32>(fix, <u32>(after - start), FloatFix.length);
      store<u32>(state, count + 1, TextState.fixCount);
      value = 0;
    } else if (exponent < 0) {
      value /= load<f64>(state + (<usize>-exponent << 3), TextState.floatPowers);
    } else if (exponent > 0) {
      value *= load<f64>(state + (<usize>exponent << 3), TextState.floatPowers);
    }
  }
  putFloat(columnAt(state, column), row, flags & NumberFlag.negative ? -value : value);
}

function putNothing(at: usize, row: u32): void {
  putBit(load<u32>(at, TextColumn.validity), row, 0);
  store<u32>(at, load<u32>(at, TextColumn.nullCount) + 1, TextColumn.nullCount);
  const kind = load<u32>(at, TextColumn.kind);
  if (kind == TextKind.bool) putBit(load<u32>(at, TextColumn.values), row, 0);
  else putInteger(at, row, 0);
}

/** Nulls for the columns without a value, or false if one of them must have one. */
function putNulls(state: usize, row: u32, lineEnd: usize): bool {
  const columns = load<u32>(state, TextState.columnCount);
  const stamp = load<u32>(state, TextState.line) + 1;
  for (let column: u32 = 0; column < columns; column++) {
    const at = columnAt(state, column);
    if (load<u32>(at, TextColumn.stamp) == stamp || load<u32>(at, TextColumn.nullable)) continue;
    fail(state, TextError.nullColumn, lineEnd);
    store<u32>(state, column, TextState.errorColumn);
    return false;
  }
  for (let column: u32 = 0; column < columns; column++) {
    const at = columnAt(state, column);
    if (load<u32>(at, TextColumn.stamp) != stamp) putNothing(at, row);
  }
  return true;
}

/** Whether another line may be started: whatever is in it fits the lists. */
export function hasRoom(state: usize): bool {
  return load<u32>(state, TextState.badCount) < load<u32>(state, TextState.badCapacity)
    && load<u32>(state, TextState.fixCount) + load<u32>(state, TextState.columnCount) <= load<u32>(state, TextState.fixCapacity);
}

export function startLine(state: usize): void {
  store<u32>(state, 0, TextState.seen);
  store<u32>(state, load<u32>(state, TextState.fixCount), TextState.lineFixes);
}

function putBadLine(state: usize, address: usize, end: usize): void {
  const count = load<u32>(state, TextState.badCount);
  const bad: usize = <usize>load<u32>(state, TextState.badList) + <usize>count * BadLine.bytes;
  store<u32>(bad, load<u32>(state, TextState.line), BadLine.line);
  store<u32>(bad, <u32>address, BadLine.address);
  store<u32>(bad, <u32>(end - address), BadLine.length);
  store<u32>(bad, load<u32>(state, TextState.error), BadLine.error);
  store<u32>(bad, load<u32>(state, TextState.errorColumn), BadLine.column);
  store<u32>(bad, load<u32>(state, TextState.errorAt), BadLine.at);
  store<u32>(state, count + 1, TextState.badCount);
  store<u32>(state, load<u32>(state, TextState.lineFixes), TextState.fixCount);
}

/** Closes the line from `address` to `end`: keeps its row if it is good so far and lacks no value, else notes what is wrong. */
export function finishLine(state: usize, address: usize, end: usize, good: bool): void {
  const row = load<u32>(state, TextState.row);
  const line = load<u32>(state, TextState.line);
  if (good && (load<u32>(state, TextState.seen) == load<u32>(state, TextState.columnCount) || putNulls(state, row, end))) {
    store<u32>(<usize>load<u32>(state, TextState.lineNumbers) + (<usize>row << 2), line);
    store<u32>(state, row + 1, TextState.row);
  } else {
    putBadLine(state, address, end);
  }
  store<u32>(state, line + 1, TextState.line);
}

/** Line feeds, or with `skipEmpty` only those that do not follow another one directly. Reads one byte before the text. */
export function countLines(address: usize, bytes: u32, skipEmpty: u32): u32 {
  const end = address + bytes;
  const feed = i8x16.splat(10);
  const skip = i8x16.splat(skipEmpty ? -1 : 0);
  let p = address;
  let count: u32 = 0;
  while (p + 16 <= end) {
    // Sixteen counters of a byte each take 255 steps.
    const stop = min(p + 255 * 16, p + ((end - p) & ~15));
    let counts = i8x16.splat(0);
    for (; p < stop; p += 16) {
      const feeds = i8x16.eq(v128.load(p), feed);
      counts = i8x16.sub(counts, v128.andnot(feeds, v128.and(i8x16.eq(v128.load(p - 1), feed), skip)));
    }
    const sums = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(counts));
    count += i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3);
  }
  for (; p < end; p++) {
    if (load<u8>(p) == 10 && (skipEmpty == 0 || load<u8>(p - 1) != 10)) count++;
  }
  return count;
}
