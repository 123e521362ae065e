import { poisoned } from '../heap/control.js';
import { Poisoned } from '../heap/lock.js';
import type { AsOf, Join } from '../plan/join-plan.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { EntryLayout, JoinLayout } from './entry-layout.js';
import type { JoinLog } from './join-log.js';
import type { JoinResults } from './join-results.js';
import type { JoinStore } from './join-store.js';
import { pastBefore } from './join-times.js';
import { NO_DUE, VersionLog } from './log-layout.js';
import type { Matching } from './matching.js';

/** About so many left rows and versions are put in order at once: each takes 32 bytes of working memory. */
export const EVENTS_AT_ONCE = 131_072;
/** Of `sortEvents`: for each event, and besides. */
const SORT_BYTES = 20;
const COUNT_BYTES = 1024;

/**
 * A join with a table that changes. Left rows and versions wait, in whatever order they come, until the watermark says that none can come before
 * them. Then they are put in order of event time and taken one after another: so a row costs the same however many versions its key has had.
 * The versions that are left in the end are in force: they replace those of their keys in a log of their own.
 */
export class AsOfMatcher implements Matching {
  private readonly accept: bigint;
  private readonly within: bigint;
  private readonly outer: 0 | 1;
  private readonly ownKey: number;
  private readonly table: EntryLayout;

  constructor(
    private readonly thread: ThreadContext,
    { accept, sides }: Join,
    { within }: AsOf,
    { sides: layouts }: JoinLayout,
    private readonly results: JoinResults,
    private readonly most: number,
  ) {
    this.accept = BigInt(accept);
    this.within = within === null ? -1n : BigInt(within);
    this.ownKey = layouts[0]!.key;
    this.table = layouts[1]!;
    this.outer = sides[1]!.match === 'optional' ? 1 : 0;
  }

  came(): void {
    // Nothing is certain yet.
  }
  unkeyed(_side: number, entries: number, rows: number): void {
    this.results.add({ rows, sides: [entries, 0] }, false);
  }

  complete({ logs }: JoinStore, watermark: bigint): void {
    const before = pastBefore(watermark, this.accept);
    const [left, waiting, current] = [logs[VersionLog.left]!, logs[VersionLog.waiting]!, logs[VersionLog.current]!];
    for (let most = this.most; ;) {
      if (poisoned(this.thread.heap)) throw new Poisoned();
      const until = left.rows + waiting.rows <= most ? before : endOfSlice([left, waiting], before, most);
      const taken = this.replay(left, waiting, current, until);
      if (until === before) return;
      // Where blocks cover the same times, a slice may have few rows of each: then larger ones cost less.
      if (taken < most / 4) most *= 2;
    }
  }

  /** What happened before `until`. Returns how many rows that was. */
  private replay(left: JoinLog, waiting: JoinLog, current: JoinLog, until: bigint): number {
    const { heap, kernels, scratch } = this.thread;
    const { key, place, deleted } = this.table;
    const mark = scratch.mark();
    const most = [left, waiting].flatMap(log => log.pendingBlocks(until)).reduce((sum, block) => sum + block.rows, 0);
    const events = scratch.take(most * 4);
    const versions = waiting.listComplete(until, events);
    const rows = versions + left.listComplete(until, events + versions * 4);
    if (rows > 0) {
      kernels.sortEvents(versions, rows, events, scratch.take(rows * SORT_BYTES + COUNT_BYTES));
      const buckets = 2 ** (33 - Math.clz32(versions));
      const heads = scratch.take(buckets * 4);
      heap.u32.fill(0, heads >>> 2, (heads >>> 2) + buckets);
      const [found, matches] = [scratch.take((rows - versions) * 4 + 4), scratch.take((rows - versions) * 4)];
      const gone = deleted?.offset ?? 0;
      const count = kernels.replayVersions(current.address, rows, events, heads, buckets - 1, place, gone, this.ownKey, key, this.within, this.outer, found, matches);
      // What was found is where it is until versions are replaced.
      this.results.add({ rows: count, sides: [found, matches] }, false);
      // Behind the end of time nobody looks anything up.
      if (versions > 0 && until !== NO_DUE) {
        const kept = scratch.take(versions * 4);
        current.take(kernels.retireVersions(current.address, heads, buckets - 1, gone, key, kept), kept);
      }
    }
    scratch.release(mark);
    return rows;
  }
}

/** A time before which about `most` rows of some logs lie that are not done, `before` at the latest. Blocks are cheap to look at, rows are not. */
function endOfSlice(logs: readonly JoinLog[], before: bigint, most: number): bigint {
  const blocks = logs.flatMap(log => log.pendingBlocks(before)).sort((a, b) => (a.least < b.least ? -1 : 1));
  let rows = 0;
  for (const block of blocks) {
    // What is not done in this block and those behind is not before its least.
    if (rows > most && block.least > blocks[0]!.least) return block.least;
    rows += block.rows;
  }
  return before;
}
