import type { HeapViews } from './heap-views.js';

/** Bytes of 0 or 1: three-valued logic and validity. A `valid` of 0 means that nothing is null. A stride is 1, or 0 for a constant. */
export interface LogicKernels {
  /** out = a & b. May write 16 bytes past the end. */
  andBytes(rows: number, a: number, b: number, out: number): void;
  /** out = a ^ 1. May write 16 bytes past the end. */
  notBytes(rows: number, a: number, out: number): void;
  /** SQL AND (`or` 0) and OR (`or` 1): a value that decides (false for AND, true for OR) wins over null. `outValid` 0: not wanted. */
  logic3(
    or: number, rows: number, a: number, strideA: number, validA: number, b: number, strideB: number, validB: number, out: number, outValid: number,
  ): void;
  /** IS DISTINCT FROM: `differ` where both are known, else whether only one is. */
  distinctBytes(rows: number, differ: number, validA: number, strideA: number, validB: number, strideB: number, out: number): void;
}

export const logicTwins = (heap: HeapViews): LogicKernels => {
  const known = (valid: number, at: number) => valid === 0 || heap.u8[valid + at] === 1;
  return {
    andBytes(rows, a, b, out) {
      for (let row = 0; row < rows; row++) heap.u8[out + row] = heap.u8[a + row]! & heap.u8[b + row]!;
    },
    notBytes(rows, a, out) {
      for (let row = 0; row < rows; row++) heap.u8[out + row] = heap.u8[a + row]! ^ 1;
    },
    logic3(or, rows, a, strideA, validA, b, strideB, validB, out, outValid) {
      for (let row = 0; row < rows; row++) {
        const knownA = known(validA, row * strideA), knownB = known(validB, row * strideB);
        const decides = (knownA && heap.u8[a + row * strideA] === or) || (knownB && heap.u8[b + row * strideB] === or);
        const answer = decides || (knownA && knownB);
        heap.u8[out + row] = answer ? (decides ? or : or ^ 1) : 0;
        if (outValid !== 0) heap.u8[outValid + row] = answer ? 1 : 0;
      }
    },
    distinctBytes(rows, differ, validA, strideA, validB, strideB, out) {
      for (let row = 0; row < rows; row++) {
        const knownA = known(validA, row * strideA), knownB = known(validB, row * strideB);
        heap.u8[out + row] = knownA && knownB ? heap.u8[differ + row]! : knownA === knownB ? 0 : 1;
      }
    },
  };
};
