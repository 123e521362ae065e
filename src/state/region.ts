import type { Kernels } from '../../native-free-kernels/load.js';
import { BlockAllocator } from '../heap/block-allocator.js';
import type { Heap } from '../heap/heap.js';
import { lock, tryLock, unlock } from '../heap/lock.js';
import type { PageAllocator } from '../heap/page-allocator.js';
import { HashedTable } from './hashed-table.js';

export const REGION_BYTES = 256;
const enum RegionWord { lock, slices, capacity, count, version, expected, due = 6, lists = 8, marks = 16, store = 32 }
/** As many as the least block has room for. */
const FIRST_SLICES = 8;
const SLICE_WORDS = 8;
const enum SliceWord { start, end = 2, table = 4, delta, firings }

const SOUGHT = new BigInt64Array(2);
const HALVES = new Uint32Array(SOUGHT.buffer);

/** Never: nothing is to be done, whatever the watermark. */
export const NEVER: bigint = 2n ** 63n - 1n;

/** A stretch of event time, [start, end). Slices do not overlap within one zone; every window is made of whole ones. */
export interface Slice {
  readonly start: bigint;
  readonly end: bigint;
}
/** A slice as a region holds it. Good until it fires or is removed. */
export interface HeldSlice extends Slice {
  readonly table: HashedTable;
  /** What came after the slice was given out, until it is folded in. */
  readonly delta: HashedTable | null;
  /** How often it was given out. */
  readonly firings: number;
}

/**
 * A part of the window state: all groups whose hash names it. It has one writer at a time, whoever holds its lock. Its slice map is an
 * open-addressing table in the heap of [start i64, end i64, table, delta, firings, 0]; entries leave only by `remove`, which rebuilds it.
 *
 * `due` is the least watermark at which a slice has something to give out or to give back; other threads may read it without the lock.
 */
export class Region {
  readonly blocks: BlockAllocator;
  private readonly at: number;
  /** The table written to last, good as long as no slice has fired or was removed. */
  private recent: { start: bigint; end: bigint; version: number; table: HashedTable } | null = null;

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

  /** Makes an empty region of REGION_BYTES cleared bytes. */
  static format(heap: Heap, address: number): void {
    heap.i64[(address >>> 3) + RegionWord.due / 2] = NEVER;
    heap.i64.fill(-(2n ** 63n), (address >>> 3) + RegionWord.marks / 2, (address >>> 3) + RegionWord.marks / 2 + 2);
  }

  /** `due` of the region at an address. */
  static dueAt(heap: Heap, address: number): bigint {
    return Atomics.load(heap.i64, (address >>> 3) + RegionWord.due / 2);
  }

