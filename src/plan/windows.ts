import { MillraceError } from '../errors.js';
import { checkOptions, inUnit, parseDuration, type Duration } from './duration.js';
import type { Expression } from './expression-tree.js';
import type { CalendarUnit, TimeUnitName, Window } from './window-plan.js';
import { describeValue } from './type-builders.js';
import { checkedZone } from './zone.js';

/** Made by `global()`. */
export interface GlobalWindow {
  readonly kind: 'global';
}
/** Made by `tumbling(size)`. */
export interface TumblingWindow {
  readonly kind: 'tumbling';
  readonly sizeUs: number;
  /** 0 … size - 1. */
  readonly offsetUs: number;
}
/** Made by `sliding(size, slide)`. */
export interface SlidingWindow {
  readonly kind: 'sliding';
  readonly sizeUs: number;
  readonly slideUs: number;
  /** 0 … slide - 1. */
  readonly offsetUs: number;
}
/** Made by `cumulating(size, step)`. */
export interface CumulatingWindow {
  readonly kind: 'cumulating';
  readonly sizeUs: number;
  readonly stepUs: number;
  /** 0 … size - 1. */
  readonly offsetUs: number;
}
/** Made by `calendar(every)`. `Column`: the name of the column that the zone comes from; never where there is none. */
export interface CalendarWindow<Column extends string = string> {
  readonly kind: 'calendar';
  readonly every: CalendarUnit;
  readonly zone: string | null;
  readonly zoneFrom: Column | null;
}
/** Made by `session(gap)`. */
export interface SessionWindow {
  readonly kind: 'session';
  readonly gapUs: number;
  readonly maxLengthUs: number | null;
}
/** Made by `countWindow(rows)`. */
export interface CountWindow {
  readonly kind: 'count';
  readonly rows: number;
}
/** Windows that need event time. */
export type TimeWindow = TumblingWindow | SlidingWindow | CumulatingWindow | CalendarWindow | SessionWindow;
export type AnyWindow = GlobalWindow | CountWindow | TimeWindow;

/** One window over everything: its results come when all input has ended. The default. */
export const global = (): GlobalWindow => ({ kind: 'global' });

/**
 * Windows [start, start + size) of event time, side by side from 1970-01-01T00:00Z on, moved by `offset`: `tumbling('1d', { offset: '6h' })`
 * is the day from 6 to 6. Results come as the watermark passes a window's end.
 */
export function tumbling(size: Duration, options: { readonly offset?: Duration } = {}): TumblingWindow {
  const sizeUs = lengthOf(size, 'tumbling: its size');
  return { kind: 'tumbling', sizeUs, offsetUs: offsetOf(options, sizeUs, 'tumbling') };
}

/**
 * Windows [start, start + size) of event time, one every `slide`, so that a row is in several: `sliding('10s', '1s')` is the last ten
 * seconds, each second. The slide need not divide the size.
 */
export function sliding(size: Duration, slide: Duration, options: { readonly offset?: Duration } = {}): SlidingWindow {
  const [sizeUs, slideUs] = [lengthOf(size, 'sliding: its size'), lengthOf(slide, 'sliding: its slide')];
  if (slideUs > sizeUs) throw new MillraceError('BAD_OPTION', `sliding: its slide (${slide}) is longer than its size (${size}), so rows between two windows would be in none. For windows with gaps, filter the rows first.`);
  requireFewWindows(sizeUs / slideUs, `sliding: its size (${size}) is`, `its slide (${slide})`);
  return { kind: 'sliding', sizeUs, slideUs, offsetUs: offsetOf(options, slideUs, 'sliding') };
}

/**
 * Running totals: windows that begin together and end one `step` after the other, until they are `size` long and begin anew:
 * `cumulating('1d', '1h')` is the day to date, each hour.
 */
export function cumulating(size: Duration, step: Duration, options: { readonly offset?: Duration } = {}): CumulatingWindow {
  const [sizeUs, stepUs] = [lengthOf(size, 'cumulating: its size'), lengthOf(step, 'cumulating: its step')];
  if (sizeUs % stepUs !== 0) throw new MillraceError('BAD_OPTION', `cumulating: its step (${step}) does not divide its size (${size}), so the last window would be shorter than a step.`);
  requireFewWindows(sizeUs / stepUs, `cumulating: its size (${size}) is`, `its step (${step})`);
  return { kind: 'cumulating', sizeUs, stepUs, offsetUs: offsetOf(options, sizeUs, 'cumulating') };
}

/**
 * Hours, days, weeks (from Monday) or months by the clocks of a time zone, which may have 23 or 25 hours a day where clocks change:
 * of one zone of the IANA database (default: UTC), or of the zone that a text column names, row by row.
 */
