import { CHUNK_ROWS } from '../batch/layout.js';
import type { BlockAllocator } from '../heap/block-allocator.js';
import { PageUse } from '../heap/page-allocator.js';
import { HashedTable, type Keys } from '../state/hashed-table.js';
import type { JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { CellList } from './cell-folder.js';
import { KEY_BYTES } from './compile.js';

/** Keys beyond which they and their cells leave a core's cache. */
export const MOST_CODES = 4096;
/** So many that no chunk needs more, and null. */
const ROOM = MOST_CODES + CHUNK_ROWS + 1;

/**
 * One worker's own numbers for the keys that it meets, in the order in which it met them: what a dictionary is to text. A key is looked up
 * once, in a table that stays warm, whatever slices its rows fall into; its cell in the table of each slice is found by multiplication.
 */
export class KeyCodes {
  private readonly table: HashedTable;
  /** Address of the cell of no state. */
  private readonly template: number;
  /** Address of the keys, KEY_BYTES each, in the order of their codes. */
  private keys = 0;
  /** Address of their hashes (u32), as of so many keys. */
  private hashes = 0;
  private hashed = 0;

  constructor(
    private readonly thread: ThreadContext,
    job: JobLayout,
    blocks: BlockAllocator,
  ) {
    this.table = HashedTable.create(thread.heap, thread.kernels, blocks, job.regionBits, KEY_BYTES);
    this.template = thread.pages.allocate(KEY_BYTES, PageUse.scratch);
    thread.heap.i64[this.template >>> 3] = 0n;
  }

  get count(): number {
    return this.table.cells;
  }

  /** The codes (u32) of a chunk's elements, in scratch. `positions`: those that have a key (u32), or 0 for all; `rows` of them. REQUIRES: at most MOST_CODES keys are known. */
  find(keys: Keys, elements: number, positions: number, rows: number): number {
    const { kernels, scratch } = this.thread;
    if (this.keys === 0) this.keys = this.table.reserveCells(ROOM);
    const cells = scratch.take(elements * 4 + 16);
    if (positions === 0) this.table.upsert(rows, 0, keys, cells, this.template);
    else {
      const own = scratch.take(rows * 4);
      this.table.upsert(rows, positions, keys, own, this.template);
      kernels.scatter32(rows, positions, own, 4, cells);
    }
    kernels.numberCells(elements, cells, this.keys, cells);
    return cells;
  }

  /** Puts the keys of cells in the place of their codes. `cells`: u32 addresses, which are moved together if one has the null key. */
  name(cells: number, rows: number): CellList {
    const { heap: { u32 }, kernels, scratch } = this.thread;
    const at = cells >>> 2;
    let nullCell = 0;
    if (this.table.nullCell) {
      const nullCode = (this.table.nullCell - this.keys) / KEY_BYTES;
      const place = u32.subarray(at, at + rows).findIndex(cell => u32[cell >>> 2] === nullCode);
      if (place >= 0) {
        nullCell = u32[at + place]!;
        u32.copyWithin(at + place, at + place + 1, at + rows--);
      }
    }
    const hashes = scratch.take(rows * 4);
    kernels.nameCells(rows, cells, this.keys, this.hashesByCode(), hashes);
    return { rows, cells, hashes, nullCell };
  }

  /** Forgets all keys. */
  clear(): void {
    this.table.clear();
    this.keys = this.hashed = 0;
  }

  private hashesByCode(): number {
    const { table, thread: { kernels, pages, scratch } } = this;
    if (this.hashed === table.cells) return this.hashes;
    if (this.hashes === 0) this.hashes = pages.allocate(ROOM * 4, PageUse.scratch);
    const mark = scratch.mark();
    const [hashes, cells] = [scratch.take(table.cells * 4), scratch.take(table.cells * 4 + 16)];
    let found = 0;
    table.eachPartition((entries, buckets) => {
      found += kernels.collectEntries(entries, buckets, 0, 0, hashes + found * 4, cells + found * 4);
    });
    kernels.numberCells(found, cells, this.keys, cells);
    kernels.scatter32(found, cells, hashes, 4, this.hashes);
    scratch.release(mark);
    this.hashed = table.cells;
    return this.hashes;
  }
}
