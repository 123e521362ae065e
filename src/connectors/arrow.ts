import type { Data, RecordBatch, Table } from 'apache-arrow';
import { arrow as arrowLibrary } from '../batch/arrow.js';
import { MillraceError } from '../errors.js';
import type { Source, SourceContext, SourceItem, SourceReader } from './source.js';

/** What `arrow` takes, one or many. */
export type ArrowData = Table | RecordBatch;
/** Options of `arrow`. */
export interface ArrowOptions {
  /** For stats and errors. Default 'arrow'. */
  readonly name?: string;
  /** Default true: the input ends. Say false for an endless one. */
  readonly bounded?: boolean;
}

/**
 * Arrow tables or record batches, one or an iterable or async iterable of them. Columns are found by name; dictionary columns stay
 * codes. Batches larger than the engine's are cut (which copies nothing).
 */
export function arrow(input: ArrowData | Iterable<ArrowData> | AsyncIterable<ArrowData>, options: ArrowOptions = {}): Source {
  return {
    name: options.name ?? 'arrow',
    bounded: options.bounded ?? true,
    dictionaries: true,
    sharedBuffers: () => sharedBuffersOf(input),
    read: context => Promise.resolve(new ArrowBatchesReader(batchesOf(input), context, rowsOf(input))),
  };
}

const isTable = (value: unknown): value is Table => value instanceof arrowLibrary.Table;
const isBatch = (value: unknown): value is RecordBatch => value instanceof arrowLibrary.RecordBatch;

/** Of a table, a batch, or an array of them; what an iterable will give is not known. */
function sharedBuffersOf(input: unknown): SharedArrayBuffer[] {
  if (isTable(input)) return input.batches.flatMap(sharedBuffersOf);
  if (Array.isArray(input)) return input.flatMap(sharedBuffersOf);
  return isBatch(input) ? buffersOf(input.data).filter(buffer => buffer instanceof SharedArrayBuffer) : [];
}
function buffersOf(data: Data): ArrayBufferLike[] {
  const own = [data.values, data.valueOffsets, data.nullBitmap].flatMap(view => (ArrayBuffer.isView(view) ? [view.buffer] : []));
  return [...own, ...data.children.flatMap(buffersOf)];
}

function rowsOf(input: unknown): number | null {
  if (isTable(input) || isBatch(input)) return input.numRows;
  if (!Array.isArray(input)) return null;
  return input.reduce<number>((sum, each) => sum + (rowsOf(each) ?? 0), 0);
}

async function* batchesOf(input: ArrowData | Iterable<ArrowData> | AsyncIterable<ArrowData>): AsyncGenerator<RecordBatch> {
  if (isBatch(input)) yield input;
  // A table is an iterable of row proxies: it must not be taken for an iterable of batches.
  else if (isTable(input)) yield* input.batches;
  else {
    for await (const part of input as AsyncIterable<ArrowData>) {
      if (!isTable(part) && !isBatch(part)) throw new MillraceError('SOURCE_FAILED', `arrow() takes tables and record batches of apache-arrow, but got ${typeof part}`);
      yield* batchesOf(part);
    }
  }
}

/** Cuts record batches to size. */
export class ArrowBatchesReader implements SourceReader {
  private current: RecordBatch | null = null;
  private at = 0;
  private read = 0;
  private pulling = false;
  private closed = false;
  private readonly whenClosed: Promise<null>;
  private onClose: () => void = () => {};

  /** `done`: called once when reading is over. */
  constructor(
    private readonly batches: AsyncIterator<RecordBatch>, private readonly context: SourceContext, private readonly total: number | null,
    private readonly done: () => Promise<void> = () => Promise.resolve(),
  ) {
    this.whenClosed = new Promise(resolve => {
      this.onClose = () => resolve(null);
    });
  }

  async next(): Promise<SourceItem | null> {
    while (this.current === null || this.at >= this.current.numRows) {
      if (this.closed) return null;
      this.pulling = true;
      const pulled = this.batches.next().finally(() => {
        this.pulling = false;
      });
      const result = await Promise.race([pulled, this.whenClosed]);
      if (result === null || result.done) return null;
      this.current = result.value;
      this.at = 0;
    }
    const end = Math.min(this.at + this.context.batchRows, this.current.numRows);
    const whole = this.at === 0 && end === this.current.numRows;
    const batch = whole ? this.current : this.current.slice(this.at, end);
    this.at = end;
    this.read += batch.numRows;
    return { kind: 'arrow', batch };
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.onClose();
    const returned = Promise.resolve(this.batches.return?.()).then(() => undefined, () => undefined);
    // What is stuck in a pull cannot return before the pull does, which may be never.
    if (!this.pulling) await returned;
    await this.done();
  }
  progress(): { done: number; total: number | null; unit: 'rows' } {
    return { done: this.read, total: this.total, unit: 'rows' };
  }
}
