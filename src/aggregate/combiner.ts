import { BlockAllocator } from '../heap/block-allocator.js';
import { DenseTable } from '../state/dense-table.js';
import type { Slice } from '../state/region.js';
import type { AggregateLayout, JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { KeyCodes, MOST_CODES } from './key-codes.js';

/** Of all slices together, keys and values of variable length included. */
const MOST_COMBINED_BYTES = 2 << 20;
const MOST_SLICES = 64;

interface Combined {
  readonly slice: Slice;
  readonly table: DenseTable;
}

/**
 * What one worker has combined since it last gave it to the regions: a table for each slice, in working memory of its own, that takes rows
 * without a lock. Cells are numbered by the codes of the one dictionary that all keys come from, or by those of `keys`.
 */
export class Combiner {
  /** Rows added, and cells given to the regions for them, since keys got their codes. */
  rows = 0;
  given = 0;
  /** Where keys are codes: the longest dictionary block that they came with, it has them all; else 0. */
  dictionary = 0;
  /** Grows whenever its tables go: addresses of their cells are good as long as it stays. */
  generation = 0;
  readonly keys: KeyCodes;
  private readonly blocks: BlockAllocator;
  private used: Combined[] = [];
  private recent: Combined | null = null;

  constructor(
    private readonly thread: ThreadContext,
    job: JobLayout,
    private readonly aggregate: AggregateLayout,
  ) {
    this.blocks = BlockAllocator.inScratch(thread.heap, thread.pages);
    this.keys = new KeyCodes(thread, job, this.blocks);
  }

  get isEmpty(): boolean {
    return this.used.length === 0;
  }
  /** Whether it has as much as it should. */
  get isFull(): boolean {
    return this.used.length > MOST_SLICES || this.blocks.bytes > MOST_COMBINED_BYTES || this.keys.count > MOST_CODES;
  }
  get tables(): readonly Combined[] {
    return this.used;
  }

  /** The table of a slice. */
  table(slice: Slice): DenseTable {
    let found = this.recent;
    if (found?.slice.start !== slice.start || found.slice.end !== slice.end) {
      found = this.used.find(({ slice: { start, end } }) => start === slice.start && end === slice.end) ?? this.add(slice);
      this.recent = found;
    }
    return found.table;
  }

  /** Forgets what was combined. Keys keep their codes: those of the next rows are mostly the same. */
  clear(): void {
    for (const { table } of this.used) table.free();
    this.used = [];
    this.recent = null;
    this.dictionary = 0;
    this.generation++;
  }
  /** Forgets the keys, too. REQUIRES: it is empty. */
  clearKeys(): void {
    this.keys.clear();
    this.rows = this.given = 0;
  }

  private add(slice: Slice): Combined {
    const { heap, kernels } = this.thread;
    const added = { slice, table: DenseTable.create(heap, kernels, this.blocks, this.aggregate.compiled.cellBytes) };
    this.used.push(added);
    return added;
  }
}
