import { MillraceError } from '../errors.js';
import type { BlockAllocator } from '../heap/block-allocator.js';
import type { Heap } from '../heap/heap.js';
import { SLAB_BYTES, TableWord } from './table-layout.js';

const FIRST_PLACES = 32;

/** A growing list of blocks that a table owns: three header words [address of (block, bytes) pairs, count, capacity] from word index `at`. */
export class BlockList {
  constructor(
    private readonly heap: Heap,
    private readonly blocks: BlockAllocator,
    private readonly at: number,
  ) {}

  append(bytes: number): number {
    const { u32 } = this.heap;
    const count = u32[this.at + 1]!;
    if (count === u32[this.at + 2]) this.enlarge(count);
    const block = this.blocks.allocate(bytes);
    u32.set([block, bytes], (u32[this.at]! >>> 2) + count * 2);
    u32[this.at + 1] = count + 1;
    return block;
  }

  each(visit: (block: number, bytes: number) => void): void {
    const { u32 } = this.heap;
    for (let item = u32[this.at]! >>> 2, end = item + u32[this.at + 1]! * 2; item < end; item += 2) visit(u32[item]!, u32[item + 1]!);
  }

  free(): void {
    const { u32 } = this.heap;
    const [list, count, capacity] = [u32[this.at]!, u32[this.at + 1]!, u32[this.at + 2]!];
    for (let item = 0; item < count; item++) this.blocks.free(u32[(list >>> 2) + item * 2]!, u32[(list >>> 2) + item * 2 + 1]!);
    if (capacity) this.blocks.free(list, capacity * 8);
  }

  /** Frees the blocks, and the list with them. */
  clear(): void {
    this.free();
    this.heap.u32.fill(0, this.at, this.at + 3);
  }

  private enlarge(count: number): void {
    const { u32 } = this.heap;
    const larger = Math.max(FIRST_PLACES, count * 2);
    const address = this.blocks.allocate(larger * 8);
    u32.copyWithin(address >>> 2, u32[this.at]! >>> 2, (u32[this.at]! >>> 2) + count * 2);
    if (count) this.blocks.free(u32[this.at]!, count * 8);
    u32[this.at] = address;
    u32[this.at + 2] = larger;
  }
}

const LEAST_ARENA = 256;
const MOST_SHIFT = 8;

/** Bytes that live as long as their table: keys and values of variable length. Never moved, freed all at once. */
export class TableArena {
  private readonly list: BlockList;

  constructor(
    private readonly heap: Heap,
    blocks: BlockAllocator,
    private readonly at: number,
  ) {
    this.list = new BlockList(heap, blocks, at + TableWord.arenas);
  }

  /** 8-aligned room for `bytes`. */
  take(bytes: number): number {
    const rounded = (bytes + 7) & ~7;
    const { u32 } = this.heap;
    if (u32[this.at + TableWord.arenaNext]! + rounded > u32[this.at + TableWord.arenaEnd]!) this.add(rounded);
    const address = u32[this.at + TableWord.arenaNext]!;
    u32[this.at + TableWord.arenaNext] = address + rounded;
    return address;
  }

  /** A new last block with room for `need` bytes: 256 B at first, 64 KiB in the end. */
  add(need: number): void {
    if (need > SLAB_BYTES) throw new MillraceError('BATCH_TOO_LARGE', `a key or value of ${need} bytes does not fit a slab of window state (${SLAB_BYTES} bytes)`);
    const { u32 } = this.heap;
    const grown = LEAST_ARENA << Math.min(MOST_SHIFT, u32[this.at + TableWord.arenaCount]! >>> 1);
    const bytes = Math.max(grown, need);
    const block = this.list.append(bytes);
    u32[this.at + TableWord.arenaNext] = block;
    u32[this.at + TableWord.arenaEnd] = block + bytes;
  }

  clear(): void {
    this.list.clear();
    this.heap.u32[this.at + TableWord.arenaNext] = this.heap.u32[this.at + TableWord.arenaEnd] = 0;
  }
  free(): void {
    this.list.free();
  }
}
