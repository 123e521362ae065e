import { MillraceError } from '../errors.js';
import type { ColumnByTag, Expr, NullsOf, TagOf } from './column.js';
import { columnExpression } from './column-node.js';
import type { Expression } from './expression-tree.js';
import { coerceTo, mismatch, typed } from './operators/coerce.js';
import { condition } from './operators/comparison.js';
import { isCount, type AggregateCall, type AggregateFunction, type AggregateOptions } from './plan.js';
import { printCall } from './print-call.js';
import { noteBuilt, noteUsed, type Recorded } from './recording.js';
import type { ColumnTag, NumericTag, SumTag } from './tags.js';
import { describeValue } from './type-builders.js';
import { BOOL, FLOAT64, INT64, UINT64, UTF8, isFloat, isNumeric } from './type-rules.js';
import type { DataType } from './types.js';

declare const aggregated: unique symbol;
/** An aggregate with result type `T`. `Empty` is null where it is null for no rows at all: every one but `count`. */
export interface Aggregate<T extends ColumnTag = ColumnTag, N extends null = null, Empty extends null = null> {
  readonly [aggregated]: { readonly tag: T; readonly nulls: N; readonly empty: Empty };
  /** Takes only the rows for which the condition is true (SQL's FILTER). */
  where(condition: Expr<'bool'>): Aggregate<T, N | Empty, Empty>;
}
/** `Empty`: whether there may be no rows at all, as in an aggregate without keys and window. */
export type AggregateColumn<A extends Aggregate, Empty extends null> = ColumnByTag<A[typeof aggregated]['nulls'] | (A[typeof aggregated]['empty'] & Empty)>[A[typeof aggregated]['tag']];
const DEFAULT_ACCURACY = 0.01;
const DEFAULT_LIMIT = 100;
const MOST_LISTED = 10_000;
export type Same<E extends Expr> = TagOf<E> extends 'dictionary' ? 'utf8' : TagOf<E>;

/** Rows, or with a column the rows in which it is not null; int64. */
export const count = (column?: Expr): Aggregate<'int64', never, never> =>
  built('count', column === undefined ? null : columnExpression(column, 'count'), INT64, false);
/** Integers give int64 (uint64: uint64), decimals decimal(18, scale), floats float64. Exact for integers and decimals; a result that does not fit is an error. */
export const sum = <T extends NumericTag, N extends null = never>(column: Expr<T, N>): Aggregate<SumTag[T], N, null> => numeric('sum', column, sumType);
/** The arithmetic mean as float64: of integers and decimals the exact sum over the count. */
export const mean = <N extends null = never>(column: Expr<NumericTag, N>): Aggregate<'float64', N, null> => numeric('mean', column);
/** Of a sample: divides by n - 1, null for fewer than two rows. */
export const variance = (column: Expr<NumericTag>): Aggregate<'float64', null, null> => numeric('variance', column);
/** Of a whole population: divides by n. */
export const variancePopulation = <N extends null = never>(column: Expr<NumericTag, N>): Aggregate<'float64', N, null> => numeric('variancePopulation', column);
/** Square root of `variance`. */
export const stddev = (column: Expr<NumericTag>): Aggregate<'float64', null, null> => numeric('stddev', column);
/** Square root of `variancePopulation`. */
export const stddevPopulation = <N extends null = never>(column: Expr<NumericTag, N>): Aggregate<'float64', N, null> => numeric('stddevPopulation', column);
/** Least value, of any type; NaN is the greatest number. */
export const min = <E extends Expr>(column: E): Aggregate<Same<E>, NullsOf<E>, null> => same('min', column);
/** Greatest value, of any type; NaN is the greatest number. */
export const max = <E extends Expr>(column: E): Aggregate<Same<E>, NullsOf<E>, null> => same('max', column);
/** Value of the first row in order of (event time, source, position), null if it is null there. */
export const first = <E extends Expr>(column: E): Aggregate<Same<E>, NullsOf<E>, null> => same('first', column);
/** Value of the last row in order of (event time, source, position), null if it is null there. */
export const last = <E extends Expr>(column: E): Aggregate<Same<E>, NullsOf<E>, null> => same('last', column);
/**
 * Value of the row in which `by`, a column of any type, is least; of several such rows of the first in order of (event time, source,
 * position). Rows in which `by` is null take no part; the value may be null.
 */
