import type { CallOp } from '../../src/plan/expression-tree.ts';
import type { DataType } from '../../src/plan/types.ts';
import { fits, RowFault } from './cells.ts';

/** REQUIRES: an exact type. */
export function checked(value: bigint, type: DataType): bigint {
  if (!fits(value, type)) throw new RowFault('OVERFLOW', `${value} does not fit ${type.kind}`);
  return value;
}
export const rounded = (value: number, type: DataType): number => (type.kind === 'float32' ? Math.fround(value) : value);
const scaleOf = (type: DataType): number => (type.kind === 'decimal' ? type.scale : 0);
const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);

/** Half away from zero, as SQL rounds. REQUIRES: divisor > 0. */
export function divideRounding(value: bigint, divisor: bigint): bigint {
  const up = (magnitude(value) * 2n + divisor) / (divisor * 2n);
  return value < 0n ? -up : up;
}
export function rescale(value: bigint, from: number, to: number): bigint {
  return to >= from ? value * 10n ** BigInt(to - from) : divideRounding(value, 10n ** BigInt(from - to));
}

/** Half away from zero; x + 0.5 would round 0.49999999999999994 up. */
export function roundFloat(value: number): number {
  const whole = Math.trunc(value);
  return Math.abs(value - whole) >= 0.5 ? whole + Math.sign(value) : whole;
}

/** Two exact operands. Null: division by zero. */
export function exactBinary(op: CallOp, a: bigint, b: bigint, type: DataType): bigint | null {
  switch (op) {
    case 'add': return checked(a + b, type);
    case 'sub': return checked(a - b, type);
    case 'mul': return checked(a * b, type);
    case 'intDiv': return b === 0n ? null : checked(a / b, type);
    // The quotient's overflow (least value by -1) is mod's too, as in DuckDB.
    case 'mod': if (b === 0n) return null; checked(a / b, type); return a % b;
    default: throw new Error(`no exact ${op}`);
  }
}
export function floatBinary(op: CallOp, a: number, b: number, type: DataType): number | null {
  switch (op) {
    case 'add': return rounded(a + b, type);
    case 'sub': return rounded(a - b, type);
    case 'mul': return rounded(a * b, type);
    case 'div': return rounded(a / b, type);
    case 'intDiv': return b === 0 ? null : rounded(Math.trunc(a / b), type);
    case 'mod': return b === 0 ? null : rounded(a % b, type);
    default: throw new Error(`no float ${op}`);
  }
}

export function exactUnary(op: CallOp, value: bigint, from: DataType, type: DataType): bigint {
  const unit = 10n ** BigInt(scaleOf(from));
  const whole = (n: bigint): bigint => checked(rescale(n, 0, scaleOf(type)), type);
  switch (op) {
    case 'neg': return checked(-value, type);
    case 'abs': return checked(magnitude(value), type);
    case 'floor': return whole((value - (((value % unit) + unit) % unit)) / unit);
    case 'ceil': return whole((value + (((-value % unit) + unit) % unit)) / unit);
    case 'round': return whole(divideRounding(value, unit));
    default: throw new Error(`no exact ${op}`);
  }
}
export function floatUnary(op: CallOp, value: number, type: DataType): number {
  switch (op) {
    case 'neg': return -value;
    case 'abs': return Math.abs(value);
    case 'floor': return Math.floor(value);
    case 'ceil': return Math.ceil(value);
    case 'round': return roundFloat(value);
    case 'sqrt': return rounded(Math.sqrt(value), type);
    default: throw new Error(`no float ${op}`);
  }
}