  /** Index of the first word (u32) of its header. The words of `RegionWord` are this class's, those from 33 on are of `turns.ts`. */
  get words(): number {
    return this.at;
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
  get due(): bigint {
    return Region.dueAt(this.heap, this.at * 4);
  }
  set due(time: bigint) {
    Atomics.store(this.heap.i64, (this.at + RegionWord.due) >>> 1, time);
  }

  /** Address of what is kept of keys here beside slices, or 0: whoever owns the region may keep it. */
  get store(): number {
    return this.heap.u32[this.at + RegionWord.store]!;
  }
  set store(address: number) {
    this.heap.u32[this.at + RegionWord.store] = address;
  }
  /** Two numbers that whoever owns the region may keep in it. The least time at first. */
  mark(index: number): bigint {
    return this.heap.i64[((this.at + RegionWord.marks) >>> 1) + index]!;
  }
  setMark(index: number, value: bigint): void {
    this.heap.i64[((this.at + RegionWord.marks) >>> 1) + index] = value;
  }

  /** The table that takes rows of a slice: its own until it has fired, then its delta. `due`: when the rows make for something to give out. */
  writable(slice: Slice, cellBytes: number, due: bigint): HashedTable {
    const { u32 } = this.heap;
    const version = u32[this.at + RegionWord.version]!;
    const { recent } = this;
    if (recent?.start === slice.start && recent.end === slice.end && recent.version === version) return recent.table;
    const entry = this.entryOf(slice, cellBytes, due);
    const fired = u32[entry + SliceWord.firings] !== 0;
    if (fired && u32[entry + SliceWord.delta] === 0) {
      u32[entry + SliceWord.delta] = this.create(cellBytes, 0);
      if (due < this.due) this.due = due;
    }
    const table = this.table(u32[entry + (fired ? SliceWord.delta : SliceWord.table)]!);
    this.recent = { start: slice.start, end: slice.end, version, table };
    return table;
  }

  /** All slices. */
  held(): HeldSlice[] {
    return this.select(() => true);
  }
  /** Those that have rows that were not given out. */
  changed(): HeldSlice[] {
    const { u32 } = this.heap;
    return this.select(entry => u32[entry + SliceWord.firings] === 0 || u32[entry + SliceWord.delta] !== 0);
  }
  /** Those that end or begin where `wanted` says, and have no rows that were not given out. */
  givenOut(wanted: (start: bigint, end: bigint) => boolean): HeldSlice[] {
    const { u32, i64 } = this.heap;
    return this.select(entry => u32[entry + SliceWord.firings] !== 0 && u32[entry + SliceWord.delta] === 0 && wanted(i64[entry >>> 1]!, i64[(entry >>> 1) + 1]!));
  }
  /** Calls `visit` for every slice, in no order; `isChanged`: it has rows that were not given out. REQUIRES: `visit` changes nothing. */
  each(visit: (slice: Slice, isChanged: boolean) => void): void {
    const { u32, i64 } = this.heap;
    const last = this.slices + this.capacity * SLICE_WORDS;
    for (let entry = this.slices; entry < last; entry += SLICE_WORDS) {
      if (u32[entry + SliceWord.table] !== 0) visit({ start: i64[entry >>> 1]!, end: i64[(entry >>> 1) + 1]! }, u32[entry + SliceWord.firings] === 0 || u32[entry + SliceWord.delta] !== 0);
    }
  }
  /** As `givenOut`, and those that rows have come to since: these are in `delta`. */
  everGivenOut(wanted: (start: bigint, end: bigint) => boolean): HeldSlice[] {
    const { u32, i64 } = this.heap;
    return this.select(entry => u32[entry + SliceWord.firings] !== 0 && wanted(i64[entry >>> 1]!, i64[(entry >>> 1) + 1]!));
  }
  /** The slices alone, in no order. */
  spans(): Slice[] {
    const found: Slice[] = [];
    this.each(slice => found.push(slice));
    return found;
  }
  /** One slice, or null where the region has nothing of it. */
  find(slice: Slice): HeldSlice | null {
    if (this.capacity === 0) return null;
    const entry = this.slices + this.probe(slice) * SLICE_WORDS;
    return this.heap.u32[entry + SliceWord.table] === 0 ? null : this.view(entry);
  }

  /** In no order. */
  private select(wanted: (entry: number) => boolean): HeldSlice[] {
    const found: HeldSlice[] = [];
    const end = this.slices + this.capacity * SLICE_WORDS;
    for (let entry = this.slices; entry < end; entry += SLICE_WORDS) {
      if (this.heap.u32[entry + SliceWord.table] !== 0 && wanted(entry)) found.push(this.view(entry));
    }
    return found;
  }
  private view(entry: number): HeldSlice {
    const { u32, i64 } = this.heap;
    const delta = u32[entry + SliceWord.delta]!;
    return { start: i64[entry >>> 1]!, end: i64[(entry >>> 1) + 1]!, table: this.table(u32[entry + SliceWord.table]!), delta: delta ? this.table(delta) : null, firings: u32[entry + SliceWord.firings]! };
  }

  /** Notes that a slice is given out: from now on rows go to a delta. Frees the one that was folded in. */
  fired(slice: HeldSlice): void {
    this.firedKeeping(slice);
    slice.delta?.free();
  }
  /** As `fired`, but the delta is the caller's to free. */
  firedKeeping(slice: HeldSlice): void {
    const entry = this.slices + this.probe(slice) * SLICE_WORDS;
    // The next slices will have about as many groups.
    if (slice.firings === 0) this.heap.u32[this.at + RegionWord.expected] = slice.table.cells;
    this.heap.u32[entry + SliceWord.firings] = slice.firings + 1;
    this.heap.u32[entry + SliceWord.delta] = 0;
    this.heap.u32[this.at + RegionWord.version]!++;
  }

  /** Frees slices with their tables. */
  remove(slices: readonly HeldSlice[]): void {
    if (slices.length === 0) return;
    const { u32 } = this.heap;
    // All are found before any is gone: a search ends at the first free place.
    const entries = slices.map(slice => this.slices + this.probe(slice) * SLICE_WORDS);
    for (const entry of entries) u32[entry + SliceWord.table] = 0;
    for (const { table, delta } of slices) {
      table.free();
      delta?.free();
    }
    u32[this.at + RegionWord.version]!++;
    this.rebuild(this.sliceCount - slices.length === 0 ? 0 : this.capacity);
  }

  private entryOf(slice: Slice, cellBytes: number, due: bigint): number {
    const { u32, i64 } = this.heap;
    if (this.capacity > 0) {
      const known = this.slices + this.probe(slice) * SLICE_WORDS;
      if (u32[known + SliceWord.table]) return known;
    }
    if ((this.sliceCount + 1) * 2 > this.capacity) this.rebuild(Math.max(FIRST_SLICES, this.capacity * 2));
    const entry = this.slices + this.probe(slice) * SLICE_WORDS;
    // First the table: it may not fit, and an entry without one would be none.
    u32.set([this.create(cellBytes, u32[this.at + RegionWord.expected]!), 0, 0], entry + SliceWord.table);
    i64[entry >>> 1] = slice.start;
    i64[(entry >>> 1) + 1] = slice.end;
    u32[this.at + RegionWord.count]!++;
    if (due < this.due) this.due = due;
    return entry;
  }

  /** Moves the entries to a map of another capacity; 0 frees it. */
  private rebuild(capacity: number): void {
    const { u32, i64 } = this.heap;
    const [old, oldCapacity] = [this.slices, this.capacity];
    const address = capacity ? this.blocks.allocate(capacity * SLICE_WORDS * 4) : 0;
    if (capacity) this.kernels.clearBytes(capacity * SLICE_WORDS * 4, address);
    u32.set([address, capacity, 0], this.at + RegionWord.slices);
    for (let place = 0; place < oldCapacity; place++) {
      const from = old + place * SLICE_WORDS;
      if (u32[from + SliceWord.table] === 0) continue;
      const to = this.slices + this.probe({ start: i64[from >>> 1]!, end: i64[(from >>> 1) + 1]! }) * SLICE_WORDS;
      u32.copyWithin(to, from, from + SLICE_WORDS);
      u32[this.at + RegionWord.count]!++;
    }
    if (oldCapacity) this.blocks.free(old * 4, oldCapacity * SLICE_WORDS * 4);
  }

  /** The place of a slice in the map, or the free place where it would go. */
  private probe({ start, end }: Slice): number {
    const { u32 } = this.heap;
    const mask = this.capacity - 1;
    // Compared by halves: to read a bigint is to make one.
    SOUGHT[0] = start;
    SOUGHT[1] = end;
    const startLow = HALVES[0]!, startHigh = HALVES[1]!, endLow = HALVES[2]!, endHigh = HALVES[3]!;
    const mixed = startLow ^ ((startLow >>> 20) | (startHigh << 12)) ^ endLow;
    for (let at = (Math.imul(mixed, 0x9e3779b1) >>> 7) & mask; ; at = (at + 1) & mask) {
      const entry = this.slices + at * SLICE_WORDS;
      if (u32[entry + SliceWord.table] === 0) return at;
      if (u32[entry] === startLow && u32[entry + 1] === startHigh && u32[entry + SliceWord.end] === endLow && u32[entry + SliceWord.end + 1] === endHigh) return at;
    }
  }

  /** A table of the region's that belongs to no slice. */
  createTable(cellBytes: number): HashedTable {
    return HashedTable.create(this.heap, this.kernels, this.blocks, this.regionBits, cellBytes);
  }
  private create(cellBytes: number, expected: number): number {
    return HashedTable.create(this.heap, this.kernels, this.blocks, this.regionBits, cellBytes, expected).address;
  }
  private table(address: number): HashedTable {
    return new HashedTable(this.heap, this.kernels, this.blocks, address, this.regionBits);
  }
  private get slices(): number {
    return this.heap.u32[this.at + RegionWord.slices]! >>> 2;
  }
  private get capacity(): number {
    return this.heap.u32[this.at + RegionWord.capacity]!;
  }
}

/** Does work while the region is held. */
export function held<T>(region: Region, work: () => T): T {
  region.lock();
  try {
    return work();
  } finally {
    region.unlock();
  }
}
