import { DictionaryWord } from '../batch/layout.js';
import { Word, word } from '../heap/control.js';
import { firstStage } from '../plan/plan.js';
import type { DenseTable } from '../state/dense-table.js';
import { HashedTable, type Keys } from '../state/hashed-table.js';
import { held, type Region, type Slice } from '../state/region.js';
import { longerDictionary, noteDictionary } from '../state/table-layout.js';
import type { AggregateLayout, JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { CellAccumulator, type CellNumbers } from './cell-accumulator.js';
import { CellFolder, type CellList } from './cell-folder.js';
import { CellStates } from './cell-states.js';
import { Combiner } from './combiner.js';
import type { CellInput, GroupInput } from './group-input.js';
import { hashedKeys, MOST_DENSE_CODES } from './keys.js';
import { Masks } from './masks.js';
import { MixedSlices } from './mixed-slices.js';
import { RegionSet } from './region-set.js';
import { FireTiming } from './fire-timing.js';
import { GLOBAL_SLICE } from '../window/aligned.js';
import { assign, assignByZone, type VisitSlice } from '../window/assign.js';
import { RowBuffer } from './row-buffer.js';
import type { RowOperator } from './row-operator.js';
import { StrayRows } from './stray-rows.js';
import { widened } from './widen.js';

/** Cells of one slice on their way to the regions: those of region r are `counts[r]` from the `starts[r]`-th on. */
interface Share {
  readonly slice: Slice;
  /** See `FireTiming`. */
  readonly due: bigint;
  readonly cells: CellList;
  readonly starts: Uint32Array;
  readonly counts: Uint32Array;
}

/** Combining pays if it leaves at most this part of the rows to be given to the regions. */
const LEAST_ROWS_PER_CELL = 4;

/**
 * Adds rows to window state. `hash`: every row goes to its key's region, under its lock, in large lots where rows can wait (see `RowBuffer`). `local`: rows are first combined per key in
 * this worker's combiner, and only the partial cells go to the regions, before the morsels they came from count as done: no lock and no
 * shuffle for a row, and a hot key costs nothing. `auto` combines until it does not pay, and then goes over to `hash` for good.
 */
export class GroupOperator implements RowOperator {
  readonly inOrder = false;
  readonly holds = false;
  private readonly accumulator: CellAccumulator;
  private readonly set: RegionSet;
  private readonly combiner: Combiner;
  private readonly folder: CellFolder;
  private readonly buffer: RowBuffer;
  private readonly strays: StrayRows;
  private readonly mixed: MixedSlices | null;
  private readonly timing: FireTiming;
  private combines: boolean;
  /** Whether what is combined is numbered by the combiner's own codes. */
  private byKeys = false;

  constructor(
    private readonly thread: ThreadContext,
    private readonly job: JobLayout,
    private readonly aggregate: AggregateLayout,
    worker: number,
  ) {
    const states = new CellStates(thread, aggregate.compiled);
    this.accumulator = new CellAccumulator(thread, aggregate, states);
    this.set = new RegionSet(thread, job, worker);
    this.combiner = new Combiner(thread, job, aggregate);
    this.folder = new CellFolder(thread, aggregate, states, job.hashSeed, this.accumulator.template);
    this.timing = new FireTiming(firstStage(job.plan).aggregate!);
    this.mixed = MixedSlices.for(thread, aggregate, this.timing.assigner, this.combiner, this.accumulator);
    this.buffer = new RowBuffer(thread, aggregate.compiled, job);
    this.strays = new StrayRows(thread, this.set);
    this.combines = job.partitioner !== 'hash' || aggregate.keyMode === 'none';
  }

  /** Whether rows that were added are not in the regions yet. */
  get isPending(): boolean {
    return !this.combiner.isEmpty || !this.buffer.isEmpty;
  }

  add(input: GroupInput): void {
    if (input.rows === 0) return;
    const masks = new Masks(this.thread, input, this.aggregate.compiled.states);
    const wide = widened(this.thread, this.aggregate, input);
    if (this.combines) return this.combine(wide, masks);
    const keys = this.hash(wide);
    this.eachSlice(wide, (slice, positions, rows) => this.shuffle(wide, slice, positions, rows, keys, masks));
    this.giveStrays(wide, keys, masks);
  }

  private eachSlice(input: GroupInput, visit: VisitSlice): void {
    if (input.slice !== null) visit(input.slice, input.positions, input.rows);
    else if (input.zones) assignByZone(this.thread, input.zones, input, visit);
    else assign(this.thread, this.timing.assigner!, input, visit);
  }

  endMorsel(): void {
    // Rows may come in any order.
  }
  hasTurn(): boolean {
    return true;
  }

  /** Makes the one cell of a job without keys and windows, so that no rows give one result, as in SQL. */
  touchGlobal(): void {
    const region = this.set.ofNull;
    const { scratch, heap } = this.thread;
    scratch.reset();
    held(region, () => {
      const [hash, valid, slot] = [scratch.take(4), scratch.take(1), scratch.take(4)];
      heap.u32[hash >>> 2] = heap.u8[valid] = 0;
      this.tableOf(region, GLOBAL_SLICE, this.timing.dueOf(GLOBAL_SLICE), 0).upsert(1, 0, { kind: 'words', data: scratch.take(8), valid, hashes: hash }, slot, this.accumulator.template);
    });
  }

  /** Gives what was combined, and rows that wait, to the regions. REQUIRES: nothing in scratch is needed any more. */
  flush(): void {
    if (!this.isPending) return;
    this.thread.scratch.reset();
    this.giveToRegions();
    this.flushBuffer();
  }

  private giveToRegions(): void {
    if (this.combiner.isEmpty) return;
    const { scratch } = this.thread;
    const mark = scratch.mark();
    const shares = this.combiner.tables.map(({ slice, table }) => this.share(slice, table));
    // All slices at once: a lock for each would take longer than what there is to do.
    this.set.inTurn(region => shares.some(({ counts }) => counts[region]! > 0), (held, region) => {
      for (const { slice, due, cells, starts, counts } of shares) {
        if (counts[region]! > 0) this.folder.fold(cells, starts[region]!, counts[region]!, this.tableOf(held, slice, due, this.combiner.dictionary));
      }
    });
    scratch.release(mark);
    this.combiner.clear();
  }

  /** What a slice has in the combiner, sorted by region. */
  private share(slice: Slice, table: DenseTable): Share {
    const { dictionary } = this.combiner;
    const due = this.timing.dueOf(slice);
    const list = this.folder.listCombined(table, this.accumulator.touchedOffset, this.byKeys ? this.combiner.keys : null);
    if (list.nullCell) held(this.set.ofNull, () => this.folder.foldNull(list.nullCell, this.tableOf(this.set.ofNull, slice, due, dictionary)));
    this.combiner.given += list.rows;
    const { sorted, starts, counts } = this.set.partition(list.rows, 0, list.hashes);
    return { slice, due, cells: this.folder.reorder(list, sorted), starts, counts };
  }

  private hash(input: GroupInput): Keys {
    const { heap, kernels, scratch } = this.thread;
    const columns = input.vectors.slice(0, this.aggregate.compiled.keyCount);
    return hashedKeys(heap, kernels, this.aggregate.keyMode, columns, input.elements, this.job.hashSeed, scratch);
  }

  private combine(input: GroupInput, masks: Masks): void {
    const numbers = this.numbersOf(input);
    if (input.slice !== null || input.zones || this.mixed === null || !this.mixed.add(input, numbers, masks)) {
      this.eachSlice(input, (slice, positions, rows) => this.combineSlice(input, slice, positions, rows, numbers, masks));
    }
    if (this.combiner.isFull) this.reconsider();
  }

  private combineSlice(input: GroupInput, slice: Slice, positions: number, rows: number, numbers: CellNumbers | null, masks: Masks): void {
    const { scratch } = this.thread;
    const mark = scratch.mark();
    const table = this.combiner.table(slice);
    this.accumulator.addCombined(this.accumulator.slotsOf(table, positions, rows, numbers), table, input, positions, rows, masks);
    this.combiner.rows += rows;
    scratch.release(mark);
  }

  /** What tells the cell of a row: the codes of its dictionary, while they are not too many, or else those of the combiner's own. */
  private numbersOf(input: GroupInput): CellNumbers | null {
    const { keyMode } = this.aggregate;
    if (keyMode === 'none') return null;
    const { data, valid, dictionary } = input.vectors[0]!;
    const codes = keyMode === 'dense' ? this.thread.heap.u32[(dictionary >>> 2) + DictionaryWord.count]! : Infinity;
    const byKeys = codes > MOST_DENSE_CODES;
    if (byKeys !== this.byKeys) {
      this.giveToRegions();
      this.byKeys = byKeys;
    }
    if (keyMode === 'dense') this.combiner.dictionary = longerDictionary(this.thread.heap, this.combiner.dictionary, dictionary);
    if (!byKeys) return { data, valid, count: codes };
    const { keys } = this.combiner;
    const found = keys.find(this.hash(input), input.elements, input.positions, input.rows);
    return { data: found, valid: 0, count: keys.count };
  }

  /** A full combiner is emptied; was it of little use, `auto` does without it from now on. */
  private reconsider(): void {
    this.giveToRegions();
    const pays = this.combiner.rows >= LEAST_ROWS_PER_CELL * this.combiner.given;
    this.combiner.clearKeys();
    if (pays || this.aggregate.keyMode === 'none' || !this.byKeys || this.job.partitioner !== 'auto') return;
    this.combines = false;
    Atomics.store(this.thread.heap.i32, word(Word.switchedToHash), 1);
  }

  private shuffle(input: GroupInput, slice: Slice, positions: number, rows: number, keys: Keys, masks: Masks): void {
    if (positions && this.strays.takes(rows)) return this.strays.add(slice, positions, rows);
    const dictionary = this.dictionaryOf(input);
    const due = this.timing.dueOf(slice);
    if (this.buffer.takes(rows, keys)) {
      if (!this.buffer.hasRoom(rows)) this.flushBuffer();
      return this.buffer.add(slice, dictionary, input.vectors, positions, rows, keys, masks);
    }
    this.set.visit(rows, positions, keys.hashes, (region, own, count) => this.accumulator.add(this.tableOf(region, slice, due, dictionary), input, own, count, keys, masks));
  }

  private dictionaryOf(input: CellInput): number {
    return this.aggregate.keyMode === 'dense' ? input.vectors[0]!.dictionary : 0;
  }

  private giveStrays(input: GroupInput, keys: Keys, masks: Masks): void {
    const dictionary = this.dictionaryOf(input);
    this.strays.give(input.elements, keys.hashes, (region, slice, positions, rows) => this.accumulator.add(this.tableOf(region, slice, this.timing.dueOf(slice), dictionary), input, positions, rows, keys, masks));
  }

  private flushBuffer(): void {
    const { buffer } = this;
    if (buffer.isEmpty) return;
    this.set.inTurn(region => buffer.rowsOf(region) > 0, (held, region) => {
      let warmed: HashedTable | null = null;
      buffer.eachPart(region, (slice, dictionary, part) => {
        const table = this.tableOf(held, slice, this.timing.dueOf(slice), dictionary);
        // Rows of several slices are seldom mixed: the first slice is warmed as if all were its own.
        if (warmed === null) (warmed = table).warm(buffer.rowsOf(region));
        // Such states read nothing but words.
        this.accumulator.add(table, { vectors: part.vectors, times: 0, selection: 0, firstRow: 0, basePosition: 0n }, 0, part.rows, part.keys, part.masks);
      });
    });
    buffer.clear();
  }

  /** REQUIRES: the region is held. */
  private tableOf(region: Region, slice: Slice, due: bigint, dictionary: number): HashedTable {
    const table = region.writable(slice, this.aggregate.compiled.cellBytes, due);
    if (dictionary) noteDictionary(this.thread.heap, table.address, dictionary);
    return table;
  }
}
