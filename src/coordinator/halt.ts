import { setMaxListeners } from 'node:events';
import type { MillraceError } from '../errors.js';

/** Why a job ends before its input does: it was asked to stop in good order, or a part of it has failed. Both stop the reading. */
export class Halt {
  /** The first error of any part; it is the job's. */
  error: MillraceError | null = null;
  /** Rejects with the error. */
  readonly failed: Promise<never>;
  /** No more is to be read. */
  stopped = false;
  private readonly controller = new AbortController();
  private reject: (error: MillraceError) => void = () => {};
  /** Who waits in `orStopped`: a set, since an event listener for each item read costs more than the item. */
  private readonly waiting = new Set<() => void>();

  constructor() {
    this.failed = new Promise<never>((_resolve, reject) => (this.reject = reject));
    this.failed.catch(() => {});
    // Every source listens, and there may be many.
    setMaxListeners(0, this.controller.signal);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  stop(): void {
    this.end();
  }
  fail(error: MillraceError): void {
    this.error = error;
    this.reject(error);
    this.end(error);
  }
  private end(error?: MillraceError): void {
    this.stopped = true;
    this.controller.abort(error);
    for (const stop of this.waiting) stop();
    this.waiting.clear();
  }

  /** A promise's result, or a rejection as soon as the job fails: nobody waits for a part that will not answer. */
  orFailed<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.failed]);
  }

  /** A promise's value, or undefined once the job stops. A stop in good order leaves one turn for an answer that is at hand. */
  orStopped<T>(promise: Promise<T>): Promise<T | undefined> {
    const { waiting } = this;
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        if (this.error) resolve(undefined);
        else setImmediate(resolve, undefined);
      };
      if (this.stopped) stop();
      else waiting.add(stop);
      promise.then(value => {
        waiting.delete(stop);
        resolve(value);
      }, error => {
        waiting.delete(stop);
        reject(error);
      });
    });
  }
}
