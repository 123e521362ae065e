import type { Expression } from '../expression-tree.js';
import { encodeValue } from '../literal.js';
import { typeName } from '../schema.js';
import { describeValue } from '../type-builders.js';
import { BOOL, FLOAT64, INT64, TIMESTAMP_MS, UTF8 } from '../type-rules.js';
import type { DataType } from '../types.js';
import { literal, mismatch } from './coerce.js';

/** A JavaScript value on its own: numbers are float64, bigints int64, `Date`s timestamps in ms. */
export function inferLiteral(value: unknown, where: string): Expression {
  const type = inferType(value);
  if (type === null) throw mismatch(`${where}: ${describeValue(value)} has no column type of its own. Use lit(value, type).`);
  return typedLiteral(value, type, where);
}
function inferType(value: unknown): DataType | null {
  switch (typeof value) {
    case 'boolean': return BOOL;
    case 'string': return UTF8;
    case 'number': return FLOAT64;
    case 'bigint': return INT64;
    default: return value instanceof Date ? TIMESTAMP_MS : value instanceof Uint8Array ? { kind: 'binary' } : null;
  }
}

export function typedLiteral(value: unknown, type: DataType, where: string): Expression {
  if (value === null) return literal(null, type);
  const encoded = encodeValue(value, type);
  if (encoded === undefined) throw mismatch(`${where}: ${describeValue(value)} is not a value of type ${typeName(type)}.`);
  return literal(encoded, type);
}
