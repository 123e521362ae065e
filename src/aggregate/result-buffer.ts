import type { Vector } from '../expression/vector.js';
import { changelogOf, firstStage, windowColumns } from '../plan/plan.js';
import type { Fields } from '../plan/types.js';
import { BUCKET_ENTRIES, type HashedTable } from '../state/hashed-table.js';
import { longerDictionary, TableWord } from '../state/table-layout.js';
import type { Span } from '../window/slice.js';
import type { AggregateLayout, JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { finishAggregate } from './finish.js';
import { splitKeys } from './keys.js';

/** Rows of a result batch, about. */
const EMIT_ROWS = 65_536;
export type EmitResults = (fields: Fields, vectors: Vector[], rows: number) => void;

/** Gathers the groups of windows that fire, of however many tables, into result batches of a good size. */
export class ResultBuffer {
  /** Lists of cells (u32 addresses) in scratch. */
  private pieces: { address: number; rows: number }[] = [];
  /** Which windows the rows are of. */
  private segments: { window: Span; until: number }[] = [];
  /** Rows that are null cells. */
  private nullRows: number[] = [];
  private rows = 0;
  private dictionary = 0;
  /** Of the results, where they have one: the number of the firing. */
  version = 0n;

  constructor(
    private readonly thread: ThreadContext,
    private readonly job: JobLayout,
    private readonly aggregate: AggregateLayout,
    private readonly emit: EmitResults,
  ) {}

  /** Adds all groups of a table to the next result batches. REQUIRES: it stays as it is until `flush`. */
  append(window: Span, table: HashedTable): void {
    const { kernels, scratch } = this.thread;
    this.note(table);
    table.eachPartition((entries, buckets) => {
      const cells = scratch.take(buckets * BUCKET_ENTRIES * 4);
      const hashes = scratch.mark();
      const rows = kernels.collectEntries(entries, buckets, 0, 0, scratch.take(buckets * BUCKET_ENTRIES * 4), cells);
      scratch.release(hashes);
      this.piece(window, cells, rows);
    });
    if (table.nullCell) this.appendNull(window, table, table.nullCell);
  }

  /** Some of a table's groups: addresses of cells (u32) in scratch. */
  appendCells(window: Span, table: HashedTable, cells: number, rows: number): void {
    this.note(table);
    this.piece(window, cells, rows);
  }

  /** The group of the null key. */
  appendNull(window: Span, table: HashedTable, cell: number): void {
    this.note(table);
    const cells = this.thread.scratch.take(4);
    this.thread.heap.u32[cells >>> 2] = cell;
    this.nullRows.push(this.rows);
    this.piece(window, cells, 1);
  }

  private note(table: HashedTable): void {
    const { heap } = this.thread;
    if (this.aggregate.keyMode === 'dense') this.dictionary = longerDictionary(heap, this.dictionary, heap.u32[(table.address >>> 2) + TableWord.dictionary]!);
  }

  private piece(window: Span, address: number, rows: number): void {
    if (rows === 0) return;
    this.pieces.push({ address, rows });
    this.rows += rows;
    this.segments.push({ window, until: this.rows });
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
    this.emit(plan.output, [...keys, ...this.windowVectors(rows), ...this.changelogVectors(rows), ...results], rows);
    scratch.reset();
    this.pieces = [];
    this.segments = [];
    this.nullRows = [];
    this.rows = 0;
  }

  private changelogVectors(rows: number): Vector[] {
    if (changelogOf(firstStage(this.job.plan).aggregate!) === 'append') return [];
    const data = this.thread.scratch.take(rows * 8);
    this.thread.heap.i64.fill(this.version, data >>> 3, (data >>> 3) + rows);
    return [{ cls: 'i64', data, valid: 0, dictionary: 0 }];
  }

  private windowVectors(rows: number): Vector[] {
    return windowColumns(firstStage(this.job.plan).aggregate!.window).map((_field, end): Vector => {
      const { heap, kernels, scratch } = this.thread;
      const [data, time] = [scratch.take(rows * 8), scratch.take(8)];
      let row = 0;
      for (const { window, until } of this.segments) {
        heap.i64[time >>> 3] = end ? window.end : window.start;
        kernels.fill64(until - row, time, data + row * 8);
        row = until;
      }
      return { cls: 'i64', data, valid: 0, dictionary: 0 };
    });
  }
}
