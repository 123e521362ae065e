import type { CalendarUnit, TimeUnitName } from '../plan/window-plan.js';
import { boundariesBetween } from './calendar-boundaries.js';
import { floorTo, GREATEST_TIME, inOrder, LEAST_TIME, type SliceAssigner, type Slicing, type Span } from './slice.js';
import { CALENDAR_END_MS, type Zone } from './zone.js';

const DAY = 86_400_000;
/** Boundaries are found for a stretch of time at once: some hundreds. */
const CHUNK_MS: Record<CalendarUnit, number> = { hour: 32 * DAY, day: 512 * DAY, week: 2048 * DAY, month: 8192 * DAY };
const MOST_CHUNKS = 64;

/** Calendar windows, of one zone or of many: a window is a slice. */
export class CalendarSlicing implements Slicing {
  windowsOf(slice: Span): Span[] { return [slice]; }
  firstWindowEnd({ end }: Span): bigint { return end; }
  lastWindowEnd({ end }: Span): bigint { return end; }
  windowsEndingIn(after: bigint | null, upTo: bigint, slices: Iterable<Span>): Span[] {
    return inOrder([...slices].filter(({ end }) => (after === null || end > after) && end <= upTo));
  }
}

/** The calendar windows of one zone. Boundaries are kept, sorted, by chunks of time. */
export class CalendarSlices extends CalendarSlicing implements SliceAssigner {
  readonly inside: Span;
  readonly sliceSize: bigint | null = null;
  private readonly chunks = new Map<bigint, BigInt64Array>();
  private readonly perMs: bigint;
  private readonly chunk: bigint;
  private last: Span = { start: 0n, end: 0n };

  constructor(private readonly zone: Zone, private readonly every: CalendarUnit, unit: TimeUnitName) {
    super();
    this.perMs = unit === 'us' ? 1000n : 1n;
    this.chunk = BigInt(CHUNK_MS[every]) * this.perMs;
    const end = BigInt(CALENDAR_END_MS) * this.perMs;
    this.inside = { start: -end, end };
  }

  sliceOf(time: bigint): Span | null {
    if (time < this.inside.start || time >= this.inside.end) return null;
    if (time >= this.last.start && time < this.last.end) return this.last;
    const list = this.around(time);
    const index = indexOf(list, time);
    return (this.last = { start: list[index]!, end: list[index + 1]! });
  }
  sliceOfAll(least: bigint, greatest: bigint): Span | null {
    const slice = this.sliceOf(least)!;
    return greatest < slice.end ? slice : null;
  }
  boundaries(least: bigint, greatest: bigint, most: number): BigInt64Array | null {
    const found = [this.sliceOf(least)!.start];
    for (let at = least; ; at = found.at(-1)!) {
      const list = this.around(at);
      for (let index = indexOf(list, at) + 1; index < list.length; index++) {
        found.push(list[index]!);
        if (list[index]! > greatest) return BigInt64Array.from(found);
        if (found.length > most) return null;
      }
    }
  }
  windowEndAfter(): null { return null; }
  lateBelow(watermark: bigint): bigint {
    return this.sliceOf(watermark)?.start ?? (watermark < 0n ? LEAST_TIME : GREATEST_TIME);
  }
  lateForSomeBelow(watermark: bigint): bigint {
    return this.lateBelow(watermark);
  }

  /** Boundaries of the chunk that a time falls into: the first is not after its start, the last not before its end. */
  private around(time: bigint): BigInt64Array {
    const start = floorTo(time, this.chunk, 0n);
    const known = this.chunks.get(start);
    if (known) return known;
    if (this.chunks.size >= MOST_CHUNKS) this.chunks.clear();
    const from = Number(start / this.perMs);
    const to = Math.min(from + CHUNK_MS[this.every], CALENDAR_END_MS);
    const found = boundariesBetween(this.zone, this.every, Math.max(from, -CALENDAR_END_MS), to);
    const list = BigInt64Array.from(found, ms => BigInt(ms) * this.perMs);
    this.chunks.set(start, list);
    return list;
  }
}

/** Index of the last element that is not greater. */
function indexOf(list: BigInt64Array, time: bigint): number {
  let [low, high] = [0, list.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (list[middle]! <= time) low = middle;
    else high = middle - 1;
  }
  return low;
}
