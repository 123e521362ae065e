import { columnWord, ColumnWord } from '../batch/layout.js';
import { CHUNK_ROWS } from '../expression/vector.js';
import { GLOBAL_SLICE, sliceAt, startOfSlice, type AlignedWindow } from '../aggregate/slices.js';
import type { Slice } from '../state/region.js';
import type { Branch } from '../plan/plan.js';
import { END_OF_TIME, NO_TIME, type Chain } from './chain.js';
import type { Morsel } from './morsel.js';
import type { ThreadContext } from './thread-context.js';

interface ChunkTimes {
  readonly least: bigint;
  readonly greatest: bigint;
}
const NONE: ChunkTimes = { least: NO_TIME, greatest: NO_TIME };

/** The event times of one batch: statistics per chunk, taken before the chain is asked, and from both the rows that are late. */
export class EventTimes {
  /** Address of one int64 per row, or 0 where the branch has no event time. */
  times = 0;
  private validity = 0;
  private chunks: ChunkTimes[] = [];
  /** The one slice of all rows of a chunk but the late ones, where there is one. */
  private onTime: { first: number; slice: Slice } | null = null;
  private readonly watermarks = new Map<number, bigint>();
  private readonly column: number;
  private readonly isDate: boolean;

  constructor(
    private readonly thread: ThreadContext,
    branch: Branch,
    private readonly branchIndex: number,
    private readonly window: AlignedWindow | null,
    private readonly chain: Chain,
  ) {
    this.column = branch.source.schema.findIndex(field => field.name === branch.eventTime?.column);
    this.isDate = this.column >= 0 && branch.source.schema[this.column]!.type.kind === 'date';
  }

  /** Takes the statistics of a batch and returns its greatest time, or NO_TIME. A date's times go to scratch. */
  bind(descriptor: number, rows: number): bigint {
    this.times = 0;
    this.chunks = [];
    this.onTime = null;
    if (this.column < 0) return NO_TIME;
    const { heap, kernels, scratch } = this.thread;
    const at = columnWord(descriptor, this.column);
    this.times = heap.u32[at + ColumnWord.values]!;
    this.validity = heap.u32[at + ColumnWord.nullCount] ? heap.u32[at + ColumnWord.validity]! : 0;
    if (this.isDate) {
      const times = scratch.take(rows * 8);
      kernels.daysToMs(rows, this.times, times);
      this.times = times;
    }
    let greatest = NO_TIME;
    for (let first = 0; first < rows; first += CHUNK_ROWS) {
      const chunk = this.statistics(first, Math.min(CHUNK_ROWS, rows - first));
      this.chunks.push(chunk);
      if (chunk.greatest > greatest) greatest = chunk.greatest;
    }
    return greatest;
  }

  /** The one slice of all rows of a chunk that are not late, or null where there are several. REQUIRES: `first` is a chunk's first row, `lateRows` was asked for it. */
  sliceOfChunk(first: number): Slice | null {
    if (!this.window || this.window.kind === 'global') return GLOBAL_SLICE;
    if (this.onTime?.first === first) return this.onTime.slice;
    const { least, greatest } = this.chunks[first / CHUNK_ROWS]!;
    const slice = sliceAt(this.window, startOfSlice(this.window, least));
    return slice.end > greatest ? slice : null;
  }

  /** Rows of a chunk (batch row numbers, ascending) whose window begins or ends at a time that 64 bits cannot hold. */
  rowsOutside(first: number, rows: number): number[] {
    const { window } = this;
    if (!window || window.kind === 'global' || rows === 0) return [];
    const outside = (time: bigint): boolean => {
      const start = startOfSlice(window, time);
      return start < -(2n ** 63n) || start + BigInt(window.size) > END_OF_TIME;
    };
    const { least, greatest } = this.chunks[first / CHUNK_ROWS]!;
    const found: number[] = [];
    if (!outside(least) && !outside(greatest)) return found;
    for (let row = first; row < first + rows; row++) if (this.present(row) && outside(this.thread.heap.i64[(this.times >>> 3) + row]!)) found.push(row);
    return found;
  }

  /** Rows of a chunk (batch row numbers, ascending) whose window had closed when the watermark stood just before them. */
  lateRows(morsel: Morsel, first: number, rows: number): number[] {
    if (!this.window || this.window.kind === 'global' || rows === 0) return [];
    const chunk = first / CHUNK_ROWS;
    let before = morsel.ownBefore;
    for (let earlier = 0; earlier < chunk; earlier++) before = later(before, this.chunks[earlier]!.greatest);
    const { least, greatest } = this.chunks[chunk]!;
    const atEnd = this.watermark(morsel, later(before, greatest));
    if (atEnd === NO_TIME) return [];
    const bound = startOfSlice(this.window, atEnd);
    return least >= bound ? [] : this.judge(morsel, first, rows, bound, before);
  }

