import type { TableArena } from '../state/table-arena.js';
import type { CompiledAggregate } from './compile.js';
import type { CellInput } from './group-input.js';
import { primitivesOf, type Primitive, type StateContext } from './primitives.js';

/** Which elements take part in a state of a cell: bytes, or 0 for all. */
export interface StateMasks {
  at(state: number): number;
}
/** Rows on their way to cells: the elements that they are (u32), or 0 for all, and the address of the cell of each (u32). */
interface PlacedRows {
  readonly rows: number;
  readonly positions: number;
  readonly slots: number;
}

/** All states of a cell together: what one primitive does to one of them, done to each. `arena`: of the table that the cells are in. */
export class CellStates {
  private readonly primitives: readonly Primitive[];

  constructor(
    private readonly thread: StateContext,
    private readonly compiled: CompiledAggregate,
  ) {
    this.primitives = primitivesOf(thread, compiled.states);
  }

  /** Makes a cell of no rows, of `cellBytes`. */
  init(cell: number): void {
    const { states, cellBytes } = this.compiled;
    this.thread.heap.u8.fill(0, cell, cell + cellBytes);
    states.forEach((state, index) => this.primitives[index]!.init(cell + state.offset));
  }

  /** Adds rows to their cells. */
  accumulate({ rows, positions, slots }: PlacedRows, input: CellInput, masks: StateMasks, arena: TableArena): void {
    const { states } = this.compiled;
    const target = { rows, positions, slots, times: input.times, selection: input.selection, firstRow: input.firstRow, basePosition: input.basePosition, vectors: input.vectors, arena };
    for (let index = 0; index < states.length; index++) {
      const state = states[index]!;
      this.primitives[index]!.accumulate(target, state.offset, state.input < 0 ? null : input.vectors[state.input]!, masks.at(index));
    }
  }

  /** Merges cells into others (addresses, u32), which get copies of what the former have in an arena. */
  merge(rows: number, into: number, from: number, arena: TableArena): void {
    if (rows === 0) return;
    const { states } = this.compiled;
    const pairs = { rows, into, from, arena };
    for (let index = 0; index < states.length; index++) this.primitives[index]!.merge(pairs, states[index]!.offset);
  }
}
