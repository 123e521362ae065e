import type { Vector } from '../expression/vector.js';
import { PageUse } from '../heap/page-allocator.js';
import type { Join, JoinColumn } from '../plan/join-plan.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { EntryColumn, JoinLayout } from './entry-layout.js';
import { EntryField } from './log-layout.js';

/** Rows of a result batch. */
export const RESULT_ROWS = 32_768;
/** A batch with so many bytes of texts is full. */
const TEXT_BYTES = 4 << 20;
/** Room for texts at first. */
const FIRST_TEXT_BYTES = 256 << 10;
/** Texts are copied for so many rows at once. */
const ROWS_OF_TEXTS = 1024;

/** A list of results: for each side the addresses of entries (u32), or 0 where it has none in any of them. */
export interface Tuples {
  readonly rows: number;
  readonly sides: readonly number[];
}

/** Where a result column comes from. */
type Origin =
  | { readonly kind: 'word' | 'flag' | 'text'; readonly side: number; readonly width: number; readonly offset: number; readonly valid: number; readonly mayLack: boolean }
  | { readonly kind: 'time'; readonly offset: number; readonly plus: bigint }
  | { readonly kind: 'retracted' | 'isNew' };
interface ResultColumn {
  readonly origin: Origin;
  /** 8 bytes, or 1, per row. */
  readonly data: number;
  /** A byte per row, or 0. */
  readonly valid: number;
}

/**
 * Gathers results out of entries, column by column, into batches of a good size. What was added is a copy: the entries may go.
 */
export class JoinResults {
  private readonly columns: readonly ResultColumn[];
  private readonly noEntries: number;
  private readonly either: number;
  private texts: number;
  private textBytes = FIRST_TEXT_BYTES;
  private textsUsed = 0;
  private rows = 0;

  /** `emit` takes a batch; the vectors are good until it returns. */
  constructor(
    private readonly thread: ThreadContext,
    private readonly join: Join,
    layout: JoinLayout,
    private readonly emit: (vectors: readonly Vector[], rows: number) => void,
  ) {
    const { heap } = thread;
    this.noEntries = this.take(RESULT_ROWS * 4);
    heap.u32.fill(0, this.noEntries >>> 2, (this.noEntries >>> 2) + RESULT_ROWS);
    this.either = this.take(RESULT_ROWS * 4);
    this.columns = join.columns.map(column => this.columnOf(originOf(join, layout, column)));
    this.texts = this.columns.some(({ origin }) => origin.kind === 'text') ? this.take(FIRST_TEXT_BYTES) : 0;
  }

  get isEmpty(): boolean {
    return this.rows === 0;
  }

  /** `mark`: what the column says that there is: retracted, or isNew. */
  add({ rows, sides }: Tuples, mark: boolean): void {
    for (let from = 0; from < rows;) {
      if (this.rows === RESULT_ROWS || this.textsUsed > TEXT_BYTES) this.flush();
      const count = Math.min(rows - from, RESULT_ROWS - this.rows, this.texts ? ROWS_OF_TEXTS : RESULT_ROWS);
      const lists = sides.map(list => (list === 0 ? this.noEntries : list + from * 4));
      for (const column of this.columns) this.gather(column, lists, count, mark);
      this.rows += count;
      from += count;
    }
  }

  flush(): void {
    const { rows } = this;
    if (rows === 0) return;
    this.rows = this.textsUsed = 0;
    this.emit(this.columns.map(({ origin, data, valid }): Vector => ({ cls: classOf(origin), data, valid, dictionary: 0 })), rows);
  }

  private gather({ origin, data, valid }: ResultColumn, lists: readonly number[], rows: number, mark: boolean): void {
    const { heap, kernels } = this.thread;
    switch (origin.kind) {
      case 'retracted': case 'isNew':
        heap.u8.fill(mark ? 1 : 0, data + this.rows, data + this.rows + rows);
        return;
      case 'time': return this.gatherTimes(origin.offset, origin.plus, data + this.rows * 8, lists, rows);
    }
    const list = lists[origin.side]!;
    if (origin.kind === 'word') kernels.getFields(origin.width, rows, list, origin.offset, data + this.rows * 8);
    else if (origin.kind === 'flag') kernels.getFlags(rows, list, origin.offset, data + this.rows);
    else this.gatherTexts(data, list, origin.offset, rows);
    if (origin.valid) kernels.getFlags(rows, list, origin.valid, valid + this.rows);
    else if (origin.mayLack) kernels.hasEntry(rows, list, valid + this.rows);
  }

