import type { DataType } from '../../plan/types.js';
import { formatDate, formatTimestamp, parseDate, parseTimestamp } from '../calendar.js';
import { formatDecimal, parseDecimal } from '../decimal.js';
import type { Frame } from '../frame.js';
import { writeRaw, type Raw } from '../literal.js';
import { asBytes } from '../node.js';
import { classOf, rangeOf, scaleOf, WIDTH, type Operand } from '../operand.js';
import { readText } from './values.js';

/** Text → any other type, as DuckDB reads it; what cannot be read faults the row. */
export function fromText(frame: Frame, operand: Operand, to: DataType): Operand {
  const texts = asBytes(frame, operand);
  const { tools } = frame;
  const rows = texts.constant ? 1 : frame.rows;
  const cls = classOf(to), width = WIDTH[cls];
  const data = frame.take(rows * width), bad = frame.take(rows);
  const others = readPlain(frame, rows, texts.data, to, bad, data);
  let failures = 0;
  for (let row = 0; row < rows && others > 0; row++) {
    if (tools.heap.u8[bad + row] === 0) continue;
    const isNull = texts.valid !== 0 && tools.heap.u8[texts.valid + row] === 0;
    const raw = isNull ? null : parse(readText(tools, texts.data + row * 8), to);
    tools.heap.u8[bad + row] = raw === null && !isNull ? 1 : 0;
    if (raw === null && !isNull) failures++;
    writeRaw(tools, raw ?? ZERO[cls as keyof typeof ZERO], data + row * width, bytes => frame.take(bytes));
  }
  if (failures > 0) frame.faultWhere(bad, texts.constant, texts.constant ? 0 : texts.valid, 'BAD_CAST');
  return { cls, data, valid: texts.valid, dictionary: 0, constant: texts.constant };
}
/** Marks in `other` (and counts) the rows that no kernel has read. */
function readPlain(frame: Frame, rows: number, texts: number, to: DataType, other: number, data: number): number {
  const { kernels, tools } = frame;
  if (to.kind === 'float64') return kernels.readF64(rows, texts, other, data);
  if (classOf(to) === 'i64' && to.kind !== 'date' && to.kind !== 'timestamp') {
    const others = kernels.readI64(scaleOf(to), rows, texts, other, data);
    // the rare value out of range is read again, to say so
    const [low, high] = rangeOf(to);
    const outside = frame.take(rows);
    if (kernels.checkI64(0, rows, data, low, high < 1n << 63n ? high : (1n << 63n) - 1n, outside) === 0) return others;
    for (let row = 0; row < rows; row++) tools.heap.u8[other + row]! |= tools.heap.u8[outside + row]!;
    return rows;
  }
  tools.heap.u8.fill(1, other, other + rows);
  return rows;
}
const ZERO = { i64: 0n, f64: 0, bool: false } as const;

function parse(text: string, to: DataType): Raw | null {
  switch (to.kind) {
    case 'bool': return parseBool(text);
    case 'float32': case 'float64': return parseFloat64(text, to.kind === 'float32');
    case 'date': { const days = parseDate(text); return days === null ? null : within(to, BigInt(days)); }
    case 'timestamp': {
      const micros = parseTimestamp(text);
      if (micros === null) return null;
      return within(to, to.unit === 'us' ? micros : halfAway(micros));
    }
    default: { const scaled = parseDecimal(text, scaleOf(to)); return scaled === null ? null : within(to, scaled); }
  }
}
const within = (type: DataType, value: bigint): bigint | null => {
  const [low, high] = rangeOf(type);
  return value < low || value > high ? null : value;
};
const halfAway = (micros: bigint): bigint => (micros + (micros < 0n ? -500n : 500n)) / 1000n;

function parseBool(text: string): boolean | null {
  const word = text.toLowerCase();
  if (['true', 't', 'yes', 'y', '1'].includes(word)) return true;
  return ['false', 'f', 'no', 'n', '0'].includes(word) ? false : null;
}
function parseFloat64(text: string, single: boolean): number | null {
  const word = text.trim().toLowerCase();
  const special = /^([+-]?)(inf|infinity|nan)$/.exec(word);
  if (special !== null) return special[2] === 'nan' ? NaN : special[1] === '-' ? -Infinity : Infinity;
  if (!/^[+-]?(\d+(_\d+)*(\.(\d+(_\d+)*)?)?|\.\d+(_\d+)*)(e[+-]?\d+)?$/.test(word)) return null;
  const value = Number(word.replaceAll('_', ''));
  return single ? Math.fround(value) : value;
}

const encoder = new TextEncoder();
/** Any type → text, as DuckDB prints it. */
export function toText(frame: Frame, operand: Operand, from: DataType): Operand {
  const { tools } = frame;
  const rows = operand.constant ? 1 : frame.rows;
  const data = frame.take(rows * 8);
  if (operand.cls === 'i64' && from.kind !== 'date' && from.kind !== 'timestamp') {
    frame.kernels.printI64(from.kind === 'uint64' ? 1 : 0, scaleOf(from), rows, operand.data, frame.take(rows * 24), data);
    return { ...operand, cls: 'bytes', data };
  }
  for (let row = 0; row < rows; row++) {
    const isNull = operand.valid !== 0 && tools.heap.u8[operand.valid + row] === 0;
    writeRaw(tools, encoder.encode(isNull ? '' : print(frame, operand, from, row)), data + row * 8, bytes => frame.take(bytes));
  }
  return { cls: 'bytes', data, valid: operand.valid, dictionary: 0, constant: operand.constant };
}
function print(frame: Frame, { cls, data }: Operand, from: DataType, row: number): string {
  const { heap } = frame.tools;
  if (cls === 'bool') return heap.u8[data + row] === 1 ? 'true' : 'false';
  if (cls === 'f64') return formatFloat(heap.f64[(data >>> 3) + row]!, from.kind === 'float32');
  const value = (from.kind === 'uint64' ? heap.u64 : heap.i64)[(data >>> 3) + row]!;
  if (from.kind === 'date') return formatDate(Number(value));
  if (from.kind === 'timestamp') return formatTimestamp(value, from.unit);
  return formatDecimal(value, scaleOf(from));
}

/** The shortest digits that read back as the same float; an exponent below 1e-4 and from 1e16 on. */
export function formatFloat(value: number, single: boolean): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const [mantissa, power] = (single ? shortestSingle(Math.abs(value)) : Math.abs(value).toExponential()).split('e') as [string, string];
  const digits = mantissa.replace('.', ''), exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
    return `${sign}${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  return `${sign}${digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')}.${digits.slice(exponent + 1) || '0'}`;
}
function shortestSingle(value: number): string {
  for (let digits = 0; digits < 9; digits++) {
    const text = value.toExponential(digits);
    if (Math.fround(Number(text)) === value) return text;
  }
  return value.toExponential(8);
}
