import { MillraceError } from '../../errors.js';
import type { DatePart, Expression, TimeUnit } from '../expression-tree.js';
import { describeValue } from '../type-builders.js';
import { FLOAT64, INT32, UTF8, isTime } from '../type-rules.js';
import { call, literal, mismatch, typed } from './coerce.js';

const DATE_PARTS: readonly DatePart[] = ['year', 'quarter', 'month', 'week', 'day', 'dayOfWeek', 'dayOfYear', 'hour', 'minute', 'second', 'millisecond', 'epoch'];
const TIME_UNITS: readonly TimeUnit[] = ['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'year'];

export function datePart(arg: Expression, part: unknown): Expression {
  requireTime('datePart', arg);
  const name = oneOf('datePart', part, DATE_PARTS);
  return call('datePart', name === 'epoch' ? FLOAT64 : INT32, [literal(name, UTF8), arg]);
}
export function truncate(arg: Expression, unit: unknown): Expression {
  requireTime('truncate', arg);
  return call('truncate', arg.type, [literal(oneOf('truncate', unit, TIME_UNITS), UTF8), arg]);
}
function requireTime(op: string, arg: Expression): void {
  if (!isTime(arg.type)) throw mismatch(`${op} takes a date or a timestamp, got ${typed(arg)}.`);
}
function oneOf<Name extends string>(op: string, value: unknown, names: readonly Name[]): Name {
  const name = names.find(known => known === value);
  if (name === undefined) throw new MillraceError('BAD_OPTION', `${op}: ${describeValue(value)} is not one of ${names.join(', ')}.`);
  return name;
}
