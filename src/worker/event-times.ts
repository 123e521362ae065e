import type { FireTiming } from '../aggregate/fire-timing.js';
import { CHUNK_ROWS } from '../batch/layout.js';
import type { Branch } from '../plan/plan.js';
import { GLOBAL_SLICE } from '../window/aligned.js';
import type { SliceAssigner, Span } from '../window/slice.js';
import { lateBelow, type RowZones } from '../window/zone-column.js';
import { END_OF_TIME, later, NO_TIME } from './lanes.js';
import type { Morsel } from './morsel.js';
import type { ThreadContext } from './thread-context.js';
import { TimeColumns } from './time-columns.js';

/** Parts of a chunk so small are judged row by row. */
const JUDGED_ROWS = 64;

/** Where each row of a chunk has its own zone: all of them, and the slices of a row's (null: the row has left the chunk). */
export interface ChunkZones {
  readonly zones: RowZones;
  readonly of: (row: number) => SliceAssigner | null;
}

/** The event times of one batch: statistics per chunk, taken before the chain is asked, and from both the rows that are late. */
export class EventTimes {
  /** The one slice of all rows of a chunk but the late ones, where there is one. */
  private onTime: { first: number; slice: Span } | null = null;
  private readonly watermarks = new Map<number, bigint>();
  /** Rows that `lateRows` found to be late for some of their windows, and the slices that they belong to therefore. */
  partlyLate: { readonly row: number; readonly slice: Span }[] = [];
  readonly columns: TimeColumns;

  constructor(
    private readonly thread: ThreadContext,
    branch: Branch,
    /** null: without windows of event time, nothing is late and all is one slice. */
    private readonly timing: FireTiming | null,
  ) {
    this.columns = new TimeColumns(thread, branch);
  }

  /** Address of one int64 per row, or 0 where the branch has no event time. */
  get times(): number {
    return this.columns.address;
  }

  /** Takes the statistics of a morsel's batch. */
  bind(morsel: Morsel, rows: number): void {
    this.onTime = null;
    const { columns } = this;
    columns.bind(morsel.descriptor, rows, morsel.latest);
    morsel.greatest = columns.greatest;
    morsel.statement = columns.statement;
  }

  /** The one slice of all rows of a chunk that are not late, or null where there are several. REQUIRES: `first` is a chunk's first row, `lateRows` was asked for it. */
  sliceOfChunk(first: number): Span | null {
    if (!this.timing) return GLOBAL_SLICE;
    if (this.onTime?.first === first) return this.onTime.slice;
    const { least, greatest } = this.chunk(first);
    return this.isOutside(least) || this.isOutside(greatest) ? null : this.timing.assigner?.sliceOfAll(least, greatest) ?? null;
  }

  /** Least and greatest time of a chunk, or null where some are outside. */
  rangeOfChunk(first: number): { least: bigint; greatest: bigint } | null {
    if (!this.timing) return null;
    const { least, greatest } = this.chunk(first);
    return this.isOutside(least) || this.isOutside(greatest) ? null : { least, greatest };
  }

  /** Rows of a chunk (batch row numbers, ascending) whose window begins or ends at a time that 64 bits, or the calendar, cannot hold. */
  rowsOutside(first: number, rows: number): number[] {
    const { columns } = this;
    if (!this.timing || rows === 0) return [];
    const { least, greatest } = this.chunk(first);
    const found: number[] = [];
    if (!this.isOutside(least) && !this.isOutside(greatest)) return found;
    for (let row = first; row < first + rows; row++) if (columns.present(row) && this.isOutside(columns.timeOf(row))) found.push(row);
    return found;
  }

  /** Rows of a chunk (batch row numbers, ascending) whose last window took no more rows when the watermark stood just before them. */
  lateRows(morsel: Morsel, first: number, rows: number, zones: ChunkZones | null): number[] {
    const { timing } = this;
    this.partlyLate = [];
    if (!timing || rows === 0) return [];
    const own = this.statedBefore(morsel, first);
    const { least, statement } = this.chunk(first);
    const bound = this.boundAt(watermark(morsel, later(own, statement)), zones);
    if (least >= bound) return [];
    const late: number[] = [];
    this.watermarks.clear();
    this.judge(morsel, first, rows, own, zones, late);
    this.noteOnTime(first, rows, bound, late.length + this.partlyLate.length, zones);
    return late;
  }

  /** Rows before it may be late, whole or for some of their windows, where the watermark stands so. */
  private boundAt(stood: bigint, zones: ChunkZones | null): bigint {
    if (stood === NO_TIME) return NO_TIME;
    const behind = this.timing!.lateBehind(stood);
    return zones ? lateBelow(zones.zones, behind) : this.timing!.assigner!.lateForSomeBelow(behind);
  }

  /**
   * Finds the late rows of a part of a chunk by halves: where event time ascends, as it mostly does, only the few rows around the end of
   * a window need be looked at one by one. `own`: what the lane had stated before; returns what it has behind the part.
   */
  private judge(morsel: Morsel, first: number, rows: number, own: bigint, zones: ChunkZones | null, late: number[]): bigint {
    const { least, statement } = this.columns.statistics(first, rows);
    const after = later(own, statement);
    const bound = this.boundAt(watermark(morsel, after), zones);
    if (least >= bound) return after;
    if (rows > JUDGED_ROWS) {
      const half = (rows >>> 4) << 3;
      return this.judge(morsel, first + half, rows - half, this.judge(morsel, first, half, own, zones, late), zones, late);
    }
    this.judgeRows(morsel, first, rows, bound, own, zones, late);
    return after;
  }

