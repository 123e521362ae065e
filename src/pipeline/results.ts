import type { Sink } from '../connectors/sink.js';
import type { Aggregate, AggregateColumn } from '../plan/aggregates.js';
import type { BoolColumn, Columns, ColumnByTag, Expr, NullableColumn, NumericColumn } from '../plan/column.js';
import type { Duration } from '../plan/duration.js';
import type { Firing, LateOptions } from '../plan/firing.js';
import type { Output } from './output.js';
import type { Checked, Grouped, KeyColumns, KindOf, Pipeline, WindowFor } from './pipeline.js';
import type { TypeMessage } from '../plan/tags.js';
import type { AnyWindow } from '../plan/windows.js';

/** The unit of a pipeline's event time; 'none' without one. */
export type EventUnit = 'none' | 'ms' | 'us';
export type WindowKind = AnyWindow['kind'];
export type GroupKey<C extends Columns> = (keyof C & string) | ((row: C) => Columns);
export type Aggregates = Readonly<Record<string, Aggregate>>;

export type Flat<T> = { [K in keyof T]: T[K] } & {};
export type Override<C, R> = Flat<Omit<C, keyof R> & R>;
export type Intersection<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer I) => void ? I : never;
/** Options of `dedupe`: how far apart in event time rows of the same keys are still the same. */
export type Within<E extends EventUnit> =
  'none' extends E ? TypeMessage<'dedupe needs event time: call .eventTime(column) behind stream().'> : { readonly within: Duration };

/** Results of an aggregate that come once: rows like others, whose event time is the last moment of their window. */
export interface Results<in out C extends Columns, E extends EventUnit, W extends WindowKind> extends Output<C> {
  filter(predicate: (row: C) => Expr<'bool'>): Results<C, E, W>;
  /** As `filter`: keeps the results for which the condition is true. */
  having(predicate: (row: C) => Expr<'bool'>): Results<C, E, W>;
  select<K extends keyof C & string>(...names: readonly K[]): Results<Flat<Pick<C, K>>, E, W>;
  map<R extends Columns>(columns: (row: C) => R): Results<R, E, W>;
  with<R extends Columns>(columns: (row: C) => R): Results<Override<C, R>, E, W>;
  /** The same rows, to be joined: results have no joins of their own, a pipeline has. `counts.asPipeline().join(limits, …)` */
  asPipeline(): Pipeline<C, E>;
  /** These and the rows of all others. They must have the same columns. */
  union(...others: readonly Unitable<C, E>[]): Pipeline<C, E>;
  /** The `n` rows of each window, and of each combination of the columns `per`, with the greatest `by` (order 'asc': the least); nulls come last. */
  top(n: W extends 'count' | 'session' ? TypeMessage<'top ranks the groups of one window, but each group has session and count windows of its own.'> : number, by: (row: C) => Expr, options?: TopOptions<C>): Results<C, E, W>;
  dedupe(keys: GroupKey<C> | readonly GroupKey<C>[], options: Within<E>): Results<C, E, W>;
  groupBy<const K extends readonly GroupKey<C>[]>(...keys: K): Grouped<C, KeyColumns<C, K>, E, 'global'>;
  window<V extends WindowFor<E>>(window: Checked<C, V>): Grouped<C, {}, E, KindOf<V>>;
  aggregate<R extends Aggregates>(aggregates: (row: C) => R): Aggregated<{}, AggregateResults<{}, 'global', R>, E, 'global'>;
}
/** Rows that come once. */
export type Unitable<C extends Columns, E extends EventUnit> = Pipeline<C, E> | Results<C, E, WindowKind>;
export interface TopOptions<C extends Columns> {
  readonly per?: readonly (keyof C & string)[];
  readonly order?: 'desc' | 'asc';
}

/**
 * Results that are revised: each row replaces the one with the same identity `I` (keys and window) and a smaller `version`; where
 * `deleted` is true it takes that back. Steps keep the columns of `I`.
 */