  private judge(morsel: Morsel, first: number, rows: number, bound: bigint, before: bigint): number[] {
    const { heap, kernels, scratch } = this.thread;
    const mark = scratch.mark();
    const times = this.times + first * 8;
    const candidates = scratch.take(rows * 4 + 4);
    const range = scratch.take(16);
    const found = kernels.rowsBelow(rows, times, bound, candidates);
    const size = BigInt(this.window!.kind === 'tumbling' ? this.window!.size : 0);
    const late: number[] = [];
    this.watermarks.clear();
    this.onTime = null;
    for (let item = 0, seen = 0; item < found; item++) {
      const row = heap.u32[(candidates >>> 2) + item]!;
      if (row > seen && this.rangeOf(first + seen, row - seen, range)) before = later(before, heap.i64[(range >>> 3) + 1]!);
      seen = row;
      if (!this.present(first + row)) continue;
      const watermark = this.watermark(morsel, before);
      if (startOfSlice(this.window!, heap.i64[(times >>> 3) + row]!) + size > watermark) continue;
      late.push(first + row);
      this.watermarks.set(first + row, watermark);
    }
    // With all that lies before the bound gone, what is left often lies in the one slice from the bound on.
    const { greatest } = this.chunks[first / CHUNK_ROWS]!;
    if (late.length === found && greatest < bound + size) this.onTime = { first, slice: sliceAt(this.window!, bound) };
    scratch.release(mark);
    return late;
  }

  /** Elements of a chunk whose event time is so late that `after` more is beyond 64 bits. */
  elementsBeyond(times: number, elements: number, first: number, after: bigint): number[] {
    const { i64 } = this.thread.heap;
    const found: number[] = [];
    if (this.chunks[first / CHUNK_ROWS]!.greatest <= END_OF_TIME - after) return found;
    for (let element = 0; element < elements; element++) if (i64[(times >>> 3) + element]! > END_OF_TIME - after) found.push(element);
    return found;
  }

  /** For each element of a chunk the watermark as it stood just before it, less `accept`: int64 in scratch. `selection`: their rows, or 0. */
  boundsBefore(morsel: Morsel, first: number, elements: number, selection: number, accept: bigint): number {
    const { kernels, scratch } = this.thread;
    const less = (watermark: bigint): bigint => (watermark < NO_TIME + accept ? NO_TIME : watermark - accept);
    let before = morsel.ownBefore;
    for (let earlier = 0; earlier < first / CHUNK_ROWS; earlier++) before = later(before, this.chunks[earlier]!.greatest);
    const bounds = scratch.take(elements * 8);
    const cap = morsel.others === END_OF_TIME ? END_OF_TIME : less(morsel.others);
    kernels.runningBounds(elements, selection, first, this.times, this.validity, less(this.chain.watermarkOf(this.branchIndex, before)), this.chain.boundOf(this.branchIndex) + accept, NO_TIME, cap, bounds);
    return bounds;
  }

  /** The watermark as it stood just before a row. REQUIRES: `lateRows` has just named it. */
  watermarkBefore(row: number): bigint {
    return this.watermarks.get(row)!;
  }

  private watermark(morsel: Morsel, greatest: bigint): bigint {
    const own = this.chain.watermarkOf(this.branchIndex, greatest);
    return own < morsel.others ? own : morsel.others;
  }

  private present(row: number): boolean {
    return this.validity === 0 || ((this.thread.heap.u8[this.validity + (row >>> 3)]! >> (row & 7)) & 1) === 1;
  }

  private statistics(first: number, rows: number): ChunkTimes {
    const { heap, scratch } = this.thread;
    const mark = scratch.mark();
    const range = scratch.take(16);
    const some = this.rangeOf(first, rows, range);
    scratch.release(mark);
    return some ? { least: heap.i64[range >>> 3]!, greatest: heap.i64[(range >>> 3) + 1]! } : NONE;
  }

  /** Least and greatest of the times of some rows to `out`; false where all are null. */
  private rangeOf(first: number, rows: number, out: number): boolean {
    const { heap, kernels } = this.thread;
    if (this.validity === 0) {
      kernels.minMax(rows, this.times + first * 8, out);
      return true;
    }
    if (first % 8 === 0) return kernels.minMaxValid(rows, this.times + first * 8, this.validity + first / 8, out) > 0;
    let some = false;
    for (let row = first; row < first + rows; row++) {
      if (!this.present(row)) continue;
      const time = heap.i64[(this.times >>> 3) + row]!;
      heap.i64[(out >>> 3) + 1] = some ? later(heap.i64[(out >>> 3) + 1]!, time) : time;
      some = true;
    }
    return some;
  }
}

const later = (a: bigint, b: bigint): bigint => (a > b ? a : b);
