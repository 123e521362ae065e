import type { Kernels } from '../../native-free-kernels/load.js';
import type { BlockAllocator } from '../heap/block-allocator.js';
import type { Heap } from '../heap/heap.js';
import { TableArena } from './table-arena.js';
import { SLAB_BYTES, TABLE_BYTES, TableKind, TableWord } from './table-layout.js';

/** A chunk has every cell of the first dictionary seen, as far as it fits a slab. */
const MOST_CHUNK_BYTES = SLAB_BYTES;

/** Null's, and that of all rows where there is no key. */
export const NO_CODE = -1;

/** Operations on a dense group table in the heap: a cell for every code. REQUIRES: the caller holds the region. */
export class DenseTable {
  private readonly at: number;
  readonly arena: TableArena;

  constructor(
    private readonly heap: Heap,
    private readonly kernels: Kernels,
    private readonly blocks: BlockAllocator,
    readonly address: number,
  ) {
    this.at = address >>> 2;
    this.arena = new TableArena(heap, blocks, this.at);
  }

  static create(heap: Heap, kernels: Kernels, blocks: BlockAllocator, cellBytes: number): DenseTable {
    const address = blocks.allocate(TABLE_BYTES);
    kernels.clearBytes(TABLE_BYTES, address);
    const table = new DenseTable(heap, kernels, blocks, address);
    table.set(TableWord.kind, TableKind.dense);
    table.set(TableWord.cellBytes, cellBytes);
    return table;
  }

  /** Makes room for codes 0 … codes - 1. */
  reserve(codes: number, template: number): void {
    const have = this.get(TableWord.denseChunks);
    if (have > 0 && codes < this.capacity) return;
    if (have === 0) this.set(TableWord.denseShift, this.shiftFor(codes + 1));
    const need = Math.ceil((codes + 1) / this.chunkCells);
    const directory = this.blocks.allocate(need * 4);
    this.heap.u32.copyWithin(directory >>> 2, this.get(TableWord.directory) >>> 2, (this.get(TableWord.directory) >>> 2) + have);
    if (have) this.blocks.free(this.get(TableWord.directory), have * 4);
    this.set(TableWord.directory, directory);
    for (let chunk = have; chunk < need; chunk++) {
      const cells = this.blocks.allocate(this.chunkCells * this.cellBytes);
      this.kernels.fillCells(cells, this.chunkCells, template, this.cellBytes);
      this.heap.u32[(directory >>> 2) + chunk] = cells;
    }
    this.set(TableWord.denseChunks, need);
  }

  private shiftFor(cells: number): number {
    const wanted = 32 - Math.clz32(cells - 1);
    return Math.max(0, Math.min(wanted, 31 - Math.clz32(MOST_CHUNK_BYTES / this.cellBytes)));
  }

  /** Address of the cells, that of null first, or 0 where they do not lie side by side. */
  get run(): number {
    return this.get(TableWord.denseChunks) === 1 ? this.heap.u32[this.get(TableWord.directory) >>> 2]! : 0;
  }

  slots(rows: number, positions: number, codes: number, valid: number, out: number): void {
    if (this.run && positions === 0) this.kernels.denseSlotsFlat(rows, codes, valid, this.run, this.cellBytes, out);
    else this.kernels.denseSlots(rows, positions, codes, valid, this.get(TableWord.directory), this.get(TableWord.denseShift), this.cellBytes, out);
  }

  /** Lists the cells whose word at `markOffset` is not 0 (u32 addresses) and writes their codes (null: -1) into their keys. REQUIRES: room for `capacity`. */
  touched(markOffset: number, out: number): number {
    let found = 0;
    for (let chunk = 0; chunk < this.get(TableWord.denseChunks); chunk++) {
      const cells = this.heap.u32[(this.get(TableWord.directory) >>> 2) + chunk]!;
      found += this.kernels.touchedCells(cells, this.chunkCells, this.cellBytes, markOffset, chunk * this.chunkCells - 1, out + found * 4);
    }
    return found;
  }

  /** The address of the cell of code `code`. REQUIRES: reserved. */
  cellOf(code: number): number {
    const index = code + 1;
    return this.heap.u32[(this.get(TableWord.directory) >>> 2) + (index >>> this.get(TableWord.denseShift))]! + (index % this.chunkCells) * this.cellBytes;
  }

  get capacity(): number {
    return this.get(TableWord.denseChunks) * this.chunkCells;
  }

  /** Makes all cells copies of the template again. */
  clear(template: number): void {
    for (let chunk = 0; chunk < this.get(TableWord.denseChunks); chunk++) {
      this.kernels.fillCells(this.heap.u32[(this.get(TableWord.directory) >>> 2) + chunk]!, this.chunkCells, template, this.cellBytes);
    }
    this.arena.clear();
  }

  free(): void {
    const chunks = this.get(TableWord.denseChunks);
    for (let chunk = 0; chunk < chunks; chunk++) this.blocks.free(this.heap.u32[(this.get(TableWord.directory) >>> 2) + chunk]!, this.chunkCells * this.cellBytes);
    if (chunks) this.blocks.free(this.get(TableWord.directory), chunks * 4);
    this.arena.free();
    this.blocks.free(this.address, TABLE_BYTES);
  }

  private get chunkCells(): number {
    return 1 << this.get(TableWord.denseShift);
  }
  private get cellBytes(): number {
    return this.get(TableWord.cellBytes);
  }
  private get(word: number): number {
    return this.heap.u32[this.at + word]!;
  }
  private set(word: number, value: number): void {
    this.heap.u32[this.at + word] = value;
  }
}
