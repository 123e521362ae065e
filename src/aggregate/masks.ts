import type { ThreadContext } from '../worker/thread-context.js';
import type { StateSlot } from './compile.js';
import type { GroupInput } from './group-operator.js';

/** Which elements of one chunk take part in each state: its condition is true and, unless it picks, its input is not null. Computed once per chunk. */
export class Masks {
  private readonly known = new Map<StateSlot, number>();

  constructor(
    private readonly thread: ThreadContext,
    private readonly input: GroupInput,
  ) {}

  /** Prepares the masks of all states, so that they outlive the scratch of a slice. */
  prepare(states: readonly StateSlot[]): void {
    for (const state of states) this.known.set(state, this.compute(state));
  }

  /** Address of a byte per element, or 0 for all. */
  of(state: StateSlot): number {
    return this.known.get(state)!;
  }

  private compute(state: StateSlot): number {
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
