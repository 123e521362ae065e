import type { SourceStats } from './job-types.js';
import { NO_TIME } from '../worker/chain.js';
import type { Morsel } from '../worker/morsel.js';

/** One source's ledger: every row read ends in exactly one of the other columns. */
export class Ledger {
  read = 0;
  filtered = 0;
  applied = 0;
  late = 0;
  deadLettered = 0;
  greatest: bigint = NO_TIME;
  progress: SourceStats['progress'] = null;

  constructor(
    readonly name: string,
    private readonly outOfOrderness: bigint | null,
  ) {}

  add(morsel: Morsel): void {
    this.read += Number(morsel.rows);
    this.filtered += morsel.filtered;
    this.applied += morsel.applied;
    this.late += morsel.late;
    this.deadLettered += morsel.deadLettered;
    if (morsel.greatest > this.greatest) this.greatest = morsel.greatest;
  }

  stats(): SourceStats {
    const { name, read, filtered, applied, late, deadLettered, progress } = this;
    const watermark = this.outOfOrderness === null || this.greatest === NO_TIME ? null : this.greatest - this.outOfOrderness;
    return { name, read, filtered, applied, late, deadLettered, watermark, progress };
  }
}
