import type { Kernels } from '../../native-free-kernels/load.js';
import { MillraceError } from '../errors.js';
import { blockBytes, type BlockAllocator } from '../heap/block-allocator.js';
import type { Heap } from '../heap/heap.js';
import { BlockList, TableArena } from './table-arena.js';
import { PARTITION_WORDS, PartitionWord, SLAB_BYTES, TABLE_BYTES, TableKind, TableWord } from './table-layout.js';

/** A bucket is a cache line of eight entries. */
const BUCKET_BYTES = 64;
export const BUCKET_ENTRIES = 8;
const FIRST_BUCKETS = 4;
const MOST_BUCKETS = SLAB_BYTES / BUCKET_BYTES;
/** What surely stays in a core's share of the caches, and how many lines a row must be worth. */
const MOST_WARM_BYTES = 4 << 20;
const LINES_PER_ROW = 4;
const LEAST_CHUNK = 256;
const MOST_CHUNK = 65_536;
/** How many entries a partition of the index may get: 13 of 16 places, so that most keys find room in their first bucket. */
const limitOf = (buckets: number): number => (buckets * BUCKET_ENTRIES * 13) >>> 4;
/** What a table is given at once, at most, for cells that are only expected. */
const MOST_EXPECTED_BUCKETS = 1024;

/** Keys of a batch of rows, see the upsert kernels. `words`: 8-byte keys; `bytes`: views. */
export interface Keys {
  readonly kind: 'words' | 'bytes';
  readonly data: number;
  readonly valid: number;
  readonly hashes: number;
}

/** Operations on a hashed group table in the heap. Has no state of its own but addresses. REQUIRES: the caller holds the region. */
export class HashedTable {
  private readonly at: number;
  private readonly chunks: BlockList;
  readonly arena: TableArena;

  constructor(
    private readonly heap: Heap,
    private readonly kernels: Kernels,
    private readonly blocks: BlockAllocator,
    readonly address: number,
    private readonly regionBits: number,
  ) {
    this.at = address >>> 2;
    this.chunks = new BlockList(heap, blocks, this.at + TableWord.chunks);
    this.arena = new TableArena(heap, blocks, this.at);
  }

  /** `expected`: see `expect`. */
  static create(heap: Heap, kernels: Kernels, blocks: BlockAllocator, regionBits: number, cellBytes: number, expected: number = 0): HashedTable {
    const address = blocks.allocate(TABLE_BYTES);
    kernels.clearBytes(TABLE_BYTES, address);
    const table = new HashedTable(heap, kernels, blocks, address, regionBits);
    table.set(TableWord.kind, TableKind.hashed);
    table.set(TableWord.cellBytes, cellBytes);
    table.set(TableWord.directory, address + TableWord.inlineDirectory * 4);
    table.set(TableWord.partitions, address + TableWord.inlinePartition * 4);
    table.set(TableWord.partitionCount, 1);
    table.set(TableWord.partitionCapacity, 1);
    table.makeRoom(expected);
    return table;
  }

  /** Room for about so many cells from the start, so that a table of few need not grow time and again. It may get more, or fewer. REQUIRES: it is as it was made. */
  expect(cells: number): void {
    if (cells <= limitOf(FIRST_BUCKETS)) return;
    const entries = this.heap.u32[this.partitionAt(0)]!;
    this.makeRoom(cells);
    this.blocks.free(entries, FIRST_BUCKETS * BUCKET_BYTES);
  }
  private makeRoom(cells: number): void {
    let buckets = FIRST_BUCKETS;
    while (limitOf(buckets) < cells && buckets < MOST_EXPECTED_BUCKETS) buckets *= 2;
    this.setPartition(this.partitionAt(0), this.newBuckets(buckets), buckets, 0, 0);
    const bytes = cells * this.get(TableWord.cellBytes);
    if (bytes < LEAST_CHUNK) return;
    // Of a whole block at most a quarter is left idle.
    const block = blockBytes(Math.min(bytes, MOST_CHUNK));
    this.appendChunk(bytes * 4 < block * 3 ? block / 2 : block);
  }

  get cells(): number {
    return this.get(TableWord.cellCount);
  }
  get nullCell(): number {
    return this.get(TableWord.nullCell);
  }

  /** Brings the table into the cache, if so many rows are to come that this is faster than to fetch line by line what each of them needs. */
  warm(rows: number): void {
    const bytes = this.cells * (this.get(TableWord.cellBytes) + 12);
    if (bytes > MOST_WARM_BYTES || rows * LINES_PER_ROW * 64 < bytes) return;
    this.eachPartition((entries, buckets) => this.kernels.touchLines(entries, buckets * BUCKET_BYTES));
    this.chunks.each((block, size) => this.kernels.touchLines(block, size));
  }

