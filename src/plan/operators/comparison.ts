import type { Expression } from '../expression-tree.js';
import { encodeValue, type JsonValue } from '../literal.js';
import { typeName } from '../schema.js';
import { describeValue } from '../type-builders.js';
import { BOOL } from '../type-rules.js';
import { alignPair, anyNullable, call, mismatch, nullHint, typed, type Operand } from './coerce.js';

export type Comparison = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'isDistinctFrom';

export function compare(op: Comparison, left: Expression, right: Operand): Expression {
  const pair = alignPair(left, right, op);
  return call(op, BOOL, pair, op !== 'isDistinctFrom' && anyNullable(...pair));
}
export const between = (value: Expression, low: Operand, high: Operand): Expression =>
  logic('and', [compare('ge', value, low), compare('le', value, high)]);

/** The values become literals of the column's own type, each once. */
export function isIn(arg: Expression, values: unknown, negated: boolean): Expression {
  const where = negated ? 'notIn' : 'in';
  const iterable = typeof values === 'object' && values !== null && Symbol.iterator in values;
  if (!iterable) throw mismatch(`${where} takes an iterable of values such as an array or a Set, got ${describeValue(values)}.`);
  const literals = new Set<JsonValue>();
  for (const value of values as Iterable<unknown>) {
    const encoded = encodeValue(value, arg.type);
    if (encoded === undefined) throw mismatch(`${where}: ${describeValue(value)} is not a value of ${typed(arg)}.${nullHint(value)}`);
    literals.add(encoded === '-0' && arg.type.kind.startsWith('float') ? 0 : encoded);
  }
  return { op: 'in', type: BOOL, nullable: arg.nullable, arg, values: [...literals], negated };
}

export function logic(op: 'and' | 'or' | 'not', args: readonly Expression[]): Expression {
  const wrong = args.find(arg => arg.type.kind !== 'bool');
  if (wrong !== undefined) throw mismatch(`${op} takes bool columns, got ${typed(wrong)}.`);
  if (op === 'not' || args.length === 1) return op === 'not' ? call(op, BOOL, args) : args[0]!;
  return call(op, BOOL, args.flatMap(arg => (arg.op === op ? arg.args : [arg])));
}
export const nullTest = (op: 'isNull' | 'isNotNull', arg: Expression): Expression => call(op, BOOL, [arg], false);

/** REQUIRES a condition where a filter, a `where` or a `when` takes one. */
export function condition(expression: Expression, where: string): Expression {
  if (expression.type.kind === 'bool') return expression;
  throw mismatch(`${where} takes a condition, but ${typed(expression)} is not a bool. Compare it, as in .eq(${typeName(expression.type) === 'utf8' ? '\'…\'' : '…'}).`);
}
