import type { Kernels } from '../../native-free-kernels/load.js';
import { BlockAllocator } from '../heap/block-allocator.js';
import type { Heap } from '../heap/heap.js';
import { lock, tryLock, unlock } from '../heap/lock.js';
import type { PageAllocator } from '../heap/page-allocator.js';
import { DenseTable } from './dense-table.js';
import { HashedTable } from './hashed-table.js';
import { TableKind, TableWord } from './table-layout.js';

export const REGION_BYTES = 256;
const enum RegionWord { lock, slices, capacity, count, version, lists = 8 }
const FIRST_SLICES = 16;
const SLICE_WORDS = 4;

export type GroupTable = HashedTable | DenseTable;

/**
 * A part of the window state that has one writer at a time: whoever holds its lock. Its slice map is an open-addressing table of
 * [slice start (i64), table address (u32), 0] in the heap; entries leave only by `removeClosed`, which rebuilds it.
 */
export class Region {
  readonly blocks: BlockAllocator;
  private readonly at: number;
  /** The table asked for last, good as long as no table was removed. */
  private recent: { start: bigint; version: number; table: GroupTable } | null = null;

  constructor(
    private readonly heap: Heap,
    private readonly kernels: Kernels,
    pages: PageAllocator,
    address: number,
    private readonly regionBits: number,
  ) {
    this.at = address >>> 2;
    this.blocks = new BlockAllocator(heap, pages, address + RegionWord.lists * 4);
  }

  lock(): void {
    lock(this.heap, this.at + RegionWord.lock);
  }
  tryLock(): boolean {
    return tryLock(this.heap, this.at + RegionWord.lock);
  }
  unlock(): void {
    unlock(this.heap, this.at + RegionWord.lock);
  }

  get sliceCount(): number {
    return this.heap.u32[this.at + RegionWord.count]!;
  }

  table(address: number): GroupTable {
    return this.heap.u32[(address >>> 2) + TableWord.kind] === TableKind.hashed
      ? new HashedTable(this.heap, this.kernels, this.blocks, address, this.regionBits)
      : new DenseTable(this.heap, this.kernels, this.blocks, address);
  }

  find(start: bigint): GroupTable | null {
    const version = this.heap.u32[this.at + RegionWord.version]!;
    if (this.recent?.start === start && this.recent.version === version) return this.recent.table;
    const table = this.lookUp(start);
    this.recent = table && { start, version, table };
    return table;
  }

  private lookUp(start: bigint): GroupTable | null {
    const address = this.heap.u32[this.capacity === 0 ? 0 : this.probe(start) * SLICE_WORDS + this.slices + 2]!;
    return address === 0 ? null : this.table(address);
  }

  createHashed(start: bigint, cellBytes: number): HashedTable {
    const table = HashedTable.create(this.heap, this.kernels, this.blocks, this.regionBits, cellBytes);
    this.insert(start, table.address);
    return table;
  }
  createDense(start: bigint, cellBytes: number): DenseTable {
    const table = DenseTable.create(this.heap, this.kernels, this.blocks, cellBytes);
    this.insert(start, table.address);
    return table;
  }

  /** Starts of the slices that are at or before `last`, in no order. */
  slicesUpTo(last: bigint): bigint[] {
    const found: bigint[] = [];
    for (let slice = 0; slice < this.capacity; slice++) {
      const at = this.slices + slice * SLICE_WORDS;
      if (this.heap.u32[at + 2] && this.heap.i64[at / 2]! <= last) found.push(this.heap.i64[at / 2]!);
    }
    return found;
  }

  /** Frees the tables of the given slices. */
  removeClosed(starts: ReadonlySet<bigint>): void {
    const { u32, i64 } = this.heap;
    const kept: [bigint, number][] = [];
    const [old, capacity] = [this.slices * 4, this.capacity];
    for (let slice = 0; slice < capacity; slice++) {
      const at = this.slices + slice * SLICE_WORDS;
      const table = u32[at + 2]!;
      if (table === 0) continue;
      if (starts.has(i64[at / 2]!)) this.table(table).free();
      else kept.push([i64[at / 2]!, table]);
    }
    if (kept.length === this.sliceCount) return;
    u32[this.at + RegionWord.version]!++;
    u32[this.at + RegionWord.capacity] = u32[this.at + RegionWord.count] = 0;
    if (capacity) this.blocks.free(old, capacity * SLICE_WORDS * 4);
    for (const [start, table] of kept) this.insert(start, table);
  }

  private insert(start: bigint, table: number): void {
    const { u32, i64 } = this.heap;
    if ((this.sliceCount + 1) * 2 > this.capacity) this.enlarge();
    const at = this.slices + this.probe(start) * SLICE_WORDS;
    i64[at / 2] = start;
    u32[at + 2] = table;
    u32[this.at + RegionWord.count]!++;
  }

  private enlarge(): void {
    const { u32, i64 } = this.heap;
    const [old, capacity] = [this.slices, this.capacity];
    const larger = Math.max(FIRST_SLICES, capacity * 2);
    const address = this.blocks.allocate(larger * SLICE_WORDS * 4);
    u32.fill(0, address >>> 2, (address >>> 2) + larger * SLICE_WORDS);
    u32.set([address, larger], this.at + RegionWord.slices);
    for (let slice = 0; slice < capacity; slice++) {
      const from = old + slice * SLICE_WORDS;
      if (u32[from + 2] === 0) continue;
      const to = this.slices + this.probe(i64[from / 2]!) * SLICE_WORDS;
      u32.copyWithin(to, from, from + SLICE_WORDS);
    }
    if (capacity) this.blocks.free(old * 4, capacity * SLICE_WORDS * 4);
  }

  /** The place of a slice in the map, or the free place where it would go. */
  private probe(start: bigint): number {
    const mask = this.capacity - 1;
    const mixed = Number(BigInt.asUintN(32, start ^ (start >> 20n)));
    for (let at = (Math.imul(mixed, 0x9e3779b1) >>> 7) & mask; ; at = (at + 1) & mask) {
      const entry = this.slices + at * SLICE_WORDS;
      if (this.heap.u32[entry + 2] === 0 || this.heap.i64[entry / 2] === start) return at;
    }
  }

  private get slices(): number {
    return this.heap.u32[this.at + RegionWord.slices]! >>> 2;
  }
  private get capacity(): number {
    return this.heap.u32[this.at + RegionWord.capacity]!;
  }
}

/** Holds a region while `work` runs. */
export function held<T>(region: Region, work: () => T): T {
  region.lock();
  try {
    return work();
  } finally {
    region.unlock();
  }
}
