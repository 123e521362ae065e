import { MillraceError } from '../errors.js';
import { PAGE_BYTES, runTable, STATE_UNIT, Word, word } from './control.js';
import type { Allocator, Heap } from './heap.js';
import { withLock } from './lock.js';

/** What a run of pages is for. Batches and user tables are taken from the top of the heap, state and scratch from its bottom: so the short-lived and the long-lived do not mix. */
export const enum PageUse { batch = 1, state = 2, user = 3, scratch = 4 }
/** By `PageUse`. */
const COUNTERS: readonly Word[] = [Word.scratchPages, Word.batchPages, Word.statePages, Word.userPages, Word.scratchPages];
const PAGES_MASK = 0xff_ffff;
const USE_SHIFT = 24;

/**
 * Runs of 64 KiB pages, for any thread. The run table has `use << 24 | pages` at the first and at the last page of a run in use and 0
 * elsewhere, so that it can be walked both ways. First fit from a hint below (above) which nothing is free. All under the page lock.
 */
export class PageAllocator {
  private readonly table: number = runTable();

  constructor(private readonly heap: Heap) {}

  allocate(bytes: number, use: PageUse): number {
    const pages = Math.max(1, Math.ceil(bytes / PAGE_BYTES));
    return withLock(this.heap, word(Word.pageLock), () => {
      if (use === PageUse.state) this.checkStateLimit(pages);
      const page = use === PageUse.state || use === PageUse.scratch ? this.findUp(pages) : this.findDown(pages);
      if (page < 0) throw new MillraceError('HEAP_FULL', `${this.describe()}; ${pages * 64} KiB more were asked for. Give a larger heap.`);
      this.heap.u32[this.table + page] = this.heap.u32[this.table + page + pages - 1] = use * 2 ** USE_SHIFT + pages;
      this.count(use, pages);
      return page * PAGE_BYTES;
    });
  }

  free(address: number): void {
    withLock(this.heap, word(Word.pageLock), () => this.release(address / PAGE_BYTES));
  }

  /** An `Allocator` of one use; state is counted at the blocks (see `BlockAllocator`), not here. */
  for(use: PageUse): Allocator {
    return { allocate: bytes => this.allocate(bytes, use), free: address => this.free(address) };
  }

  pagesOf(address: number): number {
    return this.heap.u32[this.table + address / PAGE_BYTES]! & PAGES_MASK;
  }

  /** Frees every run that belongs to a job, and counts those that stay. REQUIRES: no worker runs, and the control block is as `formatHeap` leaves it. */
  reset(): void {
    const { heap: { u32 }, table } = this;
    const end = u32[word(Word.pages)]!;
    for (let page = u32[word(Word.firstPage)]!; page < end; ) {
      const run = u32[table + page]!;
      const pages = run & PAGES_MASK;
      // Most of a large heap is free, and this is done behind every job.
      if (run === 0) {
        page = this.behindFree(page + 1, end);
        continue;
      }
      if (run >>> USE_SHIFT === PageUse.user) this.count(PageUse.user, pages);
      else u32[table + page] = u32[table + page + pages - 1] = 0;
      page += pages;
    }
  }
  /** A page from here on, before which all are free: a run's, or `end`. */
  private behindFree(page: number, end: number): number {
    const { heap: { u32 }, table } = this;
    for (let at = table + page; page + 4 <= end && (u32[at]! | u32[at + 1]! | u32[at + 2]! | u32[at + 3]!) === 0; at += 4) page += 4;
    return page;
  }

  private release(page: number): void {
    const { u32 } = this.heap;
    const run = u32[this.table + page]!;
    const pages = run & PAGES_MASK;
    if (run === 0) throw new Error(`page ${page} is freed twice`);
    u32[this.table + page] = u32[this.table + page + pages - 1] = 0;
    u32[word(Word.lowHint)] = Math.min(u32[word(Word.lowHint)]!, page);
    u32[word(Word.highHint)] = Math.max(u32[word(Word.highHint)]!, page + pages - 1);
    this.count(run >>> USE_SHIFT, -pages);
  }

  private findUp(pages: number): number {
    const { u32 } = this.heap;
    const end = u32[word(Word.pages)]!;
    let free = 0;
    let lowest = -1;
    for (let page = u32[word(Word.lowHint)]!; page < end; ) {
      const run = u32[this.table + page]!;
      if (run === 0 && lowest < 0) u32[word(Word.lowHint)] = lowest = page;
      free = run === 0 ? free + 1 : 0;
      if (free === pages) return this.noteUp(page - pages + 1, pages, lowest);
      page += run === 0 ? 1 : run & PAGES_MASK;
    }
    return -1;
  }

  /** Nothing below what was just taken is free when it began at the lowest free page. */
  private noteUp(start: number, pages: number, lowest: number): number {
    if (start === lowest) this.heap.u32[word(Word.lowHint)] = start + pages;
    return start;
  }

  private findDown(pages: number): number {
    const { u32 } = this.heap;
    const first = u32[word(Word.firstPage)]!;
    let free = 0;
    let highest = -1;
    for (let page = u32[word(Word.highHint)]!; page >= first; ) {
      const run = u32[this.table + page]!;
      if (run === 0 && highest < 0) u32[word(Word.highHint)] = highest = page;
      free = run === 0 ? free + 1 : 0;
      if (free === pages) {
        if (page + pages - 1 === highest) u32[word(Word.highHint)] = Math.max(page - 1, first);
        return page;
      }
      page -= run === 0 ? 1 : run & PAGES_MASK;
    }
    return -1;
  }

  private count(use: number, pages: number): void {
    Atomics.add(this.heap.i32, word(COUNTERS[use]!), pages);
  }

  private checkStateLimit(pages: number): void {
    const { u32 } = this.heap;
    const limit = u32[word(Word.stateLimitPages)]!;
    if (limit !== 0 && u32[word(Word.statePages)]! + pages > limit) {
      throw new MillraceError('STATE_FULL', `the state of open windows has reached its share of the heap, ${mib(limit)} MiB. ${this.describe()}. Give a larger heap, shorter windows, or fewer groups.`);
    }
  }

  private describe(): string {
    const { u32 } = this.heap;
    return `of ${mib(u32[word(Word.pages)]!)} MiB, ${mib(u32[word(Word.statePages)]!)} hold window state, ${mib(u32[word(Word.batchPages)]!)} batches in flight, ${mib(u32[word(Word.userPages)]!)} tables of the user's, ${mib(u32[word(Word.scratchPages)]!)} dictionaries and working memory`;
  }
}

const mib = (pages: number): number => Math.ceil(pages / 16);

/** Counts bytes of state taken (negative: given back) and keeps the peak. */
export function countState(heap: Heap, bytes: number): void {
  const units = bytes / STATE_UNIT;
  const now = Atomics.add(heap.i32, word(Word.stateUnits), units) + units;
  let peak = Atomics.load(heap.i32, word(Word.statePeakUnits));
  while (now > peak) {
    const seen = Atomics.compareExchange(heap.i32, word(Word.statePeakUnits), peak, now);
    if (seen === peak) return;
    peak = seen;
  }
}
