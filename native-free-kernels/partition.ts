import { topBits } from './group.js';
import type { HeapViews } from './heap-views.js';

/** Counting sort of elements into selection vectors, by hash or by slice. Row i is element positions[i], or i. */
export interface PartitionKernels {
  /** counts[v]++ (u32) for the top `bits` bits v of each element's hash. REQUIRES: counts zeroed. */
  countByHash(rows: number, positions: number, hashes: number, bits: number, counts: number): void;
  /** Writes each element's number to out[starts[v]++]. */
  scatterByHash(rows: number, positions: number, hashes: number, bits: number, starts: number, out: number): void;
  /** Writes to places[i] where row i goes if rows are sorted by v: starts[v]++. */
  placeByHash(rows: number, positions: number, hashes: number, bits: number, starts: number, places: number): void;
  /** counts[v]++ for v = floor((times[element] - base) / size). REQUIRES: base ≤ every time; counts zeroed and long enough. */
  countBySlice(rows: number, positions: number, times: number, base: bigint, size: bigint, counts: number): void;
  /** As `scatterByHash`, by slice. */
  scatterBySlice(rows: number, positions: number, times: number, base: bigint, size: bigint, starts: number, out: number): void;
}

export const partitionTwins = ({ u32, i64 }: HeapViews): PartitionKernels => {
  const elementOf = (row: number, positions: number): number => (positions ? u32[(positions >>> 2) + row]! : row);
  const hashPart = (hashes: number, bits: number) => (element: number) => topBits(u32[(hashes >>> 2) + element]!, bits);
  const slicePart = (times: number, base: bigint, size: bigint) => (element: number) => Number((i64[(times >>> 3) + element]! - base) / size);
  const countBy = (rows: number, positions: number, part: (element: number) => number, counts: number): void => {
    for (let row = 0; row < rows; row++) u32[(counts >>> 2) + part(elementOf(row, positions))]!++;
  };
  const scatterBy = (rows: number, positions: number, part: (element: number) => number, starts: number, out: number): void => {
    for (let row = 0; row < rows; row++) {
      const element = elementOf(row, positions);
      u32[(out >>> 2) + u32[(starts >>> 2) + part(element)]!++] = element;
    }
  };
  return {
    countByHash: (rows, positions, hashes, bits, counts) => countBy(rows, positions, hashPart(hashes, bits), counts),
    scatterByHash: (rows, positions, hashes, bits, starts, out) => scatterBy(rows, positions, hashPart(hashes, bits), starts, out),
    placeByHash(rows, positions, hashes, bits, starts, places) {
      const part = hashPart(hashes, bits);
      for (let row = 0; row < rows; row++) u32[(places >>> 2) + row] = u32[(starts >>> 2) + part(elementOf(row, positions))]!++;
    },
    countBySlice: (rows, positions, times, base, size, counts) => countBy(rows, positions, slicePart(times, base, size), counts),
    scatterBySlice: (rows, positions, times, base, size, starts, out) => scatterBy(rows, positions, slicePart(times, base, size), starts, out),
  };
};
