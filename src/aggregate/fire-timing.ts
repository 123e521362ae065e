import type { Aggregate } from '../plan/plan.js';
import { sliceAssigner, slicingOf, type SlicedWindow } from '../window/assigner.js';
import { clampTime, GREATEST_TIME, type SliceAssigner, type Slicing, type Span } from '../window/slice.js';

/** When slices give out what they have, and until when they are kept. */
export class FireTiming {
  readonly slicing: Slicing;
  /** null: each row has its own zone. */
  readonly assigner: SliceAssigner | null;
  /** The times that have a slice. */
  readonly inside: Span;
  private readonly accept: bigint;
  /** By how much firing waits behind the end of a window. */
  private readonly delay: bigint;

  constructor(aggregate: Aggregate) {
    const window = aggregate.window as SlicedWindow;
    this.assigner = sliceAssigner(window);
    this.slicing = this.assigner ?? slicingOf(window);
    this.inside = (this.assigner ?? anyZone(window)).inside;
    this.accept = BigInt(aggregate.accept);
    this.delay = aggregate.emit.when === 'final' ? this.accept : 0n;
  }

  /** Windows fire whose end is at most this. At the end of time all do. */
  bound(watermark: bigint): bigint {
    return watermark === GREATEST_TIME ? watermark : clampTime(watermark - this.delay);
  }
  /** The least watermark at which a slice that has rows to give out does. */
  dueOf(slice: Span): bigint {
    return clampTime(this.slicing.firstWindowEnd(slice) + this.delay);
  }
  /** The watermark from which on a slice takes no more rows: it is part of no window that does. */
  expiryOf(slice: Span): bigint {
    return clampTime(this.slicing.lastWindowEnd(slice) + this.accept);
  }
  /** Of windows of one line of time: slices that begin before it have expired. */
  expiredBelow(watermark: bigint): bigint {
    return watermark === GREATEST_TIME ? watermark : this.assigner!.lateBelow(this.lateBehind(watermark));
  }
  /** The watermark that rows are measured by: late is a row whose last window ends at or before it. */
  lateBehind(watermark: bigint): bigint {
    return clampTime(watermark - this.accept);
  }
}

/** Calendars of all zones end alike. */
const anyZone = (window: SlicedWindow): SliceAssigner => sliceAssigner({ ...window, zone: 'UTC', zoneColumn: null } as SlicedWindow)!;
