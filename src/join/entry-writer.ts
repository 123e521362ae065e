import { keyViews } from '../aggregate/keys.js';
import type { Vector } from '../expression/vector.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { EntryColumn, EntryLayout } from './entry-layout.js';
import type { JoinLog } from './join-log.js';
import { bucketWord } from './log-index.js';
import { LOG_BYTES, LogWord, RECORD_BYTES } from './log-layout.js';

/** Rows of one side that are to become entries, by candidate; texts as views. */
export interface Candidates {
  /** One per input of the side: texts as `bytes`. */
  readonly vectors: readonly Vector[];
  /** Keys or their hashes (u64), views of the keys' bytes (by element) or 0, the times that decide, u32 hashes. */
  readonly keys: number;
  readonly keyViews: number;
  readonly times: number;
  readonly hashes: number;
  /** Event times by element. */
  readonly eventTimes: number;
  readonly numbers: RowNumbers;
}
/** Which row of its batch an element is: selection[element] (u32), or firstRow + element; its place adds `basePosition`. */
export interface RowNumbers {
  readonly selection: number;
  readonly firstRow: number;
  readonly basePosition: bigint;
}
/** Some candidates (u32), and the elements that they are (u32). */
export interface Picked {
  readonly rows: number;
  readonly candidates: number;
  readonly elements: number;
}

/** The vectors of a chunk with all texts as views. */
export const withViews = ({ heap, kernels, scratch }: ThreadContext, vectors: readonly Vector[], rows: number): Vector[] =>
  vectors.map(vector => (vector.cls === 'code' ? { cls: 'bytes', data: keyViews(heap, kernels, vector, rows, scratch), valid: vector.valid, dictionary: 0 } : vector));

/** Writes rows of one side as entries: the heads, then column by column. */
export class EntryWriter {
  constructor(
    private readonly thread: ThreadContext,
    private readonly layout: EntryLayout,
  ) {}

  /** Appends rows to a log. Returns the addresses of their entries (u32, in scratch). */
  append(log: JoinLog, from: Candidates, picked: Picked): number {
    const { sizes, addresses, entryBytes } = this.measure(from, picked);
    log.append({ rows: picked.rows, candidates: picked.candidates, keys: from.keys, times: from.times, hashes: from.hashes, sizes, entryBytes }, addresses);
    this.fill(from, picked, addresses);
    return addresses;
  }

  /** Writes rows that nothing will ever match as entries of no log, in scratch. */
  write(from: Candidates, picked: Picked): number {
    const { heap, kernels, scratch } = this.thread;
    const { rows, candidates } = picked;
    const { sizes, addresses, entryBytes } = this.measure(from, picked);
    const bytes = sizes ? (kernels.sumWords(rows, sizes) >>> 0) + rows * 8 : rows * entryBytes;
    const [log, record, bucket, block] = [scratch.take(LOG_BYTES), scratch.take(RECORD_BYTES), scratch.take(8), scratch.take(bytes)];
    heap.u32.fill(0, log >>> 2, (log + LOG_BYTES) >>> 2);
    heap.u32.set([block, 0, bytes, 0], record >>> 2);
    for (const [word, value] of [[LogWord.heads, bucket], [LogWord.bucket, bucketWord(3, 4)], [LogWord.next, block], [LogWord.stop, block + bytes], [LogWord.block, record]] as const) heap.u32[(log >>> 2) + word] = value;
    kernels.appendEntries(log, 0, rows, candidates, from.keys, from.times, from.hashes, sizes, entryBytes, addresses);
    this.fill(from, picked, addresses);
    return addresses;
  }

  private measure({ vectors, keyViews: views }: Candidates, { rows, elements }: Picked): { sizes: number; addresses: number; entryBytes: number } {
    const { kernels, scratch } = this.thread;
    const { fixedBytes, hasTexts, key, columns } = this.layout;
    const addresses = scratch.take(rows * 4);
    if (!hasTexts) return { sizes: 0, addresses, entryBytes: (fixedBytes + 7) & ~7 };
    const sizes = scratch.take(rows * 4);
    kernels.fillWords(rows, fixedBytes, sizes);
    if (key) kernels.addTextSizes(rows, elements, views, 0, sizes);
    for (const { kind, input } of columns) if (kind === 'text') kernels.addTextSizes(rows, elements, vectors[input]!.data, vectors[input]!.valid, sizes);
    return { sizes, addresses, entryBytes: 0 };
  }

  private fill({ vectors, keyViews: views, eventTimes, numbers: { selection, firstRow, basePosition } }: Candidates, { rows, elements }: Picked, addresses: number): void {
    const { kernels, scratch } = this.thread;
    const { columns, time, counts, place, deleted, key, hasTexts, fixedBytes } = this.layout;
    if (place) kernels.putPlaces(rows, addresses, place, elements, selection, firstRow, basePosition);
    if (deleted) kernels.putFlags(rows, addresses, deleted.offset, elements, vectors[deleted.input]!.data);
    if (time) kernels.putFields(8, rows, addresses, time, elements, eventTimes);
    if (counts.some(offset => offset > 0)) {
      const zeros = scratch.take(rows * 8);
      kernels.clearBytes(rows * 8, zeros);
      // Element 0 is as good as any: all are zero.
      for (const offset of counts) if (offset) kernels.putFields(8, rows, addresses, offset, zeros, zeros);
    }
    const cursors = hasTexts ? scratch.take(rows * 4) : 0;
    if (hasTexts) kernels.fillWords(rows, fixedBytes, cursors);
    if (key) kernels.putTexts(rows, addresses, key, elements, views, 0, cursors);
    for (const column of columns) this.put(column, vectors[column.input]!, rows, elements, addresses, cursors);
  }

  private put({ kind, width, offset, valid }: EntryColumn, vector: Vector, rows: number, elements: number, addresses: number, cursors: number): void {
    const { kernels } = this.thread;
    if (kind === 'text') kernels.putTexts(rows, addresses, offset, elements, vector.data, vector.valid, cursors);
    else if (kind === 'flag') kernels.putFlags(rows, addresses, offset, elements, vector.data);
    else kernels.putFields(width, rows, addresses, offset, elements, vector.data);
    if (valid) kernels.putFlags(rows, addresses, valid, elements, vector.valid);
  }
}
