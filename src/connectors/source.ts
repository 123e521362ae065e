import type { RecordBatch } from 'apache-arrow';
import type { Heap } from '../heap/heap.js';
import type { Plan } from '../plan/plan.js';
import type { Fields } from '../plan/types.js';

/**
 * Where rows come from. A source describes; `read` starts one reading of it. The coordinator pulls: `next` is called only when there
 * is room for its answer, and never twice at once.
 */
export interface Source {
  /** For stats, dead letters and errors, such as `jsonl(ads.jsonl)`. No secrets. */
  readonly name: string;
  /** False for endless streams: then a job without windows is refused. */
  readonly bounded: boolean;
  /** True where dictionary columns arrive as codes; false: `stream()` reads them as utf8. */
  readonly dictionaries: boolean;
  /** The user's own shared buffers that `arrow` items may lie on, where they are known before the job starts: workers then copy from them. */
  sharedBuffers?(): SharedArrayBuffer[];
  /** The most partitions that its readings may have; their numbers are less. Default 1. */
  readonly partitions?: number;
  read(context: SourceContext): Promise<SourceReader>;
}
/** What a reading is told. */
export interface SourceContext {
  /** The columns wanted, by name and type, in the order that batches must have. */
  readonly schema: Fields;
  /** A guide for the size of an item. */
  readonly batchRows: number;
  readonly batchBytes: number;
  readonly signal: AbortSignal;
  /** The job, and which of its sources this is. */
  readonly job?: { readonly plan: Plan; readonly source: number };
}
/** One reading of a source. */
export interface SourceReader {
  /**
   * The partitions there are at the start: the watermark waits for a row of each. Default: [0]. One that appears later counts from its
   * first row on.
   */
  readonly partitions?: readonly number[];
  /**
   * null at the end of the input, and only there: a reader that the job stops (`context.signal`) need not answer any more. What has its item at hand, and
   * made at next to no cost, gives it as it is: a promise costs more than all else that the coordinator does for an item that needs no copy.
   */
  next(): SourceItem | null | Promise<SourceItem | null>;
  close(): Promise<void>;
  /** Of partitions that take up an earlier reading: what it had delivered. Items end at `readTo`, or before or behind it. */
  readonly resumed?: readonly ResumedPartition[];
  /**
   * For sources that can begin anywhere (their items have `next`). Called about once a second and at the end, never twice at once, and not after
   * `close`. What it is told must be noted for all partitions in one step.
   */
  delivered?(delivered: Delivered): Promise<void>;
  /** Length of the whole input, where known, and how much of it was read, in one unit. */
  progress?(): { done: number; total: number | null; unit: 'bytes' | 'rows' };
}
export type SourceItem = SourceRows | PartitionEnd | Restart;
/** How far rows need never be read again: all results that they take part in were given to the sinks. */
export interface Delivered {
  /**
   * The watermark by which windows had closed, in the unit of the event time, for all partitions, also those that are not listed; null where there are
   * no windows.
   */
  readonly closedTo: bigint | null;
  /** Of those that are not listed nothing was read. */
  readonly partitions: readonly DeliveredPartition[];
}
export interface DeliveredPartition {
  readonly partition: number;
  /** Where to take up reading: all earlier rows are done with. In what `next` counts in; null: where this reading began. */
  readonly offset: bigint | null;
  /** Rows up to here, not included, were read: from `offset` on they are read again, for windows that are open. Less than before where this reading has not come so far yet. */
  readonly readTo: bigint;
}
/** A partition that is read from `offset` on, though rows up to `readTo` were read before, when windows had closed up to `closedTo`. */
export interface ResumedPartition {
  readonly partition: number;
  readonly offset: bigint;
  readonly readTo: bigint;
  readonly closedTo: bigint | null;
}
/**
 * What the source reads has changed hands: the job gives out what is complete, drops windows that are open, closes this reader and reads
 * the source anew. Sinks stay open.
 */
