import { PageUse } from '../heap/page-allocator.js';
import { firstStage } from '../plan/plan.js';
import { fireWord, StageWord, stageWord } from '../heap/stage-block.js';
import { held, NEVER, type HeldSlice, type Region, type Slice } from '../state/region.js';
import type { AggregateLayout, JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { CellFolder } from './cell-folder.js';
import { CellStates } from './cell-states.js';
import { CellUnion } from './cell-union.js';
import { FireTiming } from './fire-timing.js';
import { RegionSet } from './region-set.js';
import { ResultBuffer, type EmitResults } from './result-buffer.js';
import type { Firing } from './row-operator.js';
import { isAssembled } from '../window/assigner.js';
import { byStart, GREATEST_TIME } from '../window/slice.js';
import { WindowAssembly } from './window-assembly.js';

/**
 * Fires windows: gives out the groups of windows that the watermark has passed, and frees the slices that can take no more rows. A
 * region holds all there is of its keys, so regions know nothing of one another, and any number of workers may share a firing: part p
 * of P takes every P-th region.
 */
export class FireOperator implements Firing {
  private readonly set: RegionSet;
  private readonly folder: CellFolder;
  private readonly results: ResultBuffer;
  private readonly timing: FireTiming;
  /** For windows of several slices. */
  private readonly assembly: WindowAssembly | null;

  constructor(
    private readonly thread: ThreadContext,
    private readonly job: JobLayout,
    aggregate: AggregateLayout,
    worker: number,
    emit: EmitResults,
  ) {
    this.set = new RegionSet(thread, job, worker);
    const template = thread.pages.allocate(aggregate.compiled.cellBytes, PageUse.scratch);
    const states = new CellStates(thread, aggregate.compiled);
    states.init(template);
    this.folder = new CellFolder(thread, aggregate, states, job.hashSeed, template);
    this.results = new ResultBuffer(thread, job, aggregate, emit);
    const planned = firstStage(job.plan).aggregate!;
    this.timing = new FireTiming(planned);
    this.assembly = isAssembled(planned.window) ? new WindowAssembly(aggregate.compiled.cellBytes, this.timing, this.folder, this.results, CellUnion.for(thread, aggregate, states, this.folder, this.results)) : null;
  }

  /** Fires what the watermark in the stage's block has passed; early, all that has changed. */
  run(part: number, parts: number): void {
    const { heap, scratch } = this.thread;
    scratch.reset();
    const watermark = heap.i64[fireWord(this.job.block)]!;
    this.results.version = heap.i64[fireWord(this.job.block) + 1]!;
    const early = heap.i64[fireWord(this.job.block) + 2] !== 0n;
    const all = this.set.regions.filter((_region, index) => index % parts === part);
    if (this.assembly !== null) {
      if (early) this.assembly.fireEarly(this.set.assembled[part]!, all);
      else this.assembly.fire(this.set.assembled[part]!, all, watermark);
    } else {
      const own = early ? all : all.filter(region => region.due <= watermark);
      const bound = early ? GREATEST_TIME : this.timing.bound(watermark);
      for (const region of own) held(region, () => this.fire(region, bound));
      this.results.flush();
      // Only now: until here results were read from the slices.
      for (const region of own) held(region, () => this.settle(region, watermark));
    }
    Atomics.add(heap.i32, stageWord(this.job.block, StageWord.fireDone), 1);
  }

  private fire(region: Region, bound: bigint): void {
    for (const slice of region.changed().sort(byStart)) {
      if (slice.end > bound) continue;
      if (slice.firings === 0) this.results.append(slice, slice.table);
      else this.revise(slice, slice.delta!);
      region.fired(slice);
    }
  }

  /** Folds the late rows of a slice in, and gives out the groups that they changed. */
  private revise(slice: HeldSlice, delta: NonNullable<HeldSlice['delta']>): void {
    const { table } = slice;
    const { cells, rows, nullCell } = this.folder.foldTable(delta, table);
    this.results.appendCells(slice, table, cells, rows);
    if (nullCell) this.results.appendNull(slice, table, nullCell);
  }

  /** Frees the slices that are done with, and notes when there is something to do next. REQUIRES: the region is held. */
  private settle(region: Region, watermark: bigint): void {
    const { timing } = this;
    const expired: Slice[] = [];
    let due = NEVER;
    region.each((slice, isChanged) => {
      const next = isChanged ? timing.dueOf(slice) : timing.expiryOf(slice);
      if (!isChanged && next <= watermark) expired.push(slice);
      else if (next < due) due = next;
    });
    region.remove(expired.map(slice => region.find(slice)!));
    region.due = due;
  }
}