export interface Updates<in out C extends Columns, in out I extends keyof C> extends Output<C, 'updating'> {
  /** A result that no longer meets the condition comes again, with `deleted` true and nulls: it may have been given out before. */
  filter(predicate: (row: C) => Expr<'bool'>): Updates<Deletable<C, I>, I | 'deleted'>;
  /** As `filter`. */
  having(predicate: (row: C) => Expr<'bool'>): Updates<Deletable<C, I>, I | 'deleted'>;
  select<K extends keyof C & string>(...names: [Exclude<I, K>] extends [never] ? readonly K[] : readonly TypeMessage<'These results are revised: keep their keys, windowStart, windowEnd, version and deleted, or say .emit(\'final\') behind the aggregate.'>[]): Updates<Flat<Pick<C, K | I>>, I>;
  map<R extends Columns>(columns: (row: C) => R & Pick<C, I>): Updates<R & Pick<C, I>, I>;
  with<R extends Columns>(columns: (row: C) => R & { readonly [K in I]?: C[K] }): Updates<Override<C, R>, I & keyof Override<C, R>>;
  top(this: OnlyFinal, n: number, by: unknown, options?: unknown): never;
  union(this: OnlyFinal, ...others: unknown[]): never;
  dedupe(this: OnlyFinal, keys: unknown, options?: unknown): never;
  groupBy(this: OnlyFinal, ...keys: unknown[]): never;
  window(this: OnlyFinal, window: unknown): never;
  aggregate(this: OnlyFinal, aggregates: unknown): never;
}
type OnlyFinal = TypeMessage<'These results are revised, and each revision would count as a row: say .emit(\'final\') behind the aggregate.'>;
type Deletable<C extends Columns, I extends keyof C> =
  Flat<Pick<C, I> & { readonly deleted: BoolColumn<never> } & { readonly [K in Exclude<keyof C, I | 'deleted'>]: NullableColumn<C[K]> }>;

/**
 * The results of an aggregate with keys `K` and results `A`, which say with `late` and `emit` when they come. By default: at the close of
 * their window, when the watermark has passed its end, and again for late rows where those are accepted.
 */
export type Aggregated<K extends Columns, A extends Columns, E extends EventUnit, W extends WindowKind, Late extends boolean = false, F extends FiringKind = 'close'> =
  Tuned<K, A, E, W, Late, F> & (IsUpdating<Late, F> extends true
    ? Updates<Updating<K & Bounds<E, W>, A, W>, keyof K | keyof Bounds<E, W> | ChangelogNames<W>>
    : Results<Flat<K & Bounds<E, W> & A>, W extends 'global' | 'count' ? 'none' : E, W>);
interface Tuned<K extends Columns, A extends Columns, E extends EventUnit, W extends WindowKind, Late extends boolean, F extends FiringKind> {
  /**
   * `accept`: for so long after its end a window takes late rows; its result then comes again, with a greater `version`. `then`: where
   * rows go that come later still (columns: DEAD_LETTER_FIELDS); they are counted either way.
   */
  late<O extends LateOptions<Sink>>(options: W extends 'global' | 'count' ? NoLate : O): Aggregated<K, A, E, W, O extends { readonly accept: Duration } ? true : Late, F>;
  /** 'close': the default. 'final': once, when no late row is accepted any more. `{ early }`: besides, what there is so far, every so often by the clock. */
  emit<G extends Firing>(when: G): Aggregated<K, A, E, W, Late, G extends FiringKind ? G : 'early'>;
  deadLetters(sink: Sink): Aggregated<K, A, E, W, Late, F>;
}
type NoLate = TypeMessage<'No row is ever late for a global or a count window.'>;
type FiringKind = 'close' | 'final' | 'early';
type IsUpdating<Late extends boolean, F extends FiringKind> = F extends 'early' ? true : F extends 'final' ? false : Late;

type Bound<E extends EventUnit> = ColumnByTag<never>[E extends 'us' ? 'timestampUs' : 'timestamp'];
type Int64 = NumericColumn<'int64', never>;
/** The columns of a window; see `windowColumns`. */
export type Bounds<E extends EventUnit, W extends WindowKind> =
  W extends 'global' ? {} : W extends 'count' ? { readonly windowNumber: Int64 } : { readonly windowStart: Bound<E>; readonly windowEnd: Bound<E> };
type ChangelogNames<W extends WindowKind> = W extends 'session' ? 'version' | 'deleted' : 'version';
type Updating<I extends Columns, A extends Columns, W extends WindowKind> = W extends 'session'
  ? Flat<I & { readonly version: Int64; readonly deleted: BoolColumn<never> } & { readonly [P in keyof A]: NullableColumn<A[P]> }>
  : Flat<I & { readonly version: Int64 } & A>;

/** Without keys and window there is a result even for no rows. */
type NullIfEmpty<K, W extends WindowKind> = W extends 'global' ? ([keyof K] extends [never] ? null : never) : never;
export type AggregateResults<K extends Columns, W extends WindowKind, R extends Aggregates> =
  { readonly [P in keyof R]: AggregateColumn<R[P], NullIfEmpty<K, W>> };
