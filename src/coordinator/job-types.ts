import type { Clock } from './clock.js';
import type { Engine } from './engine.js';
import type { Plan } from '../plan/plan.js';
import type { DeliveryStats, Sink } from '../connectors/sink.js';
import type { Source } from '../connectors/source.js';

/** All that is needed to run: the plan, and the things a plan cannot hold. */
export interface JobDescription extends JobOutput {
  readonly plan: Plan;
  /** By their numbers in the plan. */
  readonly sources: readonly Source[];
  /** Of the further outputs of the plan. */
  readonly more?: readonly JobOutput[];
}
/** Where one output of a plan goes. */
export interface JobOutput {
  readonly sink: Sink;
  /** Where dead letters and late rows go (DEAD_LETTER_FIELDS); they are counted either way. */
  readonly deadLetters: Sink | null;
  readonly late: Sink | null;
}

export const sinksOf = (job: JobDescription): readonly JobOutput[] => [job, ...job.more ?? []];

/** Options of `run` and `start`, all of them optional. */
export interface RunOptions {
  /** An engine to run on: its threads and heap are there already, and its own `workers`, `heap` and `kernels` hold. Default: an engine for this run alone. */
  readonly engine?: Engine;
  /** Worker threads. Default: the machine's available parallelism, at most 16. */
  readonly workers?: number;
  /** Size of the shared heap, in bytes or as '512MiB', '4GiB'. Default: 4 GiB, or half of the memory available to the process if that is less. */
  readonly heap?: number | string;
  /** Limit of each worker's own JavaScript heap, in MiB. Default 1024. */
  readonly workerMemoryMb?: number;
  /**
   * How the rows of a keyed aggregate find their state. 'hash': each key has one region, shared by all workers. 'local': each worker has a
   * region for all keys, merged when a window closes. 'auto' (default): local until a window has more than 4,096 groups, then hash.
   */
  readonly partitioner?: 'auto' | 'hash' | 'local';
  /** The most rows of a batch. Default 65,536. Text is cut by size, about 1 MiB a batch. */
  readonly batchRows?: number;
  /** 'deadLetter' (default) sets a bad row aside and goes on; 'fail' stops the job at the first. */
  readonly onBadRow?: 'deadLetter' | 'fail';
  /** 'wasm' (default) or 'typescript', the slower twins of the same kernels. */
  readonly kernels?: 'wasm' | 'typescript';
  /** Stops reading, finishes what is in flight, emits what is complete, and resolves with `state: 'stopped'`. Default: none. */
  readonly signal?: AbortSignal;
  /** Called with the stats about every `progressEveryMs` and once at the end. Default: none. */
  readonly onProgress?: (stats: JobStats) => void;
  /** Milliseconds between calls of `onProgress`. Default 250. */
  readonly progressEveryMs?: number;
  /** What idleness, early results, bounds on the future and progress go by. Default: the machine's clock. For tests. */
  readonly clock?: Clock;
}

/**
 * What became of the rows of one source, in one of the places that read it: read = filtered + applied + late + deadLettered + replayed, always, once
 * the job has ended. A source that several branches read, as in a union of a stream with itself, is read once and has a ledger for each.
 */
export interface SourceStats {
  /** With `#1`, `#2`, … behind it where several branches read it. */
  readonly name: string;
  /** Whether these are the rows of the ledger before it once more, in another place. */
  readonly again: boolean;
  readonly read: number;
  /** Turned away by a filter. */
  readonly filtered: number;
  /** Part of the window state; without an aggregate, emitted. */
  readonly applied: number;
  /** Came after their window had closed. */
  readonly late: number;
  /** Could not be used. */
  readonly deadLettered: number;
  /**
   * Read again, though their windows had closed in an earlier run with them in it, or they had been set aside: done with. Only of sources that take up
   * where an earlier run was.
   */
  readonly replayed: number;
  /** The least of its partitions that take part, in the unit of the column; null before the first row. */
  readonly watermark: bigint | null;
  /** Partitions that have been without rows for `idleAfter`, and do not hold the watermark. */
  readonly idle: number;
  /** Milliseconds for which it was not read because it was ahead of the slowest source by more than `maxDrift`. */
  readonly heldMs: number;
  /** How much of the input was read, and of how much where that is known; null where the source does not tell. */
  readonly progress: { done: number; total: number | null; unit: 'bytes' | 'rows' } | null;
}
/** The ledger of a branch that reads a stage: `read` are the results of that. */
export type StageStats = Pick<SourceStats, 'name' | 'read' | 'filtered' | 'applied' | 'late' | 'deadLettered'>;
/** What a job has done so far. */
export interface JobStats {
  readonly state: 'running' | 'finished' | 'stopped' | 'failed';
  readonly sources: readonly SourceStats[];
  /** For each branch that reads a stage, what became of the results of that. */
  readonly stages: readonly StageStats[];
  /** Result rows given to the sink; to all sinks together, where there are several. */
  readonly emitted: number;
  /** The same for each sink; of one that tries again what fails (`docs/delivery.md`), how that went. */
  readonly outputs: readonly { readonly name: string; readonly emitted: number; readonly delivery: DeliveryStats | null }[];
  /** Milliseconds since the start. */
  readonly elapsedMs: number;
  /** Worker threads. */
  readonly workers: number;
  /** Bytes of window state now and at the peak, growth included. */
  readonly stateBytes: number;
  readonly peakStateBytes: number;
  /** Of each join: its stage as `explain()` numbers them, what it joins, and bytes of the rows that it keeps, indexes included; they are part of `stateBytes`. */
  readonly joins: readonly { readonly stage: number; readonly name: string; readonly stateBytes: number }[];
  /** Bytes of batches in flight, in whole pages of 64 KiB. */
  readonly batchBytes: number;
  /** Strategy in use by the aggregate; null without one. */
  readonly partitioner: 'hash' | 'local' | null;
  /** Wall clock minus watermark, in ms, where event time is near the present; else null. */
  readonly watermarkLagMs: number | null;
}

/** A job that was started. */
export interface RunningJob {
  /** Ends with the job: the final ledger, or one coded error. */
  readonly done: Promise<JobStats>;
  /** The ledger as it stands. */
  stats(): JobStats;
  /** Ends the job at once with CANCELLED; nothing half-written looks complete. To stop in good order, use `RunOptions.signal`. */
  cancel(): void;
}
