import { SeenCell, SeenNode, SEEN_NODE_BYTES, type SeenStore } from '../state/seen-store.js';
import type { HashedTable } from '../state/hashed-table.js';
import type { AggregateLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { CellStates } from './cell-states.js';
import { CellFolder } from './cell-folder.js';

/** Copies what is still needed of a store to a new table, and frees the old one as a whole: nothing is freed from an arena by itself. */
export class SeenRebuilder {
  private readonly folder: CellFolder;

  constructor(
    private readonly thread: ThreadContext,
    layout: AggregateLayout,
    hashSeed: bigint,
    /** Address of an empty cell. */
    private readonly template: number,
  ) {
    this.folder = new CellFolder(thread, layout, new CellStates(thread, layout.compiled), hashSeed, template);
  }

  /** Forgets all times before `oldest`. REQUIRES: the region is held. */
  rebuild(store: SeenStore, oldest: bigint): void {
    const { heap: { u8, u32 }, scratch } = this.thread;
    const mark = scratch.mark();
    const table = store.newTable();
    const { rows, cells, hashes, nullCell } = this.folder.list(store.table);
    let kept = 0;
    for (let item = 0; item < rows; item++) {
      const cell = u32[(cells >>> 2) + item]!;
      if (!this.isNeeded(cell, oldest)) continue;
      u32[(cells >>> 2) + kept] = cell;
      u32[(hashes >>> 2) + kept++] = u32[(hashes >>> 2) + item]!;
    }
    let nodes = this.move(table, kept, cells, hashes, 0, oldest);
    if (nullCell && this.isNeeded(nullCell, oldest)) {
      const [cell, hash, valid] = [scratch.take(4), scratch.take(4), scratch.take(1)];
      u32[cell >>> 2] = nullCell;
      u32[hash >>> 2] = u8[valid] = 0;
      nodes += this.move(table, 1, cell, hash, valid, oldest);
    }
    store.replaceTable(table, nodes);
    scratch.release(mark);
  }

  /** The newest time of a key comes first. */
  private isNeeded(cell: number, oldest: bigint): boolean {
    const head = this.thread.heap.u32[(cell >>> 2) + SeenCell.head]!;
    return head !== 0 && this.thread.heap.i64[head >>> 3]! >= oldest;
  }

  /** Returns how many times were moved. */
  private move(table: HashedTable, rows: number, cells: number, hashes: number, valid: number, oldest: bigint): number {
    const { u32, i64 } = this.thread.heap;
    const homes = this.folder.moveKeys(table, rows, cells, hashes, valid, this.template);
    const { arena } = table;
    let nodes = 0;
    for (let item = 0; item < rows; item++) {
      let place = (u32[(homes >>> 2) + item]! >>> 2) + SeenCell.head;
      for (let node = u32[(u32[(cells >>> 2) + item]! >>> 2) + SeenCell.head]!; node; node = u32[(node >>> 2) + SeenNode.next]!) {
        const time = i64[node >>> 3]!;
        if (time < oldest) break;
        const moved = arena.take(SEEN_NODE_BYTES);
        i64[moved >>> 3] = time;
        i64[(moved >>> 3) + 1] = 0n;
        u32[place] = moved;
        place = (moved >>> 2) + SeenNode.next;
        nodes++;
      }
    }
    return nodes;
  }
}
