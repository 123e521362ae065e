import { PageUse } from '../heap/page-allocator.js';
import type { HashedTable } from '../state/hashed-table.js';
import { CellWord, KEY_CELL_BYTES, NODE_FIELD_BYTES, NodeField, NodeFlag, StoreWord } from '../state/session-layout.js';
import type { SessionStore } from '../state/session-store.js';
import { noteDictionary, TableWord } from '../state/table-layout.js';
import type { AggregateLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { CellFolder } from './cell-folder.js';
import type { CellStates } from './cell-states.js';

type Pairs = [into: number, from: number][];
/** Bytes from the beginning of a key's cell to the number of its next window. */
const CELL_NUMBER = CellWord.number * 4;
/** Fewer dead nodes are not worth a rebuild. */
const LEAST_DEAD = 256;

/**
 * Nodes, keys and values of variable length lie in one arena, from which nothing is freed by itself. Once there are as many dead nodes as
 * living ones, the living are copied to a new table, and the old one is freed as a whole: so a store takes at most about twice
 * what it needs, no key stays for ever, and a session costs one copy on average.
 */
export class SessionRebuilder {
  private readonly keyTemplate: number;

  constructor(
    private readonly thread: ThreadContext,
    private readonly aggregate: AggregateLayout,
    private readonly states: CellStates,
    private readonly folder: CellFolder,
    /** Address of the node of no rows. */
    private readonly template: number,
    /** Of count windows: cells number the windows of their keys, and stay. */
    private readonly counts: boolean,
  ) {
    this.keyTemplate = thread.pages.allocate(KEY_CELL_BYTES, PageUse.scratch);
    thread.heap.u8.fill(0, this.keyTemplate, this.keyTemplate + KEY_CELL_BYTES);
  }

  /** Rebuilds the store if it is worth it. REQUIRES: the region is held, and nobody reads results from the store. */
  tidy(store: SessionStore): void {
    const dead = store.get(StoreWord.deadCount);
    const living = this.counts ? store.table.cells : store.get(StoreWord.queueCount) + store.get(StoreWord.changedCount);
    if (dead < LEAST_DEAD || dead < living) return;
    const { scratch } = this.thread;
    scratch.reset();
    this.rebuild(store);
    scratch.reset();
  }

  private rebuild(store: SessionStore): void {
    const { heap, scratch } = this.thread;
    const { u32 } = heap;
    const table = store.newTable();
    noteDictionary(heap, table.address, u32[(store.table.address >>> 2) + TableWord.dictionary]!);
    const loose = this.looseNodes(store);
    for (const node of loose) u32[(u32[this.field(node, NodeField.home)]! >>> 2) + CellWord.mark] = 1;
    const { rows, cells, hashes, nullCell } = this.folder.list(store.table);
    let kept = 0;
    for (let item = 0; item < rows; item++) {
      const cell = u32[(cells >>> 2) + item]!;
      if (!this.isNeeded(cell)) continue;
      u32[(cells >>> 2) + kept] = cell;
      u32[(hashes >>> 2) + kept++] = u32[(hashes >>> 2) + item]!;
    }
    const pairs: Pairs = [];
    const homes = this.folder.moveKeys(table, kept, cells, hashes, 0, this.keyTemplate);
    for (let item = 0; item < kept; item++) this.moveCell(table, u32[(cells >>> 2) + item]!, u32[(homes >>> 2) + item]!, pairs);
    if (nullCell && this.isNeeded(nullCell)) {
      const [cell, hash, valid] = [scratch.take(4), scratch.take(4), scratch.take(1)];
      u32[cell >>> 2] = nullCell;
      u32[hash >>> 2] = heap.u8[valid] = 0;
      this.moveCell(table, nullCell, u32[this.folder.moveKeys(table, 1, cell, hash, valid, this.keyTemplate) >>> 2]!, pairs);
    }
    // A cell that was moved tells where to.
    const moved = loose.map(node => this.moveNode(table, node, u32[u32[this.field(node, NodeField.home)]! >>> 2]!, pairs));
    this.mergeStates(table, pairs);
    const changed = this.counts ? moved : pairs.map(([into]) => into);
    store.replaceTable(table);
    this.relist(store, changed);
  }

  /** Nodes that no cell leads to and that the next firing looks at: full windows, and what has to be taken back of sessions that were joined. */
  private looseNodes(store: SessionStore): number[] {
    const { u32 } = this.thread.heap;
    const found: number[] = [];
    for (let node = store.get(StoreWord.changed); node; node = u32[this.field(node, NodeField.link)]!) {
      const flags = u32[this.field(node, NodeField.flags)]!;
      if (this.counts || (flags & NodeFlag.dead && flags & NodeFlag.shown)) found.push(node);
    }
    return found;
  }

  private isNeeded(cell: number): boolean {
    const { u32, i64 } = this.thread.heap;
    return u32[(cell >>> 2) + CellWord.head] !== 0 || u32[(cell >>> 2) + CellWord.mark] !== 0 || i64[(cell + CELL_NUMBER) >>> 3] !== 0n;
  }

  /** Moves the nodes of a key, newest first, and leaves word of where the cell is now. */
  private moveCell(table: HashedTable, from: number, to: number, pairs: Pairs): void {
    const { u32, i64 } = this.thread.heap;
    i64[(to + CELL_NUMBER) >>> 3] = i64[(from + CELL_NUMBER) >>> 3]!;
    let place = (to >>> 2) + CellWord.head;
    for (let node = u32[(from >>> 2) + CellWord.head]!; node; node = u32[this.field(node, NodeField.next)]!) {
      const moved = this.moveNode(table, node, to, pairs);
      u32[place] = moved;
      place = this.field(moved, NodeField.next);
    }
    u32[place] = 0;
    u32[from >>> 2] = to;
  }

  private moveNode(table: HashedTable, node: number, home: number, pairs: Pairs): number {
    const { u8, u32, u64 } = this.thread.heap;
    const { cellBytes } = this.aggregate.compiled;
    const moved = table.arena.take(cellBytes + NODE_FIELD_BYTES);
    u8.copyWithin(moved, this.template, this.template + cellBytes);
    u8.copyWithin(moved + cellBytes, node + cellBytes, node + cellBytes + NODE_FIELD_BYTES);
    u64[moved >>> 3] = u64[home >>> 3]!;
    u32[this.field(moved, NodeField.home)] = home;
    u32[this.field(moved, NodeField.flags)]! &= ~(NodeFlag.listed | NodeFlag.queued);
    pairs.push([moved, node]);
    return moved;
  }

  /** A state without rows that another is merged into is a copy, and has its bytes in the new arena. */
  private mergeStates({ arena }: HashedTable, pairs: Pairs): void {
    const { heap: { u32 }, scratch } = this.thread;
    const rows = pairs.length;
    const [into, from] = [scratch.take(rows * 4), scratch.take(rows * 4)];
    pairs.forEach(([to, by], row) => {
      u32[(into >>> 2) + row] = to;
      u32[(from >>> 2) + row] = by;
    });
    this.states.merge(rows, into, from, arena);
  }

  /** The next firing queues them again. When something is due has not changed. */
  private relist(store: SessionStore, nodes: readonly number[]): void {
    const { u32 } = this.thread.heap;
    let first = 0;
    for (const node of nodes) {
      u32[this.field(node, NodeField.flags)]! |= NodeFlag.listed;
      u32[this.field(node, NodeField.link)] = first;
      first = node;
    }
    store.set(StoreWord.changed, first);
    store.set(StoreWord.changedCount, nodes.length);
  }

  /** Index (u32) of a field of a node. */
  private field(node: number, field: NodeField): number {
    return (node + this.aggregate.compiled.cellBytes + field) >>> 2;
  }
}
