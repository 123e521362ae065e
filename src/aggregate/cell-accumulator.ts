import { DictionaryWord } from '../batch/layout.js';
import { PageUse } from '../heap/page-allocator.js';
import type { DenseTable } from '../state/dense-table.js';
import { HashedTable, type Keys } from '../state/hashed-table.js';
import type { AggregateLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { CellInput } from './group-input.js';
import { primitivesOf, type Primitive } from './primitives.js';
import type { StateMasks } from './row-buffer.js';

/** Finds the cells of rows, and adds the rows to their states. */
export class CellAccumulator {
  /** A cell of no rows. */
  readonly template: number;
  /** One per state of a cell. */
  private readonly states: readonly Primitive[];

  constructor(
    private readonly thread: ThreadContext,
    private readonly aggregate: AggregateLayout,
  ) {
    this.states = primitivesOf(thread, aggregate.compiled.states);
    this.template = thread.pages.allocate(aggregate.compiled.cellBytes, PageUse.scratch);
    writeTemplate(thread, this.states, aggregate, this.template);
  }

  /** Adds rows of one slice. `positions`: the elements that they are (u32), or 0 for all; `keys`: null for a dense table. */
  add(table: HashedTable | DenseTable, input: CellInput, positions: number, rows: number, keys: Keys | null, masks: StateMasks): void {
    const { scratch } = this.thread;
    const mark = scratch.mark();
    const slots = scratch.take(rows * 4);
    this.findSlots(table, input, positions, rows, keys, slots);
    this.addTo(slots, table, input, positions, rows, masks);
    scratch.release(mark);
  }

  /** Adds rows to cells that were found: `slots`, an address (u32) per row. Only states that keep something in the arena need the table that the cells are in. */
  addTo(slots: number, table: HashedTable | DenseTable, input: CellInput, positions: number, rows: number, masks: StateMasks): void {
    const { states } = this.aggregate.compiled;
    const target = { rows, positions, slots, times: input.times, selection: input.selection, firstRow: input.firstRow, basePosition: input.basePosition, vectors: input.vectors, arena: table.arena };
    for (let index = 0; index < states.length; index++) {
      const state = states[index]!;
      this.states[index]!.accumulate(target, state.offset, state.input < 0 ? null : input.vectors[state.input]!, masks.at(index));
    }
  }

  dictionaryCount(input: CellInput): number {
    return this.thread.heap.u32[(input.vectors[0]!.dictionary >>> 2) + DictionaryWord.count]!;
  }

  private findSlots(table: HashedTable | DenseTable, input: CellInput, positions: number, rows: number, keys: Keys | null, slots: number): void {
    const { kernels } = this.thread;
    if (table instanceof HashedTable) return table.upsert(rows, positions, keys!, slots, this.template);
    if (this.aggregate.keyMode === 'none') {
      table.reserve(1, this.template);
      kernels.fillWords(rows, table.cellOf(0), slots);
      return;
    }
    const codes = input.vectors[0]!;
    table.reserve(this.dictionaryCount(input), this.template);
    table.slots(rows, positions, codes.data, codes.valid, slots);
  }
}

export function writeTemplate(thread: ThreadContext, primitives: readonly Primitive[], { compiled }: AggregateLayout, address: number): void {
  thread.heap.u8.fill(0, address, address + compiled.cellBytes);
  compiled.states.forEach((state, index) => primitives[index]!.init(address + state.offset));
}
