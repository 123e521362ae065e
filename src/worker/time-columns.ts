import { batchRowCount } from '../batch/heap-batch.js';
import { CHUNK_ROWS, columnWord, ColumnWord, descriptorBytes, RANGE_ROWS, rangesBytes } from '../batch/layout.js';
import { readsSource, type Branch } from '../plan/plan.js';
import type { Fields } from '../plan/types.js';
import { END_OF_TIME, later, NO_TIME } from './lanes.js';
import type { ThreadContext } from './thread-context.js';

/** What the rows of a chunk say about time. */
export interface ChunkTimes {
  readonly least: bigint;
  readonly greatest: bigint;
  /** The watermark that they state for their lane, or NO_TIME. */
  readonly statement: bigint;
}
const NONE: ChunkTimes = { least: NO_TIME, greatest: NO_TIME, statement: NO_TIME };

/** One int64 per row at `address`; `validity`: a bitmap as in a batch, or 0; `ranges`: of all values, also of those that count as null, as in a batch, or 0. */
interface Times {
  readonly address: number;
  readonly validity: number;
  readonly ranges: number;
}

/** The event times of one batch, the watermarks that its rows state, and the rows whose time is too far ahead of the clock. */
export class TimeColumns {
  /** Address of one int64 per row, or 0 where the branch has no event time. */
  address = 0;
  /** As the batch, but that rows too far ahead have no event time. */
  descriptor = 0;
  chunks: ChunkTimes[] = [];
  private times: Times = { address: 0, validity: 0, ranges: 0 };
  /** The column of watermarks, where the user has one, and what counts of it: a row without event time states nothing. */
  private stated: Times | null = null;
  private statements: Times | null = null;
  /** Validity before rows too far ahead were taken out, while there are such rows. */
  private before: number | null = null;
  private readonly schema: Fields;
  /** Rows of a stage state nothing: it states its watermark itself, once a firing is complete. */
  private readonly isSource: boolean;
  private readonly shift: bigint;
  private readonly column: number;
  private readonly watermark: number;
  private readonly bound: bigint;

  constructor(
    private readonly thread: ThreadContext,
    { source, eventTime, from }: Branch,
  ) {
    this.schema = source.schema;
    this.isSource = readsSource(from);
    this.shift = BigInt(eventTime?.shift ?? 0);
    const columnOf = (name: string | null | undefined): number => source.schema.findIndex(field => field.name === name);
    this.column = columnOf(eventTime?.column);
    this.watermark = columnOf(eventTime?.watermark);
    this.bound = BigInt(eventTime?.outOfOrderness ?? 0);
  }

  /** Takes the statistics of a batch. Rows later than `latest` are no part of them. */
  bind(descriptor: number, rows: number, latest: bigint): void {
    this.address = 0;
    this.descriptor = descriptor;
    this.chunks = [];
    this.before = null;
    if (this.column < 0) return;
    this.times = this.shifted(this.load(descriptor, this.column, rows), rows);
    this.address = this.times.address;
    this.stated = this.watermark < 0 ? null : this.load(descriptor, this.watermark, rows);
    this.measure(rows);
    if (this.greatest <= latest) return;
    this.takeOut(rows, latest);
    this.measure(rows);
  }

  get greatest(): bigint {
    return this.chunks.reduce((greatest, chunk) => later(greatest, chunk.greatest), NO_TIME);
  }
  get statement(): bigint {
    return this.chunks.reduce((statement, chunk) => later(statement, chunk.statement), NO_TIME);
  }

  /** The column from which rows state watermarks, and how far these lie behind it; null where rows state nothing. */
  get stating(): { readonly address: number; readonly validity: number; readonly behind: bigint } | null {
    if (!this.isSource) return null;
    const { address, validity } = this.statements ?? this.times;
    return { address, validity, behind: this.statements ? 0n : this.bound };
  }

  timeOf(row: number): bigint {
    return this.thread.heap.i64[(this.address >>> 3) + row]!;
  }
  /** Whether a row has an event time that counts. */
  present(row: number): boolean {
    return this.bit(this.times.validity, row);
  }
  /** Whether a row's event time was too far ahead. */
  isAhead(row: number): boolean {
    return this.before !== null && !this.present(row) && this.bit(this.before, row);
  }
  /** What some rows state. */
  statementOf(first: number, rows: number): bigint {
    if (this.statements) return this.rangeOf(this.statements, first, rows).greatest;
    return this.minus(this.rangeOf(this.times, first, rows).greatest);
  }

  private measure(rows: number): void {
    const { stated } = this;
    this.statements = stated && { address: stated.address, ranges: stated.ranges, validity: this.both(stated.validity, this.times.validity, rows) };
    this.chunks = [];
    for (let first = 0; first < rows; first += CHUNK_ROWS) this.chunks.push(this.statistics(first, Math.min(CHUNK_ROWS, rows - first)));
  }

  /** Of some rows; `first`: a multiple of 8. */
  statistics(first: number, rows: number): ChunkTimes {
    const { least, greatest } = this.rangeOf(this.times, first, rows);
    if (greatest === NO_TIME) return NONE;
    return { least, greatest, statement: this.statements ? this.rangeOf(this.statements, first, rows).greatest : this.minus(greatest) };
  }

  /** How many rows of a chunk lie before a time. Rows without event time count as whatever the memory has for them. */
  rowsBefore(time: bigint, first: number, rows: number): number {
    const { heap, kernels, scratch } = this.thread;
    const { address, ranges } = this.times;
    const step = ranges === 0 ? rows : RANGE_ROWS;
    const mark = scratch.mark();
    const found = scratch.take(step * 4 + 4);
    let count = 0;
    for (let row = first; row < first + rows; row += step) {
      if (ranges !== 0 && heap.i64[(ranges + rangesBytes(row)) >>> 3]! >= time) continue;
      count += kernels.rowsBelow(Math.min(step, first + rows - row), address + row * 8, time, found);
    }
    scratch.release(mark);
    return count;
  }

