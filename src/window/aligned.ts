import { clampTime, ceilTo, floorTo, GREATEST_TIME, inOrder, LEAST_TIME, type SliceAssigner, type Span } from './slice.js';

/** The one slice and window of a job without windows. Its start means nothing; its end no watermark reaches before the end of input. */
export const GLOBAL_SLICE: Span = { start: 0n, end: GREATEST_TIME };

export class GlobalSlices implements SliceAssigner {
  readonly inside: Span = { start: LEAST_TIME, end: GREATEST_TIME + 1n };
  readonly sliceSize: bigint | null = null;
  sliceOf(): Span { return GLOBAL_SLICE; }
  sliceOfAll(): Span { return GLOBAL_SLICE; }
  boundaries(): BigInt64Array { return BigInt64Array.of(LEAST_TIME, GREATEST_TIME); }
  lateBelow(): bigint { return LEAST_TIME; }
  windowEndAfter(): null { return null; }
  lateForSomeBelow(): bigint { return LEAST_TIME; }
  windowsOf(): Span[] { return [GLOBAL_SLICE]; }
  firstWindowEnd(): bigint { return GREATEST_TIME; }
  lastWindowEnd(): bigint { return GREATEST_TIME; }
  windowsEndingIn(after: bigint | null, upTo: bigint, slices: Iterable<Span>): Span[] {
    return (after === null || after < GREATEST_TIME) && upTo >= GREATEST_TIME && [...slices].length > 0 ? [GLOBAL_SLICE] : [];
  }
}

/** What aligned windows have in common: ends lie `step` apart and tell which window it is. */
abstract class AlignedSlices implements SliceAssigner {
  abstract readonly inside: Span;
  abstract readonly sliceSize: bigint | null;
  protected abstract readonly step: bigint;
  protected abstract sliceAt(time: bigint): Span;
  protected abstract windowEndingAt(end: bigint): Span;
  abstract firstWindowEnd(slice: Span): bigint;
  abstract lastWindowEnd(slice: Span): bigint;
  abstract lateBelow(watermark: bigint): bigint;
  abstract lateForSomeBelow(watermark: bigint): bigint;
  abstract windowEndAfter(time: bigint): bigint | null;

  sliceOf(time: bigint): Span | null {
    return time < this.inside.start || time >= this.inside.end ? null : this.sliceAt(time);
  }
  sliceOfAll(least: bigint, greatest: bigint): Span | null {
    const slice = this.sliceAt(least);
    return greatest < slice.end ? slice : null;
  }
  boundaries(least: bigint, greatest: bigint, most: number): BigInt64Array | null {
    const first = this.sliceAt(least);
    const found = [first.start];
    for (let { end } = first; ; { end } = this.sliceAt(end)) {
      found.push(end);
      if (end > greatest) return BigInt64Array.from(found);
      if (found.length > most) return null;
    }
  }

  windowsOf(slice: Span): Span[] {
    return this.windowsBetween(this.firstWindowEnd(slice), this.lastWindowEnd(slice));
  }
  windowsEndingIn(after: bigint | null, upTo: bigint, slices: Iterable<Span>): Span[] {
    const windows = new Map<bigint, Span>();
    for (const slice of slices) {
      const [first, last] = [this.firstWindowEnd(slice), this.lastWindowEnd(slice)];
      const from = after === null || after < first ? first : floorTo(after, this.step, first) + this.step;
      for (const window of this.windowsBetween(from, last < upTo ? last : upTo)) windows.set(window.end, window);
    }
    return inOrder(windows.values());
  }

  /** REQUIRES: a window ends at `from`. */
  private windowsBetween(from: bigint, to: bigint): Span[] {
    const windows: Span[] = [];
    for (let end = from; end <= to; end += this.step) windows.push(this.windowEndingAt(end));
    return windows;
  }
}

/**
 * Sliding windows, and tumbling ones, whose slide is their size. Windows begin at every slide and end `size mod slide` behind one: so there
 * are one or two slices a slide. Slices of the greatest common divisor would be equal, but more.
 */
export class SlidingSlices extends AlignedSlices {
  readonly inside: Span;
  readonly sliceSize: bigint | null;
  protected readonly step: bigint;
  private readonly rest: bigint;

  /** REQUIRES: 0 < slide ≤ size. */
  constructor(private readonly size: bigint, slide: bigint, private readonly offset: bigint) {
    super();
    this.step = slide;
    // Behind the last window that begins too early, before the first that ends too late.
    this.inside = { start: ceilTo(LEAST_TIME, slide, offset) - slide + size, end: floorTo(GREATEST_TIME - size, slide, offset) + slide };
    this.rest = size % slide;
    this.sliceSize = this.rest === 0n ? slide : this.rest * 2n === slide ? this.rest : null;
  }

  protected sliceAt(time: bigint): Span {
    const start = floorTo(time, this.step, this.offset);
    if (this.rest === 0n) return { start, end: start + this.step };
    const middle = start + this.rest;
    return time < middle ? { start, end: middle } : { start: middle, end: start + this.step };
  }
  protected windowEndingAt(end: bigint): Span {
    return { start: end - this.size, end };
  }
  firstWindowEnd(slice: Span): bigint {
    return ceilTo(slice.end - this.size, this.step, this.offset) + this.size;
  }
  lastWindowEnd(slice: Span): bigint {
    return floorTo(slice.start, this.step, this.offset) + this.size;
  }
  lateBelow(watermark: bigint): bigint {
    return clampTime(floorTo(watermark - this.size, this.step, this.offset) + this.step);
  }
  lateForSomeBelow(watermark: bigint): bigint {
    return clampTime(floorTo(watermark, this.step, this.offset + this.size));
  }
  windowEndAfter(time: bigint): bigint | null {
    return this.size === this.step ? null : floorTo(time - this.size, this.step, this.offset) + this.size + this.step;
  }
}

/** Windows that all begin at the start of a period and grow by a step, up to the whole period. A slice is a step. */
export class CumulatingSlices extends AlignedSlices {
  readonly inside: Span;
  readonly sliceSize: bigint;
  protected readonly step: bigint;

  /** REQUIRES: step divides size. */
  constructor(private readonly size: bigint, step: bigint, private readonly offset: bigint) {
    super();
    this.step = this.sliceSize = step;
    this.inside = { start: ceilTo(LEAST_TIME, size, offset), end: floorTo(GREATEST_TIME - size, size, offset) + size };
  }

  protected sliceAt(time: bigint): Span {
    const start = floorTo(time, this.step, this.offset);
    return { start, end: start + this.step };
  }
  protected windowEndingAt(end: bigint): Span {
    return { start: floorTo(end - 1n, this.size, this.offset), end };
  }
  firstWindowEnd(slice: Span): bigint {
    return slice.end;
  }
  lastWindowEnd(slice: Span): bigint {
    return floorTo(slice.start, this.size, this.offset) + this.size;
  }
  lateBelow(watermark: bigint): bigint {
    return clampTime(floorTo(watermark, this.size, this.offset));
  }
  lateForSomeBelow(watermark: bigint): bigint {
    return clampTime(floorTo(watermark, this.step, this.offset));
  }
  windowEndAfter(time: bigint): bigint {
    return floorTo(time, this.step, this.offset) + this.step;
  }
}
