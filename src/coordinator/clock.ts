/** Time as a job sees it. A test gives a clock of its own (`RunOptions.clock`), and nothing waits for real time. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `callback` once, when `ms` have passed. Returns what `clear` takes. */
  setTimer(ms: number, callback: () => void): unknown;
  /** Forgets a timer, called or not. */
  clear(timer: unknown): void;
}

/** The machine's clock. */
export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  setTimer: (ms, callback) => setTimeout(callback, ms),
  clear: timer => clearTimeout(timer as NodeJS.Timeout),
};
