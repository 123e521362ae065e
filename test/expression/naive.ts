import type { CallExpression, Expression, StaticTable } from '../../src/plan/expression-tree.ts';
import type { Branch, Step } from '../../src/plan/plan.ts';
import type { DataType, Row, Value } from '../../src/plan/types.ts';
import { daysFromText, floatText, inner, microsFromText, outer, scaledFromText, type Inner } from './naive-values.ts';

/**
 * The meaning of expressions, one row at a time, as simply as it can be said; shares no code with the engine. Inside, everything
 * integer-like is a bigint, text and binary a string (binary: a character per byte).
 */
export class Fault extends Error {
  constructor(readonly code: string, readonly detail?: string) { super(code); }
}
export type Udfs = Record<string, (...args: Value[]) => unknown>;
export interface Context {
  readonly tables: readonly StaticTable[];
  readonly udfs: Udfs;
}
type Env = (name: string) => Inner;

const BITS: Record<string, [bigint, bigint]> = {
  int8: [-128n, 127n], int16: [-32768n, 32767n], int32: [-2147483648n, 2147483647n], int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint8: [0n, 255n], uint16: [0n, 65535n], uint32: [0n, 4294967295n], uint64: [0n, 2n ** 64n - 1n],
  date: [-2147483648n, 2147483647n], timestamp: [-(2n ** 63n), 2n ** 63n - 1n],
};
export function fits(type: DataType, value: bigint, code: string): bigint {
  const [low, high] = type.kind === 'decimal' ? [-(10n ** BigInt(type.precision)) + 1n, 10n ** BigInt(type.precision) - 1n] : BITS[type.kind]!;
  if (value < low || value > high) throw new Fault(code);
  return value;
}
const isFloat = (type: DataType) => type.kind === 'float32' || type.kind === 'float64';
const scale = (type: DataType) => (type.kind === 'decimal' ? type.scale : 0);
const float = (type: DataType, value: number) => (type.kind === 'float32' ? Math.fround(value) : value);
const awayFromZero = (x: bigint, by: bigint) => (x < 0n ? -((-x * 2n + by) / (2n * by)) : (x * 2n + by) / (2n * by));
const floorDiv = (x: bigint, by: bigint) => (x - (((x % by) + by) % by)) / by;
export const roundAway = (x: number) => (Math.abs(x) % 1 === 0 || !Number.isFinite(x) ? x : Math.sign(x) * (Math.floor(Math.abs(x)) + (Math.abs(x) % 1 >= 0.5 ? 1 : 0)));
const roundEven = (x: number) => { const r = roundAway(x); return Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - Math.sign(x) : r; };

/** Negative, 0, positive. */
function order(type: DataType, a: Inner, b: Inner): number {
  if (typeof a === 'number' && typeof b === 'number') {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    return a < b ? -1 : a > b ? 1 : 0;
  }
  if (typeof a === 'string' && type.kind !== 'binary') return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
  return a! < b! ? -1 : a! > b! ? 1 : 0;
}

