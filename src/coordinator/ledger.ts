import type { SourceStats, StageStats } from './job-types.js';
import type { Morsel } from '../worker/morsel.js';

/** One source's ledger: every row read ends in exactly one of the other columns. */
export class Ledger {
  read = 0;
  filtered = 0;
  applied = 0;
  late = 0;
  deadLettered = 0;
  progress: SourceStats['progress'] = null;

  constructor(readonly name: string) {}

  add(morsel: Morsel): void {
    this.read += Number(morsel.rows);
    this.filtered += morsel.filtered;
    this.applied += morsel.applied;
    this.late += morsel.late;
    this.deadLettered += morsel.deadLettered;
  }

  counts(): StageStats {
    const { name, read, filtered, applied, late, deadLettered } = this;
    return { name, read, filtered, applied, late, deadLettered };
  }
  stats(times: Pick<SourceStats, 'again' | 'watermark' | 'idle' | 'heldMs'>): SourceStats {
    return { ...this.counts(), progress: this.progress, ...times };
  }
}
