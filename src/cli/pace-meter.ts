import type { JobStats } from '../coordinator/job-types.js';
import { fractionDone, rowsRead, type Pace } from './progress-text.js';

const WINDOW_MS = 3_000;

/** Speed over the last few seconds: steadier than the last interval, and sooner to follow a change than the average since the start. */
export class PaceMeter {
  readonly #samples: { atMs: number; rows: number; fraction: number | null }[] = [];

  add(stats: JobStats): Pace {
    const newest = { atMs: stats.elapsedMs, rows: rowsRead(stats), fraction: fractionDone(stats.sources) };
    this.#samples.push(newest);
    // The second is kept as long as the first is too old: there is always a full window to look back on.
    while (this.#samples.length > 2 && newest.atMs - this.#samples[1]!.atMs >= WINDOW_MS) this.#samples.shift();
    const oldest = this.#samples[0]!;
    const passedMs = newest.atMs - oldest.atMs;
    if (passedMs <= 0) return { rowsPerMs: null, fractionPerMs: null };
    const { fraction } = newest;
    return {
      rowsPerMs: (newest.rows - oldest.rows) / passedMs,
      fractionPerMs: fraction === null || oldest.fraction === null ? null : (fraction - oldest.fraction) / passedMs,
    };
  }
}
