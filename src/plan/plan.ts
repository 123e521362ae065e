import type { Expression, StaticTable } from './expression-tree.js';
import type { DataType, Field, Fields } from './types.js';

/** What `pipeline.plan()` returns: frozen plain JSON that says everything about a job but where its rows come from and go to. */
export interface Plan {
  readonly version: 1;
  /** In the order of the inputs; a union has several. */
  readonly branches: readonly Branch[];
  readonly tables: readonly StaticTable[];
  /** What stands behind the branches: a keyed windowed aggregate, or nothing (rows are emitted as they come). */
  readonly aggregate: Aggregate | null;
  /** The columns of the result. */
  readonly output: Fields;
}

/** One source and the stateless steps behind it. Every branch of a plan ends in the same columns. */
export interface Branch {
  readonly source: { readonly name: string; readonly schema: Fields };
  /** null: the source has no event time. */
  readonly eventTime: EventTime | null;
  readonly steps: readonly Step[];
}
export interface EventTime {
  /** A timestamp or date column of the source's schema. */
  readonly column: string;
  /** In the unit of the column (days for a date are in ms). */
  readonly outOfOrderness: number;
}
export type Step =
  | { readonly kind: 'filter'; readonly predicate: Expression }
  /** Replaces all columns: `columns[i]` may be a bare column. The event time stays a row's own whatever the projection. */
  | { readonly kind: 'project'; readonly columns: readonly NamedExpression[] };
export interface NamedExpression {
  readonly name: string;
  readonly expression: Expression;
}

export interface Aggregate {
  /** Over the columns a branch ends in. Empty: one group. A null is a group. */
  readonly keys: readonly NamedExpression[];
  readonly window: Window;
  readonly aggregates: readonly AggregateCall[];
}
export type Window =
  | { readonly kind: 'global' }
  /** `size` and `offset` in the unit of event time; a window is [start, start + size). */
  | { readonly kind: 'tumbling'; readonly size: number; readonly offset: number; readonly unit: 'ms' | 'us' };

export type AggregateFunction =
  | 'count' | 'sum' | 'min' | 'max' | 'mean' | 'variance' | 'variancePopulation' | 'stddev' | 'stddevPopulation'
  | 'first' | 'last' | 'boolAnd' | 'boolOr' | 'argMin' | 'argMax'
  | 'countDistinct' | 'approxCountDistinct' | 'quantile' | 'topN' | 'bottomN' | 'mostFrequent' | 'collectList';
/** Constants of an aggregate: which there are depends on its function. */
export interface AggregateOptions {
  /** Which quantile, 0 to 1. */
  readonly q?: number;
  /** Of quantiles: the relative error. */
  readonly accuracy?: number;
  /** Of lists: how many values at most. */
  readonly limit?: number;
}
/** Result columns: keys, then (tumbling) `windowStart`, `windowEnd`, then aggregates. */
export interface AggregateCall {
  readonly name: string;
  readonly fn: AggregateFunction;
  /** null only for `count` of rows. */
  readonly input: Expression | null;
  /** Further inputs, where there are any: of `argMin` and `argMax` the compared column. */
  readonly more?: readonly Expression[];
  readonly options?: AggregateOptions;
  /** Rows for which this is not true do not count for this aggregate (SQL `FILTER (WHERE …)`). */
  readonly where: Expression | null;
  readonly type: DataType;
  readonly nullable: boolean;
}

export const windowColumns = (window: Window): readonly Field[] =>
  window.kind === 'global' ? [] : ['windowStart', 'windowEnd'].map(name => ({ name, type: { kind: 'timestamp', unit: window.unit }, nullable: false }));

/** Whether an aggregate is 0 and not null where there are no rows. */
export const isCount = (fn: AggregateFunction): boolean => fn === 'count' || fn === 'countDistinct' || fn === 'approxCountDistinct';
/** Whether the place of a row in event time decides which value an aggregate gives. */
export const goesByTime = (fn: AggregateFunction): boolean => ['first', 'last', 'argMin', 'argMax', 'collectList'].includes(fn);
/** Every expression of an aggregate call. */
export const expressionsOfCall = ({ input, more = [], where }: AggregateCall): Expression[] =>
  [input, ...more, where].filter(expression => expression !== null);
