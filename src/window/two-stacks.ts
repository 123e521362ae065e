import type { Span } from './slice.js';

/** What to do for the next window, in this order. A front aggregate goes by the slice that it begins with. */
export interface StackStep {
  /** Front aggregates to be given up. */
  readonly drop: readonly Span[];
  /** Or null: nothing is built. The slices, from the last to the first, of which front aggregates are made, each of its slice and the aggregate made before it. The back aggregate is emptied first. */
  readonly build: readonly Span[] | null;
  /** Slices to add to the back aggregate. */
  readonly push: readonly Span[];
  /** The window is the front aggregate that begins with this slice, null: none … */
  readonly front: Span | null;
  /** … and the back aggregate, if true. */
  readonly back: boolean;
}

/**
 * Windows one after the other for states from which nothing can be taken away, such as a maximum: the two stacks of a queue (Tangwongsan,
 * Hirzel, Schneider: "Low-latency sliding-window aggregation in worst-case constant time", 2017, as "Two-Stacks"). The front holds an
 * aggregate of each of its slices up to the last of them, the back one aggregate of what came since. A slice that leaves takes its front
 * aggregate along; when none is left, the front is built of all the window: each slice is merged at most twice, and a window costs one more
 * merge. Holds no state: the caller owns the aggregates and does as it is told.
 */
export class TwoStacks {
  private front: Span[] = [];
  private back: Span[] = [];

  /** To the window made of `parts`. One that is not further on than the last, or has a new slice among old ones, is built anew. */
  moveTo(parts: readonly Span[]): StackStep {
    const first = parts[0]?.start;
    const dropped = first === undefined ? this.front.length : countBefore(this.front, first);
    const kept = [...this.front.slice(dropped), ...this.back];
    const goesOn = (this.back[0] === undefined || first === undefined || this.back[0].start >= first) && kept.every(({ start }, index) => parts[index]?.start === start);
    const drop = goesOn ? this.front.slice(0, dropped) : this.front;
    this.front = goesOn ? this.front.slice(dropped) : [...parts];
    this.back = goesOn ? parts.slice(this.front.length) : [];
    return {
      drop, build: goesOn ? null : parts.toReversed(), push: goesOn ? parts.slice(kept.length) : [],
      front: this.front[0] ?? null, back: this.back.length > 0,
    };
  }

  /** What rows that a slice has got must be added to: some front aggregates, or the back one. */
  holdersOf(slice: Span): { readonly fronts: readonly Span[]; readonly back: boolean } {
    if (this.back.some(({ start }) => start === slice.start)) return { fronts: [], back: true };
    const index = this.front.findIndex(({ start }) => start === slice.start);
    return { fronts: this.front.slice(0, index + 1), back: false };
  }
}

const countBefore = (slices: readonly Span[], start: bigint): number => {
  const index = slices.findIndex(slice => slice.start >= start);
  return index < 0 ? slices.length : index;
};
