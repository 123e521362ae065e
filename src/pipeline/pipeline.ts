import type { Sink } from '../connectors/sink.js';
import type { Source } from '../connectors/source.js';
import type { Aggregate, AggregateColumn } from '../plan/aggregates.js';
import type { Columns, ColumnByTag, Expr, TagOf } from '../plan/column.js';
import type { Duration } from '../plan/duration.js';
import type { Output } from './output.js';
import { sourceNode } from './pipeline-node.js';
import type { Schema } from '../plan/schema.js';
import type { TimeTag, TypeMessage } from '../plan/tags.js';
import type { GlobalWindow, TumblingWindow } from '../plan/windows.js';

/** The unit of a pipeline's event time; 'none' without one. */
export type EventUnit = 'none' | 'ms' | 'us';

/** Rows with columns `C`, on their way through a job. Immutable: every method returns the next pipeline. */
export interface Pipeline<in out C extends Columns, E extends EventUnit = EventUnit> extends Output<C> {
  /** Keeps the rows for which the condition is true (not false, not null). */
  filter(predicate: (row: C) => Expr<'bool'>): Pipeline<C, E>;
  /** Keeps these columns, in this order. */
  select<K extends keyof C & string>(...names: readonly K[]): Pipeline<Flat<Pick<C, K>>, E>;
  /** Replaces all columns: `map(row => ({ id: row.id, total: row.price.mul(row.pieces) }))`. A row keeps its event time whatever its columns. */
  map<R extends Columns>(columns: (row: C) => R): Pipeline<R, E>;
  /** Adds columns, or replaces those of the same name. */
  with<R extends Columns>(columns: (row: C) => R): Pipeline<Override<C, R>, E>;
  /** The rows of all. They must have the same columns. */
  union(...others: readonly Pipeline<C, E>[]): Pipeline<C, E>;
  /** One group for each combination of keys: names of columns, or callbacks that return named expressions. Null is a key like others. */
  groupBy<const K extends readonly GroupKey<C>[]>(...keys: K): Grouped<C, KeyColumns<C, K>, E, 'global'>;
  /** A window over all rows without keys. */
  window<W extends WindowFor<E>>(window: W): Grouped<C, {}, E, KindOf<W>>;
  /** One result over all rows, at the end of input. */
  aggregate<R extends Aggregates>(aggregates: (row: C) => R): Aggregated<AggregateColumns<{}, E, 'global', R>>;
}

/** A pipeline straight from its source. */
export interface SourceStream<in out C extends Columns> extends Pipeline<C, 'none'> {
  /**
   * Which column tells when a row happened: a timestamp or a date. The watermark follows the latest time seen by `outOfOrderness`
   * (default 0): that far may rows be out of order without being late.
   */
  eventTime<K extends keyof C & string>(
    column: TagOf<C[K]> extends TimeTag ? K : TypeMessage<'The event time must be a date or timestamp column.'>,
    options?: { readonly outOfOrderness?: Duration },
  ): Pipeline<C, TagOf<C[K]> extends 'timestampUs' ? 'us' : 'ms'>;
}

/** Rows in groups, waiting for their window (default: `global()`) and their aggregates. */
export interface Grouped<C extends Columns, K extends Columns, E extends EventUnit, W extends WindowKind> {
  window<V extends WindowFor<E>>(window: V): Grouped<C, K, E, KindOf<V>>;
  /** One row per group and window: the keys, `windowStart` and `windowEnd` of a tumbling window, the aggregates. */
  aggregate<R extends Aggregates>(aggregates: (row: C) => R): Aggregated<AggregateColumns<K, E, W, R>>;
}
/** The results of an aggregate. */
export interface Aggregated<in out C extends Columns> extends Output<C> {
  /** Where rows go that come too late for their window (columns: DEAD_LETTER_FIELDS); they are counted either way. */
  late(options: { readonly then: Sink }): Aggregated<C>;
  deadLetters(sink: Sink): Aggregated<C>;
}

type WindowKind = 'global' | 'tumbling';
type WindowFor<E extends EventUnit> =
  'none' extends E ? GlobalWindow | TypeMessage<'tumbling() needs event time: call .eventTime(column) behind stream().'> : GlobalWindow | TumblingWindow;
type KindOf<W> = W extends TumblingWindow ? 'tumbling' : 'global';
type GroupKey<C extends Columns> = (keyof C & string) | ((row: C) => Columns);
type Aggregates = Readonly<Record<string, Aggregate>>;

type Flat<T> = { [K in keyof T]: T[K] } & {};
type Override<C, R> = Flat<Omit<C, keyof R> & R>;
type Intersection<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer I) => void ? I : never;
type KeyColumns<C extends Columns, K extends readonly unknown[]> =
  Flat<Pick<C, Extract<K[number], keyof C & string>> & Intersection<K[number] extends infer F ? (F extends (...row: never) => infer R ? R : never) : never>>;
type Bound<E extends EventUnit> = ColumnByTag<never>[E extends 'us' ? 'timestampUs' : 'timestamp'];
type WindowBounds<E extends EventUnit, W extends WindowKind> = W extends 'tumbling' ? { readonly windowStart: Bound<E>; readonly windowEnd: Bound<E> } : {};
/** Without keys and window there is a result even for no rows. */
type NullIfEmpty<K, W extends WindowKind> = W extends 'global' ? ([keyof K] extends [never] ? null : never) : never;
type AggregateColumns<K extends Columns, E extends EventUnit, W extends WindowKind, R extends Aggregates> =
  Flat<K & WindowBounds<E, W> & { readonly [P in keyof R]: AggregateColumn<R[P], NullIfEmpty<K, W>> }>;

/**
 * Starts a pipeline: the rows of a source, with the columns of a schema. Sources that do not deliver dictionary codes (`source.dictionaries`
 * is false: text formats, JavaScript rows) have the text itself, so there dictionary columns are read as utf8: building a dictionary
 * only to look at its text again would cost more than it saves.
 */
export function stream<C extends Columns>(source: Source, schema: Schema<C>): SourceStream<C> {
  return sourceNode(source, schema) as unknown as SourceStream<C>;
}