export function evaluate(e: Expression, env: Env, context: Context): Inner {
  const ev = (x: Expression) => evaluate(x, env, context);
  switch (e.op) {
    case 'column': return env(e.name);
    case 'literal': return literal(e.type, e.value);
    case 'in': {
      const value = ev(e.arg);
      if (value === null) return null;
      return e.values.some(other => order(e.arg.type, value, literal(e.arg.type, other)) === 0) !== e.negated;
    }
    case 'case': {
      for (const { when, then } of e.branches) if (ev(when) === true) return ev(then);
      return ev(e.otherwise);
    }
    case 'lookup': {
      const value = ev(e.arg), table = context.tables[e.table]!;
      if (value === null) return null;
      const row = table.keys.findIndex(key => order(table.key.type, value, literal(table.key.type, key)) === 0);
      const at = table.columns.findIndex(field => field.name === e.column);
      return row < 0 ? null : literal(table.columns[at]!.type, table.values[at]![row]!);
    }
    case 'udf': {
      const args = e.args.map(arg => outer(arg.type, ev(arg)));
      try {
        const result = context.udfs[e.name]!(...args);
        if (result === null) return null;
        if (typeof result !== (e.type.kind === 'utf8' ? 'string' : 'number')) throw new Error(`${typeof result === 'string' ? `'${result}'` : String(result)} is not of type ${e.type.kind}`);
        return inner(e.type, result as Value);
      } catch (error) { throw new Fault('UDF_FAILED', (error as Error).message); }
    }
    case 'and': case 'or': {
      const stop = e.op === 'or';
      let result: Inner = !stop;
      for (const arg of e.args) {
        const value = ev(arg);
        if (value === stop) return stop;
        if (value === null) result = null;
      }
      return result;
    }
    case 'coalesce': {
      for (const arg of e.args) { const value = ev(arg); if (value !== null) return value; }
      return null;
    }
    default: return call(e, e.op === 'datePart' || e.op === 'truncate' ? [literal(e.args[0]!.type, (e.args[0] as { value: string }).value), ev(e.args[1]!)] : e.args.map(ev));
  }
}

export function literal(type: DataType, value: null | boolean | number | string): Inner {
  if (value === null || typeof value === 'boolean') return value;
  if (isFloat(type)) return Number(value);
  if (type.kind === 'utf8' || type.kind === 'dictionary') return String(value);
  if (type.kind === 'binary') return Buffer.from(String(value), 'base64').toString('latin1');
  if (type.kind === 'date') return BigInt(Date.parse(`${value}T00:00:00Z`) / 86_400_000);
  if (type.kind === 'decimal') return BigInt(String(value).replace('.', ''));
  return BigInt(value);
}

function call(e: CallExpression, args: Inner[]): Inner {
  const types = e.args.map(arg => arg.type), [a, b, c] = args as [Inner, Inner, Inner], type = types[0]!;
  if (e.op === 'isNull') return a === null;
  if (e.op === 'isNotNull') return a !== null;
  if (e.op === 'isDistinctFrom') return a === null || b === null ? a !== b : order(type, a, b) !== 0;
  if (args.includes(null)) return null;
  const text = a as string, part = b as string;
  switch (e.op) {
    case 'eq': return order(type, a, b) === 0;
    case 'ne': return order(type, a, b) !== 0;
    case 'lt': return order(type, a, b) < 0;
    case 'le': return order(type, a, b) <= 0;
    case 'gt': return order(type, a, b) > 0;
    case 'ge': return order(type, a, b) >= 0;
    case 'not': return !a;
    case 'lower': return Array.from(text).map(point => (Array.from(point.toLowerCase()).length > 1 ? point : point.toLowerCase())).join('');
    case 'upper': return Array.from(text).map(point => (Array.from(point.toUpperCase()).length > 1 ? point : point.toUpperCase())).join('');
    case 'trim': return text.replace(/^\p{Zs}+/u, '').replace(/\p{Zs}+$/u, '');
    case 'length': return BigInt(Array.from(text).length);
    case 'concat': return args.join('');
    case 'substring': return substring(Array.from(text), Number(b), args.length > 2 ? Number(c) : null);
    case 'startsWith': return text.startsWith(part);
    case 'endsWith': return text.endsWith(part);
    case 'contains': return text.includes(part);
    case 'replace': return part === '' ? text : text.split(part).join(c as string);
    case 'like': return like(Array.from(text), Array.from(part));
    case 'datePart': return datePart(text, e.args[1]!.type, b as bigint, e.type);
    case 'truncate': return truncate(text, e.args[1]!.type, b as bigint);
    case 'cast': return cast(a, type, e.type);
    case 'floor': case 'ceil': case 'round': case 'sqrt': case 'neg': case 'abs': return unary(e, a!);
    default: return typeof a === 'number' ? floats(e, a, b as number) : integers(e, a as bigint, b as bigint);
  }
}

