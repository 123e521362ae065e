import type { Span } from './slice.js';

/** How one aggregate of slices becomes that of the next window. */
export interface RunningStep {
  /** It is cheaper to begin with nothing: `remove` is empty and `add` is all. */
  readonly restart: boolean;
  readonly remove: readonly Span[];
  readonly add: readonly Span[];
}

/**
 * Windows one after the other out of one running aggregate, for states from which slices can be taken away: a window costs the slices that
 * enter and leave, however long it is. Knows slices by their start. Holds no state: the caller owns the aggregate and does as it is told.
 */
export class RunningSlices {
  private readonly included = new Map<bigint, Span>();

  /** To the window made of `parts`, also to an earlier one. */
  moveTo(parts: readonly Span[]): RunningStep {
    const wanted = new Set(parts.map(({ start }) => start));
    const remove = [...this.included.values()].filter(({ start }) => !wanted.has(start));
    const add = parts.filter(({ start }) => !this.included.has(start));
    const restart = remove.length + add.length >= parts.length;
    for (const { start } of remove) this.included.delete(start);
    for (const slice of add) this.included.set(slice.start, slice);
    return restart ? { restart, remove: [], add: parts } : { restart, remove, add };
  }

  /** Whether rows that a slice has got must be added to the aggregate, too. */
  includes(slice: Span): boolean {
    return this.included.has(slice.start);
  }

  /** Those of some slices that must be taken away from the aggregate before they are freed. */
  release(slices: readonly Span[]): Span[] {
    return slices.filter(({ start }) => this.included.delete(start));
  }
}