export const argMin = <E extends Expr, B extends Expr>(column: E, by: B): Aggregate<Same<E>, NullsOf<E> | NullsOf<B>, null> => arg('argMin', column, by);
/** Value of the row in which `by` is greatest, as `argMin`; NaN is the greatest number. */
export const argMax = <E extends Expr, B extends Expr>(column: E, by: B): Aggregate<Same<E>, NullsOf<E> | NullsOf<B>, null> => arg('argMax', column, by);
/** How many different values there are, exactly; int64. Nulls do not count, -0 is 0, every NaN is one. Every different value takes 10 to 40 bytes of the window state, and text its bytes. */
export const countDistinct = (column: Expr): Aggregate<'int64', never, never> => counted('countDistinct', column);
/**
 * How many different values there are, about; int64. HyperLogLog (Flajolet et al. 2007) with 2^12 registers: a standard error of 1.6 %, in
 * 4 KiB a group. Up to 128 different values it is exact and a group takes what its values need. Else as `countDistinct`.
 */
export const approxCountDistinct = (column: Expr): Aggregate<'int64', never, never> => counted('approxCountDistinct', column);
/** Options of `quantile` and `median`. */
export interface QuantileOptions {
  /** The greatest relative error, from 0.001 to 0.25. Default: 0.01. */
  readonly accuracy?: number;
}
/**
 * The value below which lies the share `q` (0 to 1) of the values, as float64: of n values in order that of the place q·(n − 1), rounded
 * down, within 1 % of itself or what `accuracy` says. By DDSketch (Masson, Rim, Lee, VLDB 2019), whose result depends on no order. NaN
 * counts as the greatest number.
 */
export const quantile = <N extends null = never>(column: Expr<NumericTag, N>, q: number, options: QuantileOptions = {}): Aggregate<'float64', N, null> =>
  quantileOf('quantile', column, q, options);
/** `quantile(column, 0.5)`. */
export const median = <N extends null = never>(column: Expr<NumericTag, N>, options: QuantileOptions = {}): Aggregate<'float64', N, null> =>
  quantileOf('median', column, 0.5, options);
/**
 * The `n` (up to 10,000) greatest values, of any type, the greatest first, equal ones as often as they come. As utf8 that holds a JSON
 * array (there is no column type for lists yet), its values as the sink `jsonl` writes them.
 */
export const topN = <N extends null = never>(column: Expr<ColumnTag, N>, n: number): Aggregate<'utf8', N, null> => listed('topN', column, n);
/** The `n` least values, the least first; as `topN`. */
export const bottomN = <N extends null = never>(column: Expr<ColumnTag, N>, n: number): Aggregate<'utf8', N, null> => listed('bottomN', column, n);
/**
 * The `n` (up to 10,000) most frequent values, `[{"value":"a","count":3},…]` in a JSON array as utf8: by count, equal counts by value. Counts are
 * exact; a group with more than 2^20 different values ends the job with `AGGREGATE_TOO_LARGE`.
 */
export const mostFrequent = <N extends null = never>(column: Expr<ColumnTag, N>, n: number): Aggregate<'utf8', N, null> => listed('mostFrequent', column, n);
/**
 * The values of the first rows in order of (event time, source, position), nulls included, in a JSON array as `topN`: up to `limit` of them, 100 if
 * it is not said, 10,000 at most. What comes after is left out.
 */
export const collectList = (column: Expr, options: { readonly limit?: number } = {}): Aggregate<'utf8', never, null> => collected(column, options);
/** True if no value is false; nulls do not count. */
export const boolAnd = <N extends null = never>(column: Expr<'bool', N>): Aggregate<'bool', N, null> => bool('boolAnd', column);
/** True if one value is true; nulls do not count. */
export const boolOr = <N extends null = never>(column: Expr<'bool', N>): Aggregate<'bool', N, null> => bool('boolOr', column);

