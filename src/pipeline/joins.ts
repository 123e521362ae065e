import type { Sink } from '../connectors/sink.js';
import type { BoolColumn, Columns, ColumnByTag, Expr, NullableColumn, NumericColumn, TagOf } from '../plan/column.js';
import type { Duration } from '../plan/duration.js';
import type { Firing, LateOptions } from '../plan/firing.js';
import type { JoinBounds, JoinKind, JoinMode, JoinTiming, JoinWindows } from '../plan/join-options.js';
import type { TypeMessage } from '../plan/tags.js';
import type { CalendarWindow, CumulatingWindow, GlobalWindow, SlidingWindow, TumblingWindow } from '../plan/windows.js';
import type { Output } from './output.js';
import type { Checked, KeyColumns, KindOf, Pipeline, WindowFor } from './pipeline.js';
import type { AggregateResults, Aggregates, Bounds, EventUnit, Flat, GroupKey, Intersection, Override, Results, Unitable, Updates, WindowKind } from './results.js';

/**
 * Which rows of two inputs belong together: columns that both have, or keys that are computed, by the same names on both sides. A key
 * with a null in it matches nothing.
 */
export type JoinKeys<L extends Columns, R extends Columns> =
  | SharedKey<L, R> | readonly SharedKey<L, R>[]
  | { readonly left: (row: L) => Columns; readonly right: (row: R) => Columns };
/** Names of columns that have one type on both sides. */
export type SharedKey<L extends Columns, R extends Columns> = { [K in keyof L & keyof R & string]: TagOf<L[K]> extends TagOf<R[K]> ? K : never }[keyof L & keyof R & string];
/** Computed keys must have the same types. */
type SameKeys<On> = On extends { readonly left: (row: never) => infer A; readonly right: (row: never) => infer B }
  ? ([{ [K in keyof A]: A[K] extends Expr ? TagOf<A[K]> : never }, keyof A] extends [{ [K in keyof B]: B[K] extends Expr ? TagOf<B[K]> : never }, keyof B] ? unknown
    : TypeMessage<'The keys of both sides must have the same names and types.'>) : unknown;

/** Options of `semiJoin` and `antiJoin`. */
export interface HalfJoinOptions<On, M extends JoinMode, W extends JoinWindows> extends JoinBounds, JoinTiming<M, W> {
  /** See `JoinKeys`. */
  readonly on: On & SameKeys<On>;
}
/** Options of `join`. */
export interface JoinOptions<On, K extends JoinKind, M extends JoinMode, W extends JoinWindows> extends HalfJoinOptions<On, M, W> {
  /** 'inner' (default): pairs that match. 'left', 'right', 'full': rows of that side, or of both, that match nothing, too, with nulls for the other. */
  readonly kind?: K;
}
/** Options of `asOfJoin`. `R`: the columns of the table. */
export interface AsOfJoinOptions<R extends Columns, On, K extends 'inner' | 'left'> {
  /** See `JoinKeys`. */
  readonly on: On & SameKeys<On>;
  /** 'inner' (default): rows that have a version. 'left': all rows, with nulls for the table where there is none. */
  readonly kind?: K;
  /** How much older than the row a version may be; an older one counts as none. Default: however old. */
  readonly within?: Duration;
  /** Versions for which this is true say that there is no row in the table any more, until one comes for which it is not. */
  readonly deleted?: (row: R) => Expr<'bool'>;
}
/** Another input of `joinAll` and `countMatches`. */
export interface JoinInput<R extends Columns, E extends EventUnit> extends JoinBounds {
  readonly of: Unitable<R, E>;
  /** Its computed keys, where `on` is a callback. Default: the columns that `on` names. */
  readonly on?: (row: R) => Columns;
}
/** `left`: a row for every left row, with nulls for this input where nothing of it matches. Default: 'inner'. */
export interface JoinAllInput<R extends Columns, E extends EventUnit> extends JoinInput<R, E> {
  readonly kind?: 'inner' | 'left';
}
/** Options of `joinAll` and `countMatches`. */
export interface JoinSeveralOptions<On, M extends JoinMode, W extends JoinWindows> extends JoinTiming<M, W> {
  /** Columns that all inputs have, or a callback that computes keys of the left row; then every input has an `on` of its own. */
  readonly on: On;
}
type LeftKeys<L extends Columns> = (keyof L & string) | readonly (keyof L & string)[] | ((row: L) => Columns);

type Names<On> = On extends string ? On : On extends readonly (infer N extends string)[] ? N : never;
type AllNull<C extends Columns> = { readonly [K in keyof C]: NullableColumn<C[K]> };
type LeftOf<C extends Columns, K extends JoinKind> = K extends 'right' | 'full' ? AllNull<C> : C;
type RightOf<C extends Columns, K extends JoinKind> = K extends 'left' | 'full' ? AllNull<C> : C;
type BoundsOf<E extends EventUnit, W> = [W] extends [never] ? {} : Bounds<E, 'tumbling'>;
/** A key that both sides have is that of the row that there is. */
type KeysOf<L extends Columns, R extends Columns, On, K extends JoinKind> =
  K extends 'right' ? { readonly [N in Names<On> & keyof L & keyof R]: R[N] } : K extends 'full' ? { readonly [N in Names<On> & keyof L]: NullableColumn<L[N]> } : {};
