import type { HashedTable, Keys } from '../state/hashed-table.js';
import type { Slice } from '../state/region.js';
import { assign, mostlyIn } from '../window/assign.js';
import type { SliceAssigner } from '../window/slice.js';
import type { AggregateLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { CellAccumulator } from './cell-accumulator.js';
import type { Combiner } from './combiner.js';
import type { GroupInput } from './group-input.js';
import type { Masks } from './masks.js';
import { takesWords } from './primitives.js';

/** Slices that few rows of one chunk may fall into. */
const MOST_OTHERS = 16;

/**
 * Chunks of which nearly all rows lie in one slice and some elsewhere, as where a few of a stream's rows come late. To sort rows by slice
 * would cost every row what only those few need: cells are found for all rows as if they were of the one slice, then the few get their
 * own, and all are added to their cells in one go.
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
    if (assigner === null || !compiled.states.every(state => takesWords(state.primitive))) return null;
    return new MixedSlices(thread, assigner, combiner, accumulator);
  }

  /** Adds a chunk to a combiner, if it is such. Returns whether. */
  add(input: GroupInput, keys: Keys, masks: Masks): boolean {
    const { thread: { heap, kernels, scratch } } = this;
    const { elements } = input;
    if (input.positions) return false;
    const mark = scratch.mark();
    const most = mostlyIn(this.thread, this.assigner, elements, input.times);
    const others = most && this.others(input, most.positions, most.rows);
    if (most === null || others === null) {
      scratch.release(mark);
      return false;
    }
    const [slots, passed, one] = [scratch.take(elements * 4), scratch.take(elements), scratch.take(1)];
    heap.u8.fill(0, passed, passed + elements);
    heap.u8[one] = 1;
    kernels.scatter8(most.rows, most.positions, one, 0, passed);
    const table = this.tableOf(most.slice);
    table.upsert(elements, 0, keys, slots, this.accumulator.template, passed);
    for (const { slice, positions, rows } of others) {
      const own = scratch.take(rows * 4);
      this.tableOf(slice).upsert(rows, positions, keys, own, this.accumulator.template);
      kernels.scatter32(rows, positions, own, 4, slots);
    }
    this.accumulator.addTo(slots, table, input, 0, elements, masks);
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

  private tableOf(slice: Slice): HashedTable {
    return this.combiner.table(slice, false) as HashedTable;
  }
}
