import { MillraceError } from '../../errors.js';
import type { CallOp, Expression } from '../expression-tree.js';
import { encodeValue } from '../literal.js';
import { typeName } from '../schema.js';
import { describeValue } from '../type-builders.js';
import { FLOAT64, MAX_DECIMAL_DIGITS, asDecimal, commonType, isFloat, isInteger, isNumeric, isUnsigned, type DecimalType } from '../type-rules.js';
import type { DataType } from '../types.js';
import { Bare, anyNullable, call, coerceTo, decimalFor, literal, literalBeside, mismatch, noCommonType, nullHint, typed, type Operand } from './coerce.js';

export type BinaryArithmetic = 'add' | 'sub' | 'mul' | 'div' | 'intDiv' | 'mod';

/** `left op right` with both coerced to one type. Floats are always computed as float64, as in JavaScript. */
export function arithmetic(op: BinaryArithmetic, left: Expression, right: Operand): Expression {
  requireNumeric(op, left);
  const other = right instanceof Bare ? literalOperand(op, left.type, right.value) : right;
  requireNumeric(op, other);
  if (op === 'div') return call(op, FLOAT64, [coerceTo(left, FLOAT64), coerceTo(other, FLOAT64)]);
  const type = resultType(op, left, other);
  if (op === 'mul' && type.kind === 'decimal') return decimalProduct(left, other);
  const args = [coerceTo(left, type), coerceTo(other, type)] as const;
  return call(op, type, args, anyNullable(...args) || mayDivideByZero(op, args[1]));
}

function requireNumeric(op: CallOp, arg: Expression): void {
  if (!isNumeric(arg.type)) throw mismatch(`${op} takes numbers, got ${typed(arg)}.`);
}

/** A JavaScript number takes the column's type, or is refused: the type of a result must not depend on a value. */
function literalOperand(op: BinaryArithmetic, type: DataType, value: unknown): Expression {
  if (op === 'div') return literalBeside(type.kind === 'decimal' && typeof value === 'string' ? Number(value) : value, FLOAT64, op);
  const own = isFloat(type) ? FLOAT64 : type.kind === 'decimal' ? (decimalFor(value, type) ?? type) : type;
  const encoded = encodeValue(value, own);
  if (encoded !== undefined) return literal(encoded, own);
  const advice = typeof value === 'number' && isInteger(type) ? ` Cast the column first, as in .cast(t.${Number.isInteger(value) ? 'int64' : 'float64'}).` : '';
  throw mismatch(`${op}: ${describeValue(value)} is not a value of type ${typeName(type)}.${advice}${nullHint(value)}`);
}

function resultType(op: BinaryArithmetic, left: Expression, right: Expression): DataType {
  if (isFloat(left.type) || isFloat(right.type)) {
    if (op === 'intDiv') throw mismatch(`intDiv takes integers, got ${typed(isFloat(left.type) ? left : right)}.`);
    return FLOAT64;
  }
  const common = commonType(left.type, right.type);
  if (common === null) throw noCommonType(left, right, op);
  if (common.kind !== 'decimal') return common;
  if (op === 'intDiv') throw mismatch(`intDiv takes integers, got ${typed(left.type.kind === 'decimal' ? left : right)}.`);
  const carry = op === 'add' || op === 'sub' ? 1 : 0;
  return { ...common, precision: Math.min(MAX_DECIMAL_DIGITS, common.precision + carry) };
}

/** The scales add up; the operands keep theirs. */
function decimalProduct(left: Expression, right: Expression): Expression {
  const [a, b] = [asDecimal(left.type), asDecimal(right.type)] as [DecimalType, DecimalType];
  const scale = a.scale + b.scale;
  if (scale > MAX_DECIMAL_DIGITS) throw mismatch(`mul: ${typed(left)} times ${typed(right)} has ${scale} digits behind the point, a decimal has at most ${MAX_DECIMAL_DIGITS}. Cast one to a smaller scale.`);
  const type: DataType = { kind: 'decimal', precision: Math.min(MAX_DECIMAL_DIGITS, a.precision + b.precision), scale };
  return call('mul', type, [coerceTo(left, a), coerceTo(right, b)]);
}

function mayDivideByZero(op: BinaryArithmetic, divisor: Expression): boolean {
  if (op !== 'intDiv' && op !== 'mod') return false;
  if (divisor.op !== 'literal' || divisor.value === null) return true;
  if (Number(divisor.value) === 0) throw new MillraceError('PLAN_INVALID', `${op} by the literal 0 is null for every row.`);
  return false;
}

export type UnaryArithmetic = 'neg' | 'abs' | 'floor' | 'ceil' | 'round' | 'sqrt';
export function unaryArithmetic(op: UnaryArithmetic, arg: Expression): Expression {
  requireNumeric(op, arg);
  if (op === 'sqrt') return call(op, FLOAT64, [coerceTo(arg, FLOAT64)]);
  if (op === 'neg' && isUnsigned(arg.type)) throw mismatch(`neg: ${typed(arg)} is unsigned. Cast it to a signed type first.`);
  return call(op, arg.type, [arg]);
}