function unary(e: CallExpression, a: Exclude<Inner, null>): Inner {
  if (typeof a === 'number') {
    const f = { floor: Math.floor, ceil: Math.ceil, round: roundAway, sqrt: Math.sqrt, neg: (x: number) => -x, abs: Math.abs }[e.op as 'floor'];
    return float(e.type, f(a));
  }
  const value = a as bigint, power = 10n ** BigInt(scale(e.args[0]!.type));
  switch (e.op) {
    case 'neg': return fits(e.type, -value, 'OVERFLOW');
    case 'abs': return fits(e.type, value < 0n ? -value : value, 'OVERFLOW');
    case 'floor': return fits(e.type, floorDiv(value, power), 'OVERFLOW');
    case 'ceil': return fits(e.type, -floorDiv(-value, power), 'OVERFLOW');
    default: return fits(e.type, awayFromZero(value, power), 'OVERFLOW');
  }
}
function floats(e: CallExpression, a: number, b: number): Inner {
  switch (e.op) {
    case 'add': return float(e.type, a + b);
    case 'sub': return float(e.type, a - b);
    case 'mul': return float(e.type, a * b);
    case 'div': return float(e.type, a / b);
    case 'mod': return b === 0 ? null : float(e.type, a % b);
    default: return b === 0 ? null : Math.trunc(float(e.type, a / b));
  }
}
function integers(e: CallExpression, a: bigint, b: bigint): Inner {
  switch (e.op) {
    case 'add': return fits(e.type, a + b, 'OVERFLOW');
    case 'sub': return fits(e.type, a - b, 'OVERFLOW');
    case 'mul': return fits(e.type, a * b, 'OVERFLOW');
    case 'mod': if (b !== 0n) fits(e.type, a / b, 'OVERFLOW'); return b === 0n ? null : a % b;
    default: return b === 0n ? null : fits(e.type, (a / b) * 10n ** BigInt(scale(e.type)), 'OVERFLOW');
  }
}

function substring(points: string[], start: number, count: number | null): string {
  const begin = start > 0 ? start - 1 : start < 0 ? points.length + start : -1;
  const end = count === null ? Infinity : begin + count;
  return points.filter((_, at) => at >= Math.min(begin, end) && at < Math.max(begin, end)).join('');
}
function like(text: string[], pattern: string[]): boolean {
  if (pattern.length === 0) return text.length === 0;
  if (pattern[0] === '%') return like(text, pattern.slice(1)) || (text.length > 0 && like(text.slice(1), pattern));
  return text.length > 0 && (pattern[0] === '_' || pattern[0] === text[0]) && like(text.slice(1), pattern.slice(1));
}

