import type { CallExpression, CallOp, DatePart, TimeUnit } from '../../src/plan/expression-tree.ts';
import type { DataType } from '../../src/plan/types.ts';
import { exactBinary, exactUnary, floatBinary, floatUnary } from './arithmetic.ts';
import { datePart, instantOf, truncateTime } from './calendar.ts';
import { castCell } from './casts.ts';
import { type Cell, compareCells } from './cells.ts';
import { codePoints, likeText, lowerText, replaceText, substringText, trimText, upperText } from './text.ts';

const COMPARISONS: Partial<Record<CallOp, (order: number) => boolean>> = {
  eq: o => o === 0, ne: o => o !== 0, lt: o => o < 0, le: o => o <= 0, gt: o => o > 0, ge: o => o >= 0,
};

/** An operator that is null as soon as an operand is. REQUIRES: no operand is null. */
export function strict(e: CallExpression, args: readonly Exclude<Cell, null>[]): Cell {
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
