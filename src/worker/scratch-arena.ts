import type { Heap, Scratch } from '../heap/heap.js';
import { PageUse, type PageAllocator } from '../heap/page-allocator.js';

/** Runs grow: each stage of a job has an arena in each worker, and most need little. */
const FIRST_BYTES = 256 << 10;
const MOST_BYTES = 4 << 20;
const SLACK = 64;

/** One thread's working memory: bump allocation over a few runs of pages that are kept for the next chunk. */
export class ScratchArena implements Scratch {
  private readonly runs: { start: number; end: number }[] = [];
  private run = -1;
  private next = 0;
  private end = 0;

  constructor(
    private readonly pages: PageAllocator,
    readonly heap: Heap,
  ) {}

  take(bytes: number): number {
    const start = this.next;
    const after = start + ((bytes + SLACK + 15) & ~15);
    if (after <= this.end) {
      this.next = after;
      return start;
    }
    this.nextRun(bytes + SLACK + 16);
    return this.take(bytes);
  }

  reset(): void {
    this.run = -1;
    this.next = this.end = 0;
  }

  /** A point to come back to: what was taken after it is given back. */
  mark(): { run: number; next: number } {
    return { run: this.run, next: this.next };
  }
  release(mark: { run: number; next: number }): void {
    this.run = mark.run;
    this.next = mark.next;
    this.end = mark.run < 0 ? 0 : this.runs[mark.run]!.end;
  }

  private nextRun(bytes: number): void {
    this.run++;
    const known = this.runs[this.run];
    if (!known || known.end - known.start < bytes) {
      const size = Math.max(Math.min(FIRST_BYTES * 2 ** this.run, MOST_BYTES), bytes);
      const start = this.pages.allocate(size, PageUse.scratch);
      this.runs.splice(this.run, 0, { start, end: start + Math.ceil(size / 65_536) * 65_536 });
    }
    this.next = this.runs[this.run]!.start;
    this.end = this.runs[this.run]!.end;
  }
}