export interface Restart {
  readonly kind: 'restart';
}
/** A partition has no more rows: it no longer holds the watermark. */
export interface PartitionEnd {
  readonly kind: 'partitionEnd';
  readonly partition: number;
}
/** A piece of input, in one of the forms that the engine takes; the cheapest for it are `heap`, `columns` and `text`. */
export type SourceRows = InPartition & (
  /** JavaScript rows; a row that does not fit the schema becomes a dead letter. */
  | { readonly kind: 'rows'; readonly rows: readonly unknown[] }
  /** Whole lines of text for a worker to decode (the last may lack its line end). `records`: what the source knows of them besides. */
  | { readonly kind: 'text'; readonly bytes: Uint8Array; readonly format: TextFormat; readonly records?: TextRecords | undefined }
  /** Columns are found by name. */
  | { readonly kind: 'arrow'; readonly batch: RecordBatch }
  /** Columns in the order of the schema, in private memory: `batch/columns-to-heap.ts` copies them into the heap. */
  | { readonly kind: 'columns'; readonly rows: number; readonly columns: readonly ColumnValues[] }
  /** A batch of `fields` that already lies in the engine's heap, in the layout of batch/layout.ts; the job does not free it. Columns are found by name. `heap`: which heap that is, so that a job elsewhere refuses it. */
  | { readonly kind: 'heap'; readonly descriptor: number; readonly fields: Fields; readonly heap?: Heap | undefined });
/** All rows of an item come from one partition: event time is followed in each by itself. Default 0. */
interface InPartition {
  readonly partition?: number;
  /** Where reading the partition would go on behind this item: what `SourceReader.delivered` counts in. */
  readonly next?: bigint;
  /** What dead letters say of its rows. Default: the name of the source, and rows counted from its first. */
  readonly origin?: Origin | undefined;
  /** Of kinds `rows`, `text` and `columns`: rows that the source itself found to be bad, and left out. */
  readonly bad?: readonly BadRecord[] | undefined;
}
/** Where rows come from. `positionOf`: of a row of the item, those in `bad` not counted. */
export interface Origin {
  readonly source: string;
  positionOf(row: number): bigint;
}
/** A row left out by the source. `position`: what dead letters tell, in what its `Origin` counts in. */
export interface BadRecord {
  readonly position: bigint;
  readonly reason: 'BAD_ROW' | 'NULL_IN_NON_NULL';
  readonly message: string;
  readonly row: string;
}
/** Records of a text, which need not be lines: a line feed within one is white space. None is blank. */
export interface TextRecords {
  /** Where each ends in the text, behind its line feed. */
  readonly ends: Uint32Array;
  /** The columns that `format.beside` names, in the order of the schema, with a value for each record. */
  readonly columns: readonly ColumnValues[];
}

/** Values as the heap stores them, see plan/types.ts, but for bool one byte a value. `valid`: one byte a row, 0 for null; null where none is. */
export type ColumnValues =
  | { readonly kind: 'fixed'; readonly values: FixedValues; readonly valid: Uint8Array | null }
  /** `rows + 1` offsets into `bytes`, of which the first need not be 0. */
  | { readonly kind: 'text'; readonly offsets: Int32Array; readonly bytes: Uint8Array; readonly valid: Uint8Array | null };
export type FixedValues =
  | Int8Array | Int16Array | Int32Array | BigInt64Array | Uint8Array | Uint16Array | Uint32Array | BigUint64Array | Float32Array | Float64Array;

export type TextFormat =
  /** `beside`: columns that are not in the text, but in `records` of each item. */
  | { readonly kind: 'json'; readonly beside?: readonly string[] }
  /** `columns`: for each field of a record, in order, its place in the schema, or -1. `delimiter`: one ASCII character. */
  | { readonly kind: 'csv'; readonly delimiter: string; readonly columns: readonly number[] };
