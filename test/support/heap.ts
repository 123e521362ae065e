import type { Allocator, Scratch } from '../../src/heap/heap.ts';
import { HeapViews } from '../../native-free-kernels/heap-views.ts';
import { bindKernels, twinKernels, type Kernels } from '../../native-free-kernels/load.ts';
import { readFileSync } from 'node:fs';

const module = new WebAssembly.Module(readFileSync(new URL('../../dist/native-free-kernels/kernels.wasm', import.meta.url)));

export interface TestHeap {
  heap: HeapViews;
  wasm: Kernels;
  twins: Kernels;
  /** Never frees. */
  allocator: Allocator;
  scratch: Scratch;
}

/** A heap of its own for a unit test, with both kinds of kernels bound to it. Bytes 0…65535 stay unused. */
export function testHeap(pages = 1024): TestHeap {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  let top = 65_536;
  const take = (bytes: number): number => {
    const address = top;
    top = (top + bytes + 127) & ~63;
    if (top > pages * 65_536) throw new Error('test heap is full');
    return address;
  };
  return {
    heap: new HeapViews(memory),
    wasm: bindKernels(module, memory),
    twins: twinKernels(memory),
    allocator: { allocate: take, free: () => {} },
    scratch: { take },
  };
}
