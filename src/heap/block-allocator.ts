import { PAGE_BYTES, pageRecords, Word, word } from './control.js';
import type { Heap } from './heap.js';
import { countState, PageUse, type PageAllocator } from './page-allocator.js';

const LEAST_SHIFT = 8;
const GREATEST_SHIFT = 15;
const BLOCK_CLASSES = GREATEST_SHIFT - LEAST_SHIFT + 1;

/**
 * Blocks of state for one region: powers of two from 256 B to 32 KiB are cut from pages of their own class, larger ones are runs of
 * pages. A page whose last block is freed goes back to the heap, so state that dies with its slice leaves nothing behind.
 *
 * `lists` is the address of BLOCK_CLASSES u32 heads of the region's lists of pages with free blocks. A page's record (16 bytes, beside
 * the run table): [blocks in use, first free block, previous page, next page]. REQUIRES: the caller holds the region.
 */
export class BlockAllocator {
  /** What was given out by this object and not yet given back to it. */
  bytes = 0;
  private readonly records: number;

  constructor(
    private readonly heap: Heap,
    private readonly pages: PageAllocator,
    private readonly lists: number,
    /** State counts against the state's share of the heap; a thread's own working tables are scratch. */
    private readonly use: PageUse.state | PageUse.scratch = PageUse.state,
  ) {
    this.records = pageRecords(heap.u32[word(Word.pages)]!);
  }

  /** A thread's own, in working memory. */
  static inScratch(heap: Heap, pages: PageAllocator): BlockAllocator {
    const lists = pages.allocate(BLOCK_CLASSES * 4, PageUse.scratch);
    heap.u8.fill(0, lists, lists + BLOCK_CLASSES * 4);
    return new BlockAllocator(heap, pages, lists, PageUse.scratch);
  }

  /** At least `bytes` bytes, aligned to 256 and not cleared. */
  allocate(bytes: number): number {
    const size = blockBytes(bytes);
    const address = size > 1 << GREATEST_SHIFT ? this.pages.allocate(size, this.use) : this.takeBlock(classOf(size));
    this.count(size);
    return address;
  }

  /** REQUIRES: the same `bytes` as at `allocate`. */
  free(address: number, bytes: number): void {
    const size = blockBytes(bytes);
    if (size > 1 << GREATEST_SHIFT) this.pages.free(address);
    else this.giveBlock(address, classOf(size));
    this.count(-size);
  }

  private count(bytes: number): void {
    this.bytes += bytes;
    if (this.use === PageUse.state) countState(this.heap, bytes);
  }

  private takeBlock(cls: number): number {
    const { u32 } = this.heap;
    const page = u32[this.listOf(cls)]! || this.newPage(cls);
    const record = this.recordOf(page);
    const block = u32[record + 1]!;
    u32[record]!++;
    u32[record + 1] = u32[block >>> 2]!;
    if (u32[record + 1] === 0) this.unlink(page, cls);
    return block;
  }

  private giveBlock(block: number, cls: number): void {
    const { u32 } = this.heap;
    const page = block - (block % PAGE_BYTES);
    const record = this.recordOf(page);
    if (u32[record + 1] === 0) this.link(page, cls);
    u32[block >>> 2] = u32[record + 1]!;
    u32[record + 1] = block;
    if (--u32[record]! > 0) return;
    this.unlink(page, cls);
    this.pages.free(page);
  }

  private newPage(cls: number): number {
    const { u32 } = this.heap;
    const page = this.pages.allocate(PAGE_BYTES, this.use);
    const size = 1 << (cls + LEAST_SHIFT);
    for (let at = page; at < page + PAGE_BYTES; at += size) u32[at >>> 2] = at + size < page + PAGE_BYTES ? at + size : 0;
    const record = this.recordOf(page);
    u32[record] = 0;
    u32[record + 1] = page;
    this.link(page, cls);
    return page;
  }

  private link(page: number, cls: number): void {
    const { u32 } = this.heap;
    const next = u32[this.listOf(cls)]!;
    u32[this.recordOf(page) + 2] = 0;
    u32[this.recordOf(page) + 3] = next;
    if (next) u32[this.recordOf(next) + 2] = page;
    u32[this.listOf(cls)] = page;
  }

  private unlink(page: number, cls: number): void {
    const { u32 } = this.heap;
    const previous = u32[this.recordOf(page) + 2]!;
    const next = u32[this.recordOf(page) + 3]!;
    if (previous) u32[this.recordOf(previous) + 3] = next;
    else u32[this.listOf(cls)] = next;
    if (next) u32[this.recordOf(next) + 2] = previous;
  }

  private recordOf(page: number): number {
    return this.records + (page / PAGE_BYTES) * 4;
  }
  private listOf(cls: number): number {
    return (this.lists >>> 2) + cls;
  }
}

const classOf = (size: number): number => 31 - Math.clz32(size) - LEAST_SHIFT;
/** What a request really takes: a power of two up to 32 KiB, whole pages above. */
export const blockBytes = (bytes: number): number =>
  bytes > 1 << GREATEST_SHIFT ? Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES : Math.max(1 << LEAST_SHIFT, 1 << (32 - Math.clz32(bytes - 1)));
