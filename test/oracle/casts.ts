import type { DataType } from '../../src/plan/types.ts';
import { checked, divideRounding, rescale } from './arithmetic.ts';
import { dateText, daysOfText, floorDiv } from './calendar.ts';
import { type Cell, decimalText, fits, isFloat, isInteger, isText, RowFault } from './cells.ts';
import { rationalOf, ratioToNumber } from './exact.ts';
import { floatText } from './text.ts';

const perDay = (unit: 'ms' | 'us'): bigint => (unit === 'ms' ? 86_400_000n : 86_400_000_000n);
const scaleOf = (type: DataType): number => (type.kind === 'decimal' ? type.scale : 0);

/** `cast` as DuckDB does it; a value that the target cannot hold faults. REQUIRES: cell fits `from`, not null. */
export function castCell(cell: Exclude<Cell, null>, from: DataType, to: DataType): Cell {
  if (isText(to)) return castToText(cell, from);
  if (isText(from)) return castFromText(String(cell), to);
  if (to.kind === 'bool') return typeof cell === 'boolean' ? cell : typeof cell === 'bigint' ? cell !== 0n : cell !== 0;
  if (typeof cell === 'boolean') return isFloat(to) ? Number(cell) : fit(cell ? 10n ** BigInt(scaleOf(to)) : 0n, to);
  if (typeof cell === 'number') {
    if (to.kind === 'float64') return cell;
    if (to.kind === 'float32') return single(cell);
    return castNumber(cell, to);
  }
  if (typeof cell === 'bigint') return castExact(cell, from, to);
  if (from.kind === to.kind) return cell;
  throw new Error(`no cast from ${from.kind} to ${to.kind}`);
}

function fit(value: bigint, to: DataType): bigint {
  if (!fits(value, to)) throw new RowFault('BAD_CAST', `${value} does not fit ${to.kind}`);
  return value;
}
function single(value: number): number {
  const rounded = Math.fround(value);
  if (Number.isFinite(value) && !Number.isFinite(rounded)) throw new RowFault('BAD_CAST', `${value} does not fit float32`);
  return rounded;
}

/** To an integer: half to even. To a decimal: half away from zero, of value × 10^scale as a float. */
function castNumber(value: number, to: DataType): bigint {
  if (!Number.isFinite(value)) throw new RowFault('BAD_CAST', `${value} does not fit ${to.kind}`);
  if (to.kind === 'decimal') return fit(BigInt(halfAway(value * 10 ** to.scale)), to);
  return fit(BigInt(halfToEven(value)), to);
}
function halfToEven(value: number): number {
  const down = Math.floor(value);
  const above = value - down;
  return above > 0.5 || (above === 0.5 && down % 2 !== 0) ? down + 1 : down;
}
function halfAway(value: number): number {
  const whole = Math.trunc(value);
  return Math.abs(value - whole) >= 0.5 ? whole + Math.sign(value) : whole;
}

function castExact(value: bigint, from: DataType, to: DataType): Cell {
  if (isFloat(to)) {
    // One rounding, from the exact value: via double to float32 would be two.
    const exact = ratioToNumber(value, 10n ** BigInt(scaleOf(from)), to.kind === 'float32' ? 24 : 53);
    return exact;
  }
  if (from.kind === 'date' && to.kind === 'timestamp') return fit(value * perDay(to.unit), to);
  if (from.kind === 'timestamp' && to.kind === 'date') return fit(floorDiv(value, perDay(from.unit)), to);
  if (from.kind === 'timestamp' && to.kind === 'timestamp') {
    if (from.unit === to.unit) return value;
    return from.unit === 'ms' ? fit(value * 1_000n, to) : divideRounding(value, 1_000n);
  }
  if (from.kind === 'timestamp' || to.kind === 'timestamp' || from.kind === 'date' || to.kind === 'date') {
    return fit(value, to);
  }
  return fit(rescale(value, scaleOf(from), scaleOf(to)), to);
}

function castToText(cell: Exclude<Cell, null>, from: DataType): string {
  if (typeof cell === 'string') return cell;
  if (typeof cell === 'number') return floatText(cell, from.kind === 'float32');
  if (typeof cell === 'bigint') {
    if (from.kind === 'date') return dateText(cell);
    if (from.kind === 'timestamp') return timestampText(cell, perDay(from.unit));
    return decimalText(cell, scaleOf(from));
  }
  if (typeof cell === 'boolean') return String(cell);
  throw new Error('no cast from binary to text');
}
function timestampText(time: bigint, ticksPerDay: bigint): string {
  const days = floorDiv(time, ticksPerDay);
  const perSecond = ticksPerDay / 86_400n;
  const ticks = time - days * ticksPerDay;
  const two = (n: bigint): string => n.toString().padStart(2, '0');
  const seconds = ticks / perSecond;
  const fraction = (ticks % perSecond).toString().padStart(perSecond === 1_000n ? 3 : 6, '0').replace(/0+$/, '');
  return `${dateText(days)} ${two(seconds / 3600n)}:${two(seconds / 60n % 60n)}:${two(seconds % 60n)}${fraction && '.' + fraction}`;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
/** Spaces around the text are allowed. */
function castFromText(raw: string, to: DataType): Cell {
  const text = raw.trim();
  const bad = (): never => { throw new RowFault('BAD_CAST', `${JSON.stringify(raw)} is no ${to.kind}`); };
  if (to.kind === 'bool') {
    if (/^(true|t|1|yes|y)$/i.test(text)) return true;
    return /^(false|f|0|no|n)$/i.test(text) ? false : bad();
  }
  if (isFloat(to)) {
    const word = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
    if (word !== null) return (word[2] ?? '').toLowerCase() === 'nan' ? NaN : word[1] === '-' ? -Infinity : Infinity;
    if (!NUMBER.test(text)) return bad();
    return to.kind === 'float32' ? Math.fround(Number(text)) : Number(text);
  }
  if (to.kind === 'date') return daysOfText(text) ?? bad();
  if (to.kind === 'timestamp') return timeOfText(text, perDay(to.unit)) ?? bad();
  if (isInteger(to) || to.kind === 'decimal') {
    const exact = NUMBER.test(text) ? rationalOf(text) : bad();
    return fit(divideRounding(exact.numerator * 10n ** BigInt(scaleOf(to)), exact.denominator), to);
  }
  throw new Error(`no cast from text to ${to.kind}`);
}
function timeOfText(text: string, ticksPerDay: bigint): bigint | null {
  const match = /^(-?\d{4,6}-\d{2}-\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?Z?)?$/.exec(text);
  const days = daysOfText(match?.[1] ?? '');
  if (match === null || days === null) return null;
  const [hour, minute, second] = [BigInt(match[2] ?? 0), BigInt(match[3] ?? 0), BigInt(match[4] ?? 0)];
  if (hour > 23n || minute > 59n || second > 59n) return null;
  const perSecond = ticksPerDay / 86_400n;
  const fraction = BigInt((match[5] ?? '').padEnd(6, '0').slice(0, perSecond === 1_000n ? 3 : 6));
  return checked(days * ticksPerDay + (hour * 3600n + minute * 60n + second) * perSecond + fraction, { kind: 'int64' });
}
