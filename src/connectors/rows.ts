import type { Source, SourceContext, SourceItem, SourceReader } from './source.js';

/** A batch that is not full is given on this long after its first row, so that slow sources make progress. */
const RELEASE_MS = 20;

/** Options of `rows`. */
export interface RowsOptions {
  /** For stats and errors. Default 'rows'. */
  readonly name?: string;
  /** Default true: the iterable ends. Say false for an endless one. */
  readonly bounded?: boolean;
}

/**
 * JavaScript rows from any iterable or async iterable (arrays, generators, object streams). An async source that is slow gets its rows
 * through in partial batches, at most 20 ms after they came. A row that does not fit the schema becomes a dead letter; an error of the
 * iterable fails the job, after the rows before it.
 */
export function rows(input: Iterable<unknown> | AsyncIterable<unknown>, options: RowsOptions = {}): Source {
  return {
    name: options.name ?? 'rows',
    bounded: options.bounded ?? true,
    dictionaries: true,
    read: (context): Promise<SourceReader> => Promise.resolve(Symbol.asyncIterator in input ? new AsyncRowsReader(input, context) : new SyncRowsReader(input, context)),
  };
}

class SyncRowsReader implements SourceReader {
  private readonly iterator: Iterator<unknown>;
  private readonly total: number | null;
  private read = 0;
  private ended = false;
  constructor(input: Iterable<unknown>, private readonly context: SourceContext) {
    this.iterator = input[Symbol.iterator]();
    this.total = Array.isArray(input) ? input.length : null;
  }

  next(): Promise<SourceItem | null> {
    const batch: unknown[] = [];
    while (!this.ended && batch.length < this.context.batchRows) {
      const result = this.iterator.next();
      if (result.done) this.ended = true;
      else batch.push(result.value);
    }
    this.read += batch.length;
    return Promise.resolve(batch.length > 0 ? { kind: 'rows', rows: batch } : null);
  }
  close(): Promise<void> {
    if (!this.ended) this.iterator.return?.();
    this.ended = true;
    return Promise.resolve();
  }
  progress(): { done: number; total: number | null; unit: 'rows' } {
    return { done: this.read, total: this.total, unit: 'rows' };
  }
}

/**
 * Pulls while a call of `next` waits. A pull that outlives its call (the batch was released by the clock) is not lost: its row begins the
 * next batch. At most one row is read ahead.
 */
class AsyncRowsReader implements SourceReader {
  private readonly iterator: AsyncIterator<unknown>;
  private batch: unknown[] = [];
  private pulling = false;
  private ended = false;
  private failure: { error: unknown } | null = null;
  private waiting: { resolve(item: SourceItem | null): void; reject(error: unknown): void } | null = null;
  private timer: NodeJS.Timeout | null = null;
  private read = 0;
  /** What is there is given on. Without any the call stays open until `close`: null would say that the input has ended. */
  private readonly onAbort = (): void => {
    if (this.batch.length > 0) this.release();
  };

  constructor(input: AsyncIterable<unknown>, private readonly context: SourceContext) {
    this.iterator = input[Symbol.asyncIterator]();
    context.signal.addEventListener('abort', this.onAbort, { once: true });
  }

  next(): Promise<SourceItem | null> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      if (this.ended || this.failure !== null) this.release();
      else {
        if (this.batch.length > 0) this.startTimer();
        this.pull();
      }
    });
  }

  private pull(): void {
    if (this.pulling || this.context.signal.aborted) return;
    this.pulling = true;
    // A `next` that throws at once, against the protocol, must fail the same way.
    new Promise<IteratorResult<unknown>>(resolve => resolve(this.iterator.next())).then(this.onItem, this.onError);
  }
  private readonly onItem = (result: IteratorResult<unknown>): void => {
    this.pulling = false;
    if (result.done) this.ended = true;
    else if (!this.ended) this.batch.push(result.value);
    if (this.waiting === null) return;
    if (this.ended || this.batch.length >= this.context.batchRows) return this.release();
    if (this.batch.length === 1) this.startTimer();
    this.pull();
  };
  private readonly onError = (error: unknown): void => {
    this.pulling = false;
    if (this.ended) return;
    this.failure = { error };
    this.release();
  };

  private startTimer(): void {
    this.timer ??= setTimeout(() => this.release(), RELEASE_MS);
  }

  /** Answers the waiting call, if any, with what there is. */
  private release(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const { waiting, batch } = this;
    if (waiting === null) return;
    this.waiting = null;
    if (batch.length > 0) {
      this.batch = [];
      this.read += batch.length;
      waiting.resolve({ kind: 'rows', rows: batch });
    } else if (this.failure !== null) waiting.reject(this.failure.error);
    else waiting.resolve(null);
  }

  async close(): Promise<void> {
    const wasEnded = this.ended;
    this.ended = true;
    this.context.signal.removeEventListener('abort', this.onAbort);
    this.release();
    if (wasEnded || this.failure !== null || this.iterator.return === undefined) return;
    const returned = Promise.resolve(this.iterator.return()).then(() => undefined, () => undefined);
    // A generator that is stuck in a pull cannot return before the pull does, which may be never.
    if (!this.pulling) await returned;
  }
  progress(): { done: number; total: null; unit: 'rows' } {
    return { done: this.read, total: null, unit: 'rows' };
  }
}