  /** Finds or makes the cell of every row's key and writes its address to `slots` (u32). */
  upsert(rows: number, positions: number, keys: Keys, slots: number, template: number): void {
    const kernel = keys.kind === 'words' ? this.kernels.upsertWords : this.kernels.upsertBytes;
    for (let done = 0; ; ) {
      done = kernel(this.address, this.regionBits, done, rows, positions, keys.hashes, keys.data, keys.valid, slots, template);
      if (done === rows) return;
      const element = positions ? this.heap.u32[(positions >>> 2) + done]! : done;
      this.grow(keys, element);
    }
  }

  /** Writes the address of the cell of every key to `slots` (u32), 0 where there is none. Returns how many there are. REQUIRES: no key is null. */
  find(rows: number, keys: Keys, slots: number): number {
    const kernel = keys.kind === 'words' ? this.kernels.findWords : this.kernels.findBytes;
    return kernel(this.address, this.regionBits, rows, keys.hashes, keys.data, slots);
  }

  /** Calls `visit` for each partition of the index. */
  eachPartition(visit: (entries: number, buckets: number) => void): void {
    for (let partition = 0; partition < this.get(TableWord.partitionCount); partition++) {
      const at = this.partitionAt(partition);
      visit(this.heap.u32[at]!, this.heap.u32[at + PartitionWord.mask]! + 1);
    }
  }

  /** Room for so many cells side by side. Returns the address of the first. REQUIRES: there are none. */
  reserveCells(cells: number): number {
    return this.appendChunk(cells * this.get(TableWord.cellBytes));
  }

  /** Forgets all keys and gives back what they took, but for the index: the next keys will be about as many. */
  clear(): void {
    this.eachPartition((entries, buckets) => this.kernels.clearBytes(buckets * BUCKET_BYTES, entries));
    for (let partition = 0; partition < this.get(TableWord.partitionCount); partition++) this.heap.u32[this.partitionAt(partition) + PartitionWord.count] = 0;
    this.chunks.clear();
    this.arena.clear();
    for (const word of [TableWord.cellCount, TableWord.nullCell, TableWord.nextCell, TableWord.chunkEnd]) this.set(word, 0);
  }

  free(): void {
    this.eachPartition((entries, buckets) => this.blocks.free(entries, buckets * BUCKET_BYTES));
    this.chunks.free();
    this.arena.free();
    if (this.get(TableWord.partitionCapacity) > 1) this.blocks.free(this.get(TableWord.partitions), this.get(TableWord.partitionCapacity) * PARTITION_WORDS * 4);
    if (this.get(TableWord.depth) > 0) this.blocks.free(this.get(TableWord.directory), 4 << this.get(TableWord.depth));
    this.blocks.free(this.address, TABLE_BYTES);
  }

  /** Makes room for the key that a kernel stopped at: whatever of cells, arena and index is used up. */
  private grow(keys: Keys, element: number): void {
    if (this.get(TableWord.nextCell) + this.get(TableWord.cellBytes) > this.get(TableWord.chunkEnd)) this.addChunk();
    if (keys.valid && !this.heap.u8[keys.valid + element]) return;
    if (keys.kind === 'bytes') {
      const bytes = (this.heap.u32[(keys.data >>> 2) + element * 2 + 1]! + 7) & ~7;
      if (this.get(TableWord.arenaNext) + bytes > this.get(TableWord.arenaEnd)) this.arena.add(bytes);
    }
    this.growIndex(this.heap.u32[(keys.hashes >>> 2) + element]!);
  }

  private growIndex(hash: number): void {
    const depth = this.get(TableWord.depth);
    const chosen = depth === 0 ? 0 : ((hash << this.regionBits) >>> 0) >>> (32 - depth);
    const partition = this.heap.u32[(this.get(TableWord.directory) >>> 2) + chosen]!;
    const at = this.partitionAt(partition);
    if (this.heap.u32[at + PartitionWord.count]! < this.heap.u32[at + PartitionWord.limit]!) return;
    const buckets = this.heap.u32[at + PartitionWord.mask]! + 1;
    if (buckets < MOST_BUCKETS) this.doublePartition(at, buckets);
    else this.splitPartition(partition, chosen);
  }

  private doublePartition(at: number, buckets: number): void {
    const old = this.heap.u32[at]!;
    const entries = this.newBuckets(buckets * 2);
    const count = this.kernels.moveEntries(old, buckets, 0, entries, buckets * 2 - 1);
    this.setPartition(at, entries, buckets * 2, count, this.heap.u32[at + PartitionWord.depth]!);
    this.blocks.free(old, buckets * BUCKET_BYTES);
  }

