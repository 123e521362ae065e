import { MillraceError } from '../errors.js';
import { describeValue } from './type-builders.js';

/** A length of time: milliseconds, or a number and its unit, such as '10s', '1.5h', '250us'. */
export type Duration = number | string;

const MICROSECONDS: Readonly<Record<string, number>> = { us: 1, ms: 1e3, s: 1e6, m: 60e6, min: 60e6, h: 3600e6, d: 86_400e6, w: 7 * 86_400e6 };
const DURATION = /^([+-]?\d+(?:\.\d+)?)\s*([a-zµ]+)$/i;

/** In microseconds. `what` names the option in errors. */
export function parseDuration(duration: unknown, what: string): number {
  const us = typeof duration === 'number' ? duration * 1000 : typeof duration === 'string' ? textToMicroseconds(duration) : NaN;
  const whole = Math.round(us);
  // 1.1 * 1000 is not exactly 1100.
  if (Number.isSafeInteger(whole) && Math.abs(us - whole) < 1e-3) return whole + 0;
  throw new MillraceError('BAD_OPTION', `${what} is ${describeValue(duration)}; give milliseconds or a text such as '10s', '1m', '12h', '1d', '500ms' or '250us'.`);
}
function textToMicroseconds(text: string): number {
  const [, amount = '', unit = ''] = DURATION.exec(text.trim()) ?? [];
  return Number(amount || NaN) * (MICROSECONDS[unit.replace('µ', 'u')] ?? NaN);
}

/** Microseconds in the unit of an event time. */
export function inUnit(us: number, unit: 'ms' | 'us', what: string): number {
  if (unit === 'us') return us;
  if (us % 1000 === 0) return us / 1000;
  throw new MillraceError('BAD_OPTION', `${what} is ${us} µs, but the event time counts whole milliseconds.`);
}

/** Refuses options that do not exist, most of them misspelt. */
export function checkOptions(options: unknown, known: readonly string[], where: string): void {
  if (typeof options !== 'object' || options === null) throw new MillraceError('BAD_OPTION', `${where} takes an object of options, got ${describeValue(options)}.`);
  const unknown = Object.keys(options).find(name => !known.includes(name));
  if (unknown !== undefined) throw new MillraceError('BAD_OPTION', `${where} has no option ${unknown}. It has: ${known.join(', ')}.`);
}
