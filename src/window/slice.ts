/** [start, end) of event time, in its unit: a slice or a window. */
export interface Span {
  readonly start: bigint;
  readonly end: bigint;
}
export const LEAST_TIME: bigint = -(2n ** 63n);
export const GREATEST_TIME: bigint = 2n ** 63n - 1n;

/**
 * How windows are made of slices. Slices do not overlap, a row belongs to exactly one, and a window is the union of the slices that lie
 * in it. All lists are in the order of ends, then starts, and without doubles.
 */
export interface Slicing {
  /** The windows that contain a slice. */
  windowsOf(slice: Span): Span[];
  /** End of the first of them. */
  firstWindowEnd(slice: Span): bigint;
  /** End of the last of them: a slice takes rows until then, and is kept until then. */
  lastWindowEnd(slice: Span): bigint;
  /** The windows that fire when the watermark moves from `after` (null: from nowhere) to `upTo`: those with a slice among `slices`. An empty window has no result. */
  windowsEndingIn(after: bigint | null, upTo: bigint, slices: Iterable<Span>): Span[];
}

/** A slicing of one line of time: where the slice of a row depends on its time alone. */
export interface SliceAssigner extends Slicing {
  /** The times that have a slice. Those outside lie in a window that begins or ends at a time that 64 bits, or the calendar, cannot hold. */
  readonly inside: Span;
  /** The slice that a time falls into, or null outside. */
  sliceOf(time: bigint): Span | null;
  /** The slice of all times from `least` to `greatest`, or null where there are several. REQUIRES: both are inside. */
  sliceOfAll(least: bigint, greatest: bigint): Span | null;
  /** The boundaries of the slices from that of `least` to that of `greatest`: slice i is [b[i], b[i + 1]). null: more than `most` slices. REQUIRES: both are inside. */
  boundaries(least: bigint, greatest: bigint, most: number): BigInt64Array | null;
  /** A row is late if and only if its time is less: the end of its last window ≤ watermark. The watermark is less what is accepted. */
  lateBelow(watermark: bigint): bigint;
  /**
   * The end of the first window that ends after a time, or null where windows do not overlap: then a row that is late for one is late for
   * all. A row that is late for some of its windows counts in the others; its slice then is *stretched*: it ends where the first of these does.
   */
  windowEndAfter(time: bigint): bigint | null;
  /** A row is late for some of its windows if and only if its time is less: the end of its first window ≤ watermark. */
  lateForSomeBelow(watermark: bigint): bigint;
  /** The length of every slice, or null where they differ. */
  readonly sliceSize: bigint | null;
}

/** The greatest multiple of `size`, moved by `offset`, that is not after a time. */
export function floorTo(time: bigint, size: bigint, offset: bigint): bigint {
  const rest = (time - offset) % size;
  return time - (rest < 0n ? rest + size : rest);
}

/** The least that is not before it. */
export const ceilTo = (time: bigint, size: bigint, offset: bigint): bigint => -floorTo(-time, size, -offset);
export const clampTime = (time: bigint): bigint => (time < LEAST_TIME ? LEAST_TIME : time > GREATEST_TIME ? GREATEST_TIME : time);

/** By start, then by end. */
export const byStart = (a: Span, b: Span): number => compare(a.start, b.start) || compare(a.end, b.end);
/** In the order of lists of windows, without doubles. */
export function inOrder(spans: Iterable<Span>): Span[] {
  const sorted = [...spans].sort((a, b) => compare(a.end, b.end) || compare(a.start, b.start));
  return sorted.filter((span, index) => index === 0 || span.end !== sorted[index - 1]!.end || span.start !== sorted[index - 1]!.start);
}
const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
