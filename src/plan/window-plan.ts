import type { Expression } from './expression-tree.js';

/** Windows in a plan: plain JSON. Lengths are whole numbers of `unit`, that of event time; a window is [start, end). */
export type Window =
  | { readonly kind: 'global' }
  /** [start, start + size), start ≡ offset modulo size. */
  | { readonly kind: 'tumbling'; readonly size: number; readonly offset: number; readonly unit: TimeUnitName }
  /** [start, start + size), start ≡ offset modulo slide. slide ≤ size, and need not divide it. */
  | { readonly kind: 'sliding'; readonly size: number; readonly slide: number; readonly offset: number; readonly unit: TimeUnitName }
  /** [start, start + k · step) for k = 1 … size / step, start ≡ offset modulo size. */
  | { readonly kind: 'cumulating'; readonly size: number; readonly step: number; readonly offset: number; readonly unit: TimeUnitName }
  /** From one local midnight (full hour, Monday, first of the month) to the next. One of `zone` and `zoneColumn` is null. */
  | {
    readonly kind: 'calendar';
    readonly every: CalendarUnit;
    /** A name of the IANA database. */
    readonly zone: string | null;
    /** Text, over the columns a branch ends in: each row has a zone of its own. */
    readonly zoneColumn: Expression | null;
    readonly unit: TimeUnitName;
  }
  /**
   * Rows at most `gap` apart, of one group: from the first row to the last one's time + gap. With `maxLength`, sessions are cut at absolute
   * multiples of it, so that the result does not depend on the order of arrival.
   */
  | { readonly kind: 'session'; readonly gap: number; readonly maxLength: number | null; readonly unit: TimeUnitName }
  /** `rows` rows of one group, in the order in which they are read. */
  | { readonly kind: 'count'; readonly rows: number };

export type TimeUnitName = 'ms' | 'us';
export type CalendarUnit = 'hour' | 'day' | 'week' | 'month';
export type WindowName = Window['kind'];
