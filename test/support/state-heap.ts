import type { Kernels } from '../../native-free-kernels/load.ts';
import { BlockAllocator } from '../../src/heap/block-allocator.ts';
import { formatHeap, LEAST_PAGES, PAGE_BYTES, Word, word } from '../../src/heap/control.ts';
import type { Heap } from '../../src/heap/heap.ts';
import { PageAllocator, PageUse } from '../../src/heap/page-allocator.ts';
import { REGION_BYTES, Region } from '../../src/state/region.ts';
import { ScratchArena } from '../../src/worker/scratch-arena.ts';
import { testHeap, type TestHeap } from './heap.ts';

/** A formatted heap with one region in it, for tests of allocators and tables. */
export interface StateHeap {
  readonly heap: Heap;
  readonly kernels: Kernels;
  readonly pages: PageAllocator;
  readonly region: Region;
  readonly blocks: BlockAllocator;
  readonly scratch: ScratchArena;
}

/** Pages of state and units of state in use. */
export const stateIn = (heap: Heap): [pages: number, units: number] => [heap.u32[word(Word.statePages)]!, heap.u32[word(Word.stateUnits)]!];

export function stateHeap(kind: 'wasm' | 'twins' = 'wasm', regionBits = 0, pageCount: number = LEAST_PAGES, base: TestHeap = testHeap(pageCount)): StateHeap {
  const { heap } = base;
  formatHeap(heap);
  const pages = new PageAllocator(heap);
  const address = pages.allocate(REGION_BYTES, PageUse.scratch);
  heap.u8.fill(0, address, address + REGION_BYTES);
  Region.format(heap, address);
  const region = new Region(heap, base[kind], pages, address, regionBits);
  return { heap, kernels: base[kind], pages, region, blocks: region.blocks, scratch: new ScratchArena(pages, heap) };
}

/** Clears what tests wrote, for the next of many: a new heap for each would be slow. */
export function renew(heap: Heap, from = PAGE_BYTES, to: number = heap.u8.length): void {
  heap.u8.fill(0, from, to);
}
