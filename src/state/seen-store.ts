import type { Kernels } from '../../native-free-kernels/load.js';
import type { Heap } from '../heap/heap.js';
import { HashedTable } from './hashed-table.js';
import { NEVER, type Region } from './region.js';

/**
 * What rows were let through: a region has one store, whose header (SEEN_BYTES) the kernels in native-free-kernels/wasm/seen.ts know:
 *
 *   table     a hashed table with a cell for each key, [key, newest node u32, 0]; a node, in the table's arena, is [time i64, next older node u32, 0].
 *             Nodes of a key are more than `within` apart
 *   nodes     how many there are, those that are forgotten included
 *   late      how many rows a kernel has found to be late
 *   dropped   how many rows a kernel has found to be there already
 *   limit     how many nodes and cells make it worth to look for those that can be forgotten
 *   greatest  the greatest time of any node
 *   within    of the plan
 *   horizon   the greatest time of any node when it was last looked
 */
const enum SeenWord { table, nodes, late, dropped, limit, greatest = 6, within = 8, horizon = 10 }
const SEEN_BYTES = 64;
export const SEEN_CELL_BYTES = 16;
export const SEEN_NODE_BYTES = 16;
/** Words (u32) of a cell and of a node. */
export const enum SeenCell { head = 2 }
export const enum SeenNode { next = 2 }
/** Fewer nodes and cells are not worth a look, and not before there are so many without need. */
const LEAST = 256;
const FIRST_LIMIT = 1024;

/** Has no state of its own but addresses. REQUIRES: the caller holds the region. */
export class SeenStore {
  private constructor(
    private readonly heap: Heap,
    private readonly kernels: Kernels,
    private readonly region: Region,
    private readonly regionBits: number,
    readonly address: number,
  ) {}

  /** The store of a region, or null where it has none. */
  static of(heap: Heap, kernels: Kernels, region: Region, regionBits: number): SeenStore | null {
    return region.store ? new SeenStore(heap, kernels, region, regionBits, region.store) : null;
  }

  static create(heap: Heap, kernels: Kernels, region: Region, regionBits: number, within: bigint): SeenStore {
    const address = region.blocks.allocate(SEEN_BYTES);
    heap.u8.fill(0, address, address + SEEN_BYTES);
    const store = new SeenStore(heap, kernels, region, regionBits, address);
    store.set(SeenWord.table, store.newTable().address);
    store.set(SeenWord.limit, FIRST_LIMIT);
    heap.i64.set([-NEVER - 1n, within, -NEVER - 1n], (address >>> 3) + SeenWord.greatest / 2);
    region.store = address;
    return store;
  }

  get table(): HashedTable {
    return new HashedTable(this.heap, this.kernels, this.region.blocks, this.get(SeenWord.table), this.regionBits);
  }
  get late(): number {
    return this.get(SeenWord.late);
  }
  get dropped(): number {
    return this.get(SeenWord.dropped);
  }
  clearCounts(): void {
    this.set(SeenWord.late, 0);
    this.set(SeenWord.dropped, 0);
  }

  /** The first watermark at which no row can be told from the rows that were let through so far. */
  get due(): bigint {
    const { heap: { i64 }, address } = this;
    const [greatest, within] = [i64[(address + SeenWord.greatest * 4) >>> 3]!, i64[(address + SeenWord.within * 4) >>> 3]!];
    const due = greatest + 2n * within + 1n;
    return due < NEVER ? due : NEVER;
  }

  /** Whether it is worth to look for what can be forgotten: all nodes of a time before `oldest`. */
  isStale(oldest: bigint): boolean {
    const entries = this.get(SeenWord.nodes) + this.table.cells;
    return entries >= this.get(SeenWord.limit) || (entries >= LEAST && this.heap.i64[(this.address + SeenWord.horizon * 4) >>> 3]! < oldest);
  }

  newTable(): HashedTable {
    return HashedTable.create(this.heap, this.kernels, this.region.blocks, this.regionBits, SEEN_CELL_BYTES);
  }
  /** Puts a table with so many nodes in the place of the one there is, which is freed. */
  replaceTable(table: HashedTable, nodes: number): void {
    this.table.free();
    this.set(SeenWord.table, table.address);
    this.set(SeenWord.nodes, nodes);
    this.set(SeenWord.limit, Math.max(FIRST_LIMIT, 2 * (nodes + table.cells)));
    const { i64 } = this.heap;
    i64[(this.address + SeenWord.horizon * 4) >>> 3] = i64[(this.address + SeenWord.greatest * 4) >>> 3]!;
  }

  free(): void {
    this.table.free();
    this.region.blocks.free(this.address, SEEN_BYTES);
    this.region.store = 0;
  }

  private get(word: SeenWord): number {
    return this.heap.u32[(this.address >>> 2) + word]!;
  }
  private set(word: SeenWord, value: number): void {
    this.heap.u32[(this.address >>> 2) + word] = value;
  }
}
