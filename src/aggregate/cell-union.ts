import type { HashedTable } from '../state/hashed-table.js';
import type { Span } from '../window/slice.js';
import type { AggregateLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { CellFolder, CellList } from './cell-folder.js';
import type { CellStates } from './cell-states.js';
import { takeWords } from './primitives.js';
import type { ResultBuffer } from './result-buffer.js';

/**
 * The groups of two tables as results, without a table for them: the cells of the one are copied side by side, and what the other has for
 * their keys is merged into the copies. Only for states that keep nothing in a table's arena.
 */
export class CellUnion {
  private constructor(
    private readonly thread: ThreadContext,
    private readonly cellBytes: number,
    private readonly states: CellStates,
    private readonly folder: CellFolder,
    private readonly results: ResultBuffer,
  ) {}

  /** null for states that need an arena. */
  static for(thread: ThreadContext, { compiled }: AggregateLayout, states: CellStates, folder: CellFolder, results: ResultBuffer): CellUnion | null {
    return takeWords(compiled.states) ? new CellUnion(thread, compiled.cellBytes, states, folder, results) : null;
  }

  /** Adds the groups to the next result batches. REQUIRES: until `flush` the tables may get more, but lose nothing: the bytes of keys lie in them. */
  append(window: Span, first: HashedTable, second: HashedTable): void {
    const list = this.folder.list(first);
    const { slots, found } = this.folder.lookUp(list, second);
    const copies = this.copies(list.rows, list.cells);
    this.mergeFound(copies, slots, list.rows, found, first);
    this.results.appendCells(window, first, copies, list.rows);
    const other = this.folder.list(second);
    if (other.rows > found) this.appendRest(window, other, first, second);
    this.appendNull(window, first, second);
  }

  /** What the second has and the first has not. */
  private appendRest(window: Span, other: CellList, first: HashedTable, second: HashedTable): void {
    const { heap: { u32 }, scratch } = this.thread;
    const { slots } = this.folder.lookUp(other, first);
    const rest = scratch.take(other.rows * 4);
    let rows = 0;
    for (let row = 0; row < other.rows; row++) if (u32[(slots >>> 2) + row] === 0) u32[(rest >>> 2) + rows++] = u32[(other.cells >>> 2) + row]!;
    this.results.appendCells(window, second, this.copies(rows, rest), rows);
  }

  private appendNull(window: Span, first: HashedTable, second: HashedTable): void {
    const { heap, scratch } = this.thread;
    const cell = first.nullCell || second.nullCell;
    if (cell === 0) return;
    const [own, other] = [scratch.take(4), scratch.take(4)];
    heap.u32[own >>> 2] = cell;
    const copy = this.copies(1, own);
    if (first.nullCell && second.nullCell) {
      heap.u32[other >>> 2] = second.nullCell;
      this.states.merge(1, copy, other, first.arena);
    }
    this.results.appendNull(window, first.nullCell ? first : second, heap.u32[copy >>> 2]!);
  }

  /** `slots`: what to merge into each of the copies, 0 for nothing; `found` of them are not. */
  private mergeFound(copies: number, slots: number, rows: number, found: number, table: HashedTable): void {
    if (found === rows) return this.states.merge(rows, copies, slots, table.arena);
    const { heap: { u32 }, scratch } = this.thread;
    const [into, from] = [scratch.take(found * 4), scratch.take(found * 4)];
    for (let row = 0, pair = 0; row < rows; row++) {
      if (u32[(slots >>> 2) + row] === 0) continue;
      u32[(into >>> 2) + pair] = u32[(copies >>> 2) + row]!;
      u32[(from >>> 2) + pair++] = u32[(slots >>> 2) + row]!;
    }
    this.states.merge(found, into, from, table.arena);
  }

  /** Copies cells. Returns the addresses of the copies (u32). */
  private copies(rows: number, cells: number): number {
    const { kernels, scratch } = this.thread;
    const addresses = scratch.take(rows * 4);
    kernels.copyCells(rows, cells, this.cellBytes, scratch.take(rows * this.cellBytes), addresses);
    return addresses;
  }
}
