/**
 * What the TypeScript twins of the text kernels share: staging columns, numbers, times and strings. A line is taken as a string of
 * its bytes (latin1), so that positions in it are positions in the heap. Plain rather than fast: numbers go through regular
 * expressions and BigInt.
 */
import type { HeapViews } from './heap-views.js';
import { BadLine, NO_COLUMN, StringRef, TextColumn, TextError, TextKind, TextState } from './text-layout.js';

/** What is wrong with a line, and at which of its bytes. */
export class TextFault {
  constructor(readonly error: number, readonly at: number) {}
}

const STRICT_NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LENIENT_NUMBER = /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;

/** The number at `p`, as text; null if there is none, or if what follows makes it malformed. */
export function numberAt(text: string, p: number, lenient: boolean): string | null {
  const pattern = lenient ? LENIENT_NUMBER : STRICT_NUMBER;
  pattern.lastIndex = p;
  const found = pattern.exec(text)?.[0] ?? null;
  return found !== null && /[0-9.eE]/.test(text[p + found.length] ?? '') ? null : found;
}

/** A number times 10^digits as an integer, or the error that it cannot be one within the limits. */
export function scaledInteger(number: string, digits: number, limit: bigint, lowLimit: bigint): bigint | number {
  const [, sign, whole, fraction, power] = /^([+-]?)(\d*)\.?(\d*)(?:[eE](.*))?$/.exec(number)!;
  const all = (whole! + fraction!).replace(/^0+/, '');
  const significant = all.replace(/0+$/, '');
  if (significant === '') return 0n;
  const exponent = Number(power ?? 0) - fraction!.length + digits + all.length - significant.length;
  if (exponent < 0) return TextError.notExact;
  if (exponent + significant.length > 20) return TextError.outOfRange;
  const magnitude = BigInt(significant) * 10n ** BigInt(exponent);
  if (magnitude > (sign === '-' ? lowLimit : limit)) return TextError.outOfRange;
  return sign === '-' ? -magnitude : magnitude;
}

/** Days from 1970-01-01 of `YYYY-MM-DD` or `±YYYYYY-MM-DD`, or null. */
export function dateDays(text: string): number | null {
  const match = /^(\d{4}|[+-]\d{6})-(\d\d)-(\d\d)$/.exec(text);
  if (match === null) return null;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  // The cycle of 400 years keeps Date within its range and away from its reading of two-digit years.
  const cycles = Math.floor(year / 400);
  const date = new Date(Date.UTC(year - cycles * 400 + 2000, month - 1, day));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  return date.getTime() / 86_400_000 + (cycles - 5) * 146_097;
}

const TIME = /^(.{10}|[+-].{12})(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?([Zz]|[+-]\d\d(?::?\d\d)?)?)?$/s;

/** An ISO 8601 time in units of 10^-digits seconds, or null. */
export function timeValue(text: string, digits: number): bigint | null {
  const match = TIME.exec(text);
  const days = match === null ? null : dateDays(match[1]!);
  if (match === null || days === null) return null;
  const [hours, minutes, seconds] = [Number(match[2] ?? 0), Number(match[3] ?? 0), Number(match[4] ?? 0)];
  const zone = match[6] ?? 'Z';
  const zoneHours = Number(zone.slice(1, 3));
  const zoneMinutes = zone.length > 3 ? Number(zone.slice(-2)) : 0;
  if (hours > 23 || minutes > 59 || seconds > 59 || zoneHours > 23 || zoneMinutes > 59) return null;
  const offset = (zone[0] === '-' ? -1 : 1) * (zoneHours * 60 + zoneMinutes) * 60;
  const total = days * 86_400 + hours * 3600 + minutes * 60 + seconds - offset;
  if (digits === 6 && Math.abs(total) > 9_223_372_036_853) return null;
  const fraction = (match[5] ?? '').slice(0, digits).padEnd(digits, '0');
  return BigInt(total) * 10n ** BigInt(digits) + BigInt(fraction);
}

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/** Bytes that base64 stands for, or -1. */
export function base64Length(text: string): number {
  const digits = text.replace(/=+$/, '').length;
  if (!BASE64.test(text) || digits % 4 === 1 || (text.length !== digits && text.length % 4 !== 0)) return -1;
  return Math.floor((digits * 3) / 4);
}

/** The staging columns of one state block. */
export class TextStaging {
  constructor(readonly heap: HeapViews, readonly state: number) {}

