import type { JobStats, SourceStats } from '../../../src/coordinator/job-types.ts';

export const sourceStats = (changes: Partial<SourceStats> = {}): SourceStats => ({
  name: 'rows(3)', again: false, read: 0, filtered: 0, applied: 0, late: 0, deadLettered: 0, replayed: 0, watermark: null, idle: 0, heldMs: 0, progress: null, ...changes,
});

export const jobStats = (changes: Partial<JobStats> = {}): JobStats => ({
  state: 'running', sources: [sourceStats()], stages: [], emitted: 0, outputs: [], elapsedMs: 0, workers: 2, stateBytes: 0, peakStateBytes: 0, joins: [], batchBytes: 0,
  partitioner: null, watermarkLagMs: null, ...changes,
});
