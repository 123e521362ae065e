import type { Kernels } from '../../native-free-kernels/load.js';
import type { Heap } from '../heap/heap.js';
import type { PageAllocator } from '../heap/page-allocator.js';
import type { ScratchArena } from './scratch-arena.js';
import type { LoadedFunctions } from './udf-loader.js';

/** What every operator of one thread works with. */
export interface ThreadContext {
  readonly heap: Heap;
  readonly kernels: Kernels;
  readonly pages: PageAllocator;
  readonly scratch: ScratchArena;
  /** The user-defined functions of the job at hand. */
  readonly functions?: LoadedFunctions;
}
