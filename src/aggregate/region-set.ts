import type { Heap } from '../heap/heap.js';
import { PageUse, type PageAllocator } from '../heap/page-allocator.js';
import { NEVER, REGION_BYTES, Region } from '../state/region.js';
import type { JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';

/**
 * The regions of a job as one thread sees them: a key belongs to the region that the top bits of its hash name. Besides, each part of a firing
 * has a region for what it has assembled.
 */
export class RegionSet {
  readonly regions: readonly Region[];
  readonly assembled: readonly Region[];

  constructor(
    private readonly thread: ThreadContext,
    private readonly job: JobLayout,
    private readonly worker: number,
  ) {
    const regionAt = (region: number): Region => new Region(thread.heap, thread.kernels, thread.pages, job.regions + region * REGION_BYTES, job.regionBits);
    this.regions = Array.from({ length: 1 << job.regionBits }, (_, region) => regionAt(region));
    this.assembled = Array.from({ length: job.workers }, (_, part) => regionAt((1 << job.regionBits) + part));
  }

  /** Sorts rows by region and calls `visit` for each region that has some, while it is held: `positions` (u32, ascending) in scratch. */
  visit(rows: number, positions: number, hashes: number, visit: (region: Region, positions: number, rows: number, from: number) => void): void {
    const { sorted, starts, counts } = this.partition(rows, positions, hashes);
    this.inTurn(region => counts[region]! > 0, (held, region) => visit(held, sorted + starts[region]! * 4, counts[region]!, starts[region]!));
  }

  /**
   * Calls `work` for each region that has some, while it is held. Each worker begins elsewhere, and goes on to another region where the
   * lock is held; it sleeps only where all that is left is held.
   */
  inTurn(hasWork: (region: number) => boolean, work: (held: Region, region: number) => void): void {
    const count = this.regions.length;
    const add = (region: number): void => {
      work(this.regions[region]!, region);
      this.regions[region]!.unlock();
    };
    const first = Math.floor((this.worker * count) / this.job.workers);
    let left = Array.from({ length: count }, (_, turn) => (turn + first) % count).filter(hasWork);
    while (left.length > 0) {
      const held = left.filter(region => {
        if (!this.regions[region]!.tryLock()) return true;
        add(region);
        return false;
      });
      if (held.length === left.length) {
        this.regions[held[0]!]!.lock();
        add(held.shift()!);
      }
      left = held;
    }
  }

  /** Sorts rows by region: those of region r are `counts[r]` words (u32, ascending) of scratch from `sorted` + 4 · `starts[r]` on. */
  partition(rows: number, positions: number, hashes: number): { sorted: number; starts: Uint32Array; counts: Uint32Array } {
    const { heap, kernels, scratch } = this.thread;
    const count = this.regions.length;
    const ends = scratch.take(count * 4);
    heap.u32.fill(0, ends >>> 2, (ends >>> 2) + count);
    kernels.countByHash(rows, positions, hashes, this.job.regionBits, ends);
    const counts = heap.u32.slice(ends >>> 2, (ends >>> 2) + count);
    const starts = new Uint32Array(count);
    for (let region = 0, start = 0; region < count; start += counts[region++]!) heap.u32[(ends >>> 2) + region] = starts[region] = start;
    const sorted = scratch.take(rows * 4);
    kernels.scatterByHash(rows, positions, hashes, this.job.regionBits, ends, sorted);
    return { sorted, starts, counts };
  }

  /** The null key's. */
  get ofNull(): Region {
    return this.regions[0]!;
  }
}

/** Makes the empty regions of a job. Returns their address. */
export function allocateRegions(heap: Heap, pages: PageAllocator, regionBits: number, workers: number): number {
  const bytes = REGION_BYTES * ((1 << regionBits) + workers);
  const regions = pages.allocate(bytes, PageUse.scratch);
  heap.u8.fill(0, regions, regions + bytes);
  for (let region = regions; region < regions + bytes; region += REGION_BYTES) Region.format(heap, region);
  return regions;
}

/** The least watermark at which some region has something to do. Any thread may ask, without a lock. */
export function leastDue(heap: Heap, regions: number, regionBits: number): bigint {
  let least = NEVER;
  for (let region = 0; region < 1 << regionBits; region++) {
    const due = Region.dueAt(heap, regions + region * REGION_BYTES);
    if (due < least) least = due;
  }
  return least;
}
