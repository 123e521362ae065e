import type { Expression } from '../expression-tree.js';
import { commonType, isText } from '../type-rules.js';
import type { DataType } from '../types.js';
import { UTF8 } from '../type-rules.js';
import { Bare, call, coerceTo, literal, literalBeside, mismatch, noCommonType, type Operand } from './coerce.js';
import { inferLiteral } from './infer.js';

/** Values of one `coalesce` or one `when … then` in a common type: columns decide it, JavaScript values take it, null takes any. */
function unify(operands: readonly Operand[], where: string): Expression[] {
  const columns = operands.filter((operand): operand is Expression => !(operand instanceof Bare));
  const values = operands.filter((operand): operand is Bare => operand instanceof Bare && operand.value !== null);
  let type: DataType | null = null;
  for (const column of columns.length > 0 ? columns : values.map(value => inferLiteral(value.value, where))) {
    const common: DataType | null = type === null ? column.type : commonType(type, column.type);
    if (common === null) throw noCommonType(literal(null, type!), column, where);
    type = common;
  }
  if (type === null) throw mismatch(`${where}: null alone has no type: use lit(null, type).`);
  const unified = isText(type) ? UTF8 : type;
  return operands.map(operand => intoType(operand, unified, where));
}
function intoType(operand: Operand, type: DataType, where: string): Expression {
  if (!(operand instanceof Bare)) return coerceTo(operand, type);
  return operand.value === null ? literal(null, type) : exactly(literalBeside(operand.value, type, where), type, where);
}
/** A value that needs a wider type than the columns have is refused: the type of a result must not depend on a value. */
function exactly(value: Expression, type: DataType, where: string): Expression {
  const coerced = coerceTo(value, type);
  if (coerced.op === 'literal') return coerced;
  throw noCommonType(value, literal(null, type), where);
}

export function coalesce(operands: readonly Operand[]): Expression {
  const args = unify(operands, 'coalesce');
  return args.length === 1 ? args[0]! : call('coalesce', args[0]!.type, args, args.every(arg => arg.nullable));
}

export function caseWhen(whens: readonly Expression[], thens: readonly Operand[], otherwise: Operand): Expression {
  const values = unify([...thens, otherwise], 'when');
  const last = values.pop()!;
  const branches = whens.map((when, i) => ({ when, then: values[i]! }));
  return { op: 'case', type: last.type, nullable: last.nullable || values.some(value => value.nullable), branches, otherwise: last };
}
