import type { SourceStats, StageStats } from './job-types.js';
import type { Morsel } from '../worker/morsel.js';

/** One source's ledger: every row read ends in exactly one of the other columns. */
export class Ledger {
  read = 0;
  filtered = 0;
  applied = 0;
  late = 0;
  deadLettered = 0;
  replayed = 0;
  progress: SourceStats['progress'] = null;

  constructor(readonly name: string) {}

  add(morsel: Morsel): void {
    this.read += Number(morsel.rows);
    this.filtered += morsel.filtered;
    this.applied += morsel.applied;
    if (morsel.again) {
      this.replayed += morsel.late + morsel.deadLettered;
      return;
    }
    this.late += morsel.late;
    this.deadLettered += morsel.deadLettered;
  }
  /** Adds what it counted in an earlier life of the job. */
  carry(earlier: Ledger): void {
    this.read += earlier.read;
    this.filtered += earlier.filtered;
    this.applied += earlier.applied;
    this.late += earlier.late;
    this.deadLettered += earlier.deadLettered;
    this.replayed += earlier.replayed;
  }

  counts(): StageStats {
    const { name, read, filtered, applied, late, deadLettered } = this;
    return { name, read, filtered, applied, late, deadLettered };
  }
  stats(times: Pick<SourceStats, 'again' | 'watermark' | 'idle' | 'heldMs'>): SourceStats {
    return { ...this.counts(), replayed: this.replayed, progress: this.progress, ...times };
  }
}