function sumType(type: DataType): DataType {
  if (type.kind === 'decimal') return { ...type, precision: 18 };
  return isFloat(type) ? FLOAT64 : type.kind === 'uint64' ? UINT64 : INT64;
}
/** The input keeps its type: an accumulator of int64 needs no widened column. */
function numeric<A extends Aggregate>(fn: AggregateFunction, column: unknown, result: (type: DataType) => DataType = () => FLOAT64): A {
  const input = columnExpression(column, fn);
  if (!isNumeric(input.type)) throw mismatch(`${fn} takes numbers, got ${typed(input)}.`);
  return built(fn, input, result(input.type), input.nullable || fn === 'variance' || fn === 'stddev');
}
/** Codes of a dictionary have no order of their own, and mean nothing without it: text stands in for them. */
const withoutCodes = (given: Expression): Expression => (given.type.kind === 'dictionary' ? coerceTo(given, UTF8) : given);
function same<A extends Aggregate>(fn: AggregateFunction, column: unknown): A {
  const input = withoutCodes(columnExpression(column, fn));
  return built(fn, input, input.type, input.nullable);
}
function arg<A extends Aggregate>(fn: AggregateFunction, column: unknown, by: unknown): A {
  const input = withoutCodes(columnExpression(column, fn));
  const compared = withoutCodes(columnExpression(by, `${fn}: what is compared`));
  return new AggregateNode({ fn, input, more: [compared], where: null, type: input.type, nullable: input.nullable || compared.nullable }) as unknown as A;
}
function counted<A extends Aggregate>(fn: AggregateFunction, column: unknown): A {
  return built(fn, withoutCodes(columnExpression(column, fn)), INT64, false);
}
function quantileOf<A extends Aggregate>(name: string, column: unknown, q: unknown, options: QuantileOptions): A {
  const input = columnExpression(column, name);
  if (!isNumeric(input.type)) throw mismatch(`${name} takes numbers, got ${typed(input)}.`);
  const { accuracy = DEFAULT_ACCURACY } = options;
  if (typeof q !== 'number' || !(q >= 0 && q <= 1)) throw new MillraceError('BAD_OPTION', `${name}: q is a number from 0 to 1, got ${describeValue(q)}.`);
  if (typeof accuracy !== 'number' || !(accuracy >= 0.001 && accuracy <= 0.25)) throw new MillraceError('BAD_OPTION', `${name}: accuracy is a relative error from 0.001 to 0.25, got ${describeValue(accuracy)}.`);
  return built('quantile', coerceTo(input, FLOAT64), FLOAT64, input.nullable, { q, accuracy });
}
function listed<A extends Aggregate>(fn: AggregateFunction, column: unknown, n: unknown): A {
  const input = withoutCodes(columnExpression(column, fn));
  return built(fn, input, UTF8, input.nullable, { limit: listLimit(`${fn}: its number of values`, n) });
}
function collected<A extends Aggregate>(column: unknown, { limit = DEFAULT_LIMIT }: { readonly limit?: unknown }): A {
  return built('collectList', withoutCodes(columnExpression(column, 'collectList')), UTF8, false, { limit: listLimit('collectList: limit', limit) });
}
function listLimit(what: string, limit: unknown): number {
  if (typeof limit === 'number' && Number.isInteger(limit) && limit >= 1 && limit <= MOST_LISTED) return limit;
  throw new MillraceError('BAD_OPTION', `${what} is a whole number from 1 to ${MOST_LISTED}, got ${describeValue(limit)}.`);
}
function bool<A extends Aggregate>(fn: AggregateFunction, column: unknown): A {
  const input = columnExpression(column, fn);
  if (input.type.kind !== 'bool') throw mismatch(`${fn} takes a bool column, got ${typed(input)}.`);
  return built(fn, input, BOOL, input.nullable);
}
const built = <A extends Aggregate>(fn: AggregateFunction, input: Expression | null, type: DataType, nullable: boolean, options?: AggregateOptions): A =>
  new AggregateNode({ fn, input, ...(options && { options }), where: null, type, nullable }) as unknown as A;

/** One recorded aggregate, without its name yet. */
export class AggregateNode implements Recorded {
  constructor(readonly call: Omit<AggregateCall, 'name'>) {
    noteBuilt(this);
  }
  where(filter: unknown): AggregateNode {
    const { fn, where } = this.call;
    if (where !== null) throw new MillraceError('PLAN_INVALID', `${this.describe()} has a where already: join the conditions with .and().`);
    noteUsed(this);
    const rows = condition(columnExpression(filter, `${fn}().where`), `${fn}().where`);
    return new AggregateNode({ ...this.call, where: rows, nullable: this.call.nullable || !isCount(fn) });
  }
  describe(): string {
    return this.call.input === null ? `${this.call.fn}()` : printCall(this.call);
  }
  [Symbol.toPrimitive](): never {
    throw new MillraceError('EXPRESSION_COERCED', `${this.describe()} is used as a JavaScript value. An aggregate is named in the result of .aggregate() and cannot be computed with there.`);
  }
}
