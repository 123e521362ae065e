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
  /** A count and a sum, which kernels take at once where they are of the same rows: what most aggregates are made of. */
  private readonly pair: { readonly count: number; readonly sum: number } | null;

  constructor(
    private readonly thread: StateContext,
    private readonly compiled: CompiledAggregate,
  ) {
    this.primitives = primitivesOf(thread, compiled.states);
    const [count, sum] = (['count', 'sumSigned'] as const).map(name => compiled.states.findIndex(({ primitive }) => primitive === name)) as [number, number];
    this.pair = count < 0 || sum < 0 ? null : { count, sum };
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
    const pair = this.pair !== null && masks.at(this.pair.count) === masks.at(this.pair.sum) ? this.pair : null;
    if (pair !== null) {
      const sum = states[pair.sum]!;
      this.thread.kernels.countAndSum(rows, positions, slots, states[pair.count]!.offset, sum.offset, input.vectors[sum.input]!.data, masks.at(pair.sum));
    }
    for (let index = 0; index < states.length; index++) {
      if (pair !== null && (index === pair.count || index === pair.sum)) continue;
      const state = states[index]!;
      this.primitives[index]!.accumulate(target, state.offset, state.input < 0 ? null : input.vectors[state.input]!, masks.at(index));
    }
  }

  /** Merges cells into others (addresses, u32), which get copies of what the former have in an arena. */
  merge(rows: number, into: number, from: number, arena: TableArena): void {
    if (rows === 0) return;
    const { pair, compiled: { states } } = this;
    if (pair !== null) this.thread.kernels.mergeCountAndSum(rows, into, from, states[pair.count]!.offset, states[pair.sum]!.offset);
    const pairs = { rows, into, from, arena };
    for (let index = 0; index < states.length; index++) {
      if (pair === null || (index !== pair.count && index !== pair.sum)) this.primitives[index]!.merge(pairs, states[index]!.offset);
    }
  }
}
