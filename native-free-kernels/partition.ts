import { topBits } from './group.js';
import type { HeapViews } from './heap-views.js';

/** Counting sort of elements into selection vectors, by hash. Row i is element positions[i], or i. */
export interface PartitionKernels {
  /** counts[v]++ (u32) for the top `bits` bits v of each element's hash. REQUIRES: counts zeroed. */
  countByHash(rows: number, positions: number, hashes: number, bits: number, counts: number): void;
  /** Writes each element's number to out[starts[v]++]. */
  scatterByHash(rows: number, positions: number, hashes: number, bits: number, starts: number, out: number): void;
  /** Writes to places[i] where row i goes if rows are sorted by v: starts[v]++. */
  placeByHash(rows: number, positions: number, hashes: number, bits: number, starts: number, places: number): void;
}

export const partitionTwins = ({ u32 }: HeapViews): PartitionKernels => {
  const elementOf = (row: number, positions: number): number => (positions ? u32[(positions >>> 2) + row]! : row);
  const hashPart = (hashes: number, bits: number) => (element: number) => topBits(u32[(hashes >>> 2) + element]!, bits);
  return {
    countByHash(rows, positions, hashes, bits, counts) {
      const part = hashPart(hashes, bits);
      for (let row = 0; row < rows; row++) u32[(counts >>> 2) + part(elementOf(row, positions))]!++;
    },
    scatterByHash(rows, positions, hashes, bits, starts, out) {
      const part = hashPart(hashes, bits);
      for (let row = 0; row < rows; row++) {
        const element = elementOf(row, positions);
        u32[(out >>> 2) + u32[(starts >>> 2) + part(element)]!++] = element;
      }
    },
    placeByHash(rows, positions, hashes, bits, starts, places) {
      const part = hashPart(hashes, bits);
      for (let row = 0; row < rows; row++) u32[(places >>> 2) + row] = u32[(starts >>> 2) + part(elementOf(row, positions))]!++;
    },
  };
};
