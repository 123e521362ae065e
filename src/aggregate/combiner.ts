import { BLOCK_CLASSES, BlockAllocator } from '../heap/block-allocator.js';
import { PageUse } from '../heap/page-allocator.js';
import { DenseTable } from '../state/dense-table.js';
import { HashedTable } from '../state/hashed-table.js';
import type { Slice } from '../state/region.js';
import type { AggregateLayout, JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';

/** Cells of one slice beyond which a combiner leaves a core's cache. */
export const MOST_COMBINED_CELLS = 4096;
/** Of all slices together, keys and values of variable length included. */
const MOST_COMBINED_BYTES = 2 << 20;
const MOST_SLICES = 64;

interface Combined {
  readonly slice: Slice;
  readonly table: HashedTable | DenseTable;
}

/**
 * What one worker has combined since it last gave it to the regions: a table for each slice, in working memory of its own, that takes rows
 * without a lock. Tables keep their size from one filling to the next.
 */
export class Combiner {
  /** Rows added since the last `clear`. */
  rows = 0;
  private readonly blocks: BlockAllocator;
  private used: Combined[] = [];
  private readonly idle: HashedTable[] = [];
  private recent: Combined | null = null;

  constructor(
    private readonly thread: ThreadContext,
    private readonly job: JobLayout,
    private readonly aggregate: AggregateLayout,
  ) {
    const lists = thread.pages.allocate(BLOCK_CLASSES * 4, PageUse.scratch);
    thread.heap.u8.fill(0, lists, lists + BLOCK_CLASSES * 4);
    this.blocks = new BlockAllocator(thread.heap, thread.pages, lists, PageUse.scratch);
  }

  get isEmpty(): boolean {
    return this.used.length === 0;
  }
  /** Whether it has as much as it should. */
  get isFull(): boolean {
    return this.used.length > MOST_SLICES || this.blocks.bytes > MOST_COMBINED_BYTES || (this.recent?.table instanceof HashedTable && this.recent.table.cells > MOST_COMBINED_CELLS);
  }
  get tables(): readonly Combined[] {
    return this.used;
  }
  get cells(): number {
    return this.used.reduce((sum, { table }) => sum + (table instanceof HashedTable ? table.cells : table.capacity), 0);
  }

  /** The table of a slice, hashed or dense as asked for; null where it has one of the other kind. */
  table(slice: Slice, dense: boolean): HashedTable | DenseTable | null {
    let found = this.recent;
    if (found?.slice.start !== slice.start || found.slice.end !== slice.end) {
      found = this.used.find(({ slice: { start, end } }) => start === slice.start && end === slice.end) ?? this.add(slice, dense);
      this.recent = found;
    }
    return found.table instanceof DenseTable === dense ? found.table : null;
  }

  /** Forgets everything. */
  clear(): void {
    for (const { table } of this.used) {
      // A dense table is as large as its dictionary: making it anew costs no more than clearing it, and the next slice may have another.
      if (table instanceof DenseTable) table.free();
      else if (this.idle.length < 4) this.idle.push(cleared(table));
      else table.free();
    }
    this.used = [];
    this.recent = null;
    this.rows = 0;
  }

  private add(slice: Slice, dense: boolean): Combined {
    const { heap, kernels } = this.thread;
    const { cellBytes } = this.aggregate.compiled;
    const table = dense
      ? DenseTable.create(heap, kernels, this.blocks, cellBytes)
      : this.idle.pop() ?? HashedTable.create(heap, kernels, this.blocks, this.job.regionBits, cellBytes);
    const added = { slice, table };
    this.used.push(added);
    return added;
  }
}

function cleared(table: HashedTable): HashedTable {
  table.clear();
  return table;
}
