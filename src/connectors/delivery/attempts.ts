import { circuitBreaker, ConsecutiveBreaker, ExponentialBackoff, handleWhen, isBrokenCircuitError, retry, TaskCancelledError, timeout, TimeoutStrategy, type CircuitBreakerPolicy } from 'cockatiel';
import type { RetryLimits } from './options.js';

/** All attempts failed; `cause` is the store's last error. */
export class GaveUp extends Error {
  constructor(override readonly cause: unknown, readonly attempts: number, readonly waitedMs: number) {
    super('gave up');
  }
}

/** An attempt took too long. */
export class AttemptTimeout extends Error {
  constructor(attemptMs: number) {
    super(`no answer within ${attemptMs} ms`);
  }
}

/**
 * Tries things with a store: each attempt in bounded time, again with waits that grow, and not at all while the circuit is open. Timers do not
 * keep the process alive: a job that runs does.
 */
export class Attempts {
  /** Attempts after the first, of whatever was tried. */
  retries = 0;
  private readonly breaker: CircuitBreakerPolicy;
  /** What the store said last when an attempt failed. */
  last: unknown = new Error('it was not tried');
  private readonly isTransient: (error: unknown) => boolean;

  /** `isTransient`: whether an error of the store may be gone the next time. */
  constructor(private readonly limits: RetryLimits, isTransient: (error: unknown) => boolean) {
    this.isTransient = error => error instanceof AttemptTimeout || isTransient(error);
    this.breaker = circuitBreaker(handleWhen(this.isTransient), { halfOpenAfter: limits.breakMs, breaker: new ConsecutiveBreaker(limits.breakAfter) });
  }

  /** Whether another attempt may help: the error is transient, or the circuit open. */
  mayPass(error: unknown): boolean {
    return isBrokenCircuitError(error) || this.isTransient(error);
  }

  /** One attempt. Rejects with an error of the store, AttemptTimeout, or at once where the circuit is open. */
  async once<T>(attempt: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const limit = timeout(this.limits.attemptMs, { strategy: TimeoutStrategy.Aggressive, abortOnReturn: false }).dangerouslyUnref();
    return this.breaker.execute(async () => {
      // Whoever waited for the next attempt sees only here that all has ended.
      signal.throwIfAborted();
      try {
        return await limit.execute(({ signal: ended }) => attempt(ended), signal);
      } catch (error) {
        this.last = error instanceof TaskCancelledError && !signal.aborted ? new AttemptTimeout(this.limits.attemptMs) : error;
        throw this.last;
      }
    });
  }

  /** Attempts until one succeeds. Rejects with GaveUp, with an error that is not transient, or soon after `signal` is aborted. */
  async until<T>(attempt: (signal: AbortSignal) => Promise<T>, signal: AbortSignal, giveUpAfterMs: number = this.limits.giveUpAfterMs): Promise<T> {
    const { firstMs, mostMs } = this.limits;
    const begun = Date.now();
    let attempts = 0;
    const waited = (): number => Date.now() - begun;
    const again = handleWhen(error => this.mayPass(error) && waited() < giveUpAfterMs);
    const policy = retry(again, { maxAttempts: Infinity, backoff: new ExponentialBackoff({ initialDelay: firstMs, maxDelay: mostMs }) }).dangerouslyUnref();
    const counted = (): Promise<T> => {
      if (attempts++ > 0) this.retries++;
      return this.once(attempt, signal);
    };
    try {
      return await orAborted(policy.execute(counted, signal), signal);
    } catch (error) {
      if (!signal.aborted && this.mayPass(error)) throw new GaveUp(isBrokenCircuitError(error) ? this.last : error, attempts, waited());
      throw error;
    }
  }
}

/** A promise, or a rejection as soon as a signal is aborted: a wait between attempts would go on to its end. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
    promise.catch(() => {});
  }
}