type PairColumns<L extends Columns, R extends Columns, On, K extends JoinKind> = Flat<Override<LeftOf<L, K>, KeysOf<L, R, On, K>> & Omit<RightOf<R, K>, Names<On>>>;

/** Rows of a join: they come once, or may be taken back where a later match changes what was given out. */
type JoinedBy<C extends Columns, E extends EventUnit, M extends JoinMode, Changes extends boolean> = M extends 'final' ? Joined<C, E> : Changes extends true ? Retracting<C, E> : Joined<C, E>;
type Changes<K extends JoinKind> = K extends 'inner' ? false : true;

/** Columns of several inputs by name; `G`: what was given, with the kind of each. */
type ColumnSets = Readonly<Record<string, Columns>>;
type InputRow<R extends Columns, I> = I extends { readonly kind: 'left' } ? AllNull<R> : R;
type AnyLeft<G> = true extends { [K in keyof G]: G[K] extends { readonly kind: 'left' } ? true : false }[keyof G] ? true : false;
type Several<S extends ColumnSets, G extends { readonly [K in keyof S]: unknown }, On> = Intersection<{ [K in keyof S]: Omit<InputRow<S[K], G[K]>, Names<On>> }[keyof S]>;
type Counts<S> = { readonly [K in keyof S]: NumericColumn<'int64', never> };

/** The joins of a pipeline with columns `C`. Each needs to know how near in event time rows must be: `within`, or `window`. */
export interface Joins<in out C extends Columns, E extends EventUnit> {
  /**
   * Rows of two inputs side by side. Without `select` the columns of both, those that are keys by name once. A result happened when its left
   * row did.
   */
  join<R extends Columns, const On extends JoinKeys<C, R>, S extends Columns, K extends JoinKind = 'inner', M extends JoinMode = 'eager', W extends JoinWindows = never>(
    right: Timed<E, Unitable<R, E>>, options: JoinOptions<On, K, M, W> & { readonly select: (left: LeftOf<C, K>, right: RightOf<R, K>) => S },
  ): JoinedBy<Flat<S & BoundsOf<E, W>>, E, M, Changes<K>>;
  join<R extends Columns, const On extends JoinKeys<C, R>, K extends JoinKind = 'inner', M extends JoinMode = 'eager', W extends JoinWindows = never>(
    right: Timed<E, Unitable<R, E>>, options: JoinOptions<On, K, M, W>,
  ): JoinedBy<Flat<PairColumns<C, R, On, K> & BoundsOf<E, W>>, E, M, Changes<K>>;
  /**
   * Rows with what a table that changes said at their time: rows of `table` are versions, each replaces those of its key before it in event time,
   * and a row of this pipeline meets the newest one at or before its own time. A row is given out once no version for it can come any more,
   * and is never taken back. `ads.asOfJoin(campaigns, { on: 'campaignId', kind: 'left', deleted: row => row.stopped })`
   */
  asOfJoin<R extends Columns, const On extends JoinKeys<C, R>, S extends Columns, K extends 'inner' | 'left' = 'inner'>(
    table: Timed<E, Unitable<R, E>>, options: AsOfJoinOptions<R, On, K> & { readonly select: (left: C, right: RightOf<R, K>) => S },
  ): Joined<S, E>;
  asOfJoin<R extends Columns, const On extends JoinKeys<C, R>, K extends 'inner' | 'left' = 'inner'>(
    table: Timed<E, Unitable<R, E>>, options: AsOfJoinOptions<R, On, K>,
  ): Joined<PairColumns<C, R, On, K>, E>;
  /** The rows that something of `right` matches, each once. */
  semiJoin<R extends Columns, const On extends JoinKeys<C, R>, M extends JoinMode = 'eager', W extends JoinWindows = never>(
    right: Timed<E, Unitable<R, E>>, options: HalfJoinOptions<On, M, W>,
  ): Joined<Flat<C & BoundsOf<E, W>>, E>;
  /** The rows that nothing of `right` matches. */
  antiJoin<R extends Columns, const On extends JoinKeys<C, R>, M extends JoinMode = 'eager', W extends JoinWindows = never>(
    right: Timed<E, Unitable<R, E>>, options: HalfJoinOptions<On, M, W>,
  ): JoinedBy<Flat<C & BoundsOf<E, W>>, E, M, true>;
  /**
   * Rows of several inputs side by side, by one key: a result for each combination of matches of a row of this pipeline, in one step that
   * keeps nothing in between. `joinAll({ views: { of: views, within: '12h' }, clicks: { of: clicks, within: '12h', kind: 'left' } }, { on: 'adId' })`
   */
  joinAll<S extends ColumnSets, const G extends { readonly [K in keyof S]: unknown }, const On extends LeftKeys<C>, T extends Columns, M extends JoinMode = 'eager', W extends JoinWindows = never>(
    others: G & { readonly [K in keyof S]: JoinAllInput<S[K], E> },
    options: JoinSeveralOptions<On, M, W> & { readonly select: (left: C, others: { readonly [K in keyof S]: InputRow<S[K], G[K]> }) => T },
  ): JoinedBy<Flat<T & BoundsOf<E, W>>, E, M, AnyLeft<G>>;
  joinAll<S extends ColumnSets, const G extends { readonly [K in keyof S]: unknown }, const On extends LeftKeys<C>, M extends JoinMode = 'eager', W extends JoinWindows = never>(
    others: G & { readonly [K in keyof S]: JoinAllInput<S[K], E> }, options: JoinSeveralOptions<On, M, W>,
  ): JoinedBy<Flat<C & Several<S, G, On> & BoundsOf<E, W>>, E, M, AnyLeft<G>>;
  /** The rows of this pipeline, each with how many rows of every other input match it: `countMatches({ views: { of: views, within: '12h' } }, { on: 'adId' })`. */
  countMatches<S extends ColumnSets, const On extends LeftKeys<C>, M extends JoinMode = 'eager', W extends JoinWindows = never>(
    others: { readonly [K in keyof S]: JoinInput<S[K], E> }, options: JoinSeveralOptions<On, M, W>,
  ): JoinedBy<Flat<C & Counts<S> & BoundsOf<E, W>>, E, M, true>;
}
type Timed<E extends EventUnit, P> = 'none' extends E ? TypeMessage<'A join needs event time on both sides: call .eventTime(column) behind stream().'> : P;

