import { PageUse } from '../heap/page-allocator.js';
import { fireWord, StageWord, stageWord } from '../heap/stage-block.js';
import { firstStage } from '../plan/plan.js';
import { held, NEVER, type Region } from '../state/region.js';
import { CellWord, GONE_BYTES, NodeField, StoreWord } from '../state/session-layout.js';
import { SessionStore } from '../state/session-store.js';
import type { AggregateLayout, JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { CellFolder } from './cell-folder.js';
import { writeTemplate } from './group-operator.js';
import { primitivesOf } from './primitives.js';
import { RegionSet } from './region-set.js';
import type { EmitResults } from './result-buffer.js';
import type { Firing } from './row-operator.js';
import { SessionRebuilder } from './session-rebuild.js';
import { SessionResults } from './session-results.js';

/** Gives out windows that keys made for themselves, and gives back what they took: sessions that the watermark has passed, and count windows that are full. */
export class SessionFire implements Firing {
  private readonly set: RegionSet;
  private readonly folder: CellFolder;
  private readonly rebuilder: SessionRebuilder;
  private readonly results: SessionResults;
  private readonly counts: boolean;

  constructor(
    private readonly thread: ThreadContext,
    private readonly job: JobLayout,
    private readonly aggregate: AggregateLayout,
    worker: number,
    emit: EmitResults,
  ) {
    this.set = new RegionSet(thread, job, worker);
    const template = thread.pages.allocate(aggregate.compiled.cellBytes, PageUse.scratch);
    writeTemplate(thread, primitivesOf(thread, aggregate.compiled.states), aggregate, template);
    this.counts = firstStage(job.plan).aggregate!.window.kind === 'count';
    this.folder = new CellFolder(thread, aggregate, job.hashSeed, template);
    this.rebuilder = new SessionRebuilder(thread, aggregate, this.folder, template, this.counts);
    this.results = new SessionResults(thread, job, aggregate, emit);
  }

  run(part: number, parts: number): void {
    const { heap, scratch } = this.thread;
    scratch.reset();
    const watermark = heap.i64[fireWord(this.job.block)]!;
    const own = this.set.regions.filter((region, index) => index % parts === part && region.due <= watermark);
    for (const region of own) held(region, () => this.fire(region, watermark));
    this.results.flush();
    // Only now: until here results were read from the nodes.
    for (const region of own) held(region, () => this.settle(region, watermark));
    Atomics.add(heap.i32, stageWord(this.job.block, StageWord.fireDone), 1);
  }

  private fire(region: Region, watermark: bigint): void {
    const store = this.storeOf(region);
    if (store === null) return;
    if (this.counts) return this.fireFull(store, watermark === NEVER);
    const { kernels, scratch } = this.thread;
    store.reserveQueue();
    const changed = store.get(StoreWord.changedCount);
    const nodes = scratch.take((store.get(StoreWord.queueCount) + changed) * 4);
    const gone = scratch.take(changed * GONE_BYTES);
    const rows = kernels.fireSessions(store.address, watermark, nodes, gone);
    this.results.append(store.table, nodes, rows, gone, store.get(StoreWord.second));
  }

  /** Gives out the windows that are full; at the end of input those that are not, too. */
  private fireFull(store: SessionStore, ended: boolean): void {
    const { heap: { u32 }, scratch } = this.thread;
    const found: number[] = [];
    const link = (this.aggregate.compiled.cellBytes + NodeField.link) >>> 2;
    for (let node = store.get(StoreWord.changed); node; node = u32[(node >>> 2) + link]!) found.push(node);
    store.set(StoreWord.changed, 0);
    store.set(StoreWord.changedCount, 0);
    store.least = NEVER;
    if (ended) {
      const { rows, cells, nullCell } = this.folder.list(store.table);
      const all = [...u32.subarray(cells >>> 2, (cells >>> 2) + rows), ...(nullCell ? [nullCell] : [])];
      for (const cell of all) if (u32[(cell >>> 2) + CellWord.head]) found.push(u32[(cell >>> 2) + CellWord.head]!);
    }
    const nodes = scratch.take(found.length * 4);
    u32.set(found, nodes >>> 2);
    this.results.append(store.table, nodes, found.length, 0, 0);
  }

  /** Frees what is done with, and notes when there is something to do next. */
  private settle(region: Region, watermark: bigint): void {
    const store = this.storeOf(region);
    if (store === null) return void (region.due = NEVER);
    if (this.counts ? watermark === NEVER : store.isEmpty) {
      store.free();
      region.due = NEVER;
      return;
    }
    this.rebuilder.tidy(store);
    region.due = store.least;
  }

  private storeOf(region: Region): SessionStore | null {
    return SessionStore.of(this.thread.heap, this.thread.kernels, region, this.job.regionBits);
  }
}
