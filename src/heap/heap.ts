export { HeapViews as Heap } from '../../native-free-kernels/heap-views.js';

/** Gives out memory of the heap. Addresses are 64-byte aligned. Throws `MillraceError` when its budget is used up. Any thread may call. */
export interface Allocator {
  allocate(bytes: number): number;
  free(address: number): void;
}

/** Bump allocation for one thread's working vectors: everything is given back at once, by its owner, after each chunk. */
export interface Scratch {
  /** 16-byte aligned; contents undefined. Reading or writing up to 64 bytes past the end is allowed (for SIMD tails). */
  take(bytes: number): number;
}