const perDay = (type: DataType) => (type.kind === 'date' ? 1n : type.kind === 'timestamp' && type.unit === 'ms' ? 86_400_000n : 86_400_000_000n);
const millisOf = (type: DataType, value: bigint) => Number(floorDiv(value * 86_400_000n, perDay(type)));
function datePart(part: string, type: DataType, value: bigint, result: DataType): Inner {
  const millis = millisOf(type, value), date = new Date(millis), day = Math.floor(millis / 86_400_000);
  const yearStart = (year: number) => { const d = new Date(0); d.setUTCFullYear(year, 0, 1); return d.getTime() / 86_400_000; };
  const thursday = day - ((((day + 3) % 7) + 7) % 7) + 3;
  const number = {
    year: date.getUTCFullYear(), quarter: Math.floor(date.getUTCMonth() / 3) + 1, month: date.getUTCMonth() + 1, day: date.getUTCDate(),
    dayOfWeek: date.getUTCDay(), dayOfYear: day - yearStart(date.getUTCFullYear()) + 1,
    week: Math.floor((thursday - yearStart(new Date(thursday * 86_400_000).getUTCFullYear())) / 7) + 1,
    hour: date.getUTCHours(), minute: date.getUTCMinutes(), second: date.getUTCSeconds(), millisecond: date.getUTCSeconds() * 1000 + date.getUTCMilliseconds(),
    epoch: Math.floor(millis / 1000),
  }[part]!;
  if (!isFloat(result)) return BigInt(number);
  return part === 'epoch' && type.kind === 'timestamp' ? Number(value) / (type.unit === 'ms' ? 1000 : 1e6) : number;
}
function truncate(unit: string, type: DataType, value: bigint): Inner {
  const date = new Date(millisOf(type, value));
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  const start = new Date(0);
  switch (unit) {
    case 'year': start.setUTCFullYear(year, 0, 1); break;
    case 'quarter': start.setUTCFullYear(year, month - (month % 3), 1); break;
    case 'month': start.setUTCFullYear(year, month, 1); break;
    case 'week': start.setUTCFullYear(year, month, day - ((date.getUTCDay() + 6) % 7)); break;
    default: start.setTime(date.getTime() - (((date.getTime() % STEP[unit]!) + STEP[unit]!) % STEP[unit]!));
  }
  return floorDiv(BigInt(start.getTime()) * perDay(type), 86_400_000n);
}
const STEP: Record<string, number> = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };

export function cast(value: Inner, from: DataType, to: DataType): Inner {
  if (value === null || JSON.stringify(from) === JSON.stringify(to)) return value;
  const isText = (type: DataType) => type.kind === 'utf8' || type.kind === 'dictionary';
  if (isText(from)) return isText(to) ? value : fromText(value as string, to);
  if (isText(to)) return toText(value, from);
  if (to.kind === 'bool') return typeof value === 'number' ? value !== 0 : value !== 0n;
  if (typeof value === 'boolean') return cast(value ? 1n : 0n, { kind: 'int8' }, to);
  if (typeof value === 'number') {
    if (isFloat(to)) {
      const result = float(to, value);
      if (Number.isFinite(value) && !Number.isFinite(result)) throw new Fault('BAD_CAST');
      return result;
    }
    const scaled = value * 10 ** scale(to), rounded = to.kind === 'decimal' ? roundAway(scaled) : roundEven(scaled);
    if (!Number.isFinite(rounded)) throw new Fault('BAD_CAST');
    return fits(to, BigInt(rounded), 'BAD_CAST');
  }
  const x = value as bigint;
  if (isFloat(to)) {
    const power = 10n ** BigInt(scale(from)), exact = to.kind === 'float32' ? 2n ** 24n : 2n ** 53n;
    if (power === 1n) return to.kind === 'float32' ? nearestSingle(x) : Number(x);
    const round = (value: number) => float(to, value), of = (value: bigint) => (to.kind === 'float32' ? nearestSingle(value) : Number(value));
    return x <= exact && x >= -exact ? round(of(x) / of(power)) : round(of(x / power) + round(of(x % power) / of(power)));
  }
  if (from.kind === 'date' && to.kind === 'timestamp') return fits(to, x * perDay(to), 'BAD_CAST');
  if (from.kind === 'timestamp' && to.kind === 'date') return fits(to, floorDiv(x, perDay(from)), 'BAD_CAST');
  if (from.kind === 'timestamp' && to.kind === 'timestamp') return to.unit === 'us' ? fits(to, x * 1000n, 'BAD_CAST') : awayFromZero(x, 1000n);
  const up = scale(to) - scale(from);
  return fits(to, up >= 0 ? x * 10n ** BigInt(up) : awayFromZero(x, 10n ** BigInt(-up)), 'BAD_CAST');
}
/** Of the two float32 around an integer the nearer, or the even one. */
function nearestSingle(x: bigint): number {
  if (x <= 2n ** 24n && x >= -(2n ** 24n)) return Number(x);
  const near = Math.fround(Number(x)), word = new Float32Array([near]), bits = new Int32Array(word.buffer);
  const candidates = [-1, 0, 1].map(step => { const v = new Float32Array([near]); new Int32Array(v.buffer)[0]! += near === 0 ? 0 : step; return [v[0]!, bits[0]! + step] as const; });
  const distance = (f: number) => { const d = BigInt(f) - x; return d < 0n ? -d : d; };
  return candidates.filter(([f]) => Number.isFinite(f)).sort((p, q) => { const d = distance(p[0]) - distance(q[0]); return d < 0n ? -1 : d > 0n ? 1 : (p[1] & 1) - (q[1] & 1); })[0]![0];
}

