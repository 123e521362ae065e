import { sameType } from './schema.js';
import type { DataType, FloatKind, IntegerKind, Kind } from './types.js';

/** Which types exist beside each other, and what they become: the rules behind every coercion. */

const INTEGER_BITS: Readonly<Record<IntegerKind, number>> = {
  int8: 8, int16: 16, int32: 32, int64: 64, uint8: 8, uint16: 16, uint32: 32, uint64: 64,
};
/** Decimal digits that hold every value; a 64-bit integer may have more than a decimal has, then the row is faulted. */
const INTEGER_DIGITS: Readonly<Record<IntegerKind, number>> = {
  int8: 3, int16: 5, int32: 10, int64: 18, uint8: 3, uint16: 5, uint32: 10, uint64: 18,
};
export const MAX_DECIMAL_DIGITS = 18;
export const BOOL: DataType = { kind: 'bool' };
export const INT32: DataType = { kind: 'int32' };
export const INT64: DataType = { kind: 'int64' };
export const UINT64: DataType = { kind: 'uint64' };
export const FLOAT64: DataType = { kind: 'float64' };
export const UTF8: DataType = { kind: 'utf8' };
export const DATE: DataType = { kind: 'date' };
export const TIMESTAMP_MS: DataType = { kind: 'timestamp', unit: 'ms' };
export const TIMESTAMP_US: DataType = { kind: 'timestamp', unit: 'us' };

export type IntegerType = { readonly kind: IntegerKind };
export type DecimalType = Extract<DataType, { kind: 'decimal' }>;
export const isInteger = (type: DataType): type is IntegerType => type.kind in INTEGER_BITS;
export const isFloat = (type: DataType): type is { readonly kind: FloatKind } => type.kind === 'float32' || type.kind === 'float64';
export const isUnsigned = (type: DataType): boolean => isInteger(type) && type.kind.startsWith('u');
export const isNumeric = (type: DataType): boolean => isInteger(type) || isFloat(type) || type.kind === 'decimal';
export const isText = (type: DataType): boolean => type.kind === 'utf8' || type.kind === 'dictionary';
export const isTime = (type: DataType): boolean => type.kind === 'date' || type.kind === 'timestamp';

/** The smallest integer type that holds all values of both; null for uint64 beside a signed type. */
function commonInteger(a: IntegerType, b: IntegerType): DataType | null {
  if (isUnsigned(a) === isUnsigned(b)) return INTEGER_BITS[a.kind] >= INTEGER_BITS[b.kind] ? a : b;
  const [unsigned, signed] = isUnsigned(a) ? [a, b] : [b, a];
  const bits = Math.max(INTEGER_BITS[unsigned.kind] * 2, INTEGER_BITS[signed.kind]);
  return bits > 64 ? null : { kind: `int${bits}` as IntegerKind };
}

export function asDecimal(type: DataType): DecimalType {
  if (type.kind === 'decimal') return type;
  return { kind: 'decimal', precision: INTEGER_DIGITS[type.kind as IntegerKind], scale: 0 };
}
/** Keeps every digit behind the point; digits before it are cut to what 18 leave, and a row that needs more is faulted. */
function commonDecimal(a: DecimalType, b: DecimalType): DecimalType {
  const scale = Math.max(a.scale, b.scale);
  const whole = Math.max(a.precision - a.scale, b.precision - b.scale);
  return { kind: 'decimal', precision: Math.max(1, Math.min(MAX_DECIMAL_DIGITS, whole + scale)), scale };
}

/** The type in which two values of these types can be compared or stand in one column; null if there is none. */
export function commonType(a: DataType, b: DataType): DataType | null {
  if (sameType(a, b)) return a.kind === 'dictionary' ? UTF8 : a;
  if (isText(a) && isText(b)) return UTF8;
  if (isTime(a) && isTime(b)) return sameType(a, TIMESTAMP_US) || sameType(b, TIMESTAMP_US) ? TIMESTAMP_US : TIMESTAMP_MS;
  if (!isNumeric(a) || !isNumeric(b)) return null;
  if (isFloat(a) || isFloat(b)) return FLOAT64;
  if (isInteger(a) && isInteger(b)) return commonInteger(a, b);
  return commonDecimal(asDecimal(a), asDecimal(b));
}

const ALWAYS_CASTABLE: ReadonlySet<Kind> = new Set<Kind>(['utf8', 'dictionary']);
/** Whether a cast is defined at all; a value may still not fit. Dictionaries are made by sources, not by casts. */
export function canCast(from: DataType, to: DataType): boolean {
  if (sameType(from, to)) return true;
  if (to.kind === 'dictionary' || from.kind === 'binary' || to.kind === 'binary') return false;
  if (to.kind === 'utf8' || ALWAYS_CASTABLE.has(from.kind)) return true;
  if (isTime(from) && isTime(to)) return true;
  const numberLike = (type: DataType): boolean => isInteger(type) || isFloat(type) || type.kind === 'bool';
  return (isNumeric(from) && isNumeric(to)) || (numberLike(from) && numberLike(to));
}