  /** Times are the left row's; where there is none, the other one's. */
  private gatherTimes(offset: number, plus: bigint, out: number, lists: readonly number[], rows: number): void {
    const { heap: { i64 }, kernels } = this.thread;
    let list = lists[0]!;
    if (this.join.sides.some(side => side.keepsUnmatched)) kernels.eitherEntry(rows, list, lists[1]!, (list = this.either));
    kernels.getFields(8, rows, list, offset, out);
    if (plus !== 0n) for (let at = out >>> 3; at < (out >>> 3) + rows; at++) i64[at]! += plus;
  }

  private gatherTexts(data: number, list: number, offset: number, rows: number): void {
    const { kernels } = this.thread;
    const views = data + this.rows * 8;
    kernels.getTexts(rows, list, offset, views);
    const bytes = kernels.sumLengths(rows, views, 0) >>> 0;
    if (this.textsUsed + bytes > this.textBytes) this.growTexts(bytes, data, rows);
    kernels.moveTexts(rows, views, this.texts + this.textsUsed);
    this.textsUsed += bytes;
  }

  /** More room for texts. Of the `rows` that are being added the columns before that at `data` have their views already. */
  private growTexts(bytes: number, current: number, rows: number): void {
    const { heap, pages } = this.thread;
    const larger = Math.max(this.textBytes * 2, this.textsUsed + bytes);
    const [old, texts] = [this.texts, this.take(larger)];
    heap.u8.copyWithin(texts, old, old + this.textsUsed);
    let views = this.rows + rows;
    for (const { origin, data } of this.columns) {
      if (data === current) views = this.rows;
      if (origin.kind !== 'text') continue;
      for (let row = 0; row < views; row++) heap.u32[(data >>> 2) + row * 2]! += texts - old;
    }
    pages.free(old);
    this.texts = texts;
    this.textBytes = larger;
  }

  private columnOf(origin: Origin): ResultColumn {
    const needsValid = 'valid' in origin && (origin.valid !== 0 || origin.mayLack);
    return { origin, data: this.take(RESULT_ROWS * (classOf(origin) === 'bool' ? 1 : 8)), valid: needsValid ? this.take(RESULT_ROWS) : 0 };
  }
  private take(bytes: number): number {
    // Kernels read and write a little past the end.
    return this.thread.pages.allocate(bytes + 64, PageUse.scratch);
  }
}

const classOf = ({ kind }: Origin): Vector['cls'] => (kind === 'text' ? 'bytes' : kind === 'flag' || kind === 'retracted' || kind === 'isNew' ? 'bool' : 'i64');

function originOf(join: Join, layout: JoinLayout, column: JoinColumn): Origin {
  const { sides } = layout;
  switch (column.kind) {
    case 'retracted': case 'isNew': return { kind: column.kind };
    case 'time': return { kind: 'time', offset: sides[0]!.time || EntryField.time, plus: 0n };
    case 'windowStart': return { kind: 'time', offset: EntryField.time, plus: 0n };
    case 'windowEnd': return { kind: 'time', offset: EntryField.time, plus: BigInt(join.window!.size) };
    case 'count': return { kind: 'word', side: 0, width: 8, offset: sides[0]!.counts[column.side]!, valid: 0, mayLack: false };
    case 'field': return fieldOrigin(join, column.side, sides[column.side]!.columns.find(({ field }) => field.name === column.name)!);
  }
}
function fieldOrigin(join: Join, side: number, { kind, width, offset, valid }: EntryColumn): Origin {
  const mayLack = side === 0 ? join.sides.some(({ keepsUnmatched }) => keepsUnmatched) : join.sides[side]!.match === 'optional';
  return { kind, side, width, offset, valid, mayLack };
}
