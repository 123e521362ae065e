import { dictionariesFor, RowBuilder } from '../batch/row-builder.js';
import { materialise } from '../batch/materialise.js';
import { RowReader } from '../batch/row-reader.js';
import { getColumn } from '../batch/heap-batch.js';
import { BATCH_NEXT, ColumnWord } from '../batch/layout.js';
import type { ChunkResult } from '../expression/stateless-stage.js';
import type { Vector } from '../expression/vector.js';
import { lock, unlock } from '../heap/lock.js';
import { PageUse } from '../heap/page-allocator.js';
import { StageWord, stageWord } from '../heap/stage-block.js';
import { columnOf, type Expression } from '../plan/expression-tree.js';
import { firstStage, type Branch, type Top } from '../plan/plan.js';
import type { DataType, Fields, Row } from '../plan/types.js';
import { NEVER } from '../state/region.js';
import type { JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { comparerOf, inOrderOf } from './row-order.js';

/** Rows of a result batch. */
const EMIT_ROWS = 65_536;
/** Batches of kept rows that are put together when there are more. */
const MOST_BATCHES = 8;
/** Rows of a batch that waits to be sorted with others: few, since a batch is read again until all of its rows are done. */
const SORTED_ROWS = 1024;
const BY = '$by';
const TIME = '$time';
const KEY = '$key';
const INT64: DataType = { kind: 'int64' };

/**
 * Keeps the best rows of each window and group. A worker keeps those of a morsel's rows, and adds them to the state of the stage: a list of
 * batches in the heap, under its lock. A firing takes the list, keeps the best of all, and gives out those whose window is complete. Rows
 * are JavaScript objects here: they are results, of which there are few beside the rows that they come from.
 *
 * Where all are asked for (`Top.n` is null) they are sorted by event time: batches are, each by itself, and a firing takes those that begin before the
 * watermark.
 */
export class TopOperator {
  /** What it needs of each row, over the columns that the branch ends in. */
  readonly inputs: readonly Expression[];
  private readonly top: Top;
  /** Of the rows kept: the results, and behind them what they are grouped and ranked by, and their event time. */
  private readonly fields: Fields;
  /** The column of event time among `fields`. */
  private readonly timeColumn: number;
  private readonly keyNames: readonly string[];
  private readonly reader: RowReader;
  private readonly kept: RowBuilder;
  private readonly results: RowBuilder;
  private readonly compare: (a: Row, b: Row) => number;

  /** `emit` takes a result batch; `makeRoom` returns when there is room for one. */
  constructor(
    private readonly thread: ThreadContext,
    private readonly job: JobLayout,
    private readonly makeRoom: () => void,
    private readonly emit: (descriptor: number) => void,
  ) {
    const { heap, pages } = thread;
    const { top, branches, output } = firstStage(job.plan);
    this.top = top!;
    const columns = columnsBehind(branches[0]!);
    const { n, by, per, descending } = top!;
    const keys = n === null ? [] : columns.filter(({ name }) => name === 'windowStart' || name === 'windowEnd' || per.includes(name));
    this.inputs = [...output.map(columnOf), ...keys.map(columnOf), ...by === null ? [] : [by]];
    const hidden: Fields = [
      ...keys.map(({ type, nullable }, index) => ({ name: KEY + index, type, nullable })), ...by === null ? [] : [{ name: BY, type: by.type, nullable: true }],
      { name: TIME, type: INT64, nullable: false },
    ];
    this.keyNames = keys.map((_key, index) => KEY + index);
    this.fields = [...output, ...hidden].map(field => (field.type.kind === 'dictionary' ? { ...field, type: { kind: 'utf8' } } : field));
    this.timeColumn = this.fields.length - 1;
    this.reader = new RowReader(heap, this.fields);
    this.kept = new RowBuilder(this.fields, heap, pages.for(PageUse.state), this.fields.map(() => null));
    this.results = new RowBuilder(output, heap, pages.for(PageUse.batch), dictionariesFor(output, heap, pages.for(PageUse.scratch)));
    const first = by === null ? { name: TIME, compare: comparerOf(INT64), descending: false } : { name: BY, compare: comparerOf(by.type), descending };
    this.compare = inOrderOf([first, ...output.map(({ name, type }) => ({ name, compare: comparerOf(type), descending: false }))]);
  }

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
    if (this.top.n === null) this.hold(() => this.pushSorted(own));
    else {
      const best = this.best(own);
      this.hold(() => {
        this.push(best);
        if (this.batches > MOST_BATCHES) this.push(this.best(this.takeAll()));
      });
    }
  }

  /** Gives out the rows of windows that end at or before a watermark, or that are before it in time; `final`: all. */
  fire(watermark: bigint, final: boolean): void {
    const done: Row[] = [];
    this.hold(() => {
      const all = this.top.n === null ? this.take(at => final || this.firstTime(at) < watermark) : this.best(this.takeAll());
      const open: Row[] = [];
      for (const row of all) (final || (row[TIME] as bigint) < watermark ? done : open).push(row);
      if (this.top.n === null) this.pushSorted(open);
      else this.push(open);
    });
    if (this.top.n === null) done.sort(this.compare);
    for (let from = 0; from < done.length; from += EMIT_ROWS) {
      this.makeRoom();
      for (const row of done.slice(from, from + EMIT_ROWS)) this.results.append(row);
      this.emit(this.results.finish().descriptor);
    }
  }

  private hold(work: () => void): void {
    const at = stageWord(this.job.block, StageWord.stateLock);
    lock(this.thread.heap, at);
    try {
      work();
    } finally {
      unlock(this.thread.heap, at);
    }
  }

  /** Adds rows in batches of which each is sorted by time. REQUIRES: the lock. */
  private pushSorted(rows: Row[]): void {
    const byTime = comparerOf(INT64);
    rows.sort((a, b) => byTime(a[TIME]!, b[TIME]!));
    for (let from = 0; from < rows.length; from += SORTED_ROWS) this.push(rows.slice(from, from + SORTED_ROWS));
  }
  /** The least time in a batch that is sorted. */
  private firstTime(descriptor: number): bigint {
    const { heap } = this.thread;
    return heap.i64[getColumn(heap, descriptor, this.timeColumn, ColumnWord.values) >>> 3]!;
  }

  /** Adds a batch to the list. REQUIRES: the lock. */
  private push(rows: readonly Row[]): void {
    if (rows.length === 0) return;
    const { u32 } = this.thread.heap;
    const state = stageWord(this.job.block, StageWord.state);
    for (const row of rows) this.kept.append(row);
    const { descriptor } = this.kept.finish();
    u32[(descriptor >>> 2) + BATCH_NEXT] = u32[state]!;
    u32[state] = descriptor;
  }
  /** How many there are. REQUIRES: the lock. */
  private get batches(): number {
    const { u32 } = this.thread.heap;
    let batches = 0;
    for (let at = u32[stageWord(this.job.block, StageWord.state)]!; at !== 0; at = u32[(at >>> 2) + BATCH_NEXT]!) batches++;
    return batches;
  }

  /** Empties the list. REQUIRES: the lock. */
  private takeAll(): Row[] {
    return this.take(() => true);
  }
  /** Takes batches out of the list. REQUIRES: the lock. */
  private take(which: (descriptor: number) => boolean): Row[] {
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

  /** The first rows of each window and group. REQUIRES: not all are asked for. */
  private best(rows: readonly Row[]): Row[] {
    const groups = new Map<string, Row[]>();
    for (const row of rows) {
      const key = this.keyNames.map(name => keyText(row[name])).join('\u0000');
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [row]);
      else if (group.push(row) >= 2 * this.top.n! + 64) this.cut(group);
    }
    return [...groups.values()].flatMap(group => this.cut(group));
  }
  private cut(group: Row[]): Row[] {
    group.sort(this.compare);
    group.splice(this.top.n!);
    return group;
  }
}

/** A text that no other value of the same type has. */
function keyText(value: Row[string] | undefined): string {
  if (value === null || value === undefined) return 'null';
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return Object.is(value, -0) ? '0' : typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** The columns that a branch ends in. */
function columnsBehind({ source, steps }: Branch): Fields {
  const last = steps.findLast(step => step.kind === 'project');
  return last?.kind === 'project' ? last.columns.map(({ name, expression: { type, nullable } }) => ({ name, type, nullable })) : source.schema;
}