  get(field: number): number { return this.heap.u32[(this.state + field) >>> 2]!; }
  set(field: number, value: number): void { this.heap.u32[(this.state + field) >>> 2] = value; }
  column(column: number, field: number): number { return this.heap.u32[this.#word(column, field)]!; }
  #word(column: number, field: number): number { return (this.state + TextState.columns + column * TextColumn.bytes + field) >>> 2; }

  limits(column: number): [bigint, bigint] {
    const at = this.#word(column, TextColumn.limit) >>> 1;
    return [this.heap.u64[at]!, this.heap.u64[at + 1]!];
  }

  line(start: number, end: number): string {
    return Buffer.from(this.heap.u8.buffer, start, end - start).toString('latin1');
  }

  markValue(column: number): void {
    const stamp = this.get(TextState.line) + 1;
    if (this.column(column, TextColumn.stamp) !== stamp) this.set(TextState.seen, this.get(TextState.seen) + 1);
    this.heap.u32[this.#word(column, TextColumn.stamp)] = stamp;
  }

  markNull(column: number): void {
    if (this.column(column, TextColumn.stamp) !== this.get(TextState.line) + 1) return;
    this.heap.u32[this.#word(column, TextColumn.stamp)] = 0;
    this.set(TextState.seen, this.get(TextState.seen) - 1);
  }

  #putBit(bits: number, row: number, value: boolean): void {
    const mask = 1 << (row & 7);
    const old = this.heap.u8[bits + (row >>> 3)]!;
    this.heap.u8[bits + (row >>> 3)] = value ? old | mask : old & ~mask;
  }

  putBool(column: number, value: boolean): void {
    this.#putBit(this.column(column, TextColumn.values), this.get(TextState.row), value);
  }

  putInteger(column: number, value: bigint): void {
    const values = this.column(column, TextColumn.values);
    const row = this.get(TextState.row);
    const { heap } = this;
    switch (this.column(column, TextColumn.width)) {
      case 8: heap.i64[(values >>> 3) + row] = value; break;
      case 4: heap.i32[(values >>> 2) + row] = Number(BigInt.asIntN(32, value)); break;
      case 2: heap.i16[(values >>> 1) + row] = Number(BigInt.asIntN(16, value)); break;
      default: heap.i8[values + row] = Number(BigInt.asIntN(8, value));
    }
  }

  putFloat(column: number, value: number): void {
    const values = this.column(column, TextColumn.values);
    const row = this.get(TextState.row);
    if (this.column(column, TextColumn.kind) === TextKind.float32) this.heap.f32[(values >>> 2) + row] = value;
    else this.heap.f64[(values >>> 3) + row] = value;
  }

  putText(column: number, address: number, flaggedLength: number): void {
    const word = (this.column(column, TextColumn.values) + this.get(TextState.row) * StringRef.bytes) >>> 2;
    this.heap.u32[word] = address;
    this.heap.u32[word + 1] = flaggedLength;
  }

  hasRoom(): boolean { return this.get(TextState.badCount) < this.get(TextState.badCapacity); }

  /** Ends a line: keeps its row, or notes it as bad. `column`: the one at fault, or NO_COLUMN. */
  finishLine(start: number, end: number, fault: TextFault | null, column: number): void {
    const line = this.get(TextState.line);
    if (fault === null && this.get(TextState.seen) < this.get(TextState.columnCount)) {
      column = this.#missing(line + 1);
      if (column !== NO_COLUMN) fault = new TextFault(TextError.nullColumn, end - start);
      else this.#putNulls(line + 1);
    }
    if (fault === null) {
      const row = this.get(TextState.row);
      this.heap.u32[(this.get(TextState.lineNumbers) >>> 2) + row] = line;
      this.set(TextState.row, row + 1);
    } else {
      const count = this.get(TextState.badCount);
      const record = (this.get(TextState.badList) + count * BadLine.bytes) >>> 2;
      this.heap.u32.set([line, start, end - start, fault.error, column, start + fault.at], record);
      this.set(TextState.badCount, count + 1);
    }
    this.set(TextState.line, line + 1);
  }

  /** A column that must have a value and has none, or NO_COLUMN. */
  #missing(stamp: number): number {
    for (let column = 0; column < this.get(TextState.columnCount); column++) {
      if (this.column(column, TextColumn.stamp) !== stamp && this.column(column, TextColumn.nullable) === 0) return column;
    }
    return NO_COLUMN;
  }

  #putNulls(stamp: number): void {
    for (let column = 0; column < this.get(TextState.columnCount); column++) {
      if (this.column(column, TextColumn.stamp) === stamp) continue;
      this.#putBit(this.column(column, TextColumn.validity), this.get(TextState.row), false);
      this.heap.u32[this.#word(column, TextColumn.nullCount)]!++;
      if (this.column(column, TextColumn.kind) === TextKind.bool) this.putBool(column, false);
      else this.putInteger(column, 0n);
    }
  }
}
