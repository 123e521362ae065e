import type { Clock } from './clock.js';

/** Morsels of an aligned source of which the lanes may not know yet: what is in flight is read, however far ahead it turns out to be. */
const MOST_UNKNOWN = 8;

/**
 * Holds sources that are ahead of the slowest by more than their `maxDrift`, so that window state need not wait for the others. Where a
 * source stands is told by the slowest of its partitions; so the slowest source of all is never held, and the others are for as long
 * as it takes part: until it catches up, is idle, or ends.
 */
export class Alignment {
  private readonly held: { ms: number; since: number | null }[];

  constructor(
    private readonly clock: Clock,
    /** Where a source stands; null: it does not take part. */
    private readonly standOf: (source: number) => bigint | null,
    private readonly maxDrift: readonly (number | null)[],
    /** With which sources each is compared. */
    private readonly compared: readonly (readonly number[])[],
  ) {
    this.held = maxDrift.map(() => ({ ms: 0, since: null }));
  }

  /** Whether a source may not be read now. */
  holds(source: number, inFlight: number): boolean {
    const maxDrift = this.maxDrift[source];
    if (maxDrift == null) return false;
    const [own, slowest] = [this.standOf(source), this.slowestBeside(source)];
    const ahead = own !== null && slowest !== null && own - slowest > BigInt(maxDrift);
    this.note(source, ahead);
    return ahead || (slowest !== null && inFlight >= MOST_UNKNOWN);
  }

  /** For how long a source was held because it was ahead. */
  heldMs(source: number): number {
    const { ms, since } = this.held[source]!;
    return ms + (since === null ? 0 : this.clock.now() - since);
  }

  private note(source: number, ahead: boolean): void {
    const held = this.held[source]!;
    if (ahead) held.since ??= this.clock.now();
    else if (held.since !== null) {
      held.ms += this.clock.now() - held.since;
      held.since = null;
    }
  }

  private slowestBeside(source: number): bigint | null {
    let slowest: bigint | null = null;
    for (const other of this.compared[source]!) {
      const least = this.standOf(other);
      if (least !== null && (slowest === null || least < slowest)) slowest = least;
    }
    return slowest;
  }
}
