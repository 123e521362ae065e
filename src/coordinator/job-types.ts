import type { Engine } from './engine.js';
import type { Plan } from '../plan/plan.js';
import type { Sink } from '../connectors/sink.js';
import type { Source } from '../connectors/source.js';

/** All that is needed to run: the plan, and the things a plan cannot hold. */
export interface JobDescription {
  readonly plan: Plan;
  /** `sources[i]` feeds `plan.branches[i]`. */
  readonly sources: readonly Source[];
  readonly sink: Sink;
  /** Where dead letters and late rows go (DEAD_LETTER_FIELDS); they are counted either way. */
  readonly deadLetters: Sink | null;
  readonly late: Sink | null;
}

export interface RunOptions {
  /** An engine to run on: its threads and heap are there already, and its own `workers`, `heap` and `kernels` hold. Default: an engine for this run alone. */
  readonly engine?: Engine;
  /** Worker threads. Default: the machine's available parallelism, at most 16. */
  readonly workers?: number;
  /** Size of the shared heap, in bytes or as '512MiB', '4GiB'. Default: 4 GiB, or half of the memory available to the process if that is less. */
  readonly heap?: number | string;
  /** Limit of each worker's own JavaScript heap, in MiB. Default 1024. */
  readonly workerMemoryMb?: number;
  /** How rows of a keyed aggregate are spread over regions. Default 'auto'. */
  readonly partitioner?: 'auto' | 'hash' | 'local';
  /** Rows of a batch. Default 65,536. */
  readonly batchRows?: number;
  /** 'deadLetter' (default) sets a bad row aside and goes on; 'fail' stops the job at the first. */
  readonly onBadRow?: 'deadLetter' | 'fail';
  /** 'wasm' (default) or 'typescript', the slower twins of the same kernels. */
  readonly kernels?: 'wasm' | 'typescript';
  /** Stops reading, finishes what is in flight, emits what is complete, and resolves with `stopped: true` in the stats. */
  readonly signal?: AbortSignal;
  /** Called about every `progressEveryMs` (default 250) and once at the end. */
  readonly onProgress?: (stats: JobStats) => void;
  readonly progressEveryMs?: number;
}

/** One source's ledger: read = filtered + applied + late + deadLettered, always, once the job has ended. */
export interface SourceStats {
  readonly name: string;
  readonly read: number;
  readonly filtered: number;
  readonly applied: number;
  readonly late: number;
  readonly deadLettered: number;
  /** Event time in the unit of the column; null before the first row. */
  readonly watermark: bigint | null;
  readonly progress: { done: number; total: number | null; unit: 'bytes' | 'rows' } | null;
}
export interface JobStats {
  readonly state: 'running' | 'finished' | 'stopped' | 'failed';
  readonly sources: readonly SourceStats[];
  /** Result rows given to the sink. */
  readonly emitted: number;
  readonly elapsedMs: number;
  readonly workers: number;
  /** Bytes of window state now and at the peak, growth included. */
  readonly stateBytes: number;
  readonly peakStateBytes: number;
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
