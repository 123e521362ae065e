import { BlockAllocator } from '../heap/block-allocator.js';
import { HashedTable, type Keys } from '../state/hashed-table.js';
import { KEY_CELL_BYTES, RUN_FIELD_BYTES, RUN_UNDONE } from '../state/session-layout.js';
import type { SessionTimes } from '../state/session-store.js';
import type { AggregateLayout, JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { CellStates } from './cell-states.js';
import type { GroupInput } from './group-input.js';
import type { Masks } from './masks.js';

/** Runs of one batch beyond which the rest of it goes without: they no longer fit a core's cache. */
const MOST_BYTES = 2 << 20;
/** After so many runs it is judged whether they pay. */
const JUDGED_RUNS = 4096;
const LEAST_ROWS_PER_RUN = 4;
/** Where they do not pay, they are tried again after so many rows: what that costs is a small part. More than a batch has. */
const ROWS_WITHOUT = 4 << 20;

/** What there is of the runs of a chunk: its rows are in them. */
export interface ChunkRuns {
  /** The elements that begin one (u32), and how many. */
  readonly positions: number;
  readonly rows: number;
  /** The run of each element (u32). */
  readonly ofElement: number;
}

/**
 * What a worker combines before its turn: rows of a key that surely go to one session, whatever else there is in the store, become one
 * cell in a table of its own. So it is a few cells that wait for their turn instead of all rows. A run ends with the batch.
 */
export class SessionRuns {
  private readonly blocks: BlockAllocator;
  private readonly table: HashedTable;
  private readonly runBytes: number;
  private rows = 0;
  private runs = 0;
  private without = 0;

  constructor(
    private readonly thread: ThreadContext,
    job: JobLayout,
    private readonly aggregate: AggregateLayout,
    private readonly states: CellStates,
    private readonly times: SessionTimes,
    /** Addresses of a node and of a key's cell without rows. */
    private readonly template: number,
    private readonly keyTemplate: number,
  ) {
    const { heap, kernels, pages } = thread;
    this.blocks = BlockAllocator.inScratch(heap, pages);
    this.table = HashedTable.create(heap, kernels, this.blocks, job.regionBits, KEY_CELL_BYTES);
    this.runBytes = aggregate.compiled.cellBytes + RUN_FIELD_BYTES;
  }

  /** Adds the rows of a chunk to runs, or returns null where that does not pay. */
  add(input: GroupInput, keys: Keys, masks: Masks): ChunkRuns | null {
    if (this.without > 0) {
      this.without -= input.rows;
      return null;
    }
    if (this.blocks.bytes > MOST_BYTES) return null;
    const { table, aggregate: { compiled }, thread: { heap, kernels, scratch } } = this;
    const { rows, positions } = input;
    const [slots, starts] = [scratch.take(rows * 4), scratch.take(rows * 4 + 4)];
    table.upsert(rows, positions, keys, slots, this.keyTemplate);
    heap.u32[starts >>> 2] = 0;
    for (let done = 0; ;) {
      done = kernels.runSlots(table.address, compiled.cellBytes, done, rows, positions, slots, input.times, input.bounds, this.times.gap, this.times.longest, this.template, starts);
      if (done === rows) break;
      table.arena.add(this.runBytes);
    }
    this.states.accumulate({ rows, positions, slots }, input, masks, table.arena);
    const begun = heap.u32[starts >>> 2]!;
    this.rows += rows;
    this.runs += begun;
    return { positions: starts + 4, rows: begun, ofElement: positions ? this.byElement(input, slots) : slots };
  }

  /** The elements, among those of a chunk, whose runs were undone since this was last asked, in order. */
  takeUndone({ rows, positions }: GroupInput, { ofElement }: ChunkRuns): number[] {
    const { u32 } = this.thread.heap;
    const undone = (this.aggregate.compiled.cellBytes + RUN_UNDONE) >>> 2;
    const found: number[] = [];
    for (let row = 0; row < rows; row++) {
      const element = positions ? u32[(positions >>> 2) + row]! : row;
      if (u32[(u32[(ofElement >>> 2) + element]! >>> 2) + undone]) found.push(element);
    }
    // Undoing costs more than a run does.
    this.runs += found.length + 1;
    return found;
  }
  /** These elements have gone their own way. */
  forget(elements: readonly number[], { ofElement }: ChunkRuns): void {
    const { u32 } = this.thread.heap;
    for (const element of elements) u32[(u32[(ofElement >>> 2) + element]! + this.aggregate.compiled.cellBytes + RUN_UNDONE) >>> 2] = 0;
  }

  /** No run goes on. */
  clear(): void {
    if (this.table.cells > 0) this.table.clear();
    if (this.runs < JUDGED_RUNS) return;
    if (this.rows < this.runs * LEAST_ROWS_PER_RUN) this.without = ROWS_WITHOUT;
    this.rows = this.runs = 0;
  }

  private byElement({ elements, rows, positions }: GroupInput, slots: number): number {
    const { scratch, kernels } = this.thread;
    const byElement = scratch.take(elements * 4);
    kernels.scatter32(rows, positions, slots, 4, byElement);
    return byElement;
  }
}
