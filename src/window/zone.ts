import { Temporal } from 'temporal-polyfill';
import { MillraceError } from '../errors.js';

/** [from, to) in ms, in which the clocks of a zone are ahead of UTC by one offset. Open to the past and the future: infinite. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly offset: number;
}
/** Times beyond (in ms) have no place in a calendar: Temporal ends at 10^8 days from 1970, and windows need room around a time. */
export const CALENDAR_END_MS: number = 8.64e15 - 100 * 86_400_000;
const MOST_STRETCHES = 4096;

const zones = new Map<string, Zone>();

/** The clocks of a time zone. Stretches that were asked for once are kept: to find one takes a millisecond. */
export class Zone {
  private stretches: Stretch[] = [];
  private constructor(readonly name: string) {}

  /** The zone of a name of the IANA database, in any case of letters, or null where there is none. The same zone for the same name. */
  static named(name: string): Zone | null {
    // Temporal takes offsets and times with a zone for zones, too.
    if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name)) return null;
    let id: string;
    try {
      id = new Temporal.ZonedDateTime(0n, name).timeZoneId;
    } catch {
      return null;
    }
    const known = zones.get(id) ?? new Zone(id);
    zones.set(id, known);
    return known;
  }

  /** REQUIRES: |time| ≤ CALENDAR_END_MS, and a little. */
  stretchAt(time: number): Stretch {
    let [low, high] = [0, this.stretches.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.stretches[middle]!.to <= time) low = middle + 1;
      else high = middle;
    }
    const known = this.stretches[low];
    if (known && known.from <= time) return known;
    // Going on from a stretch that is known, its end is the start of the next.
    const found = this.find(time, this.stretches[low - 1]?.to === time);
    if (this.stretches.length >= MOST_STRETCHES) this.stretches = [found];
    else this.stretches.splice(low, 0, found);
    return found;
  }

  private find(time: number, isStart: boolean): Stretch {
    const at = (ms: number): Temporal.ZonedDateTime => Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(this.name);
    const here = at(time);
    // `previous` looks before an instant: one later, not to miss a change at this very one.
    const from = isStart ? time : at(time + 1).getTimeZoneTransition('previous')?.epochMilliseconds ?? -Infinity;
    const to = here.getTimeZoneTransition('next')?.epochMilliseconds ?? Infinity;
    return { from, to, offset: here.offsetNanoseconds / 1e6 };
  }
}

/** The zone that an option names. Throws BAD_OPTION. */
export function requireZone(name: string, what: string): Zone {
  const zone = Zone.named(name);
  if (zone === null) throw new MillraceError('BAD_OPTION', `${what} is ${JSON.stringify(name)}; it must be a name of the IANA time zone database, such as Europe/Paris.`);
  return zone;
}
