import type { RecordBatch } from 'apache-arrow';
import type { Heap } from '../heap/heap.js';
import type { Fields, Row } from '../plan/types.js';

/** What a sink's delivery to its store has come to. */
export interface DeliveryStats {
  /** Attempts that were made again. */
  readonly retries: number;
  /** Rows that went to the local log, in this run. */
  readonly spilled: number;
  /** Batches, or parts of batches, that are in the log now. */
  readonly waiting: number;
  /** Bytes of the log. */
  readonly spillBytes: number;
}

/** Where results go. One job at a time. `write` is called with one batch at a time, and the next waits for its promise: that is the backpressure. */
export interface Sink {
  /** For stats and errors. No secrets. */
  readonly name: string;
  /**
   * 'append': each row must be final. 'updating': rows may replace earlier ones; their columns `version` and `deleted` say so. 'retracting' (the
   * default): they may also take back an earlier row that was equal in all columns but `retracted`.
   */
  readonly accepts?: 'append' | 'updating' | 'retracting';
  open(fields: Fields): Promise<void> | void;
  /**
   * Claims a number greater than all that were claimed for the same output before, 1 or more and not less than `least`: versions of this run then win over
   * those of earlier ones. Called behind `open`, and again where a job has to begin anew; where a job has several sinks and another claimed more, once
   * more with that. Where no sink has it, versions count from 1 in each run.
   */
  incarnation?(least: number): Promise<number>;
  write(batch: ResultBatch): Promise<void> | void;
  /**
   * Settles once all that was written before would outlive the process; sources are told only then that it was delivered. Writing goes on meanwhile. Where
   * it is missing, what `write` has returned for does.
   */
  durable?(): Promise<void>;
  /** All was written: makes the output complete (rename a file into place, flush). */
  close(): Promise<void> | void;
  /** The job failed: nothing half-written may look complete. Must not throw. */
  abort(): Promise<void> | void;
  /** What became of writes that failed, for sinks that try again and can keep results back: for the job's stats. */
  delivery?(): DeliveryStats | null;
}

/** A batch of results. It lies in the heap and is valid only until `write` returns or its promise settles: copy what you keep. */
export interface ResultBatch {
  readonly fields: Fields;
  readonly rows: number;
  /** All rows as objects (copies). */
  toRows(): Row[];
  /** Zero copy over the shared heap: dictionary columns as dictionaries, decimals as Decimal128 (copied). */
  toArrow(): RecordBatch;
  /** Raw values of a fixed-width column as a typed array over the heap, without its nulls; for kernels and benchmarks. */
  values(column: string): ArrayLike<number> | ArrayLike<bigint>;
  /** Descriptor in the heap, see batch/layout.ts. */
  readonly descriptor: number;
  readonly heap: Heap;
}

/** Why a row did not become part of the results. The columns of the batches that a dead-letter or late sink gets. */
export const DEAD_LETTER_FIELDS: Fields = [
  { name: 'source', type: { kind: 'utf8' }, nullable: false },
  /** Number of the row in its source, from 0, bad rows included. */
  { name: 'position', type: { kind: 'int64' }, nullable: false },
  /** One of `DEAD_LETTER_REASONS`. */
  { name: 'reason', type: { kind: 'utf8' }, nullable: false },
  { name: 'message', type: { kind: 'utf8' }, nullable: false },
  /** The row as JSON, or the line as it came. */
  { name: 'row', type: { kind: 'utf8' }, nullable: false },
];
