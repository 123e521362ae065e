import type { CallOp, Expression } from '../expression-tree.js';
import { describeValue } from '../type-builders.js';
import { BOOL, INT32, INT64, UTF8, isInteger, isText } from '../type-rules.js';
import { Bare, call, coerceTo, literal, literalBeside, mismatch, typed, type Operand } from './coerce.js';

/** Dictionary columns are passed on as they are: an evaluator may work on the dictionary instead of on the rows. */
export function textCall(op: CallOp, subject: Expression, operands: readonly Operand[]): Expression {
  const args = [subject, ...operands.map(operand => (operand instanceof Bare ? literalBeside(operand.value, UTF8, op) : operand))];
  const wrong = args.find(arg => !isText(arg.type));
  if (wrong !== undefined) throw mismatch(`${op} takes text, got ${typed(wrong)}.`);
  return call(op, RESULTS[op] ?? UTF8, args);
}
const RESULTS: Partial<Record<CallOp, typeof UTF8>> = { length: INT32, startsWith: BOOL, endsWith: BOOL, contains: BOOL, like: BOOL };

export function substring(subject: Expression, start: Operand, length: Operand | null): Expression {
  if (!isText(subject.type)) throw mismatch(`substring takes text, got ${typed(subject)}.`);
  const counts = length === null ? [start] : [start, length];
  return call('substring', UTF8, [subject, ...counts.map(count => integerArgument('substring', count))]);
}
/** Positions and lengths as int64, whatever integers they came from. */
function integerArgument(op: CallOp, operand: Operand): Expression {
  const expression = operand instanceof Bare ? literalBeside(operand.value, INT64, op) : operand;
  if (!isInteger(expression.type) || expression.type.kind === 'uint64') throw mismatch(`${op} takes whole numbers, got ${typed(expression)}.`);
  return coerceTo(expression, INT64);
}

export function like(subject: Expression, pattern: unknown): Expression {
  if (!isText(subject.type)) throw mismatch(`like takes text, got ${typed(subject)}.`);
  if (typeof pattern !== 'string') throw mismatch(`like takes a pattern as a string, got ${describeValue(pattern)}.`);
  return call('like', BOOL, [subject, literal(pattern, UTF8)]);
}
