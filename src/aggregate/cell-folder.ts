import { type DenseTable, NO_CODE } from '../state/dense-table.js';
import type { HashedTable, Keys } from '../state/hashed-table.js';
import { noteDictionary, TableWord } from '../state/table-layout.js';
import type { AggregateLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { CellStates } from './cell-states.js';
import type { KeyCodes } from './key-codes.js';

/** Cells in scratch: their addresses and the hashes of their keys (u32 each), the cell of the null key (0: none) apart. */
export interface CellList {
  readonly rows: number;
  readonly cells: number;
  readonly hashes: number;
  readonly nullCell: number;
}

/** Lists the cells of tables and folds them into the tables that keep them. What a cell has in its table's arena is copied with it. */
export class CellFolder {
  constructor(
    private readonly thread: ThreadContext,
    private readonly aggregate: AggregateLayout,
    private readonly states: CellStates,
    private readonly hashSeed: bigint,
    /** Address of the cell of no rows. */
    private readonly template: number,
  ) {}

  list(table: HashedTable): CellList {
    return this.listAll([table], table.nullCell);
  }

  private listAll(tables: readonly HashedTable[], nullCell: number): CellList {
    const { kernels, scratch } = this.thread;
    const most = tables.reduce((sum, table) => sum + table.cells, 0);
    const [hashes, cells] = [scratch.take(most * 4), scratch.take(most * 4)];
    let rows = 0;
    const collect = (entries: number, buckets: number): void => {
      rows += kernels.collectEntries(entries, buckets, 0, 0, hashes + rows * 4, cells + rows * 4);
    };
    for (const table of tables) table.eachPartition(collect);
    return { rows, cells, hashes, nullCell };
  }

  /** The cells of a combiner's table that rows were added to; their codes become their keys. `touchedOffset`: see `CellAccumulator`; `codes`: what numbered the keys, null where it was a dictionary. */
  listCombined(table: DenseTable, touchedOffset: number, codes: KeyCodes | null): CellList {
    const { heap, kernels, scratch } = this.thread;
    if (this.aggregate.keyMode === 'none') {
      const cell = table.cellOf(NO_CODE);
      return { rows: 0, cells: 0, hashes: 0, nullCell: heap.i64[(cell + touchedOffset) >>> 3] === 0n ? 0 : cell };
    }
    let cells = scratch.take(table.capacity * 4);
    let rows = table.touched(touchedOffset, cells);
    if (codes) return codes.name(cells, rows);
    let nullCell = 0;
    // The first cell of a dense table is that of null.
    if (rows > 0 && heap.i64[heap.u32[cells >>> 2]! >>> 3] === -1n) {
      nullCell = heap.u32[cells >>> 2]!;
      cells += 4;
      rows--;
    }
    const hashes = scratch.take(rows * 4);
    kernels.hashWords(rows, this.keysOf(rows, cells), this.hashSeed, hashes);
    return { rows, cells, hashes, nullCell };
  }

  /** The same cells in the order of `positions`. */
  reorder({ rows, cells, hashes, nullCell }: CellList, positions: number): CellList {
    const { kernels, scratch } = this.thread;
    const [sortedCells, sortedHashes] = [scratch.take(rows * 4), scratch.take(rows * 4)];
    kernels.gather32(rows, positions, cells, sortedCells);
    kernels.gather32(rows, positions, hashes, sortedHashes);
    return { rows, cells: sortedCells, hashes: sortedHashes, nullCell };
  }

  /** Folds all cells of a table into another. Returns the addresses of the cells they went to, `rows` of them, and that of the null key's (0: none). */
  foldTable(from: HashedTable, into: HashedTable): { cells: number; rows: number; nullCell: number } {
    this.passOnDictionary(from, into);
    const list = this.list(from);
    return { cells: this.fold(list, 0, list.rows, into), rows: list.rows, nullCell: list.nullCell && this.foldNull(list.nullCell, into) };
  }

  /** Folds all cells of some tables into another: of few groups, many tables at once cost little more than one. */
  foldTables(from: readonly HashedTable[], into: HashedTable): void {
    const { scratch } = this.thread;
    const mark = scratch.mark();
    for (const table of from) {
      this.passOnDictionary(table, into);
      if (table.nullCell) this.foldNull(table.nullCell, into);
    }
    const list = this.listAll(from, 0);
    this.fold(list, 0, list.rows, into);
    scratch.release(mark);
  }

  /** Finds the cells that another table has for the keys of some cells, or makes empty ones. */
  find({ cells, hashes, rows }: CellList, into: HashedTable): number {
    const slots = this.thread.scratch.take(rows * 4);
    into.upsert(rows, 0, this.keys(rows, cells, hashes, 0), slots, this.template);
    return slots;
  }

  /** Finds the cells that another table has for the keys of some cells: addresses (u32), 0 where it has none; `found` of them are not. */
  lookUp({ cells, hashes, rows }: CellList, other: HashedTable): { slots: number; found: number } {
    const slots = this.thread.scratch.take(rows * 4);
    return { slots, found: other.find(rows, this.keys(rows, cells, hashes, 0), slots) };
  }

  private passOnDictionary(from: HashedTable, into: HashedTable): void {
    const { heap } = this.thread;
    if (this.aggregate.keyMode === 'dense') noteDictionary(heap, into.address, heap.u32[(from.address >>> 2) + TableWord.dictionary]!);
  }

  /** Folds `rows` of the listed cells, from the `from`-th on, into a table. Returns the addresses of the cells they went to. */
  fold({ cells, hashes }: CellList, from: number, rows: number, into: HashedTable): number {
    if (rows === 0) return 0;
    const { scratch } = this.thread;
    const slots = scratch.take(rows * 4);
    this.foldKeys(into, rows, cells + from * 4, hashes + from * 4, 0, slots);
    return slots;
  }

  /** Folds the cell of the null key. Returns the address of the cell it went to. */
  foldNull(cell: number, into: HashedTable): number {
    const { heap, scratch } = this.thread;
    const [cells, hashes, valid, slots] = [scratch.take(4), scratch.take(4), scratch.take(1), scratch.take(4)];
    heap.u32[cells >>> 2] = cell;
    // The hash of null is 0.
    heap.u32[hashes >>> 2] = heap.u8[valid] = 0;
    this.foldKeys(into, 1, cells, hashes, valid, slots);
    return heap.u32[slots >>> 2]!;
  }

  private foldKeys(into: HashedTable, rows: number, cells: number, hashes: number, valid: number, slots: number): void {
    into.upsert(rows, 0, this.keys(rows, cells, hashes, valid), slots, this.template);
    this.states.merge(rows, slots, cells, into.arena);
  }

  private keys(rows: number, cells: number, hashes: number, valid: number): Keys {
    const { keyMode } = this.aggregate;
    return { kind: keyMode === 'bytes' || keyMode === 'tuple' ? 'bytes' : 'words', data: this.keysOf(rows, cells), valid, hashes };
  }

  /** Makes cells of the same keys in another table, copies of `template`. Returns their addresses (u32). */
  moveKeys(into: HashedTable, rows: number, cells: number, hashes: number, valid: number, template: number): number {
    const slots = this.thread.scratch.take(rows * 4);
    into.upsert(rows, 0, this.keys(rows, cells, hashes, valid), slots, template);
    return slots;
  }

  /** The first words of cells: their keys, or views of them. */
  private keysOf(rows: number, cells: number): number {
    const data = this.thread.scratch.take(rows * 8);
    this.thread.kernels.gatherWords(rows, cells, 0, data);
    return data;
  }
}