  /** Splits a full slab of index in two by the next hash bit, doubling the directory where no bit is left to tell them apart. */
  private splitPartition(partition: number, chosen: number): void {
    const { u32 } = this.heap;
    const depth = u32[this.partitionAt(partition) + PartitionWord.depth]!;
    if (depth + this.regionBits >= 15) throw new MillraceError('STATE_FULL', 'more groups in one window than a region can index');
    if (depth === this.get(TableWord.depth)) {
      this.doubleDirectory();
      chosen *= 2;
    }
    const fresh = this.addPartition();
    const at = this.partitionAt(partition);
    const old = u32[at]!;
    const buckets = u32[at + PartitionWord.mask]! + 1;
    const count = u32[at + PartitionWord.count]!;
    const bit = (2 ** (31 - this.regionBits - depth)) | 0;
    const ones = this.newBuckets(buckets);
    const moved = this.kernels.moveEntries(old, buckets, bit, ones, buckets - 1);
    this.setPartition(this.partitionAt(fresh), ones, buckets, moved, depth + 1);
    const zeros = this.newBuckets(buckets);
    this.dropOnes(old, buckets, bit);
    this.kernels.moveEntries(old, buckets, 0, zeros, buckets - 1);
    this.setPartition(at, zeros, buckets, count - moved, depth + 1);
    this.blocks.free(old, buckets * BUCKET_BYTES);
    const shared = 1 << (this.get(TableWord.depth) - depth);
    const first = chosen - (chosen % shared);
    const directory = this.get(TableWord.directory) >>> 2;
    u32.fill(fresh, directory + first + shared / 2, directory + first + shared);
  }

  /** Empties the places of entries whose bit is set: they have gone elsewhere. */
  private dropOnes(entries: number, buckets: number, bit: number): void {
    const { u32 } = this.heap;
    for (let bucket = entries >>> 2; bucket < (entries >>> 2) + buckets * 16; bucket += 16) {
      for (let place = bucket; place < bucket + BUCKET_ENTRIES; place++) if (u32[place]! & bit) u32[place + BUCKET_ENTRIES] = 0;
    }
  }

  private doubleDirectory(): void {
    const { u32 } = this.heap;
    const depth = this.get(TableWord.depth);
    const old = this.get(TableWord.directory);
    const address = this.blocks.allocate(8 << depth);
    for (let entry = 0; entry < 1 << depth; entry++) u32.fill(u32[(old >>> 2) + entry]!, (address >>> 2) + entry * 2, (address >>> 2) + entry * 2 + 2);
    if (depth > 0) this.blocks.free(old, 4 << depth);
    this.set(TableWord.directory, address);
    this.set(TableWord.depth, depth + 1);
  }

  private addPartition(): number {
    const { u32 } = this.heap;
    const count = this.get(TableWord.partitionCount);
    const capacity = this.get(TableWord.partitionCapacity);
    if (count === capacity) {
      const old = this.get(TableWord.partitions);
      const address = this.blocks.allocate(capacity * 2 * PARTITION_WORDS * 4);
      u32.copyWithin(address >>> 2, old >>> 2, (old >>> 2) + count * PARTITION_WORDS);
      if (capacity > 1) this.blocks.free(old, capacity * PARTITION_WORDS * 4);
      this.set(TableWord.partitions, address);
      this.set(TableWord.partitionCapacity, capacity * 2);
    }
    this.set(TableWord.partitionCount, count + 1);
    return count;
  }

  /** A quarter more cells at a time: little is idle, and few chunks are needed. */
  private addChunk(): void {
    const cellBytes = this.get(TableWord.cellBytes);
    const quarter = (this.cells * cellBytes) >>> 2;
    const wanted = Math.max(LEAST_CHUNK, Math.min(MOST_CHUNK, 1 << (31 - Math.clz32(quarter | 1))));
    const bytes = Math.max(wanted, cellBytes <= LEAST_CHUNK ? wanted : cellBytes);
    this.appendChunk(bytes);
  }
  private appendChunk(bytes: number): number {
    const chunk = this.chunks.append(bytes);
    this.set(TableWord.nextCell, chunk);
    this.set(TableWord.chunkEnd, chunk + bytes);
    return chunk;
  }

  private newBuckets(count: number): number {
    const entries = this.blocks.allocate(count * BUCKET_BYTES);
    this.kernels.clearBytes(count * BUCKET_BYTES, entries);
    return entries;
  }
  private setPartition(at: number, entries: number, buckets: number, count: number, depth: number): void {
    this.heap.u32.set([entries, buckets - 1, count, limitOf(buckets), depth], at);
  }
  private partitionAt(partition: number): number {
    return (this.get(TableWord.partitions) >>> 2) + partition * PARTITION_WORDS;
  }
  private get(word: number): number {
    return this.heap.u32[this.at + word]!;
  }
  private set(word: number, value: number): void {
    this.heap.u32[this.at + word] = value;
  }
}
