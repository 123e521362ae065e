import type { Slice } from '../state/region.js';
import { assign, mostlyIn } from '../window/assign.js';
import type { SliceAssigner } from '../window/slice.js';
import type { AggregateLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { CellAccumulator, CellNumbers } from './cell-accumulator.js';
import type { Combiner } from './combiner.js';
import type { GroupInput } from './group-input.js';
import type { Masks } from './masks.js';
import { takeWords } from './primitives.js';

/** Slices that few rows of one chunk may fall into. */
const MOST_OTHERS = 16;

/**
 * Chunks of which nearly all rows lie in one slice and some elsewhere, as where a few of a stream's rows come late. To sort rows by slice
 * would cost every row what only those few need: all rows get their cells of the one slice, then the few get their own instead, and all
 * are added in one go.
 */
export class MixedSlices {
  private constructor(
    private readonly thread: ThreadContext,
    private readonly assigner: SliceAssigner,
    private readonly combiner: Combiner,
    private readonly accumulator: CellAccumulator,
  ) {}

  /** null for a job without slices of its own, or with states that keep things in a table's arena: it must be one for all rows. */
  static for(thread: ThreadContext, { compiled }: AggregateLayout, assigner: SliceAssigner | null, combiner: Combiner, accumulator: CellAccumulator): MixedSlices | null {
    if (assigner === null || !takeWords(compiled.states)) return null;
    return new MixedSlices(thread, assigner, combiner, accumulator);
  }

  /** Adds a chunk to the combiner, if it is such. Returns whether. */
  add(input: GroupInput, numbers: CellNumbers | null, masks: Masks): boolean {
    const { kernels, scratch } = this.thread;
    const { elements } = input;
    if (input.positions) return false;
    const mark = scratch.mark();
    const most = mostlyIn(this.thread, this.assigner, elements, input.times);
    const others = most && this.others(input, most.positions, most.rows);
    if (most === null || others === null) {
      scratch.release(mark);
      return false;
    }
    const table = this.combiner.table(most.slice);
    const slots = this.accumulator.slotsOf(table, 0, elements, numbers);
    for (const { slice, positions, rows } of others) {
      kernels.scatter32(rows, positions, this.accumulator.slotsOf(this.combiner.table(slice), positions, rows, numbers), 4, slots);
    }
    this.accumulator.addCombined(slots, table, input, 0, elements, masks);
    this.combiner.rows += elements;
    scratch.release(mark);
    return true;
  }

  /** The rows of the other slices, or null where these are too many. */
  private others(input: GroupInput, positions: number, rows: number): { slice: Slice; positions: number; rows: number }[] | null {
    const found: { slice: Slice; positions: number; rows: number }[] = [];
    assign(this.thread, this.assigner, { elements: input.elements, positions, rows, times: input.times }, (slice, own, count) => found.push({ slice, positions: own, rows: count }));
    return found.length > MOST_OTHERS ? null : found;
  }
}
