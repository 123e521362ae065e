import type { CallExpression, CallOp, DatePart, Expression, LookupExpression, StaticTable, TimeUnit, UdfExpression } from '../../src/plan/expression-tree.ts';
import type { DataType, Value } from '../../src/plan/types.ts';
import { exactBinary, exactUnary, floatBinary, floatUnary } from './arithmetic.ts';
import { datePart, instantOf, truncateTime } from './calendar.ts';
import { castCell } from './casts.ts';
import { type Cell, cellOfLiteral, cellOfValue, compareCells, identityOf, keyCell, RowFault, valueOfCell } from './cells.ts';
import { codePoints, likeText, lowerText, replaceText, substringText, trimText, upperText } from './text.ts';

export type Udf = (...args: Value[]) => unknown;
/** The columns that an expression sees. `get` computes a column of a projection, and so may throw RowFault. */
export interface Columns { get(name: string): Cell | undefined }
export interface Environment {
  readonly row: Columns;
  /** Computes the operands of `and` and `or` whether they are needed or not, as DuckDB does. */
  readonly eager: boolean;
  readonly tables: readonly StaticTable[];
  /** By `module#name`. */
  readonly udfs: ReadonlyMap<string, Udf>;
}

/**
 * The value of an expression for one row. Throws RowFault. All operands are computed but those that do not matter: branches of `case`
 * and `coalesce` that are not taken, and what stands behind the operand that decides an `and` or `or`.
 */
export function evaluate(e: Expression, env: Environment): Cell {
  switch (e.op) {
    case 'column': return columnCell(e.name, env);
    case 'literal': return cellOfLiteral(e.value, e.type);
    case 'in': {
      const arg = evaluate(e.arg, env);
      if (arg === null) return null;
      return e.values.some(v => equal(arg, cellOfLiteral(v, e.arg.type))) !== e.negated;
    }
    case 'case': {
      for (const branch of e.branches) if (evaluate(branch.when, env) === true) return evaluate(branch.then, env);
      return evaluate(e.otherwise, env);
    }
    case 'lookup': return lookupCell(e, env);
    case 'udf': return callUdf(e, env);
    case 'coalesce': {
      for (const arg of e.args) {
        const cell = evaluate(arg, env);
        if (cell !== null) return cell;
      }
      return null;
    }
    case 'and': return connective(e, false, env);
    case 'or': return connective(e, true, env);
    default: return call(e, e.args.map(arg => evaluate(arg, env)));
  }
}

/** From left to right up to the operand that decides. */
function connective(e: CallExpression, decisive: boolean, env: Environment): Cell {
  let result: Cell = !decisive;
  for (const arg of e.args) {
    const cell = evaluate(arg, env);
    if (cell === decisive) result = decisive;
    else if (cell === null && result !== decisive) result = null;
    if (result === decisive && !env.eager) break;
  }
  return result;
}
/** Whether a filter keeps a row. The terms of a conjunction are filters one after the other. */
export function holds(e: Expression, env: Environment): boolean {
  if (e.op === 'and' && !env.eager) return e.args.every(term => holds(term, env));
  return evaluate(e, env) === true;
}

function columnCell(name: string, env: Environment): Cell {
  const cell = env.row.get(name);
  if (cell === undefined) throw new Error(`no column ${name}`);
  return cell;
}
const equal = (a: Cell, b: Cell): boolean => a !== null && b !== null && compareCells(a, b) === 0;

function lookupCell(e: LookupExpression, env: Environment): Cell {
  const key = identityOf(keyCell(evaluate(e.arg, env)));
  const table = env.tables[e.table];
  if (table === undefined) throw new Error('no such table');
  const at = table.keys.findIndex(k => identityOf(keyCell(cellOfLiteral(k, table.key.type))) === key);
  const column = table.columns.findIndex(f => f.name === e.column);
  return at < 0 ? null : cellOfLiteral(table.values[column]?.[at] ?? null, e.type);
}

function callUdf(e: UdfExpression, env: Environment): Cell {
  const udf = env.udfs.get(`${e.module}#${e.name}`);
  if (udf === undefined) throw new Error(`no function ${e.name}`);
  const args = e.args.map(arg => valueOfCell(evaluate(arg, env), arg.type));
  let result: unknown;
  try {
    result = udf(...args);
  } catch (error) {
    throw new RowFault('UDF_FAILED', String(error));
  }
  if (result === null || result === undefined) {
    if (!e.nullable) throw new RowFault('NULL_IN_NON_NULL', e.name);
    return null;
  }
  const cell = cellOfValue(result, e.type);
  if (cell === undefined) throw new RowFault('UDF_FAILED', `${e.name} returned no ${e.type.kind}`);
  return cell;
}

