import { CLOSE, Word, word } from '../heap/control.js';
import { PageUse } from '../heap/page-allocator.js';
import { BUCKET_ENTRIES, HashedTable } from '../state/hashed-table.js';
import { held, type Region, type GroupTable } from '../state/region.js';
import { DenseTable } from '../state/dense-table.js';
import { noteDictionary, TableWord } from '../state/table-layout.js';
import type { AggregateLayout, JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { hashRegionsOf, localRegionsOf, writeTemplate } from './group-operator.js';
import { ResultBuffer, type EmitResults } from './result-buffer.js';
import { primitivesOf, type Primitive } from './primitives.js';

/** Up to so many cells of local tables are folded into the largest of them by one worker, without a shuffle. */
const MOST_SIMPLE_CELLS = 65_536;

/**
 * Closes slices: merges the tables that may hold their keys and emits the groups. Any number of workers may each do a part of one
 * close: part p of P takes the hash regions r with r mod P = p, and from every local table the keys that hash there. No row can
 * come for a closed slice, so its tables are only read, but for those of the own part.
 */
export class CloseOperator {
  private readonly primitives: readonly Primitive[];
  private readonly hashRegions: readonly Region[];
  private readonly localRegions: readonly Region[];
  private readonly template: number;
  private readonly results: ResultBuffer;

  constructor(
    private readonly thread: ThreadContext,
    private readonly job: JobLayout,
    private readonly aggregate: AggregateLayout,
    emit: EmitResults,
  ) {
    this.primitives = primitivesOf(thread, aggregate.compiled.states);
    this.hashRegions = hashRegionsOf(thread, job);
    this.localRegions = localRegionsOf(thread, job);
    this.template = thread.pages.allocate(aggregate.compiled.cellBytes, PageUse.scratch);
    writeTemplate(thread, this.primitives, aggregate, this.template);
    this.results = new ResultBuffer(thread, job, aggregate, emit);
  }

  /** Closes every slice whose start is at most the one in the control block. */
  run(part: number, parts: number): void {
    const { heap, scratch } = this.thread;
    scratch.reset();
    const last = heap.i64[CLOSE]!;
    const own = this.hashRegions.filter((_region, index) => index % parts === part);
    const starts = this.startsUpTo(last);
    for (const start of starts) this.closeSlice(start, part, own);
    this.results.flush();
    // All tables stay until every part is here: what there is tells each part how a slice is merged. The last part frees them, and only
    // then is it done: the next close must not find them.
    if (Atomics.add(heap.i32, word(Word.closeArrived), 1) + 1 === parts) {
      const closed = new Set(starts);
      for (const region of [...this.localRegions, ...this.hashRegions]) held(region, () => region.removeClosed(closed));
    }
    Atomics.add(heap.i32, word(Word.closeDone), 1);
  }

  private startsUpTo(last: bigint): bigint[] {
    const starts = new Set<bigint>();
    for (const region of [...this.localRegions, ...this.hashRegions]) {
      if (region.sliceCount > 0) held(region, () => region.slicesUpTo(last).forEach(start => starts.add(start)));
    }
    return [...starts].sort((a, b) => (a < b ? -1 : 1));
  }

  private closeSlice(start: bigint, part: number, own: readonly Region[]): void {
    const find = (region: Region): GroupTable | null => held(region, () => region.find(start));
    const locals = this.localRegions.map(find);
    const shuffled = this.hashRegions.some(region => find(region) !== null);
    if (!shuffled && cellsToFold(locals) <= MOST_SIMPLE_CELLS) {
      if (part === 0) this.mergeLocals(start, locals);
      return;
    }
    for (const region of own) {
      held(region, () => {
        const table = this.mergeInto(region, start, locals);
        if (table !== null) this.results.append(start, table);
      });
    }
  }

  /** Folds all local tables of a slice into the largest; of mixed ones into the largest that is hashed, since that takes any key. */
  private mergeLocals(start: bigint, locals: readonly (GroupTable | null)[]): void {
    const anyHashed = locals.some(table => table instanceof HashedTable);
    const size = (table: GroupTable | null): number => (table instanceof HashedTable ? table.cells : table === null || anyHashed ? -1 : table.capacity);
    const largest = locals.reduce((best, table, index) => (size(table) > size(locals[best]!) ? index : best), 0);
    const into = locals[largest];
    if (!into) return;
    held(this.localRegions[largest]!, () => {
      locals.forEach((table, index) => {
        if (table === null || index === largest) return;
        this.noteDictionaryOf(table, into);
        if (into instanceof HashedTable) this.foldCells(table, into, -1);
        else this.foldDense(table as DenseTable, into);
      });
      this.results.append(start, into);
    });
  }

  /** The region's own table with what local tables hold of its keys; null where there is nothing. */
  private mergeInto(region: Region, start: bigint, locals: readonly (GroupTable | null)[]): GroupTable | null {
    const index = this.hashRegions.indexOf(region);
    let into = region.find(start);
    for (const table of locals) {
      if (table === null) continue;
      into ??= region.createHashed(start, this.aggregate.compiled.cellBytes);
      this.noteDictionaryOf(table, into);
      this.foldCells(table, into as HashedTable, index);
    }
    return into;
  }

  private noteDictionaryOf(table: GroupTable, into: GroupTable): void {
    const { heap } = this.thread;
    if (this.aggregate.keyMode === 'dense') noteDictionary(heap, into.address, heap.u32[(table.address >>> 2) + TableWord.dictionary]!);
  }

  /** Folds the cells of `table` whose hash belongs to a region (-1: all) into a hashed table. */
  private foldCells(table: GroupTable, into: HashedTable, region: number): void {
    if (table instanceof HashedTable) {
      const { kernels, scratch } = this.thread;
      table.eachPartition((entries, buckets) => {
        const mark = scratch.mark();
        const hashes = scratch.take(buckets * BUCKET_ENTRIES * 4);
        const cells = scratch.take(buckets * BUCKET_ENTRIES * 4);
        const rows = kernels.collectEntries(entries, buckets, region < 0 ? 0 : this.job.regionBits, Math.max(0, region), hashes, cells);
        this.foldInto(into, rows, cells, hashes, 0);
        scratch.release(mark);
      });
      // The hash of null is 0.
      if (table.nullCell && region <= 0) this.foldNull(table.nullCell, into);
    } else this.foldDenseIntoHashed(table, into, region);
  }

  private foldInto(into: HashedTable, rows: number, cells: number, hashes: number, valid: number): void {
    if (rows === 0) return;
    const { kernels, scratch } = this.thread;
    const data = scratch.take(rows * 8);
    const slots = scratch.take(rows * 4);
    kernels.gatherWords(rows, cells, 0, data);
    const { keyMode } = this.aggregate;
    into.upsert(rows, 0, { kind: keyMode === 'word' || keyMode === 'dense' ? 'words' : 'bytes', data, valid, hashes }, slots, this.template);
    this.mergeStates(rows, slots, cells, into);
  }

  private foldNull(cell: number, into: HashedTable): void {
    const { heap, scratch } = this.thread;
    const [cells, hashes, valid] = [scratch.take(4), scratch.take(4), scratch.take(1)];
    heap.u32[cells >>> 2] = cell;
    heap.u32[hashes >>> 2] = heap.u8[valid] = 0;
    this.foldInto(into, 1, cells, hashes, valid);
  }

  /** A dense table beside hashed ones: its dictionary outgrew dense cells on the way. */
  private foldDenseIntoHashed(table: DenseTable, into: HashedTable, region: number): void {
    const { heap, kernels, scratch } = this.thread;
    const mark = scratch.mark();
    const cells = scratch.take(table.capacity * 4);
    const rows = table.touched(this.countOffset, cells);
    const words = scratch.take(rows * 8);
    const hashes = scratch.take(rows * 4);
    kernels.gatherWords(rows, cells, 0, words);
    kernels.hashWords(rows, words, this.job.hashSeed, hashes);
    let kept = 0;
    for (let row = 0; row < rows; row++) {
      const cell = heap.u32[(cells >>> 2) + row]!;
      const hash = heap.u32[(hashes >>> 2) + row]!;
      const isNull = heap.i64[cell >>> 3] === -1n;
      // The hash of null is 0.
      const home = isNull ? 0 : hash >>> (32 - this.job.regionBits);
      if (region >= 0 && home !== region) continue;
      if (isNull) this.foldNull(cell, into);
      else {
        heap.u32[(cells >>> 2) + kept] = cell;
        heap.u32[(hashes >>> 2) + kept++] = hash;
      }
    }
    this.foldInto(into, kept, cells, hashes, 0);
    scratch.release(mark);
  }

  private foldDense(table: DenseTable, into: DenseTable): void {
    const { heap, scratch } = this.thread;
    const cells = scratch.take(table.capacity * 4);
    const rows = table.touched(this.countOffset, cells);
    into.reserve(table.capacity - 1, this.template);
    const slots = scratch.take(rows * 4);
    for (let row = 0; row < rows; row++) {
      const cell = heap.u32[(cells >>> 2) + row]!;
      heap.u32[(slots >>> 2) + row] = into.cellOf(this.aggregate.keyMode === 'none' ? 0 : heap.i32[cell >>> 2]!);
    }
    this.mergeStates(rows, slots, cells, into);
  }

  private mergeStates(rows: number, into: number, from: number, table: GroupTable): void {
    this.aggregate.compiled.states.forEach((state, index) => this.primitives[index]!.merge({ rows, into, from, arena: table.arena }, state.offset));
  }

  private get countOffset(): number {
    return this.aggregate.compiled.keyBytes;
  }
}

/** Cells of all tables but the largest: the same before and while they are folded into it, so that all parts of a close see one number. */
function cellsToFold(tables: readonly (GroupTable | null)[]): number {
  const cells = tables.map(table => (table instanceof HashedTable ? table.cells : 0));
  return cells.reduce((sum, count) => sum + count, 0) - Math.max(...cells);
}
