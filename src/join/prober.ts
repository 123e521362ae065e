import { poisoned } from '../heap/control.js';
import { Poisoned } from '../heap/lock.js';
import { PageUse } from '../heap/page-allocator.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { JoinLayout } from './entry-layout.js';
import type { JoinStore } from './join-store.js';
import type { JoinTimes } from './join-times.js';

/** How the rows of a probe are matched: `outer`: one without a match comes once, with 0; `first`: with one match alone; `skipped`: flags of what does not count. */
export interface ProbeRules {
  readonly outer: boolean;
  readonly first: boolean;
  readonly skipped: number;
}
export const ALL_MATCHES: ProbeRules = { outer: false, first: false, skipped: 0 };
export const ONE_MATCH: ProbeRules = { outer: false, first: true, skipped: 0 };
export const OUTER: ProbeRules = { outer: true, first: false, skipped: 0 };

/** What a level of a search found: `numbers` (u32) say of which rows, `matches` are the entries; `lists`: room for the same of each side. */
export interface Found {
  readonly numbers: number;
  readonly matches: number;
  readonly lists: readonly number[];
}

/** Looks up entries of one side in the log of another. A search of several levels goes depth first, so that what is found needs little room. */
export class Prober {
  private readonly levels: readonly Found[];
  private readonly cursors: number;

  constructor(
    private readonly thread: ThreadContext,
    private readonly layout: JoinLayout,
    private readonly times: JoinTimes,
    /** The most that is found at once. */
    private readonly capacity: number,
  ) {
    const sides = layout.sides.length;
    const list = (): number => thread.pages.allocate(capacity * 4 + 64, PageUse.scratch);
    this.levels = layout.sides.map(() => ({ numbers: list(), matches: list(), lists: Array.from({ length: sides }, list) }));
    this.cursors = thread.pages.allocate(sides * 16, PageUse.scratch);
  }

  /** The rows of side `side` that match entries (u32) of the other: of side 0 the left ones, of another where `entries` are left ones. Calls `visit` with so many at a time. */
  probe(store: JoinStore, level: number, from: number, to: number, rows: number, entries: number, rules: ProbeRules, visit: (found: Found, rows: number) => void): void {
    const { heap, kernels } = this.thread;
    const { sides } = this.layout;
    const found = this.levels[level]!;
    const cursor = this.cursors + level * 16;
    const near = this.times.near[Math.max(from, to)]!;
    // What a left row sees behind it, a row of another side sees before it.
    const [before, after] = from === 0 ? [near.before, near.after] : [near.after, near.before];
    const how = (rules.outer ? 1 : 0) | (rules.first ? 2 : 0);
    heap.u32.fill(0, cursor >>> 2, (cursor >>> 2) + 4);
    do {
      if (poisoned(heap)) throw new Poisoned();
      const count = kernels.probeEntries(
        store.logs[to]!.address, cursor, rows, entries, before, after, sides[from]!.key, sides[to]!.key, how, rules.skipped, found.numbers, found.matches, this.capacity,
      );
      if (count > 0) visit(found, count);
    } while (heap.u32[cursor >>> 2]! < rows);
  }
}