/** Operators with their own rule for nulls, then those that are null as soon as an operand is. */
function call(e: CallExpression, args: readonly Cell[]): Cell {
  const [a = null, b = null] = args;
  switch (e.op) {
    case 'isNull': return a === null;
    case 'isNotNull': return a !== null;
    case 'isDistinctFrom': return a === null || b === null ? a !== b : !equal(a, b);
    default: return args.includes(null) ? null : strict(e, args as readonly Exclude<Cell, null>[]);
  }
}

const COMPARISONS: Partial<Record<CallOp, (order: number) => boolean>> = {
  eq: o => o === 0, ne: o => o !== 0, lt: o => o < 0, le: o => o <= 0, gt: o => o > 0, ge: o => o >= 0,
};

function strict(e: CallExpression, args: readonly Exclude<Cell, null>[]): Cell {
  const [a, b, c] = args;
  const from = e.args[0]?.type;
  if (a === undefined || from === undefined) throw new Error(`${e.op} without operands`);
  const comparison = COMPARISONS[e.op];
  if (comparison !== undefined && b !== undefined) return comparison(compareCells(a, b));
  if (e.op === 'not') return a === false;
  if (e.op === 'cast') return castCell(a, from, e.type);
  if (e.op === 'concat' && a instanceof Uint8Array) return new Uint8Array(Buffer.concat(args.filter(x => x instanceof Uint8Array)));
  if (e.op === 'length' && a instanceof Uint8Array) return BigInt(a.length);
  if (e.op === 'datePart' && typeof b === 'bigint') return partCell(a as DatePart, b, e);
  if (e.op === 'truncate' && typeof b === 'bigint') return truncated(a as TimeUnit, b, e);
  if (typeof a === 'bigint') return typeof b === 'bigint' ? exactBinary(e.op, a, b, e.type) : exactUnary(e.op, a, from, e.type);
  if (typeof a === 'number') return typeof b === 'number' ? floatBinary(e.op, a, b, e.type) : floatUnary(e.op, a, e.type);
  if (typeof a === 'string') return text(e.op, a, b, c, args);
  throw new Error(`no ${e.op} of ${from.kind}`);
}

function text(op: CallOp, a: string, b: Cell | undefined, c: Cell | undefined, args: readonly Cell[]): Cell {
  const second = typeof b === 'string' ? b : '';
  switch (op) {
    case 'lower': return lowerText(a);
    case 'upper': return upperText(a);
    case 'trim': return trimText(a);
    case 'length': return BigInt(codePoints(a).length);
    case 'concat': return args.join('');
    case 'substring': return substringText(a, typeof b === 'bigint' ? b : 1n, typeof c === 'bigint' ? c : null);
    case 'startsWith': return a.startsWith(second);
    case 'endsWith': return a.endsWith(second);
    case 'contains': return a.includes(second);
    case 'replace': return replaceText(a, second, String(c));
    case 'like': return likeText(a, second);
    default: throw new Error(`no ${op} of text`);
  }
}

const perSecondOf = (type: DataType): bigint => (type.kind === 'timestamp' && type.unit === 'us' ? 1_000_000n : 1_000n);
function instant(time: bigint, type: DataType | undefined): ReturnType<typeof instantOf> {
  if (type === undefined) throw new Error('a time without a type');
  return type.kind === 'date' ? { days: time, ticks: 0n, perSecond: 1_000n } : instantOf(time, perSecondOf(type));
}
function partCell(part: DatePart, time: bigint, e: CallExpression): Cell {
  const value = datePart(part, instant(time, e.args[1]?.type));
  if (e.type.kind === 'float64') return Number(value);
  return typeof value === 'bigint' ? value : BigInt(Math.floor(value));
}
function truncated(unit: TimeUnit, time: bigint, e: CallExpression): Cell {
  const at = instant(time, e.args[1]?.type);
  const start = truncateTime(unit, at);
  return e.type.kind === 'date' ? start / (86_400n * at.perSecond) : start * perSecondOf(e.type) / at.perSecond;
}
