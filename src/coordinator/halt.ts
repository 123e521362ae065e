import { setMaxListeners } from 'node:events';
import type { MillraceError } from '../errors.js';

/** Why a job ends before its input does: it was asked to stop in good order, or a part of it has failed. Both stop the reading. */
export class Halt {
  /** The first error of any part; it is the job's. */
  error: MillraceError | null = null;
  /** Rejects with the error. */
  readonly failed: Promise<never>;
  private readonly controller = new AbortController();
  private reject: (error: MillraceError) => void = () => {};

  constructor() {
    this.failed = new Promise<never>((_resolve, reject) => (this.reject = reject));
    this.failed.catch(() => {});
    // Every source listens, and there may be many.
    setMaxListeners(0, this.controller.signal);
  }

  /** No more is to be read. */
  get stopped(): boolean {
    return this.controller.signal.aborted;
  }
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  stop(): void {
    this.controller.abort();
  }
  fail(error: MillraceError): void {
    this.error = error;
    this.controller.abort(error);
    this.reject(error);
  }

  /** A promise's result, or a rejection as soon as the job fails: nobody waits for a part that will not answer. */
  orFailed<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.failed]);
  }

  /** A promise's value, or undefined once the job stops. A stop in good order leaves one turn for an answer that is at hand. */
  orStopped<T>(promise: Promise<T>): Promise<T | undefined> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        if (this.error) resolve(undefined);
        else setImmediate(resolve, undefined);
      };
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    });
  }
}
