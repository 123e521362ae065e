import type { Row } from '../plan/types.js';
import type { ResultBatch, Sink } from './sink.js';

/** Made by `collect()`. */
export interface CollectSink<R> extends Sink {
  /** All result rows, complete once the job has ended. Empty if it failed. */
  readonly rows: R[];
}

/** Keeps every result row in memory. */
export function collect<R = Row>(): CollectSink<R> {
  const rows: R[] = [];
  return {
    name: 'collect',
    rows,
    open() {
      rows.length = 0;
    },
    write(batch) {
      for (const row of batch.toRows()) rows.push(row as R);
    },
    close() {},
    abort() {
      rows.length = 0;
    },
  };
}

/** Options of `callback`. */
export interface CallbackOptions {
  /** For stats and errors. Default 'callback'. */
  readonly name?: string;
}

/** Calls a function with each batch of results. The batch is valid until the function returns, or its promise settles; an error fails the job. */
export function callback(fn: (batch: ResultBatch) => void | Promise<void>, options: CallbackOptions = {}): Sink {
  return { name: options.name ?? 'callback', open() {}, write: fn, close() {}, abort() {} };
}
