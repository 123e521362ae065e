import type { HeapViews } from './heap-views.js';

/** Selection vectors: u32 row numbers, ascending. */
export interface SelectKernels {
  /** Writes first, first + 1, … to `out` (u32). */
  iota(rows: number, first: number, out: number): void;
}

export const selectTwins = (heap: HeapViews): SelectKernels => ({
  iota(rows, first, out) {
    const at = out >>> 2;
    for (let row = 0; row < rows; row++) heap.u32[at + row] = first + row;
  },
});
