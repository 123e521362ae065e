import { PageUse } from '../heap/page-allocator.js';
import { numberSlices } from '../window/assign.js';
import type { SliceAssigner } from '../window/slice.js';
import type { AggregateLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { CellAccumulator, CellNumbers } from './cell-accumulator.js';
import type { Combiner } from './combiner.js';
import type { GroupInput } from './group-input.js';
import type { Masks } from './masks.js';
import { takeWords } from './primitives.js';

/** Slices that rows of one chunk may fall into. */
const MOST_SLICES = 16;

/** What `runs` are of: slices, the tables of a generation, with room for so many codes. */
interface Known {
  boundaries: BigInt64Array | null;
  readonly generation: number;
  readonly codes: number;
}
/** Where the rows of a chunk go. */
interface Placed {
  /** A cell for each element. */
  readonly slots: number;
  /** Elements that have a spare cell there, and their own. */
  readonly strays: number;
  readonly straySlots: number;
  readonly strayRows: number;
}

/**
 * Chunks whose rows lie in a few slices: in the two on both sides of a boundary, or nearly all in one and some elsewhere, as where a few of
 * a stream's rows come late. To sort the rows by slice, and to add those of each slice apart, would cost more than all else: instead
 * each row of the slice that most are in gets its cell, all others one that nobody reads; these are then added again, to their own cells. Cells
 * of other slices have left the cache, mostly: one after another, without other rows in between, they are fetched many at a time.
 */
export class MixedSlices {
  /** A cell that nobody reads. */
  private readonly spare: number;
  /** Address of each slice's cells (u32), of those that chunks lay in last: the next mostly lie in the same. */
  private readonly runs: number;
  private known: Known = { boundaries: null, generation: -1, codes: 0 };

  private constructor(
    private readonly thread: ThreadContext,
    private readonly assigner: SliceAssigner,
    private readonly combiner: Combiner,
    private readonly accumulator: CellAccumulator,
    private readonly cellBytes: number,
  ) {
    this.spare = thread.pages.allocate(cellBytes + MOST_SLICES * 4, PageUse.scratch);
    this.runs = this.spare + cellBytes;
  }

  /** null for a job without slices of its own, or with states that keep things in a table's arena: it must be one for all rows. */
  static for(thread: ThreadContext, { compiled }: AggregateLayout, assigner: SliceAssigner | null, combiner: Combiner, accumulator: CellAccumulator): MixedSlices | null {
    if (assigner === null || !takeWords(compiled.states)) return null;
    return new MixedSlices(thread, assigner, combiner, accumulator, compiled.cellBytes);
  }

  /** Adds a chunk to the combiner, if it is such. Returns whether. */
  add(input: GroupInput, numbers: CellNumbers | null, masks: Masks): boolean {
    if (input.positions) return false;
    const { scratch } = this.thread;
    const { elements } = input;
    const mark = scratch.mark();
    const placed = this.place(input, numbers);
    if (placed) {
      // Whatever the table: such states keep nothing in it.
      const { table } = this.combiner.tables[0]!;
      this.accumulator.addCombined(placed.slots, table, input, 0, elements, masks);
      if (placed.strayRows > 0) this.accumulator.addCombined(placed.straySlots, table, input, placed.strays, placed.strayRows, masks);
      this.combiner.rows += elements;
    }
    scratch.release(mark);
    return placed !== null;
  }

  /** The cells of a chunk's rows, in scratch, or null where it is no such chunk. */
  private place({ elements, times, range }: GroupInput, numbers: CellNumbers | null): Placed | null {
    const { assigner, runs, spare, cellBytes, thread: { kernels, scratch } } = this;
    const boundaries = range && this.boundariesOf(range.least, range.greatest);
    if (boundaries === null || !this.findRuns(boundaries, numbers)) return null;
    const { data, valid } = numbers ?? { data: 0, valid: 0 };
    const slots = scratch.take(elements * 4);
    if (assigner.sliceSize === null) {
      const sliced = numberSlices(this.thread, assigner, { elements, positions: 0, rows: elements, times }, boundaries);
      kernels.slotsByNumber(elements, sliced.numbers, runs, data, valid, cellBytes, slots);
      return { slots, strays: 0, straySlots: 0, strayRows: 0 };
    }
    const [strays, straySlots] = [scratch.take(elements * 4), scratch.take(elements * 4)];
    const usual = this.usual(elements, times, boundaries[0]!, assigner.sliceSize);
    const strayRows = kernels.slotsByTime(elements, times, boundaries[0]!, assigner.sliceSize, usual, runs, data, valid, cellBytes, slots, spare, strays, straySlots);
    return { slots, strays, straySlots, strayRows };
  }

  /** The slice that most rows fall into, if there is such a slice. */
  private usual(elements: number, times: number, base: bigint, size: bigint): number {
    const at = (part: number): bigint => this.thread.heap.i64[(times >>> 3) + Math.floor(elements * part)]!;
    const [a, b, c] = [at(0.25), at(0.5), at(0.75)];
    const middle = a < b ? (b < c ? b : a < c ? c : a) : a < c ? a : b < c ? c : b;
    return Number((middle - base) / size);
  }

  private boundariesOf(least: bigint, greatest: bigint): BigInt64Array | null {
    const { boundaries } = this.known;
    if (boundaries !== null) {
      const last = boundaries.length - 1;
      if (least >= boundaries[0]! && least < boundaries[1]! && greatest >= boundaries[last - 1]! && greatest < boundaries[last]!) return boundaries;
    }
    return this.assigner.boundaries(least, greatest, MOST_SLICES);
  }

  /** Sees to it that `runs` has the address of each slice's cells. Returns whether they lie side by side. */
  private findRuns(boundaries: BigInt64Array, numbers: CellNumbers | null): boolean {
    const { combiner: { generation }, known, thread: { heap: { u32 } } } = this;
    const codes = numbers?.count ?? 0;
    if (known.boundaries === boundaries && known.generation === generation && known.codes === codes) return true;
    this.known = { boundaries: null, generation, codes };
    for (let slice = 0; slice < boundaries.length - 1; slice++) {
      const table = this.combiner.table({ start: boundaries[slice]!, end: boundaries[slice + 1]! });
      this.accumulator.reserve(table, numbers);
      if (table.run === 0) return false;
      u32[(this.runs >>> 2) + slice] = table.run;
    }
    this.known.boundaries = boundaries;
    return true;
  }
}
