import type { Clock } from './clock.js';

interface BranchTimes {
  readonly idleAfterMs: number;
  /** When each partition that is not idle was last heard of, in ms of the branch's own time. */
  readonly heard: Map<number, number>;
  readonly idle: Set<number>;
  /** The branch's own time stands while it may not read: a source that is held is not idle. */
  heldMs: number;
  heldSince: number | null;
}
export interface Lane {
  readonly branch: number;
  readonly partition: number;
}

/** Notices partitions that have been without rows for `idleAfterMs`. `wake` is called when there are some. */
export class Idleness {
  private readonly branches: readonly (BranchTimes | null)[];
  private timer: unknown = null;
  /** When the timer is set for. */
  private timerAt = Infinity;
  private fired = false;

  constructor(
    private readonly clock: Clock,
    idleAfterMs: readonly (number | null)[],
    private readonly wake: () => void,
  ) {
    this.branches = idleAfterMs.map(ms => (ms === null ? null : { idleAfterMs: ms, heard: new Map(), idle: new Set(), heldMs: 0, heldSince: null }));
  }

  /** Rows of a partition have come, or it is there from the start. */
  heard(branch: number, partition: number): void {
    const own = this.branches[branch];
    if (!own) return;
    own.idle.delete(partition);
    own.heard.set(partition, this.timeOf(own));
    // The timer may be set for a branch that has more patience.
    if (this.clock.now() + own.idleAfterMs < this.timerAt) this.arm();
  }
  /** A partition has ended, or all have. */
  ended(branch: number, partition?: number): void {
    const own = this.branches[branch];
    for (const gone of partition === undefined ? [...own?.heard.keys() ?? [], ...own?.idle ?? []] : [partition]) {
      own?.heard.delete(gone);
      own?.idle.delete(gone);
    }
  }
  /** The branch may not read for now. */
  hold(branch: number): void {
    const own = this.branches[branch];
    if (own) own.heldSince ??= this.clock.now();
  }
  release(branch: number): void {
    const own = this.branches[branch];
    if (!own || own.heldSince === null) return;
    own.heldMs += this.clock.now() - own.heldSince;
    own.heldSince = null;
    this.arm();
  }

  /** Whether `due` has anything to look for. */
  get hasDue(): boolean {
    return this.fired;
  }
  /** Takes note of at most `room` partitions that have become idle, the longest silent first. */
  due(room: number): Lane[] {
    if (!this.fired) return [];
    this.fired = false;
    const silent: (Lane & { readonly forMs: number })[] = [];
    this.branches.forEach((own, branch) => {
      if (!own || own.heldSince !== null) return;
      const time = this.timeOf(own);
      for (const [partition, heard] of own.heard) if (time - heard >= own.idleAfterMs) silent.push({ branch, partition, forMs: time - heard - own.idleAfterMs });
    });
    const due = silent.sort((a, b) => b.forMs - a.forMs).slice(0, room);
    this.fired = due.length < silent.length;
    for (const { branch, partition } of due) {
      this.branches[branch]!.heard.delete(partition);
      this.branches[branch]!.idle.add(partition);
    }
    this.arm();
    return due;
  }
  /** How many partitions of a branch are idle. */
  idleOf(branch: number): number {
    return this.branches[branch]?.idle.size ?? 0;
  }
  stop(): void {
    if (this.timer !== null) this.clock.clear(this.timer);
    this.timer = null;
    this.timerAt = Infinity;
  }

  private timeOf({ heldMs, heldSince }: BranchTimes): number {
    return (heldSince ?? this.clock.now()) - heldMs;
  }

  /** Sets the timer to the next moment at which a partition may have become idle. */
  private arm(): void {
    this.stop();
    let nextMs = Infinity;
    for (const own of this.branches) {
      if (!own || own.heldSince !== null) continue;
      const time = this.timeOf(own);
      for (const heard of own.heard.values()) nextMs = Math.min(nextMs, heard + own.idleAfterMs - time);
    }
    if (nextMs === Infinity) return;
    this.timerAt = this.clock.now() + nextMs;
    this.timer = this.clock.setTimer(Math.max(nextMs, 1), () => {
      this.timer = null;
      this.timerAt = Infinity;
      this.fired = true;
      this.wake();
    });
  }
}