function fromText(text: string, to: DataType): Inner {
  const bad = <T>(value: T | null): T => { if (value === null) throw new Fault('BAD_CAST'); return value; };
  switch (to.kind) {
    case 'bool': return bad(({ true: true, t: true, yes: true, y: true, 1: true, false: false, f: false, no: false, n: false, 0: false } as Record<string, boolean>)[text.toLowerCase()] ?? null);
    case 'float32': case 'float64': {
      const word = text.trim();
      if (/^[+-]?(inf|infinity)$/i.test(word)) return word[0] === '-' ? -Infinity : Infinity;
      if (/^[+-]?nan$/i.test(word)) return NaN;
      if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word)) throw new Fault('BAD_CAST');
      return float(to, Number(word));
    }
    case 'date': return fits(to, bad(daysFromText(text)), 'BAD_CAST');
    case 'timestamp': { const micros = bad(microsFromText(text)); return to.unit === 'us' ? micros : awayFromZero(micros, 1000n); }
    default: return fits(to, bad(scaledFromText(text, scale(to))), 'BAD_CAST');
  }
}
function toText(value: Exclude<Inner, null>, from: DataType): string {
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return floatText(value, from.kind === 'float32');
  if (from.kind === 'timestamp') {
    const iso = new Date(millisOf(from, value as bigint)).toISOString().replace(/^([+-])0?0?(\d{4,})/, (_, sign, digits) => (sign === '-' ? '-' : '') + digits);
    const micros = from.unit === 'us' ? String((((value as bigint) % 1000n) + 1000n) % 1000n).padStart(3, '0') : '';
    return iso.replace('T', ' ').replace('Z', micros).replace(/0+$/, '').replace(/\.$/, '').replace(/:$/, ':00').replace(/(:\d)$/, '$10');
  }
  return String(outer(from, value)).replace(/n$/, '');
}

/** What becomes of one row: its outputs; or that a filter turned it away; or its fault. */
export type Outcome = { kind: 'row'; outputs: Value[] } | { kind: 'filtered' } | { kind: 'fault'; code: string; detail: string | undefined };

export function outcome(branch: Branch, outputs: readonly Expression[], row: Row, context: Context): Outcome {
  const { schema } = branch.source;
  const missing = schema.find(field => !field.nullable && row[field.name] === null);
  if (missing !== undefined) return { kind: 'fault', code: 'NULL_IN_NON_NULL', detail: missing.name };
  let env: Env = name => inner(schema.find(field => field.name === name)!.type, row[name]!);
  const passes = (predicate: Expression): boolean =>
    predicate.op === 'and' ? predicate.args.every(passes) : evaluate(predicate, env, context) === true;
  try {
    for (const step of branch.steps) {
      if (step.kind === 'filter') { if (!passes(step.predicate)) return { kind: 'filtered' }; } else env = projected(step, env, context);
    }
    return { kind: 'row', outputs: outputs.map(output => outer(output.type, evaluate(output, env, context))) };
  } catch (error) {
    if (error instanceof Fault) return { kind: 'fault', code: error.code, detail: error.detail };
    throw error;
  }
}
const projected = (step: Extract<Step, { kind: 'project' }>, env: Env, context: Context): Env =>
  name => evaluate(step.columns.find(column => column.name === name)!.expression, env, context);
