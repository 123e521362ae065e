import { PageUse } from '../heap/page-allocator.js';
import { fireWord, StageWord, stageWord } from '../heap/stage-block.js';
import { held, NEVER, type HeldSlice, type Region } from '../state/region.js';
import { noteDictionary, TableWord } from '../state/table-layout.js';
import type { AggregateLayout, JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { CellFolder } from './cell-folder.js';
import { writeTemplate } from './group-operator.js';
import { primitivesOf } from './primitives.js';
import { RegionSet } from './region-set.js';
import { ResultBuffer, type EmitResults } from './result-buffer.js';
import type { Firing } from './row-operator.js';
import { dueOf } from './slices.js';

/**
 * Fires windows: gives out the groups of slices whose window the watermark has passed, and frees the slices that can take no more rows. A
 * region holds all there is of its keys, so regions know nothing of one another, and any number of workers may share a firing: part p
 * of P takes every P-th region.
 */
export class FireOperator implements Firing {
  private readonly set: RegionSet;
  private readonly folder: CellFolder;
  private readonly results: ResultBuffer;

  constructor(
    private readonly thread: ThreadContext,
    private readonly job: JobLayout,
    aggregate: AggregateLayout,
    worker: number,
    emit: EmitResults,
  ) {
    this.set = new RegionSet(thread, job, worker);
    const template = thread.pages.allocate(aggregate.compiled.cellBytes, PageUse.scratch);
    writeTemplate(thread, primitivesOf(thread, aggregate.compiled.states), aggregate, template);
    this.folder = new CellFolder(thread, aggregate, job.hashSeed, template);
    this.results = new ResultBuffer(thread, job, aggregate, emit);
  }

  /** Fires what the watermark in the stage's block has passed. */
  run(part: number, parts: number): void {
    const { heap, scratch } = this.thread;
    scratch.reset();
    const watermark = heap.i64[fireWord(this.job.block)]!;
    const own = this.set.regions.filter((region, index) => index % parts === part && region.due <= watermark);
    for (const region of own) held(region, () => this.fire(region, watermark));
    this.results.flush();
    // Only now: until here results were read from the slices.
    for (const region of own) held(region, () => settle(region, watermark));
    Atomics.add(heap.i32, stageWord(this.job.block, StageWord.fireDone), 1);
  }

  private fire(region: Region, watermark: bigint): void {
    for (const slice of region.held()) {
      if (slice.end > watermark) continue;
      if (slice.firings === 0) this.results.append(slice, slice.table);
      else if (slice.delta !== null) this.revise(slice, slice.delta);
      else continue;
      region.fired(slice);
    }
  }

  /** Folds the late rows of a slice in, and gives out the groups that they changed. */
  private revise(slice: HeldSlice, delta: NonNullable<HeldSlice['delta']>): void {
    const { heap } = this.thread;
    noteDictionary(heap, slice.table.address, heap.u32[(delta.address >>> 2) + TableWord.dictionary]!);
    const list = this.folder.list(delta);
    this.results.appendCells(slice, this.folder.fold(list, 0, list.rows, slice.table), list.rows);
    if (list.nullCell) this.results.appendNull(slice, this.folder.foldNull(list.nullCell, slice.table));
  }
}

/** Frees the slices that are done with, and notes when there is something to do next. REQUIRES: the region is held. */
function settle(region: Region, watermark: bigint): void {
  const slices = region.held();
  const done = slices.filter(slice => slice.firings > 0 && slice.delta === null && slice.end <= watermark);
  region.remove(done);
  region.due = slices.filter(slice => !done.includes(slice)).reduce((least, slice) => (dueOf(slice) < least ? dueOf(slice) : least), NEVER);
}
