import { MillraceError } from '../errors.js';
import type { ColumnByTag, Expr } from './column.js';
import { ColumnNode, operand } from './column-node.js';
import type { Expression } from './expression-tree.js';
import { Bare, coerceTo, mismatch, typed, type Operand } from './operators/coerce.js';
import { typedLiteral } from './operators/infer.js';
import { sameType, typeName } from './schema.js';
import type { ColumnTag, NumericTag, TextTag, TimeTag, ValueByTag } from './tags.js';
import { typeNode, type ColumnType, type TypeNode } from './type-builders.js';
import { commonType, isText } from './type-rules.js';

type Family<T extends ColumnTag> = T extends NumericTag ? NumericTag : T extends TextTag ? TextTag : T extends TimeTag ? TimeTag : T;
type Argument<A> = A extends ColumnType<infer T, infer N> ? Expr<Family<T>, N> | ValueByTag[T] | N : never;
export type UdfArguments<A extends readonly ColumnType[]> = { -readonly [I in keyof A]: Argument<A[I]> };

/**
 * A function of your own over columns: `export function score(ip, bytes)` of a module that every worker loads, called once per row
 * with JavaScript values (see `t`).
 *
 *     const score = udf(import.meta.url, 'score', { args: [t.utf8, t.int64], returns: t.float64 });
 *     pipeline.filter(row => score(row.ip, row.bytes).gt(0.5))
 *
 * The module is loaded by workers too: keep the start of the job in another file, or behind `isMainThread`. A column that may be null
 * needs a nullable argument type. A call that throws, or returns what is not of type `returns`, faults its row.
 */
export function udf<const A extends readonly ColumnType[], R extends ColumnTag, N extends null>(
  module: string, name: string, signature: { readonly args: A; readonly returns: ColumnType<R, N> },
): (...columns: UdfArguments<A>) => ColumnByTag<N>[R] {
  if (typeof module !== 'string' || !URL.canParse(module)) throw new MillraceError('BAD_OPTION', 'udf takes the URL of a module first: udf(import.meta.url, …).');
  if (typeof name !== 'string' || name === '') throw new MillraceError('BAD_OPTION', 'udf takes the name of an exported function second.');
  const parameters = signature.args.map((type, i) => typeNode(type, `Argument ${i + 1} of udf ${name}`));
  const returns = typeNode(signature.returns, `The result of udf ${name}`);
  return (...columns: readonly unknown[]) => {
    if (columns.length !== parameters.length) throw mismatch(`udf ${name} takes ${parameters.length} columns, got ${columns.length}.`);
    const args = parameters.map((parameter, i) => argument(`udf ${name}`, parameter, operand(columns[i])));
    return new ColumnNode({ op: 'udf', type: returns.dataType, nullable: returns.isNullable, module, name, args }) as never;
  };
}

/** A column for a declared parameter of a user's function. */
export function argument(where: string, { dataType, isNullable }: TypeNode, given: Operand): Expression {
  const expression = given instanceof Bare ? typedLiteral(given.value, dataType, where) : given;
  if (expression.nullable && !isNullable) throw mismatch(`${where}: ${typed(expression)} may be null; declare its argument as .nullable, or use coalesce.`);
  if (isText(expression.type) && isText(dataType)) return expression;
  const common = commonType(expression.type, dataType);
  if (common !== null && sameType(common, dataType)) return coerceTo(expression, dataType);
  throw mismatch(`${where}: an argument is ${typed(expression)}, declared is ${typeName(dataType)}.`);
}
