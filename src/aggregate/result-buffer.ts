import type { Vector } from '../expression/vector.js';
import { windowColumns } from '../plan/plan.js';
import type { Fields } from '../plan/types.js';
import { DenseTable } from '../state/dense-table.js';
import { BUCKET_ENTRIES } from '../state/hashed-table.js';
import type { GroupTable } from '../state/region.js';
import { longerDictionary, TableWord } from '../state/table-layout.js';
import type { AggregateLayout, JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { finishAggregate } from './finish.js';
import { splitKeys } from './keys.js';

/** Rows of a result batch, about. */
const EMIT_ROWS = 65_536;
export type EmitResults = (fields: Fields, vectors: Vector[], rows: number) => void;

/** Gathers the groups of closed slices, of however many tables, into result batches of a good size. */
export class ResultBuffer {
  /** Lists of cells (u32 addresses) in scratch. */
  private pieces: { address: number; rows: number }[] = [];
  /** Which slices the rows come from. */
  private segments: { start: bigint; until: number }[] = [];
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

  /** Adds the groups of a table to the next result batches. REQUIRES: it stays as it is until `flush`. */
  append(start: bigint, table: GroupTable): void {
    const { heap, kernels, scratch } = this.thread;
    if (this.aggregate.keyMode === 'dense') this.dictionary = longerDictionary(heap, this.dictionary, heap.u32[(table.address >>> 2) + TableWord.dictionary]!);
    if (table instanceof DenseTable) {
      const cells = scratch.take(table.capacity * 4);
      if (this.aggregate.keyMode === 'none') {
        heap.u32[cells >>> 2] = table.cellOf(0);
        return this.piece(start, cells, 1, false);
      }
      const rows = table.touched(this.aggregate.compiled.keyBytes, cells);
      return this.piece(start, cells, rows, rows > 0 && heap.i64[heap.u32[cells >>> 2]! >>> 3] === -1n);
    }
    table.eachPartition((entries, buckets) => {
      const cells = scratch.take(buckets * BUCKET_ENTRIES * 4);
      const hashes = scratch.mark();
      const rows = kernels.collectEntries(entries, buckets, 0, 0, scratch.take(buckets * BUCKET_ENTRIES * 4), cells);
      scratch.release(hashes);
      this.piece(start, cells, rows, false);
    });
    if (table.nullCell === 0) return;
    const cells = scratch.take(4);
    heap.u32[cells >>> 2] = table.nullCell;
    this.piece(start, cells, 1, true);
  }

  /** `firstIsNull`: the first cell is that of the null key. */
  private piece(start: bigint, address: number, rows: number, firstIsNull: boolean): void {
    if (rows === 0) return;
    if (firstIsNull) this.nullRows.push(this.rows);
    this.pieces.push({ address, rows });
    this.rows += rows;
    this.segments.push({ start, until: this.rows });
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
    const window = this.job.plan.aggregate!.window;
    return windowColumns(window).map((_field, end): Vector => {
      const data = this.thread.scratch.take(rows * 8);
      let row = 0;
      for (const segment of this.segments) {
        const value = segment.start + (end && window.kind === 'tumbling' ? BigInt(window.size) : 0n);
        this.thread.heap.i64.fill(value, (data >>> 3) + row, (data >>> 3) + segment.until);
        row = segment.until;
      }
      return { cls: 'i64', data, valid: 0, dictionary: 0 };
    });
  }
}
