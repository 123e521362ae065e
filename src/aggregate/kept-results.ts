import { getColumn } from '../batch/heap-batch.js';
import { BATCH_NEXT, ColumnWord } from '../batch/layout.js';
import { materialise } from '../batch/materialise.js';
import { dictionariesFor, RowBuilder } from '../batch/row-builder.js';
import { RowReader } from '../batch/row-reader.js';
import type { ChunkResult } from '../expression/stateless-stage.js';
import type { Vector } from '../expression/vector.js';
import { lock, unlock } from '../heap/lock.js';
import { PageUse } from '../heap/page-allocator.js';
import { StageWord, stageWord } from '../heap/stage-block.js';
import { columnOf, type Expression } from '../plan/expression-tree.js';
import { firstStage } from '../plan/plan.js';
import type { DataType, Field, Fields, Row } from '../plan/types.js';
import { NEVER } from '../state/region.js';
import type { JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';

/** Rows of a result batch. */
const EMIT_ROWS = 65_536;
export const TIME = '$time';
export const INT64: DataType = { kind: 'int64' };

/** What a stage needs of each row besides its columns. */
export interface Hidden {
  readonly field: Field;
  readonly input: Expression;
}

/**
 * A stage without regions: rows wait in a list of batches in the heap, that all workers share under the stage's lock, until a firing gives them out.
 * They are JavaScript objects when they come and go: they are results, of which there are few beside the rows that they come from.
 */
export abstract class KeptResults {
  /** What it needs of each row, over the columns that the branch ends in. */
  readonly inputs: readonly Expression[];
  /** Of the rows kept: the results, and behind them what is hidden, and their event time. */
  private readonly fields: Fields;
  private readonly reader: RowReader;
  private readonly kept: RowBuilder;
  private readonly results: RowBuilder;

  /** `emit` takes a result batch; `makeRoom` returns when there is room for one. */
  constructor(
    private readonly thread: ThreadContext,
    private readonly job: JobLayout,
    private readonly makeRoom: () => void,
    private readonly emit: (descriptor: number) => void,
    hidden: readonly Hidden[],
  ) {
    const { heap, pages } = thread;
    const { output } = firstStage(job.plan);
    this.inputs = [...output.map(columnOf), ...hidden.map(({ input }) => input)];
    this.fields = [...output, ...hidden.map(({ field }) => field), { name: TIME, type: INT64, nullable: false }]
      .map(field => (field.type.kind === 'dictionary' ? { ...field, type: { kind: 'utf8' } } : field));
    this.reader = new RowReader(heap, this.fields);
    this.kept = new RowBuilder(this.fields, heap, pages.for(PageUse.state), this.fields.map(() => null));
    this.results = new RowBuilder(output, heap, pages.for(PageUse.batch), dictionariesFor(output, heap, pages.for(PageUse.scratch)));
  }

  /** Those of a chunk's rows that may come to anything; needs no lock. */
  protected worthKeeping(rows: Row[]): Row[] {
    return rows;
  }
  /** Adds rows to the list. REQUIRES: the lock. */
  protected abstract keep(rows: Row[]): void;
  /** Takes the rows out of the list that a watermark allows to be given out, in order; `final`: all. REQUIRES: the lock. */
  protected abstract takeDone(watermark: bigint, final: boolean): Row[];

  /** Adds the rows of a chunk; `times`: of its elements (int64), or 0 where there is no event time. */
  add({ rows, vectors }: ChunkResult, times: number): void {
    if (rows === 0) return;
    const { heap, kernels, pages, scratch } = this.thread;
    const time: Vector = { cls: 'i64', data: times || scratch.take(rows * 8), valid: 0, dictionary: 0 };
    // Without event time nothing is complete before the end.
    if (times === 0) heap.i64.fill(NEVER, time.data >>> 3, (time.data >>> 3) + rows);
    const descriptor = materialise(heap, kernels, pages.for(PageUse.batch), this.fields, [...vectors, time], rows);
    const own = this.reader.rows(descriptor);
    pages.free(descriptor);
    const worth = this.worthKeeping(own);
    this.hold(() => this.keep(worth));
  }

  /** Gives out what a watermark allows; `final`: all. */
  fire(watermark: bigint, final: boolean): void {
    const done = this.hold(() => this.takeDone(watermark, final));
    for (let from = 0; from < done.length; from += EMIT_ROWS) {
      this.makeRoom();
      for (const row of done.slice(from, from + EMIT_ROWS)) this.results.append(row);
      this.emit(this.results.finish().descriptor);
    }
  }

  private hold<T>(work: () => T): T {
    const at = stageWord(this.job.block, StageWord.stateLock);
    lock(this.thread.heap, at);
    try {
      return work();
    } finally {
      unlock(this.thread.heap, at);
    }
  }

  /** Adds a batch to the list. REQUIRES: the lock. */
  protected push(rows: readonly Row[]): void {
    if (rows.length === 0) return;
    const { u32 } = this.thread.heap;
    const state = stageWord(this.job.block, StageWord.state);
    for (const row of rows) this.kept.append(row);
    const { descriptor } = this.kept.finish();
    u32[(descriptor >>> 2) + BATCH_NEXT] = u32[state]!;
    u32[state] = descriptor;
  }
  /** Takes batches out of the list. REQUIRES: the lock. */
  protected take(which: (descriptor: number) => boolean = () => true): Row[] {
    const { heap, pages } = this.thread;
    const rows: Row[] = [];
    let link = stageWord(this.job.block, StageWord.state);
    for (let at = heap.u32[link]!; at !== 0; at = heap.u32[link]!) {
      if (which(at)) {
        for (const row of this.reader.rows(at)) rows.push(row);
        heap.u32[link] = heap.u32[(at >>> 2) + BATCH_NEXT]!;
        pages.free(at);
      } else link = (at >>> 2) + BATCH_NEXT;
    }
    return rows;
  }
  /** How many batches of the list are such. REQUIRES: the lock. */
  protected count(which: (descriptor: number) => boolean = () => true): number {
    const { u32 } = this.thread.heap;
    let count = 0;
    for (let at = u32[stageWord(this.job.block, StageWord.state)]!; at !== 0; at = u32[(at >>> 2) + BATCH_NEXT]!) if (which(at)) count++;
    return count;
  }

  protected rowsOf(descriptor: number): number {
    return this.thread.heap.u32[descriptor >>> 2]!;
  }
  /** Event time of a batch's first row. */
  protected firstTime(descriptor: number): bigint {
    const { heap } = this.thread;
    return heap.i64[getColumn(heap, descriptor, this.fields.length - 1, ColumnWord.values) >>> 3]!;
  }
}
