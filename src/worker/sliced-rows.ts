import type { RowOperator } from '../aggregate/row-operator.js';
import type { ChunkResult } from '../expression/stateless-stage.js';
import { goesByTime, type Aggregate } from '../plan/plan.js';
import type { Slice } from '../state/region.js';
import type { CalendarWindow } from '../window/assigner.js';
import type { SliceAssigner } from '../window/slice.js';
import { ZoneColumn } from '../window/zone-column.js';
import { elementsBySlice, elementsOf, rowOf, timesOf, withoutSome, withoutZone } from './elements.js';
import type { ChunkZones, EventTimes } from './event-times.js';
import type { AggregateLayout } from './job-layout.js';
import { elementsWithLargeKeys } from './key-limit.js';
import { type Morsel, positionOf } from './morsel.js';
import { LARGE_MESSAGE, lateMessage, OUTSIDE_MESSAGE, UNKNOWN_ZONE_MESSAGE } from './reject-messages.js';
import type { RejectRow } from './rejects.js';
import type { ThreadContext } from './thread-context.js';

/** The elements of a chunk that do not go the common way; of them, `rows` go to slices of their own. */
interface SetApart {
  readonly elements: readonly number[];
  readonly rows: number;
  readonly partlyLate: ReturnType<typeof elementsBySlice>;
}
const NOTHING_APART: SetApart = { elements: [], rows: 0, partlyLate: [] };

/** Gives rows on to windows that are made of slices: where a row belongs, and whether it is late, is told by its time alone. */
export class SlicedRows {
  private readonly keys: number;
  /** Index of each row's time zone among the inputs, or -1. */
  private readonly zone: number;
  private readonly zones: ZoneColumn | null;
  /** Whether some state keeps the time of a row. */
  private readonly keepsTimes: boolean;

  constructor(
    private readonly thread: ThreadContext,
    { window, aggregates }: Aggregate,
    { compiled }: AggregateLayout,
    private readonly group: RowOperator,
  ) {
    this.keys = compiled.keyCount;
    this.zone = compiled.zone;
    this.zones = this.zone < 0 ? null : new ZoneColumn(thread, window as CalendarWindow);
    this.keepsTimes = aggregates.some(call => goesByTime(call.fn));
  }

  /** Rows of a chunk of `count` rows, which begins at row `first`. */
  add(morsel: Morsel, times: EventTimes, result: ChunkResult, first: number, reject: RejectRow, count: number): void {
    const { heap, scratch } = this.thread;
    const zones = this.zonesOf(result, first);
    const apart = this.setApart(morsel, times, result, first, count, zones, reject);
    const { rows, positions } = withoutSome(this.thread, apart.elements, result.rows);
    morsel.applied += rows + apart.rows;
    const slice = times.sliceOfChunk(first);
    const needsTimes = times.times !== 0 && rows + apart.rows > 0 && (slice === null || this.keepsTimes);
    const elementTimes = needsTimes ? timesOf(this.thread, result, first, times.times) : 0;
    const range = needsTimes ? times.rangeOfChunk(first) : null;
    const base = positionOf(morsel);
    const add = (own: number, ownRows: number, place: Slice | null): void => this.group.add({
      vectors: result.vectors, elements: result.rows, positions: own, rows: ownRows, times: elementTimes, range, slice: place, zones: zones?.zones ?? null,
      selection: result.selection, firstRow: first, basePosition: base, morsel: morsel.turn, bounds: 0, late: null, decided: null,
    });
    add(positions, rows, slice);
    for (const part of apart.partlyLate) {
      const own = scratch.take(part.elements.length * 4);
      heap.u32.set(part.elements, own >>> 2);
      add(own, part.elements.length, part.slice);
    }
  }

  /** Rejects what has no window to go to any more, or never had one, and finds what goes to a slice of its own. */
  private setApart(morsel: Morsel, times: EventTimes, result: ChunkResult, first: number, count: number, zones: ChunkZones | null, reject: RejectRow): SetApart {
    const { heap } = this.thread;
    const outsideRows = times.rowsOutside(first, count);
    const lateRows = times.lateRows(morsel, first, count, zones);
    const large = elementsWithLargeKeys(this.thread, result, this.keys);
    const someUnknown = zones !== null && zones.zones.someUnknown;
    // Of most chunks everything goes one way.
    if (outsideRows.length + lateRows.length + large.length + times.partlyLate.length === 0 && !someUnknown) return NOTHING_APART;
    const taken = new Set<number>();
    const take = (elements: readonly number[]): number[] => elements.filter(element => !taken.has(element) && taken.add(element));
    const setAside: RejectRow = (element, reason, message) => reject(rowOf(heap, result, first, element), reason, message);
    for (const element of take(elementsOf(heap, result, first, outsideRows))) setAside(element, 'OVERFLOW', () => OUTSIDE_MESSAGE);
    if (someUnknown) for (const element of take(withoutZone(heap, zones.zones, result.rows))) setAside(element, 'UNKNOWN_ZONE', () => UNKNOWN_ZONE_MESSAGE);
    const late = take(elementsOf(heap, result, first, lateRows));
    for (const element of late) {
      const row = rowOf(heap, result, first, element);
      reject(row, 'LATE', () => lateMessage(times.columns.timeOf(row), times.watermarkBefore(row)));
    }
    for (const element of take(large)) setAside(element, 'KEY_TOO_LARGE', () => LARGE_MESSAGE);
    morsel.late += late.length;
    morsel.deadLettered += taken.size - late.length;
    const partlyLate = elementsBySlice(heap, result, first, times.partlyLate, taken);
    let rows = 0;
    for (const { elements } of partlyLate) {
      rows += elements.length;
      for (const element of elements) taken.add(element);
    }
    return { elements: [...taken], rows, partlyLate };
  }

  private zonesOf(result: ChunkResult, first: number): ChunkZones | null {
    if (this.zones === null) return null;
    const zones = this.zones.read(result.vectors[this.zone]!, result.rows);
    const of = (row: number): SliceAssigner | null => {
      const [element] = elementsOf(this.thread.heap, result, first, [row]);
      return element === undefined ? null : zones.assigners[this.thread.heap.u32[(zones.numbers >>> 2) + element]!]!;
    };
    return { zones, of };
  }
}
