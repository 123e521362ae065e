import type { HeapViews } from './heap-views.js';

/** Rows to slices of unequal length, and to parts that are numbered already. Row i is element positions[i], or i. */
export interface SliceKernels {
  /**
   * numbers[element] = v (u32) and counts[v]++ where v is the last of `boundaries` (int64, ascending) that is not greater than
   * times[element]. REQUIRES: counts zeroed, one per boundary; boundaries[0] ≤ every time.
   */
  numberByBoundaries(rows: number, positions: number, times: number, boundaries: number, boundaryCount: number, numbers: number, counts: number): void;
  /** counts[numbers[element]]++. REQUIRES: counts zeroed and long enough. */
  countByNumber(rows: number, positions: number, numbers: number, counts: number): void;
  /** Writes each element's number to out[starts[numbers[element]]++]. */
  scatterByNumber(rows: number, positions: number, numbers: number, starts: number, out: number): void;
}

export const sliceTwins = ({ u32, i64 }: HeapViews): SliceKernels => {
  const elementOf = (row: number, positions: number): number => (positions ? u32[(positions >>> 2) + row]! : row);
  return {
    numberByBoundaries(rows, positions, times, boundaries, boundaryCount, numbers, counts) {
      for (let row = 0; row < rows; row++) {
        const element = elementOf(row, positions);
        const time = i64[(times >>> 3) + element]!;
        let number = boundaryCount - 1;
        while (i64[(boundaries >>> 3) + number]! > time) number--;
        u32[(numbers >>> 2) + element] = number;
        u32[(counts >>> 2) + number]!++;
      }
    },
    countByNumber(rows, positions, numbers, counts) {
      for (let row = 0; row < rows; row++) u32[(counts >>> 2) + u32[(numbers >>> 2) + elementOf(row, positions)]!]!++;
    },
    scatterByNumber(rows, positions, numbers, starts, out) {
      for (let row = 0; row < rows; row++) {
        const element = elementOf(row, positions);
        u32[(out >>> 2) + u32[(starts >>> 2) + u32[(numbers >>> 2) + element]!]!++] = element;
      }
    },
  };
};
