import type { Clock } from '../../src/coordinator/clock.ts';

/** A clock that stands still until a test moves it. */
export class VirtualClock implements Clock {
  private readonly timers = new Map<number, { at: number; callback: () => void }>();
  private next = 1;
  constructor(private time = 1_700_000_000_000) {}

  now(): number { return this.time; }
  setTimer(ms: number, callback: () => void): number {
    this.timers.set(this.next, { at: this.time + ms, callback });
    return this.next++;
  }
  clear(timer: unknown): void { this.timers.delete(timer as number); }

  /** How many timers wait. */
  get waiting(): number { return this.timers.size; }

  /** Moves the clock on, from timer to timer: each sees the time that it was set for. */
  advance(ms: number): void {
    const until = this.time + ms;
    for (;;) {
      const [id, timer] = [...this.timers].sort(([a, x], [b, y]) => x.at - y.at || a - b)[0] ?? [];
      if (id === undefined || timer === undefined || timer.at > until) break;
      this.timers.delete(id);
      this.time = Math.max(this.time, timer.at);
      timer.callback();
    }
    this.time = until;
  }
}