  private judgeRows(morsel: Morsel, first: number, rows: number, bound: bigint, before: bigint, zones: ChunkZones | null, late: number[]): void {
    const { columns } = this;
    const { heap, kernels, scratch } = this.thread;
    const mark = scratch.mark();
    const candidates = scratch.take(rows * 4 + 4);
    const found = kernels.rowsBelow(rows, this.times + first * 8, bound, candidates);
    let own = before;
    for (let item = 0, seen = 0; item < found; item++) {
      const row = heap.u32[(candidates >>> 2) + item]!;
      own = later(own, columns.statementOf(first + seen, row - seen));
      seen = row;
      if (!columns.present(first + row)) continue;
      const stood = watermark(morsel, own);
      const slices = zones ? zones.of(first + row) : this.timing!.assigner;
      if (slices === null) continue;
      const [time, behind] = [columns.timeOf(first + row), this.timing!.lateBehind(stood)];
      if (time < slices.lateBelow(behind)) {
        late.push(first + row);
        this.watermarks.set(first + row, stood);
      } else if (time < slices.lateForSomeBelow(behind)) {
        this.partlyLate.push({ row: first + row, slice: { start: slices.sliceOf(time)!.start, end: slices.windowEndAfter(behind)! } });
      }
    }
    scratch.release(mark);
  }

  /** With all rows gone that lie before the bound, what is left of a chunk often lies in the one slice from the bound on. */
  private noteOnTime(first: number, rows: number, bound: bigint, gone: number, zones: ChunkZones | null): void {
    this.onTime = null;
    if (zones || gone === 0 || this.isOutside(bound)) return;
    const slice = this.timing!.assigner!.sliceOf(bound)!;
    if (this.chunk(first).greatest >= slice.end) return;
    if (this.columns.rowsBefore(bound, first, rows) === gone) this.onTime = { first, slice };
  }

  /** Elements of a chunk whose event time is so late that `after` more is beyond 64 bits. */
  elementsBeyond(times: number, elements: number, first: number, after: bigint): number[] {
    const { i64 } = this.thread.heap;
    const found: number[] = [];
    if (this.chunk(first).greatest <= END_OF_TIME - after) return found;
    for (let element = 0; element < elements; element++) if (i64[(times >>> 3) + element]! > END_OF_TIME - after) found.push(element);
    return found;
  }

  /** Elements of a chunk whose event time is nearer to the ends of time than `margin`. */
  elementsNearEnds(times: number, elements: number, first: number, margin: bigint): number[] {
    const { i64 } = this.thread.heap;
    const found: number[] = [];
    const isNear = (time: bigint): boolean => time > END_OF_TIME - margin || time < NO_TIME + margin;
    const { least, greatest } = this.chunk(first);
    if (!isNear(least) && !isNear(greatest)) return found;
    for (let element = 0; element < elements; element++) if (isNear(i64[(times >>> 3) + element]!)) found.push(element);
    return found;
  }

  /** Whether no row of a chunk can be before the watermark that stood before it, less `accept`. */
  isOnTime(morsel: Morsel, first: number, accept: bigint): boolean {
    const { least, statement } = this.chunk(first);
    const stood = watermark(morsel, later(this.statedBefore(morsel, first), statement));
    return stood < NO_TIME + accept || least >= stood - accept;
  }

  /** For each element of a chunk the watermark as it stood just before it, less `accept`: int64 in scratch. `selection`: their rows, or 0. */
  boundsBefore(morsel: Morsel, first: number, elements: number, selection: number, accept: bigint): number {
    const { heap, kernels, scratch } = this.thread;
    const less = (watermark: bigint): bigint => (watermark < NO_TIME + accept ? NO_TIME : watermark - accept);
    const own = this.statedBefore(morsel, first);
    const bounds = scratch.take(elements * 8);
    const { stating } = this.columns;
    if (stating === null) heap.i64.fill(less(watermark(morsel, own)), bounds >>> 3, (bounds >>> 3) + elements);
    else {
      const cap = morsel.others === END_OF_TIME ? END_OF_TIME : less(morsel.others);
      kernels.runningBounds(elements, selection, first, stating.address, stating.validity, less(own), stating.behind + accept, less(morsel.before), cap, bounds);
    }
    return bounds;
  }

  /** The watermark as it stood just before a row. REQUIRES: `lateRows` has just named it. */
  watermarkBefore(row: number): bigint {
    return this.watermarks.get(row)!;
  }

  /** What the lane of a morsel had stated before one of its chunks. */
  private statedBefore(morsel: Morsel, first: number): bigint {
    let own = morsel.ownBefore;
    for (let earlier = 0; earlier < first / CHUNK_ROWS; earlier++) own = later(own, this.columns.chunks[earlier]!.statement);
    return own;
  }
  private isOutside(time: bigint): boolean {
    const { inside } = this.timing!;
    return time < inside.start || time >= inside.end;
  }
  private chunk(first: number): TimeColumns['chunks'][number] {
    return this.columns.chunks[first / CHUNK_ROWS]!;
  }
}

/**
 * Where the job's watermark stands before a row of a morsel, from that of its lane then: it never goes back to where the lane is, nor to before where it
 * stood in an earlier reading of the partition.
 */
function watermark(morsel: Morsel, own: bigint): bigint {
  return later(later(morsel.before, morsel.floor), own < morsel.others ? own : morsel.others);
}
