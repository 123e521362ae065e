import type { Vector } from '../expression/vector.js';
import { firstStage, windowColumns } from '../plan/plan.js';
import type { Fields } from '../plan/types.js';
import { BUCKET_ENTRIES, type HashedTable } from '../state/hashed-table.js';
import type { HeldSlice, Slice } from '../state/region.js';
import { longerDictionary, TableWord } from '../state/table-layout.js';
import type { AggregateLayout, JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { finishAggregate } from './finish.js';
import { splitKeys } from './keys.js';

/** Rows of a result batch, about. */
const EMIT_ROWS = 65_536;
export type EmitResults = (fields: Fields, vectors: Vector[], rows: number) => void;

/** Gathers the groups of slices that fire, of however many tables, into result batches of a good size. */
export class ResultBuffer {
  /** Lists of cells (u32 addresses) in scratch. */
  private pieces: { address: number; rows: number }[] = [];
  /** Which slices the rows come from. */
  private segments: { slice: Slice; until: number }[] = [];
  /** Rows that are null cells. */
  private nullRows: number[] = [];
  private rows = 0;
  private dictionary = 0;

  constructor(
    private readonly thread: ThreadContext,
    private readonly job: JobLayout,
    private readonly aggregate: AggregateLayout,
    private readonly emit: EmitResults,
  ) {}

  /** Adds the groups of a slice to the next result batches. REQUIRES: its table stays as it is until `flush`. */
  append(slice: HeldSlice, table: HashedTable): void {
    const { kernels, scratch } = this.thread;
    this.note(slice);
    table.eachPartition((entries, buckets) => {
      const cells = scratch.take(buckets * BUCKET_ENTRIES * 4);
      const hashes = scratch.mark();
      const rows = kernels.collectEntries(entries, buckets, 0, 0, scratch.take(buckets * BUCKET_ENTRIES * 4), cells);
      scratch.release(hashes);
      this.piece(slice, cells, rows);
    });
    if (table.nullCell) this.appendNull(slice, table.nullCell);
  }

  /** Some groups of a slice: addresses of cells (u32) in scratch. */
  appendCells(slice: HeldSlice, cells: number, rows: number): void {
    this.note(slice);
    this.piece(slice, cells, rows);
  }

  /** The group of the null key. */
  appendNull(slice: HeldSlice, cell: number): void {
    this.note(slice);
    const cells = this.thread.scratch.take(4);
    this.thread.heap.u32[cells >>> 2] = cell;
    this.nullRows.push(this.rows);
    this.piece(slice, cells, 1);
  }

  private note({ table }: HeldSlice): void {
    const { heap } = this.thread;
    if (this.aggregate.keyMode === 'dense') this.dictionary = longerDictionary(heap, this.dictionary, heap.u32[(table.address >>> 2) + TableWord.dictionary]!);
  }

  private piece(slice: Slice, address: number, rows: number): void {
    if (rows === 0) return;
    this.pieces.push({ address, rows });
    this.rows += rows;
    this.segments.push({ slice, until: this.rows });
    if (this.rows >= EMIT_ROWS) this.flush();
  }

  /** REQUIRES: nothing else in scratch is needed any more. */
  flush(): void {
    if (this.rows === 0) return;
    const { heap, kernels, scratch } = this.thread;
    const { plan } = this.job;
    const rows = this.rows;
    const cells = scratch.take(rows * 4);
    let at = cells >>> 2;
    for (const piece of this.pieces) {
      heap.u32.copyWithin(at, piece.address >>> 2, (piece.address >>> 2) + piece.rows);
      at += piece.rows;
    }
    const keyFields = plan.output.slice(0, this.aggregate.compiled.keyCount);
    const words = scratch.take(rows * 8);
    if (keyFields.length > 0) kernels.gatherWords(rows, cells, 0, words);
    const keys = splitKeys(this.thread, this.aggregate.keyMode, keyFields, words, rows, this.nullRows, this.dictionary);
    const results = this.aggregate.compiled.finishers.map(finisher => finishAggregate(this.thread, finisher, rows, cells));
    this.emit(plan.output, [...keys, ...this.windowVectors(rows), ...results], rows);
    scratch.reset();
    this.pieces = [];
    this.segments = [];
    this.nullRows = [];
    this.rows = 0;
  }

  private windowVectors(rows: number): Vector[] {
    return windowColumns(firstStage(this.job.plan).aggregate!.window).map((_field, end): Vector => {
      const data = this.thread.scratch.take(rows * 8);
      let row = 0;
      for (const { slice, until } of this.segments) {
        this.thread.heap.i64.fill(end ? slice.end : slice.start, (data >>> 3) + row, (data >>> 3) + until);
        row = until;
      }
      return { cls: 'i64', data, valid: 0, dictionary: 0 };
    });
  }
}
