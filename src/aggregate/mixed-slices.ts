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

/**
 * Chunks whose rows lie in a few slices: in the two on both sides of a boundary, or nearly all in one and some elsewhere, as where a few of
 * a stream's rows come late. To sort the rows by slice, and to add those of each slice apart, would cost more than all else: instead
 * each row gets its cell, whatever its slice, and all are added in one go.
 */
export class MixedSlices {
  private constructor(
    private readonly thread: ThreadContext,
    private readonly assigner: SliceAssigner,
    private readonly combiner: Combiner,
    private readonly accumulator: CellAccumulator,
    private readonly cellBytes: number,
  ) {}

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
    const slots = this.slotsOf(input, numbers);
    if (slots) {
      // Whatever the table: such states keep nothing in it.
      this.accumulator.addCombined(slots, this.combiner.tables[0]!.table, input, 0, elements, masks);
      this.combiner.rows += elements;
    }
    scratch.release(mark);
    return slots !== 0;
  }

  /** The cells of a chunk's rows (u32, in scratch), or 0 where it is no such chunk. */
  private slotsOf({ elements, times, range }: GroupInput, numbers: CellNumbers | null): number {
    const { assigner, thread: { kernels, scratch } } = this;
    const boundaries = range && assigner.boundaries(range.least, range.greatest, MOST_SLICES);
    const runs = boundaries && this.runsOf(boundaries, numbers);
    if (!runs) return 0;
    const { data, valid } = numbers ?? { data: 0, valid: 0 };
    const slots = scratch.take(elements * 4);
    if (assigner.sliceSize === null) {
      const sliced = numberSlices(this.thread, assigner, { elements, positions: 0, rows: elements, times }, boundaries);
      kernels.slotsByNumber(elements, sliced.numbers, runs, data, valid, this.cellBytes, slots);
    } else {
      const usual = Number((this.usual(elements, times) - boundaries[0]!) / assigner.sliceSize);
      kernels.slotsByTime(elements, times, boundaries[0]!, assigner.sliceSize, usual, runs, data, valid, this.cellBytes, slots);
    }
    return slots;
  }

  /** A time in the slice that most rows fall into, if there is such a slice. */
  private usual(elements: number, times: number): bigint {
    const at = (part: number): bigint => this.thread.heap.i64[(times >>> 3) + Math.floor(elements * part)]!;
    return [at(0.25), at(0.5), at(0.75)].sort((a, b) => (a < b ? -1 : 1))[1]!;
  }

  /** The address of each slice's cells (u32, in scratch), or 0 where these do not lie side by side. */
  private runsOf(boundaries: BigInt64Array, numbers: CellNumbers | null): number {
    const { heap: { u32 }, scratch } = this.thread;
    const slices = boundaries.length - 1;
    const runs = scratch.take(slices * 4);
    for (let slice = 0; slice < slices; slice++) {
      const table = this.combiner.table({ start: boundaries[slice]!, end: boundaries[slice + 1]! });
      this.accumulator.reserve(table, numbers);
      if (table.run === 0) return 0;
      u32[(runs >>> 2) + slice] = table.run;
    }
    return runs;
  }
}
