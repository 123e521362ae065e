import type { DataType, Value } from '../../src/plan/types.ts';
import { dateText, daysOfText } from './calendar.ts';

/**
 * A value as the reference computes with it: integers, dates (days), timestamps (their unit) and decimals (scaled) are exact as bigint,
 * floats are numbers, dictionaries are their strings.
 */
export type Cell = null | boolean | bigint | number | string | Uint8Array;

export type FaultReason = 'OVERFLOW' | 'BAD_CAST' | 'UDF_FAILED' | 'NULL_IN_NON_NULL' | 'BAD_ROW' | 'BAD_TIME' | 'FUTURE_TIME' | 'UNKNOWN_ZONE';
/** Thrown where a row cannot go on: it becomes a dead letter. `reasons`: all that it has, of which any may be named. */
export class RowFault extends Error {
  constructor(readonly reason: FaultReason, detail: string, readonly reasons: readonly FaultReason[] = [reason]) { super(`${reason}: ${detail}`); }
}
/** Maps all items even if one faults, and throws one fault with the reasons of all. For what may be computed in any order. */
export function mapAll<T, U>(items: readonly T[], map: (item: T) => U): U[] {
  const faults: RowFault[] = [];
  const results: U[] = [];
  for (const item of items) {
    try {
      results.push(map(item));
    } catch (error) {
      if (!(error instanceof RowFault)) throw error;
      faults.push(error);
    }
  }
  const [first, ...others] = faults;
  if (first === undefined) return results;
  throw others.length === 0 ? first : new RowFault(first.reason, first.message, [...new Set(faults.flatMap(({ reasons }) => reasons))]);
}

const INTEGER_RANGES: Record<string, readonly [bigint, bigint]> = {
  int8: [-(2n ** 7n), 2n ** 7n - 1n], int16: [-(2n ** 15n), 2n ** 15n - 1n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n], int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint8: [0n, 2n ** 8n - 1n], uint16: [0n, 2n ** 16n - 1n], uint32: [0n, 2n ** 32n - 1n], uint64: [0n, 2n ** 64n - 1n],
  date: [-(2n ** 31n), 2n ** 31n - 1n], timestamp: [-(2n ** 63n), 2n ** 63n - 1n],
};
export const isInteger = (type: DataType): boolean => /^u?int/.test(type.kind);
export const isFloat = (type: DataType): boolean => type.kind === 'float32' || type.kind === 'float64';
export const isText = (type: DataType): boolean => type.kind === 'utf8' || type.kind === 'dictionary';

/** Least and greatest exact value of a type that is a bigint here. */
export function rangeOf(type: DataType): readonly [bigint, bigint] {
  if (type.kind === 'decimal') return [1n - 10n ** BigInt(type.precision), 10n ** BigInt(type.precision) - 1n];
  const range = INTEGER_RANGES[type.kind];
  if (range === undefined) throw new Error(`no range: ${type.kind}`);
  return range;
}
export const fits = (value: bigint, type: DataType): boolean => value >= rangeOf(type)[0] && value <= rangeOf(type)[1];

export function decimalText(value: bigint, scale: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return (value < 0n ? '-' : '') + whole + (scale > 0 ? '.' + digits.slice(digits.length - scale) : '');
}
/** Exactly representable decimal text only. */
function decimalOfText(text: string, scale: number): bigint | null {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return null;
  const fraction = match[3] ?? '';
  if (fraction.length > scale) return null;
  const value = BigInt(match[2] + fraction.padEnd(scale, '0'));
  return match[1] === '-' ? -value : value;
}

/** A source's JavaScript value (see src/plan/types.ts) as a cell; `undefined` where it does not fit the type. Null is handled by the caller. */
export function cellOfValue(value: unknown, type: DataType): Cell | undefined {
  switch (type.kind) {
    case 'bool': return typeof value === 'boolean' ? value : undefined;
    case 'utf8': case 'dictionary': return typeof value === 'string' ? value : undefined;
    case 'binary': return value instanceof Uint8Array ? value : undefined;
    case 'float64': return typeof value === 'number' ? value : undefined;
    case 'float32': return typeof value === 'number' ? Math.fround(value) : undefined;
    case 'date': return typeof value === 'string' ? daysOfText(value) ?? undefined : undefined;
    case 'decimal': {
      const cell = typeof value === 'string' ? decimalOfText(value, type.scale) : null;
      return cell !== null && fits(cell, type) ? cell : undefined;
    }
    default: {
      const exact = typeof value === 'bigint' ? value : typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : null;
      return exact !== null && fits(exact, type) ? exact : undefined;
    }
  }
}

/** A literal in the JSON form of src/plan/expression-tree.ts. */
export function cellOfLiteral(value: null | boolean | number | string, type: DataType): Cell {
  if (value === null) return null;
  if (isFloat(type)) {
    const number = value === '-0' ? -0 : Number(value);
    return type.kind === 'float32' ? Math.fround(number) : number;
  }
  if (type.kind === 'binary') return new Uint8Array(Buffer.from(String(value), 'base64'));
  if (type.kind === 'timestamp' || isInteger(type)) return BigInt(value);
  const cell = cellOfValue(value, type);
  if (cell === undefined) throw new Error(`bad literal ${String(value)} of ${type.kind}`);
  return cell;
}

/** A cell as the engine must hand it to a sink. */
export function valueOfCell(cell: Cell, type: DataType): Value {
  if (typeof cell !== 'bigint') return cell;
  switch (type.kind) {
    case 'date': return dateText(cell);
    case 'decimal': return decimalText(cell, type.scale);
    case 'timestamp': return type.unit === 'us' ? cell : Number(cell);
    case 'int64': case 'uint64': return cell;
    default: return Number(cell);
  }
}

/** By Unicode code point, which is also the order of UTF-8 bytes; not the order of UTF-16 units that `<` has. */
function compareText(a: string, b: string): number {
  const left = Array.from(a, c => c.codePointAt(0) ?? 0);
  const right = Array.from(b, c => c.codePointAt(0) ?? 0);
  for (let i = 0; i < left.length && i < right.length; i++) {
    if (left[i] !== right[i]) return (left[i] ?? 0) < (right[i] ?? 0) ? -1 : 1;
  }
  return Math.sign(left.length - right.length);
}
const order = <T extends bigint | number | boolean>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);

/** Total order of the values of one type: NaN equals NaN and is greatest, -0 equals 0. REQUIRES: no nulls, one type. */
export function compareCells(a: Exclude<Cell, null>, b: Exclude<Cell, null>): number {
  if (typeof a === 'number' && typeof b === 'number') {
    return Number.isNaN(a) || Number.isNaN(b) ? order(Number.isNaN(a), Number.isNaN(b)) : order(a, b);
  }
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if (typeof a === 'bigint' && typeof b === 'bigint') return order(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return order(a, b);
  throw new Error('compared values of two types');
}

/** Equal for cells that are one group: null is a group, NaN is one, -0 and 0 are one. */
export function identityOf(cell: Cell): string {
  if (cell === null) return 'null';
  if (cell instanceof Uint8Array) return `bytes:${Buffer.from(cell).toString('hex')}`;
  return `${typeof cell}:${String(cell)}`;
}
/** How a group's key is reported. */
export const keyCell = (cell: Cell): Cell => (typeof cell === 'number' && cell === 0 ? 0 : cell);
