import { MillraceError } from '../errors.js';
import { nearest } from './suggest.js';
import { describeValue } from './type-builders.js';

/** REQUIRES the name of a time zone in the IANA database, as this Node.js knows it. */
export function checkedZone(zone: unknown, what: string): string {
  if (typeof zone !== 'string') throw new MillraceError('BAD_OPTION', `${what} is ${describeValue(zone)}; it takes a name such as 'Europe/Paris'.`);
  if (/^[+-]/.test(zone)) throw new MillraceError('BAD_OPTION', `${what} is ${JSON.stringify(zone)}, a distance from UTC. It takes a name such as 'Europe/Paris'; for a fixed distance use tumbling() with an offset.`);
  if (isZone(zone)) return zone;
  const guess = nearest(zone, Intl.supportedValuesOf('timeZone'));
  throw new MillraceError('BAD_OPTION', `${what} is ${JSON.stringify(zone)}, which is no time zone of the IANA database.${guess === null ? ' It takes a name such as \'Europe/Paris\'.' : ` Did you mean ${guess}?`}`);
}

function isZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
