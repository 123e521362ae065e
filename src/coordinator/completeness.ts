import { FireTiming } from '../aggregate/fire-timing.js';
import type { Plan } from '../plan/plan.js';
import { sliceAssigner, type SlicedWindow } from '../window/assigner.js';
import { clampTime } from '../window/slice.js';
import { END_OF_TIME, NO_TIME } from '../worker/lanes.js';

/** The watermark from which on rows take part in nothing that is still to come, by their greatest event time; 'now': as soon as they are applied. */
export type Completeness = 'now' | ((greatest: bigint) => bigint);
/** What local time may be before or behind UTC, and some: in ms. */
const ZONES_MS = 26n * 3_600_000n;

/**
 * When rows of a job's sources are done with, so that reading may take up behind them and windows come out the same; null where rows before them would be
 * missed: what a session is, which n rows are counted, and what a join matches depends on more than the windows of a row.
 */
export function completenessOf({ stages }: Plan): Completeness | null {
  const [stage] = stages;
  if (stages.length !== 1 || stage!.join !== null || stage!.deduplicate !== null || stage!.top !== null) return null;
  const { aggregate } = stage!;
  if (aggregate === null) return 'now';
  const { window } = aggregate;
  if (window.kind === 'global' || window.kind === 'session' || window.kind === 'count') return null;
  const timing = new FireTiming(aggregate);
  const perRow = timing.assigner === null;
  const slices = timing.assigner ?? sliceAssigner({ ...window, zone: 'UTC', zoneColumn: null } as SlicedWindow)!;
  const margin = !perRow ? 0n : 'unit' in window && window.unit === 'us' ? ZONES_MS * 1000n : ZONES_MS;
  return greatest => {
    if (greatest === NO_TIME) return NO_TIME;
    const slice = slices.sliceOf(clampTime(greatest + margin));
    return slice === null ? END_OF_TIME : clampTime(timing.expiryOf(slice) + margin);
  };
}