  private minus(greatest: bigint): bigint {
    return !this.isSource || greatest < NO_TIME + this.bound ? NO_TIME : greatest - this.bound;
  }

  /** The values of a column as times. A date's go to scratch. */
  private load(descriptor: number, column: number, rows: number): Times {
    const { heap, kernels, scratch } = this.thread;
    const at = columnWord(descriptor, column);
    const values = heap.u32[at + ColumnWord.values]!;
    const validity = heap.u32[at + ColumnWord.nullCount] ? heap.u32[at + ColumnWord.validity]! : 0;
    if (this.schema[column]!.type.kind !== 'date') return { address: values, validity, ranges: heap.u32[at + ColumnWord.ranges]! };
    const address = scratch.take(rows * 8);
    kernels.daysToMs(rows, values, address);
    return { address, validity, ranges: 0 };
  }

  private shifted(times: Times, rows: number): Times {
    if (this.shift === 0n) return times;
    const { address, validity } = times;
    const { heap, scratch } = this.thread;
    const out = scratch.take(rows * 8);
    for (let row = 0; row < rows; row++) heap.i64[(out >>> 3) + row] = heap.i64[(address >>> 3) + row]! + this.shift;
    return { address: out, validity, ranges: 0 };
  }

  /** Makes the event times of rows beyond `latest` null, in a copy of the descriptor: from here on such a row is one without event time. */
  private takeOut(rows: number, latest: bigint): void {
    const { heap, kernels, scratch } = this.thread;
    const bytes = (rows + 7) >>> 3;
    const validity = scratch.take(bytes);
    const { address, validity: before, ranges } = this.times;
    if (before) heap.u8.copyWithin(validity, before, before + bytes);
    else heap.u8.fill(0xff, validity, validity + bytes);
    const kept = scratch.take(rows * 4 + 4);
    const count = kernels.rowsBelow(rows, address, latest + 1n, kept);
    for (let item = 0, row = 0; item <= count; item++) {
      const next = item < count ? heap.u32[(kept >>> 2) + item]! : rows;
      for (; row < next; row++) heap.u8[validity + (row >>> 3)]! &= ~(1 << (row & 7));
      row = next + 1;
    }
    this.before = before;
    this.times = { address, validity, ranges };
    const size = descriptorBytes(this.schema.length);
    const copy = scratch.take(size);
    heap.u8.copyWithin(copy, this.descriptor, this.descriptor + size);
    const at = columnWord(copy, this.column);
    heap.u32[at + ColumnWord.validity] = validity;
    heap.u32[at + ColumnWord.nullCount] = rows - count;
    this.descriptor = copy;
  }

  /** Rows that two bitmaps have in common. */
  private both(one: number, other: number, rows: number): number {
    if (!one || !other) return one || other;
    const { heap, scratch } = this.thread;
    const bytes = (rows + 7) >>> 3;
    const out = scratch.take(bytes);
    for (let byte = 0; byte < bytes; byte++) heap.u8[out + byte] = heap.u8[one + byte]! & heap.u8[other + byte]!;
    return out;
  }

  private bit(validity: number, row: number): boolean {
    return validity === 0 || ((this.thread.heap.u8[validity + (row >>> 3)]! >> (row & 7)) & 1) === 1;
  }

  /** Least and greatest of some rows, NO_TIME where all are null. */
  private rangeOf(times: Times, first: number, rows: number): { least: bigint; greatest: bigint } {
    const { heap, kernels, scratch } = this.thread;
    const { address, validity, ranges } = times;
    let [least, greatest] = [NO_TIME, NO_TIME];
    if (rows === 0) return { least, greatest };
    const mark = scratch.mark();
    const out = scratch.take(16);
    let some = true;
    // Of some ranges, the least and the greatest of their bounds.
    if (this.haveRanges(times, first, rows)) kernels.minMax(rangesBytes(rows) / 8, ranges + rangesBytes(first), out);
    else if (validity === 0) kernels.minMax(rows, address + first * 8, out);
    else if (first % 8 === 0) some = kernels.minMaxValid(rows, address + first * 8, validity + first / 8, out) > 0;
    else some = this.scan(address, validity, first, rows, out);
    if (some) [least, greatest] = [heap.i64[out >>> 3]!, heap.i64[(out >>> 3) + 1]!];
    scratch.release(mark);
    return { least, greatest };
  }
  /** Whether some ranges are of just these rows, none of which counts as null. */
  private haveRanges({ validity, ranges }: Times, first: number, rows: number): boolean {
    if (ranges === 0 || validity !== 0 || first % RANGE_ROWS !== 0) return false;
    return rows % RANGE_ROWS === 0 || first + rows === batchRowCount(this.thread.heap, this.descriptor);
  }

  private scan(address: number, validity: number, first: number, rows: number, out: number): boolean {
    const { i64 } = this.thread.heap;
    let [least, greatest] = [END_OF_TIME, NO_TIME];
    let some = false;
    for (let row = first; row < first + rows; row++) {
      if (!this.bit(validity, row)) continue;
      const time = i64[(address >>> 3) + row]!;
      if (time < least) least = time;
      if (time > greatest) greatest = time;
      some = true;
    }
    i64[out >>> 3] = least;
    i64[(out >>> 3) + 1] = greatest;
    return some;
  }
}
