import { MillraceError } from '../errors.js';
import type { ColumnByTag, Expr, NullsOf, TagOf } from './column.js';
import { columnExpression } from './column-node.js';
import type { Expression } from './expression-tree.js';
import { coerceTo, mismatch, typed } from './operators/coerce.js';
import { condition } from './operators/comparison.js';
import type { AggregateCall, AggregateFunction } from './plan.js';
import { printExpression } from './print-expression.js';
import { noteBuilt, noteUsed, type Recorded } from './recording.js';
import type { ColumnTag, NumericTag, SumTag } from './tags.js';
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
type Same<E extends Expr> = TagOf<E> extends 'dictionary' ? 'utf8' : TagOf<E>;

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
function same<A extends Aggregate>(fn: AggregateFunction, column: unknown): A {
  const given = columnExpression(column, fn);
  const input = given.type.kind === 'dictionary' ? coerceTo(given, UTF8) : given;
  return built(fn, input, input.type, input.nullable);
}
function bool<A extends Aggregate>(fn: AggregateFunction, column: unknown): A {
  const input = columnExpression(column, fn);
  if (input.type.kind !== 'bool') throw mismatch(`${fn} takes a bool column, got ${typed(input)}.`);
  return built(fn, input, BOOL, input.nullable);
}
const built = <A extends Aggregate>(fn: AggregateFunction, input: Expression | null, type: DataType, nullable: boolean): A =>
  new AggregateNode({ fn, input, where: null, type, nullable }) as unknown as A;

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
    return new AggregateNode({ ...this.call, where: rows, nullable: this.call.nullable || fn !== 'count' });
  }
  describe(): string {
    return `${this.call.fn}(${this.call.input === null ? '' : printExpression(this.call.input)})`;
  }
  [Symbol.toPrimitive](): never {
    throw new MillraceError('EXPRESSION_COERCED', `${this.describe()} is used as a JavaScript value. An aggregate is named in the result of .aggregate() and cannot be computed with there.`);
  }
}
