import type { Lanes } from '../worker/lanes.js';
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
    private readonly lanes: Lanes,
    private readonly maxDrift: readonly (number | null)[],
  ) {
    this.held = maxDrift.map(() => ({ ms: 0, since: null }));
  }

  /** Whether a branch may not read now. */
  holds(branch: number, inFlight: number): boolean {
    const maxDrift = this.maxDrift[branch];
    if (maxDrift == null) return false;
    const [own, slowest] = [this.lanes.leastOfBranch(branch), this.slowestBut(branch)];
    const ahead = own !== null && slowest !== null && own - slowest > BigInt(maxDrift);
    this.note(branch, ahead);
    return ahead || (slowest !== null && inFlight >= MOST_UNKNOWN);
  }

  /** For how long a branch was held because it was ahead. */
  heldMs(branch: number): number {
    const { ms, since } = this.held[branch]!;
    return ms + (since === null ? 0 : this.clock.now() - since);
  }

  private note(branch: number, ahead: boolean): void {
    const held = this.held[branch]!;
    if (ahead) held.since ??= this.clock.now();
    else if (held.since !== null) {
      held.ms += this.clock.now() - held.since;
      held.since = null;
    }
  }

  private slowestBut(branch: number): bigint | null {
    let slowest: bigint | null = null;
    this.maxDrift.forEach((_, other) => {
      const least = other === branch ? null : this.lanes.leastOfBranch(other);
      if (least !== null && (slowest === null || least < slowest)) slowest = least;
    });
    return slowest;
  }
}
