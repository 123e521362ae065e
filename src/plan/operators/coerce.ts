import { MillraceError } from '../../errors.js';
import { parseDecimal, precisionOf } from '../decimal-text.js';
import type { CallOp, Expression, LiteralExpression } from '../expression-tree.js';
import { decodeValue, encodeValue, type JsonValue } from '../literal.js';
import { printExpression } from '../print-expression.js';
import { sameType, typeName } from '../schema.js';
import { DATE, FLOAT64, INT32, INT64, MAX_DECIMAL_DIGITS, TIMESTAMP_MS, TIMESTAMP_US, UINT64, UTF8, canCast, commonType, isFloat, isInteger, isText, isTime, type DecimalType } from '../type-rules.js';
import { describeValue } from '../type-builders.js';
import type { DataType } from '../types.js';

/** A JavaScript value among operands: it takes the type of the column it meets. */
export class Bare {
  constructor(readonly value: unknown) {}
}
export type Operand = Expression | Bare;

export const literal = (value: JsonValue | null, type: DataType): LiteralExpression => ({ op: 'literal', value, type, nullable: value === null });
export const anyNullable = (...args: readonly Expression[]): boolean => args.some(arg => arg.nullable);
export const call = (op: CallOp, type: DataType, args: readonly Expression[], nullable: boolean = anyNullable(...args)): Expression =>
  ({ op, type, nullable, args });

/** `expression` as `type`: itself, a literal of that type, or a cast. REQUIRES `canCast`. */
export function coerceTo(expression: Expression, type: DataType): Expression {
  if (sameType(expression.type, type)) return expression;
  if (expression.op === 'literal') {
    if (expression.value === null) return literal(null, type);
    const value = encodeValue(decodeValue(expression.value, expression.type), type);
    if (value !== undefined) return literal(value, type);
  }
  return call('cast', type, [expression]);
}

export function mismatch(what: string): MillraceError {
  return new MillraceError('TYPE_MISMATCH', what);
}
export const typed = (expression: Expression): string => `${printExpression(expression)} (${typeName(expression.type)})`;

/** The literal that a JavaScript value becomes beside a column of `type`, in that type or the next that holds it exactly. */
export function literalBeside(value: unknown, type: DataType, where: string): Expression {
  for (const candidate of candidates(value, type)) {
    const encoded = encodeValue(value, candidate);
    if (encoded !== undefined) return literal(encoded, candidate);
  }
  throw mismatch(`${where}: ${describeValue(value)} is not a value of type ${typeName(type)}.${nullHint(value)}`);
}
function candidates(value: unknown, type: DataType): readonly DataType[] {
  if (isText(type)) return [UTF8];
  if (isTime(type)) return type.kind === 'date' ? (typeof value === 'number' || typeof value === 'bigint' ? [] : [DATE, TIMESTAMP_MS, TIMESTAMP_US]) : [type, TIMESTAMP_US];
  if (type.kind === 'decimal') return [decimalFor(value, type) ?? type, ...(typeof value === 'number' ? [FLOAT64] : [])];
  if (!isInteger(type)) return isFloat(type) ? [type, FLOAT64] : [type];
  const wider = [INT32, INT64, UINT64].filter(wide => commonType(type, wide) !== null);
  return [type, ...wider, ...(typeof value === 'number' && !Number.isInteger(value) ? [FLOAT64] : [])];
}
/** The smallest decimal type that holds the value and shares 18 digits with `beside`; null if there is none. */
export function decimalFor(value: unknown, beside: DecimalType): DecimalType | null {
  const exact = parseDecimal(value);
  if (exact === null) return null;
  const precision = precisionOf(exact);
  const whole = Math.max(precision - exact.scale, beside.precision - beside.scale);
  if (whole + Math.max(exact.scale, beside.scale) > MAX_DECIMAL_DIGITS) return null;
  return { kind: 'decimal', precision, scale: exact.scale };
}
export const nullHint = (value: unknown): string => (value === null || value === undefined ? ' For nulls there are .isNull(), .isDistinctFrom(column) and lit(null, type).' : '');

/** Both operands in one type. A dictionary beside a text literal stays as it is: it is then compared by code. */
export function alignPair(left: Expression, right: Operand, where: string): [Expression, Expression] {
  if (right instanceof Bare) {
    const value = literalBeside(right.value, left.type, where);
    return isText(left.type) ? [left, value] : alignPair(left, value, where);
  }
  if (isText(left.type) && isText(right.type) && (left.op === 'literal' || right.op === 'literal')) return [left, right];
  const common = commonType(left.type, right.type);
  if (common === null) throw noCommonType(left, right, where);
  return [coerceTo(left, common), coerceTo(right, common)];
}
export function noCommonType(left: Expression, right: Expression, where: string): MillraceError {
  const advice = isInteger(left.type) && isInteger(right.type) ? ' No integer type holds both: cast one of them.' : '';
  return mismatch(`${where} cannot take ${typed(left)} and ${typed(right)} together.${advice}`);
}

export function castTo(expression: Expression, type: DataType): Expression {
  if (canCast(expression.type, type)) return sameType(expression.type, type) ? expression : call('cast', type, [expression]);
  throw mismatch(`${typed(expression)} cannot be cast to ${typeName(type)}.`);
}
