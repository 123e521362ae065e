import type { ThreadContext } from '../worker/thread-context.js';
import type { StateSlot } from './compile.js';
import type { GroupInput } from './group-input.js';

/** Which elements of one chunk take part in each state of a cell: its condition is true and, unless it picks, its input is not null. */
export class Masks {
  private readonly masks: readonly number[];

  constructor(
    private readonly thread: ThreadContext,
    private readonly input: GroupInput,
    states: readonly StateSlot[],
  ) {
    this.masks = states.map(state => this.maskOf(state));
  }

  /** For the state of this index: address of a byte per element, or 0 for all. */
  at(state: number): number {
    return this.masks[state]!;
  }

  private maskOf(state: StateSlot): number {
    const valid = state.input >= 0 && state.skipNulls ? this.input.vectors[state.input]!.valid : 0;
    if (state.where < 0) return valid;
    const where = this.input.vectors[state.where]!;
    return this.and(valid, this.and(where.data, where.valid));
  }

  private and(a: number, b: number): number {
    if (!a || !b) return a || b;
    const both = this.thread.scratch.take(this.input.elements);
    this.thread.kernels.andBytes(this.input.elements, a, b, both);
    return both;
  }
}