/** Rows of a join that come once. */
export interface Joined<in out C extends Columns, E extends EventUnit> extends Pipeline<C, E> {
  /** `accept`: a row may be so far behind the watermark without being late; it is kept so much longer. `then`: where rows go that are late (columns: DEAD_LETTER_FIELDS). */
  late(options: LateOptions<Sink>): Joined<C, E>;
}

/**
 * Rows of a join that may be taken back: a row with `retracted` true takes back an earlier one that was equal in all other columns. The
 * column goes along through all steps; aggregates behind it forget what was taken back. Sessions, `top`, `dedupe` and joins cannot:
 * `mode: 'final'` is for them.
 */
export interface Retracting<in out C extends Columns, E extends EventUnit> extends Output<Flat<C & { readonly retracted: BoolColumn<never> }>, 'retracting'> {
  late(options: LateOptions<Sink>): Retracting<C, E>;
  filter(predicate: (row: C) => Expr<'bool'>): Retracting<C, E>;
  select<K extends keyof C & string>(...names: readonly K[]): Retracting<Flat<Pick<C, K>>, E>;
  map<R extends Columns>(columns: (row: C) => R): Retracting<R, E>;
  with<R extends Columns>(columns: (row: C) => R): Retracting<Override<C, R>, E>;
  groupBy<const K extends readonly GroupKey<C>[]>(...keys: K): RetractingGroups<C, KeyColumns<C, K>, E, 'global'>;
  window<W extends SteadyWindow>(window: Checked<C, W>): RetractingGroups<C, {}, E, KindOf<W>>;
  aggregate<R extends Aggregates>(aggregates: (row: C) => R): Restored<{}, AggregateResults<{}, 'global', R>, E, 'global'>;
}
type SteadyWindow = GlobalWindow | TumblingWindow | SlidingWindow | CumulatingWindow | CalendarWindow;

/** Rows that may be taken back, in groups. Their aggregates are `count`, `sum` and `mean` of integers and decimals. */
export interface RetractingGroups<C extends Columns, K extends Columns, E extends EventUnit, W extends WindowKind> {
  window<V extends SteadyWindow & WindowFor<E>>(window: Checked<C, V>): RetractingGroups<C, K, E, KindOf<V>>;
  aggregate<R extends Aggregates>(aggregates: (row: C) => R): Restored<K, AggregateResults<K, W, R>, E, W>;
}

/**
 * Results over rows that may be taken back. A window is given out at its close and again as its rows change, as long as they can; a group
 * of which all rows were taken back comes as `deleted`. `emit('final')`: once, when nothing can change any more.
 */
export type Restored<K extends Columns, A extends Columns, E extends EventUnit, W extends WindowKind, F extends 'close' | 'final' | 'early' = W extends 'global' ? 'final' : 'close'> =
  { emit<G extends Firing>(when: G): Restored<K, A, E, W, G extends { readonly early: unknown } ? 'early' : W extends 'global' ? 'final' : G & ('close' | 'final')>; deadLetters(sink: Sink): Restored<K, A, E, W, F> }
  & (F extends 'final' ? Results<Flat<K & Bounds<E, W> & A>, W extends 'global' ? 'none' : E, W>
    : Updates<Flat<K & Bounds<E, W> & { readonly version: ColumnByTag<never>['int64']; readonly deleted: BoolColumn<never> } & AllNull<A>>, keyof K | keyof Bounds<E, W> | 'version' | 'deleted'>);
