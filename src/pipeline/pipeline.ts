import type { Source } from '../connectors/source.js';
import type { Columns, Expr, TagOf } from '../plan/column.js';
import type { EventTimeOptions } from '../plan/event-time.js';
import type { Joins } from './joins.js';
import type { Output } from './output.js';
import { sourceNode } from './pipeline-node.js';
import type { Aggregated, AggregateResults, Aggregates, EventUnit, Flat, GroupKey, Intersection, Override, Unitable, WindowKind, Within } from './results.js';
import type { Schema } from '../plan/schema.js';
import type { TextTag, TimeTag, TypeMessage } from '../plan/tags.js';
import type { AnyWindow, CalendarWindow, CountWindow, GlobalWindow } from '../plan/windows.js';

/** Rows with columns `C`, on their way through a job. Immutable: every method returns the next pipeline. */
export interface Pipeline<in out C extends Columns, E extends EventUnit = EventUnit> extends Output<C>, Joins<C, E> {
  /** Keeps the rows for which the condition is true (not false, not null). */
  filter(predicate: (row: C) => Expr<'bool'>): Pipeline<C, E>;
  /** Keeps these columns, in this order. */
  select<K extends keyof C & string>(...names: readonly K[]): Pipeline<Flat<Pick<C, K>>, E>;
  /** Replaces all columns: `map(row => ({ id: row.id, total: row.price.mul(row.pieces) }))`. A row keeps its event time whatever its columns. */
  map<R extends Columns>(columns: (row: C) => R): Pipeline<R, E>;
  /** Adds columns, or replaces those of the same name. */
  with<R extends Columns>(columns: (row: C) => R): Pipeline<Override<C, R>, E>;
  /** These and the rows of all others, or results that come once. They must have the same columns. */
  union(...others: readonly Unitable<C, E>[]): Pipeline<C, E>;
  /** Leaves out rows with the same keys as one that was read before, and an event time at most `within` from its own. Null is a key like others. */
  dedupe(keys: GroupKey<C> | readonly GroupKey<C>[], options: Within<E>): Pipeline<C, E>;
  /** One group for each combination of keys: names of columns, or callbacks that return named expressions. Null is a key like others. */
  groupBy<const K extends readonly GroupKey<C>[]>(...keys: K): Grouped<C, KeyColumns<C, K>, E, 'global'>;
  /** A window over all rows without keys. */
  window<W extends WindowFor<E>>(window: Checked<C, W>): Grouped<C, {}, E, KindOf<W>>;
  /** One result over all rows, at the end of input. */
  aggregate<R extends Aggregates>(aggregates: (row: C) => R): Aggregated<{}, AggregateResults<{}, 'global', R>, E, 'global'>;
}

/** A pipeline straight from its source. */
export interface SourceStream<in out C extends Columns> extends Pipeline<C, 'none'> {
  /**
   * Which column tells when a row happened: a timestamp or a date. The watermark follows the latest time seen by `outOfOrderness`
   * (default 0): that far may rows be out of order without being late. Or another column of the same unit is the `watermark`.
   */
  eventTime<K extends keyof C & string, M extends keyof C & string = never>(
    column: TagOf<C[K]> extends TimeTag ? K : TypeMessage<'The event time must be a date or timestamp column.'>,
    options?: EventTimeOptions & { readonly watermark?: UnitOf<TagOf<C[M]>> extends UnitOf<TagOf<C[K]>> ? M : TypeMessage<'The watermark must be a timestamp column of the same unit as the event time.'> },
  ): Pipeline<C, TagOf<C[K]> extends 'timestampUs' ? 'us' : 'ms'>;
}
type UnitOf<T> = T extends 'timestampUs' ? 'us' : T extends TimeTag ? 'ms' : 'no time';

/** Rows in groups, waiting for their window (default: `global()`) and their aggregates. */
export interface Grouped<C extends Columns, K extends Columns, E extends EventUnit, W extends WindowKind> {
  window<V extends WindowFor<E>>(window: Checked<C, V>): Grouped<C, K, E, KindOf<V>>;
  /** One row per group and window: the keys, `windowStart` and `windowEnd` of a time window, the aggregates. */
  aggregate<R extends Aggregates>(aggregates: (row: C) => R): Aggregated<K, AggregateResults<K, W, R>, E, W>;
}

export type WindowFor<E extends EventUnit> = 'none' extends E
  ? GlobalWindow | CountWindow | TypeMessage<'Time windows need event time: call .eventTime(column) behind stream(). Results of global and count windows have none.'>
  : AnyWindow;
/** A calendar's `zoneFrom` names a text column. */
export type Checked<C extends Columns, W> = W extends CalendarWindow<infer Z>
  ? ([Z] extends [never] ? W : Z extends keyof C ? (TagOf<C[Z]> extends TextTag ? W : ZoneMessage) : ZoneMessage)
  : W;
type ZoneMessage = TypeMessage<'zoneFrom must be the name of a text column.'>;
export type KindOf<W> = W extends { readonly kind: infer K extends WindowKind } ? K : never;
export type KeyColumns<C extends Columns, K extends readonly unknown[]> =
  Flat<Pick<C, Extract<K[number], keyof C & string>> & Intersection<K[number] extends infer F ? (F extends (...row: never) => infer R ? R : never) : never>>;

/**
 * Starts a pipeline: the rows of a source, with the columns of a schema. Sources that do not deliver dictionary codes (`source.dictionaries`
 * is false: text formats, JavaScript rows) have the text itself, so there dictionary columns are read as utf8: building a dictionary
 * only to look at its text again would cost more than it saves.
 */
export function stream<C extends Columns>(source: Source, schema: Schema<C>): SourceStream<C> {
  return sourceNode(source, schema) as unknown as SourceStream<C>;
}
