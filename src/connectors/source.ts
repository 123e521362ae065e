import type { RecordBatch } from 'apache-arrow';
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
  read(context: SourceContext): Promise<SourceReader>;
}
export interface SourceContext {
  /** The columns wanted, by name and type, in the order that batches must have. */
  readonly schema: Fields;
  /** A guide for the size of an item. */
  readonly batchRows: number;
  readonly batchBytes: number;
  readonly signal: AbortSignal;
}
export interface SourceReader {
  /** null at the end of the input. */
  next(): Promise<SourceItem | null>;
  close(): Promise<void>;
  /** Length of the whole input, where known, and how much of it was read, in one unit. */
  progress?(): { done: number; total: number | null; unit: 'bytes' | 'rows' };
}
export type SourceItem =
  /** JavaScript rows; a row that does not fit the schema becomes a dead letter. */
  | { readonly kind: 'rows'; readonly rows: readonly unknown[] }
  /** Whole lines of text for a worker to decode (the last may lack its line end). */
  | { readonly kind: 'text'; readonly bytes: Uint8Array; readonly format: TextFormat }
  /** Columns are found by name. */
  | { readonly kind: 'arrow'; readonly batch: RecordBatch }
  /** A batch of `fields` that already lies in the engine's heap, in the layout of batch/layout.ts; the job does not free it. Columns are found by name. */
  | { readonly kind: 'heap'; readonly descriptor: number; readonly fields: Fields };

export type TextFormat =
  | { readonly kind: 'json' }
  /** `columns`: for each field of a record, in order, its place in the schema, or -1. `delimiter`: one ASCII character. */
  | { readonly kind: 'csv'; readonly delimiter: string; readonly columns: readonly number[] };