export function calendar(every: CalendarUnit, options: { readonly zone: string }): CalendarWindow<never>;
export function calendar<Column extends string>(every: CalendarUnit, options: { readonly zoneFrom: Column }): CalendarWindow<Column>;
export function calendar(every: CalendarUnit): CalendarWindow<never>;
export function calendar(every: CalendarUnit, options: { readonly zone?: string; readonly zoneFrom?: string } = {}): CalendarWindow {
  if (!CALENDAR_UNITS.includes(every)) throw new MillraceError('BAD_OPTION', `calendar: ${describeValue(every)} is no part of a calendar; it takes ${CALENDAR_UNITS.map(unit => `'${unit}'`).join(', ')}.`);
  checkOptions(options, ['zone', 'zoneFrom'], 'calendar');
  const { zone, zoneFrom } = options;
  if (zone !== undefined && zoneFrom !== undefined) throw new MillraceError('BAD_OPTION', 'calendar takes a zone, or zoneFrom, a column with one; not both.');
  if (zoneFrom !== undefined && (typeof zoneFrom !== 'string' || zoneFrom === '')) throw new MillraceError('BAD_OPTION', `calendar: zoneFrom is the name of a column, got ${describeValue(zoneFrom)}.`);
  return { kind: 'calendar', every, zone: zoneFrom === undefined ? checkedZone(zone ?? 'UTC', 'calendar: its zone') : null, zoneFrom: zoneFrom ?? null };
}
const CALENDAR_UNITS: readonly CalendarUnit[] = ['hour', 'day', 'week', 'month'];

/**
 * Rows of one group that follow each other at most `gap` apart; a session ends `gap` after its last row. With `maxLength`, sessions are cut
 * at each multiple of it since 1970, so none is longer.
 */
export function session(gap: Duration, options: { readonly maxLength?: Duration } = {}): SessionWindow {
  checkOptions(options, ['maxLength'], 'session');
  const gapUs = lengthOf(gap, 'session: its gap');
  if (gapUs > MOST_GAP_US) throw new MillraceError('BAD_OPTION', `session: its gap is ${gap}, more than ten years. A number alone is in milliseconds.`);
  const maxLengthUs = options.maxLength === undefined ? null : lengthOf(options.maxLength, 'session: maxLength');
  if (maxLengthUs !== null && maxLengthUs < gapUs) throw new MillraceError('BAD_OPTION', `session: maxLength (${options.maxLength}) is shorter than the gap (${gap}), but a session of one row is as long as the gap.`);
  return { kind: 'session', gapUs, maxLengthUs };
}
const MOST_GAP_US = 3660 * 86_400e6;

/** Windows of `rows` rows of each group, in the order in which they are read. What is left at the end of input is a window, too. */
export function countWindow(rows: number): CountWindow {
  if (Number.isInteger(rows) && rows > 0 && rows < 2 ** 31) return { kind: 'count', rows };
  throw new MillraceError('BAD_OPTION', `countWindow takes a whole number of rows from 1 to ${2 ** 31 - 1}, got ${describeValue(rows)}.`);
}

function lengthOf(length: Duration, what: string): number {
  const us = parseDuration(length, what);
  if (us > 0) return us;
  throw new MillraceError('BAD_OPTION', `${what} is ${String(length)}; it must be more than 0.`);
}
function offsetOf(options: { readonly offset?: Duration }, period: number, where: string): number {
  checkOptions(options, ['offset'], where);
  const offsetUs = parseDuration(options.offset ?? 0, `${where}: its offset`);
  return ((offsetUs % period) + period) % period;
}
/** A row is part of so many results at most. */
const MOST_WINDOWS = 100_000;
function requireFewWindows(windows: number, what: string, part: string): void {
  if (windows > MOST_WINDOWS) throw new MillraceError('BAD_OPTION', `${what} more than ${MOST_WINDOWS} times ${part}: each row would be in as many windows.`);
}

/** In the unit of event time. `zone`: the column of a calendar's `zoneFrom`. */
export function planWindow(window: AnyWindow, unit: TimeUnitName, zone: Expression | null): Window {
  const length = (us: number, name: string): number => inUnit(us, unit, `${window.kind}: its ${name}`);
  switch (window.kind) {
    case 'global': return { kind: 'global' };
    case 'count': return { kind: 'count', rows: window.rows };
    case 'tumbling': return { kind: 'tumbling', size: length(window.sizeUs, 'size'), offset: length(window.offsetUs, 'offset'), unit };
    case 'sliding': return { kind: 'sliding', size: length(window.sizeUs, 'size'), slide: length(window.slideUs, 'slide'), offset: length(window.offsetUs, 'offset'), unit };
    case 'cumulating': return { kind: 'cumulating', size: length(window.sizeUs, 'size'), step: length(window.stepUs, 'step'), offset: length(window.offsetUs, 'offset'), unit };
    case 'calendar': return { kind: 'calendar', every: window.every, zone: window.zone, zoneColumn: zone, unit };
    default: {
      const maxLength = window.maxLengthUs === null ? null : length(window.maxLengthUs, 'maxLength');
      return { kind: 'session', gap: length(window.gapUs, 'gap'), maxLength, unit };
    }
  }
}
