import { RegionSet } from '../aggregate/region-set.js';
import type { Heap } from '../heap/heap.js';
import { settledWord } from '../heap/stage-block.js';
import { firstStage } from '../plan/plan.js';
import type { Join } from '../plan/join-plan.js';
import type { Region } from '../state/region.js';
import type { JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { joinLayout, type JoinLayout } from './entry-layout.js';
import type { LogLimits, LogTools } from './log-tools.js';
import { JoinMemory } from './join-memory.js';
import { joinShape, type JoinShape } from './join-shape.js';
import { JoinStore } from './join-store.js';
import { dueAfter, forgottenBefore, joinTimes, type JoinTimes } from './join-times.js';
import { FIRST_TIME, NO_DUE } from './log-layout.js';
import type { Matching } from './matching.js';

/** What the regions keep of a join, as one thread sees it. */
export class JoinState {
  readonly join: Join;
  readonly layout: JoinLayout;
  readonly times: JoinTimes;
  readonly shape: JoinShape;
  readonly set: RegionSet;
  private readonly heap: Heap;
  /** Index (i64) of the watermark behind settled morsels. */
  private readonly settled: number;
  private readonly tools: LogTools;
  private readonly memories: readonly JoinMemory[];

  constructor(thread: ThreadContext, job: JobLayout, worker: number, limits: LogLimits) {
    this.join = firstStage(job.plan).join!;
    this.layout = joinLayout(this.join);
    this.times = joinTimes(this.join);
    this.shape = joinShape(this.join);
    this.set = new RegionSet(thread, job, worker);
    this.heap = thread.heap;
    this.settled = settledWord(job.block);
    this.tools = { heap: thread.heap, kernels: thread.kernels, scratch: thread.scratch, limits };
    this.memories = this.set.regions.map(({ blocks }) => new JoinMemory(thread.heap, job.block, this.join, blocks));
  }

  /** The store of a region, made if there is none. REQUIRES: the region is held. */
  storeOf(region: number): JoinStore {
    return this.existing(region) ?? JoinStore.create(this.regionAt(region), this.tools, this.memories[region]!, this.layout.logs);
  }
  existing(region: number): JoinStore | null {
    return JoinStore.of(this.regionAt(region), this.tools, this.memories[region]!, this.layout.logs);
  }

  /** Notes when there is something to do in a region next. REQUIRES: it is held. */
  noteDue(region: number, store: JoinStore): void {
    const { keep, open } = this.times;
    let due = NO_DUE;
    store.logs.forEach((log, side) => {
      if (log.isEmpty) return;
      const length = keep[side]!;
      const gone = length === null ? NO_DUE : dueAfter(log.firstGone, length);
      const given = this.shape.givesAtEnd[side]! ? dueAfter(log.leastPending, open[side]!) : NO_DUE;
      for (const time of [gone, given]) if (time < due) due = time;
    });
    this.regionAt(region).due = due;
  }

  /**
   * Forgets, before rows go in, what no row to come can match: all of them come behind the morsels that are settled. Where something is given out
   * at the end of a row's time, the row waits for a firing, behind which results are told to be complete. REQUIRES: the region is held.
   */
  forgetSettled(region: number, store: JoinStore): void {
    const settled = Atomics.load(this.heap.i64, this.settled);
    if (this.times.matchesAtEnd || settled === FIRST_TIME || settled === NO_DUE || this.regionAt(region).due > settled) return;
    store.logs.forEach((log, side) => {
      if (!this.shape.givesAtEnd[side]!) log.forget(forgottenBefore(settled, this.times.keep[side]!));
    });
  }

  /** Gives out what is complete at a watermark, and forgets rows that can have no match any more. REQUIRES: the region is held. */
  pass(region: number, watermark: bigint, matcher: Matching): void {
    const store = this.existing(region);
    if (store === null) return;
    matcher.complete(store, watermark);
    if (watermark === NO_DUE) for (const log of store.logs) log.free();
    else store.logs.forEach((log, side) => log.forget(forgottenBefore(watermark, this.times.keep[side]!)));
    if (!store.isEmpty) return this.noteDue(region, store);
    store.free();
    this.regionAt(region).due = NO_DUE;
  }

  private regionAt(region: number): Region {
    return this.set.regions[region]!;
  }
}
