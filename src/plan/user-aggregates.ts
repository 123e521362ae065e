import { MillraceError } from '../errors.js';
import { AggregateNode, type Aggregate, type Same } from './aggregates.js';
import type { Expr, NullsOf } from './column.js';
import { columnExpression, operand } from './column-node.js';
import { coerceTo, mismatch } from './operators/coerce.js';
import type { ColumnTag } from './tags.js';
import { typeNode, type ColumnType } from './type-builders.js';
import { UTF8 } from './type-rules.js';
import { argument, type UdfArguments } from './udf.js';

/**
 * An aggregate of your own: `export const spread = { init, accumulate, merge, finish }` of a module that every worker loads.
 *
 *     export const spread = {
 *       init: () => ({ low: Infinity, high: -Infinity }),
 *       accumulate: (state, x) => ({ low: Math.min(state.low, x), high: Math.max(state.high, x) }),
 *       merge: (a, b) => ({ low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) }),
 *       finish: state => state.high - state.low,
 *     };
 *     const spread = aggregateFn(import.meta.url, 'spread', { args: [t.float64], returns: t.float64 });
 *     pipeline.groupBy('sensor').aggregate(row => ({ spread: spread(row.x) }))
 *
 * Rows come in any order, in parts that are merged in any order: `merge` must be commutative and associative, and to accumulate a row must be
 * to merge with the state of that row alone. Between batches a state is JSON in the shared memory, of 1 MiB at most: a number that is not
 * finite comes back as null, and a bigint is refused. All four are pure; the rows of nulls are theirs to judge. The result of no rows is null.
 *
 * `accumulate` is first tried on `init()` for every row; a row for which that throws is a dead letter, `UDF_FAILED`. All else that throws, or gives
 * no value of type `returns`, ends the job with `UDF_FAILED`.
 */
export function aggregateFn<const A extends readonly ColumnType[], R extends ColumnTag, N extends null>(
  module: string, name: string, signature: { readonly args: A; readonly returns: ColumnType<R, N> },
): (...columns: UdfArguments<A>) => Aggregate<R, N, null> {
  const options = reference('aggregateFn', module, name);
  const parameters = signature.args.map((type, i) => typeNode(type, `Argument ${i + 1} of aggregate ${name}`));
  const returns = typeNode(signature.returns, `The result of aggregate ${name}`);
  return (...columns: readonly unknown[]) => {
    if (columns.length !== parameters.length) throw mismatch(`aggregate ${name} takes ${parameters.length} columns, got ${columns.length}.`);
    const [input = null, ...more] = parameters.map((parameter, i) => argument(`aggregate ${name}`, parameter, operand(columns[i])));
    return new AggregateNode({ fn: 'user', input, more, options: { ...options, nullable: returns.isNullable }, where: null, type: returns.dataType, nullable: returns.isNullable }) as never;
  };
}

/**
 * The values of a column folded by `export const longest = (a, b) => …` of a module that every worker loads, two at a time, into one of the same type. The
 * function must be commutative and associative, since values come in any order; nulls take no part. What it throws, or returns of another
 * type, ends the job with `UDF_FAILED`.
 */
export function reduce<E extends Expr>(module: string, name: string, column: E): Aggregate<Same<E>, NullsOf<E>, null> {
  const options = reference('reduce', module, name);
  const given = columnExpression(column, 'reduce');
  const input = given.type.kind === 'dictionary' ? coerceTo(given, UTF8) : given;
  return new AggregateNode({ fn: 'reduce', input, options, where: null, type: input.type, nullable: input.nullable }) as never;
}

function reference(what: string, module: unknown, name: unknown): { readonly module: string; readonly name: string } {
  if (typeof module !== 'string' || !URL.canParse(module)) throw new MillraceError('BAD_OPTION', `${what} takes the URL of a module first: ${what}(import.meta.url, …).`);
  if (typeof name !== 'string' || name === '') throw new MillraceError('BAD_OPTION', `${what} takes the name of an export second.`);
  return { module, name };
}
