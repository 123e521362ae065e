import { PageUse } from '../heap/page-allocator.js';
import { fireWord, StageWord, stageWord } from '../heap/stage-block.js';
import { firstStage } from '../plan/plan.js';
import { held, NEVER, type Region } from '../state/region.js';
import { CellWord, GONE_BYTES, NodeField, StoreWord } from '../state/session-layout.js';
import { SessionStore } from '../state/session-store.js';
import type { AggregateLayout, JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { CellFolder } from './cell-folder.js';
import { CellStates } from './cell-states.js';
import { RegionSet } from './region-set.js';
import type { EmitResults } from './result-buffer.js';
import type { Firing } from './row-operator.js';
import { SessionRebuilder } from './session-rebuild.js';
import { SessionResults } from './session-results.js';

/**
 * Gives out windows that keys made for themselves, and gives back what they took: sessions that the watermark has passed, and count windows
 * that are full; early, all that have rows which were not given out.
 */
export class SessionFire implements Firing {
  private readonly set: RegionSet;
  private readonly folder: CellFolder;
  private readonly rebuilder: SessionRebuilder;
  private readonly results: SessionResults;
  private readonly counts: boolean;
  private readonly givesEarly: boolean;

  constructor(
    private readonly thread: ThreadContext,
    private readonly job: JobLayout,
    private readonly aggregate: AggregateLayout,
    worker: number,
    emit: EmitResults,
  ) {
    this.set = new RegionSet(thread, job, worker);
    const template = thread.pages.allocate(aggregate.compiled.cellBytes, PageUse.scratch);
    const states = new CellStates(thread, aggregate.compiled);
    states.init(template);
    const { window, emit: { earlyMs } } = firstStage(job.plan).aggregate!;
    this.counts = window.kind === 'count';
    this.givesEarly = earlyMs !== null;
    this.folder = new CellFolder(thread, aggregate, states, job.hashSeed, template);
    this.rebuilder = new SessionRebuilder(thread, aggregate, states, this.folder, template, this.counts);
    this.results = new SessionResults(thread, job, aggregate, emit);
  }

  run(part: number, parts: number): void {
    const { heap, scratch } = this.thread;
    scratch.reset();
    const watermark = heap.i64[fireWord(this.job.block)]!;
    const early = heap.i64[fireWord(this.job.block) + 2] !== 0n;
    const own = this.set.regions.filter((region, index) => index % parts === part && (early || region.due <= watermark));
    for (const region of own) held(region, () => this.fire(region, watermark, early));
    this.results.flush();
    // Only now: until here results were read from the nodes.
    for (const region of own) held(region, () => this.settle(region, watermark));
    Atomics.add(heap.i32, stageWord(this.job.block, StageWord.fireDone), 1);
  }

  private fire(region: Region, watermark: bigint, early: boolean): void {
    const store = this.storeOf(region);
    if (store === null) return;
    if (this.counts) return this.fireFull(store, early || watermark === NEVER);
    const { kernels, scratch } = this.thread;
    store.reserveQueue();
    const changed = store.get(StoreWord.changedCount);
    const all = store.get(StoreWord.queueCount) + changed;
    const nodes = scratch.take(all * 4);
    // What was given out early is not listed when it changes.
    const gone = scratch.take((this.givesEarly ? all : changed) * GONE_BYTES);
    const rows = kernels.fireSessions(store.address, watermark, early ? 1 : 0, nodes, gone);
    this.results.append(store.table, nodes, rows, gone, store.get(StoreWord.second));
  }

  /** Gives out the windows that are full; or all, of those that are not full the ones that have changed. */
  private fireFull(store: SessionStore, all: boolean): void {
    const { heap: { u32, i64 }, scratch } = this.thread;
    const { cellBytes } = this.aggregate.compiled;
    const found: number[] = [];
    const link = (cellBytes + NodeField.link) >>> 2;
    for (let node = store.get(StoreWord.changed); node; node = u32[(node >>> 2) + link]!) found.push(node);
    store.set(StoreWord.changed, 0);
    store.set(StoreWord.changedCount, 0);
    store.least = NEVER;
    const word = (node: number, field: NodeField): number => (node + cellBytes + field) >>> 3;
    if (all) {
      const { rows, cells, nullCell } = this.folder.list(store.table);
      for (const cell of [...u32.subarray(cells >>> 2, (cells >>> 2) + rows), ...(nullCell ? [nullCell] : [])]) {
        const node = u32[(cell >>> 2) + CellWord.head]!;
        if (node !== 0 && i64[word(node, NodeField.last)] !== i64[word(node, NodeField.shownEnd)]) found.push(node);
      }
    }
    for (const node of this.givesEarly ? found : []) {
      i64[word(node, NodeField.shownEnd)] = i64[word(node, NodeField.last)]!;
      i64[word(node, NodeField.version)]!++;
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
