import { CLOSE, Word, word } from '../heap/control.js';
import { PageUse } from '../heap/page-allocator.js';
import type { Fields } from '../plan/types.js';
import { windowColumns } from '../plan/plan.js';
import type { Vector } from '../expression/vector.js';
import { BUCKET_ENTRIES, HashedTable } from '../state/hashed-table.js';
import { held, type Region, type GroupTable } from '../state/region.js';
import { DenseTable } from '../state/dense-table.js';
import { longerDictionary, noteDictionary, TableWord } from '../state/table-layout.js';
import type { AggregateLayout, JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { finishAggregate } from './finish.js';
import { hashRegionsOf, localRegionsOf, writeTemplate } from './group-operator.js';
import { splitKeys } from './keys.js';
import { primitivesFor, type Primitive, type PrimitiveName } from './primitives.js';

/** Rows of a result batch, about. */
const EMIT_ROWS = 65_536;
/** Up to so many cells of local tables are folded into the largest of them by one worker, without a shuffle. */
const MOST_SIMPLE_CELLS = 65_536;

/**
 * Closes slices: merges the tables that may hold their keys and emits the groups. Any number of workers may each do a part of one
 * close: part p of P takes the hash regions r with r mod P = p, and from every local table the keys that hash there. No row can
 * come for a closed slice, so its tables are only read, but for those of the own part.
 */
export class CloseOperator {
  private readonly primitives: Record<PrimitiveName, Primitive>;
  private readonly hashRegions: readonly Region[];
  private readonly localRegions: readonly Region[];
  private readonly template: number;
  /** For the next result batch: lists of cells (u32 addresses) in scratch, the slices they come from, and which rows are null cells. */
  private segments: { start: bigint; until: number }[] = [];
  private pieces: { address: number; rows: number }[] = [];
  private rows = 0;
  private nullRows: number[] = [];
  private dictionary = 0;

  constructor(
    private readonly thread: ThreadContext,
    private readonly job: JobLayout,
    private readonly aggregate: AggregateLayout,
    private readonly emit: (fields: Fields, vectors: Vector[], rows: number) => void,
  ) {
    this.primitives = primitivesFor(thread.heap, thread.kernels);
    this.hashRegions = hashRegionsOf(thread, job);
    this.localRegions = localRegionsOf(thread, job);
    this.template = thread.pages.allocate(aggregate.compiled.cellBytes, PageUse.scratch);
    writeTemplate(thread, this.primitives, aggregate, this.template);
  }

  /** Closes every slice whose start is at most the one in the control block. */
  run(part: number, parts: number): void {
    const { heap, scratch } = this.thread;
    scratch.reset();
    const last = heap.i64[CLOSE]!;
    const own = this.hashRegions.filter((_region, index) => index % parts === part);
    const starts = this.startsUpTo(last);
    for (const start of starts) this.closeSlice(start, part, own);
    this.flush();
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
        if (table !== null) this.append(start, table);
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
      this.append(start, into);
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
    for (const state of this.aggregate.compiled.states) this.primitives[state.primitive].merge({ rows, into, from, arena: table.arena }, state.offset);
  }

  /** Adds the groups of a table to the next result batches. REQUIRES: it stays as it is until `flush`. */
  private append(start: bigint, table: GroupTable): void {
    const { heap, kernels, scratch } = this.thread;
    if (this.aggregate.keyMode === 'dense') this.dictionary = longerDictionary(heap, this.dictionary, heap.u32[(table.address >>> 2) + TableWord.dictionary]!);
    if (table instanceof DenseTable) {
      const cells = scratch.take(table.capacity * 4);
      if (this.aggregate.keyMode === 'none') {
        heap.u32[cells >>> 2] = table.cellOf(0);
        return this.piece(start, cells, 1, false);
      }
      const rows = table.touched(this.countOffset, cells);
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
  private flush(): void {
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
    const results = this.aggregate.compiled.finishers.map(finisher => finishAggregate(heap, kernels, finisher, rows, cells, scratch));
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

  private get countOffset(): number {
    return this.aggregate.compiled.keyBytes;
  }
}

/** Cells of all tables but the largest: the same before and while they are folded into it, so that all parts of a close see one number. */
function cellsToFold(tables: readonly (GroupTable | null)[]): number {
  const cells = tables.map(table => (table instanceof HashedTable ? table.cells : 0));
  return cells.reduce((sum, count) => sum + count, 0) - Math.max(...cells);
}
