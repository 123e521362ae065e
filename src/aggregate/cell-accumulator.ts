import { PageUse } from '../heap/page-allocator.js';
import type { DenseTable } from '../state/dense-table.js';
import type { HashedTable, Keys } from '../state/hashed-table.js';
import type { TableArena } from '../state/table-arena.js';
import type { AggregateLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { CellInput } from './group-input.js';
import { primitivesOf, type Primitive } from './primitives.js';
import type { StateMasks } from './row-buffer.js';

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
  /** One per state of a cell. */
  private readonly states: readonly Primitive[];

  constructor(
    private readonly thread: ThreadContext,
    private readonly aggregate: AggregateLayout,
  ) {
    const { states, cellBytes } = aggregate.compiled;
    this.states = primitivesOf(thread, states);
    this.template = thread.pages.allocate(cellBytes, PageUse.scratch);
    writeTemplate(thread, this.states, aggregate, this.template);
    this.touchedOffset = states.find(({ primitive, input, where }) => primitive === 'count' && input < 0 && where < 0)?.offset ?? 0;
  }

  /** Adds rows of one slice. `positions`: the elements that they are (u32), or 0 for all. */
  add(table: HashedTable, input: CellInput, positions: number, rows: number, keys: Keys, masks: StateMasks): void {
    const { scratch } = this.thread;
    const mark = scratch.mark();
    const slots = scratch.take(rows * 4);
    table.upsert(rows, positions, keys, slots, this.template);
    this.addTo(slots, table.arena, input, positions, rows, masks);
    scratch.release(mark);
  }

  /** The cells of rows in a table of a combiner: addresses (u32), in scratch. `numbers`: null without a key. */
  slotsOf(table: DenseTable, positions: number, rows: number, numbers: CellNumbers | null): number {
    const { kernels, scratch } = this.thread;
    const slots = scratch.take(rows * 4 + 16);
    table.reserve(numbers?.count ?? 1, this.template);
    if (numbers === null) kernels.fillWords(rows, table.cellOf(0), slots);
    else table.slots(rows, positions, numbers.data, numbers.valid, slots);
    return slots;
  }

  /** Adds rows to cells of a combiner: `slots`, an address (u32) per row. Only states that keep something in the arena need the table that the cells are in. */
  addCombined(slots: number, table: DenseTable, input: CellInput, positions: number, rows: number, masks: StateMasks): void {
    if (this.touchedOffset === 0) this.thread.kernels.markCells(rows, slots);
    this.addTo(slots, table.arena, input, positions, rows, masks);
  }

  private addTo(slots: number, arena: TableArena, input: CellInput, positions: number, rows: number, masks: StateMasks): void {
    const { states } = this.aggregate.compiled;
    const target = { rows, positions, slots, times: input.times, selection: input.selection, firstRow: input.firstRow, basePosition: input.basePosition, vectors: input.vectors, arena };
    for (let index = 0; index < states.length; index++) {
      const state = states[index]!;
      this.states[index]!.accumulate(target, state.offset, state.input < 0 ? null : input.vectors[state.input]!, masks.at(index));
    }
  }
}

export function writeTemplate(thread: ThreadContext, primitives: readonly Primitive[], { compiled }: AggregateLayout, address: number): void {
  thread.heap.u8.fill(0, address, address + compiled.cellBytes);
  compiled.states.forEach((state, index) => primitives[index]!.init(address + state.offset));
}
