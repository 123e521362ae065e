import { PageUse } from '../heap/page-allocator.js';
import { type DenseTable, NO_CODE } from '../state/dense-table.js';
import type { HashedTable, Keys } from '../state/hashed-table.js';
import type { AggregateLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { CellStates, StateMasks } from './cell-states.js';
import type { CellInput } from './group-input.js';

/** What numbers the cells of a combiner's rows: a code per element (i32), less than `count`; `valid`: bytes, or 0 where none is null. */
export interface CellNumbers {
  readonly data: number;
  readonly valid: number;
  readonly count: number;
}

/** Finds the cells of rows, and adds the rows to their states. */
export class CellAccumulator {
  /** A cell of no rows. */
  readonly template: number;
  /** Of a word that is not 0 in cells of a combiner that rows were added to: a count of rows, or the first word. */
  readonly touchedOffset: number;

  constructor(
    private readonly thread: ThreadContext,
    { compiled }: AggregateLayout,
    private readonly states: CellStates,
  ) {
    this.template = thread.pages.allocate(compiled.cellBytes, PageUse.scratch);
    states.init(this.template);
    this.touchedOffset = compiled.states.find(({ primitive, input, where }) => primitive === 'count' && input < 0 && where < 0)?.offset ?? 0;
  }

  /** Adds rows of one slice. `positions`: the elements that they are (u32), or 0 for all. */
  add(table: HashedTable, input: CellInput, positions: number, rows: number, keys: Keys, masks: StateMasks): void {
    const { scratch } = this.thread;
    const mark = scratch.mark();
    const slots = scratch.take(rows * 4);
    table.upsert(rows, positions, keys, slots, this.template);
    this.states.accumulate({ rows, positions, slots }, input, masks, table.arena);
    scratch.release(mark);
  }

  /** Makes room in a table of a combiner for all that numbers tell apart. */
  reserve(table: DenseTable, numbers: CellNumbers | null): void {
    table.reserve(numbers?.count ?? 0, this.template);
  }

  /** The cells of rows in a table of a combiner: addresses (u32), in scratch. `numbers`: null without a key. */
  slotsOf(table: DenseTable, positions: number, rows: number, numbers: CellNumbers | null): number {
    const { kernels, scratch } = this.thread;
    const slots = scratch.take(rows * 4 + 16);
    this.reserve(table, numbers);
    if (numbers === null) kernels.fillWords(rows, table.cellOf(NO_CODE), slots);
    else table.slots(rows, positions, numbers.data, numbers.valid, slots);
    return slots;
  }

  /** Adds rows to cells of a combiner: `slots`, an address (u32) per row. Only states that keep something in the arena need the table that the cells are in. */
  addCombined(slots: number, table: DenseTable, input: CellInput, positions: number, rows: number, masks: StateMasks): void {
    if (this.touchedOffset === 0) this.thread.kernels.markCells(rows, slots);
    this.states.accumulate({ rows, positions, slots }, input, masks, table.arena);
  }
}
