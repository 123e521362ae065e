import { MillraceError } from '../errors.js';
import { checkOptions, inUnit, parseDuration, type Duration } from './duration.js';
import type { EventTime } from './plan.js';
import { typeName } from './schema.js';
import { unknownColumn } from './suggest.js';
import { isTime } from './type-rules.js';
import type { DataType, Fields } from './types.js';
import type { TimeUnitName } from './window-plan.js';

/** Options of `.eventTime(column, …)`. */
export interface EventTimeOptions {
  /** So far may rows be out of order without being late. Default: 0. */
  readonly outOfOrderness?: Duration;
  /** An input without rows for so long no longer holds others back, until its next row. Default: it always does. */
  readonly idleAfter?: Duration;
  /** An input that is ahead of the slowest one by more is not read on until that has caught up. Default: no bound. */
  readonly maxDrift?: Duration;
  /** A row that is ahead of the clock by more is a dead letter, `FUTURE_TIME`, and moves no watermark. Default: '1d'. */
  readonly maxAhead?: Duration | 'none' | null;
}
export interface PlannedTime {
  readonly planned: EventTime;
  readonly unit: TimeUnitName;
}

const OPTIONS = ['outOfOrderness', 'idleAfter', 'maxDrift', 'maxAhead', 'watermark'];
const DEFAULT_AHEAD = '1d';

export const unitOf = (type: DataType): TimeUnitName => (type.kind === 'timestamp' ? type.unit : 'ms');

export function planEventTime(schema: Fields, column: string, options: EventTimeOptions & { readonly watermark?: string }): PlannedTime {
  checkOptions(options, OPTIONS, 'eventTime');
  const type = timeColumn(schema, column, 'eventTime');
  const unit = unitOf(type);
  const { outOfOrderness, idleAfter, maxDrift, maxAhead = DEFAULT_AHEAD, watermark } = options;
  const length = (name: string, value: Duration, least: number): number => inUnit(atLeast(value, least, `eventTime: ${name}`), unit, `eventTime: ${name}`);
  if (watermark !== undefined) checkWatermark(schema, watermark, unit, outOfOrderness);
  return {
    unit,
    planned: {
      column,
      shift: 0,
      outOfOrderness: length('outOfOrderness', outOfOrderness ?? 0, 0),
      watermark: watermark ?? null,
      idleAfterMs: idleAfter === undefined ? null : inUnit(atLeast(idleAfter, 1, 'eventTime: idleAfter'), 'ms', 'eventTime: idleAfter'),
      maxDrift: maxDrift === undefined ? null : length('maxDrift', maxDrift, 1),
      maxAhead: maxAhead === null || maxAhead === 'none' ? null : length('maxAhead', maxAhead, 0),
    },
  };
}

function timeColumn(schema: Fields, column: string, where: string): DataType {
  const field = schema.find(known => known.name === column);
  if (field === undefined) throw unknownColumn(String(column), schema.map(known => known.name), `${where}: the schema`);
  if (isTime(field.type)) return field.type;
  throw new MillraceError('TYPE_MISMATCH', `${where} takes a timestamp or a date column; ${column} is ${typeName(field.type)}.`);
}
function checkWatermark(schema: Fields, column: string, unit: TimeUnitName, outOfOrderness: Duration | undefined): void {
  const type = timeColumn(schema, column, 'eventTime: watermark');
  if (unitOf(type) !== unit) throw new MillraceError('TYPE_MISMATCH', `eventTime: the watermark column ${column} is ${typeName(type)}, but the event time counts ${unit === 'us' ? 'µs' : 'ms'}.`);
  if (outOfOrderness !== undefined) throw new MillraceError('BAD_OPTION', 'eventTime: outOfOrderness makes a watermark of event times; where a column is the watermark, leave it out.');
}
/** In microseconds. */
function atLeast(value: Duration, least: number, what: string): number {
  const us = parseDuration(value, what);
  if (us >= least) return us;
  throw new MillraceError('BAD_OPTION', `${what} is ${value}; it must ${least === 0 ? 'not be negative' : 'be more than 0'}.`);
}

/** The event time of results: the last moment of their window. The stage's own watermark goes with them. */
export const timeOfResults = (column: string, shift: number): EventTime =>
  ({ column, shift, outOfOrderness: 0, watermark: null, idleAfterMs: null, maxDrift: null, maxAhead: null });
