import type { HeapViews } from './heap-views.js';

/** Rows to slices, and to parts that are numbered already. Row i is element positions[i], or i. */
export interface SliceKernels {
  /**
   * numbers[element] = v (u32) and counts[v]++ where v is the last of `boundaries` (int64, ascending) that is not greater than
   * times[element]. REQUIRES: counts zeroed, one per boundary; boundaries[0] ≤ every time.
   */
  numberByBoundaries(rows: number, positions: number, times: number, boundaries: number, boundaryCount: number, numbers: number, counts: number): void;
  /** As `numberByBoundaries`, where slices are equal: v = floor((times[element] - base) / size). REQUIRES: base ≤ every time; counts zeroed and long enough. */
  numberBySlice(rows: number, positions: number, times: number, base: bigint, size: bigint, numbers: number, counts: number): void;
  /**
   * slots[i] = address of the cell of codes[i] in the dense run (see `denseSlotsFlat`) at runs[numbers[i]], all u32. Without `codes` it is the
   * first.
   */
  slotsByNumber(rows: number, numbers: number, runs: number, codes: number, valid: number, cellBytes: number, slots: number): void;
  /**
   * As `numberBySlice` and then `slotsByNumber`, over all elements, but only rows of slice `usual` get their cell: others get `spare`, and
   * are listed in strays[], their cells in straySlots[] (u32), in any order. Returns how many.
   */
  slotsByTime(rows: number, times: number, base: bigint, size: bigint, usual: number, runs: number, codes: number, valid: number, cellBytes: number, slots: number, spare: number, strays: number, straySlots: number): number;
  /** counts[numbers[element]]++. REQUIRES: counts zeroed and long enough. */
  countByNumber(rows: number, positions: number, numbers: number, counts: number): void;
  /** Writes each element's number to out[starts[numbers[element]]++]. */
  scatterByNumber(rows: number, positions: number, numbers: number, starts: number, out: number): void;
}

export const sliceTwins = ({ u8, u32, i64 }: HeapViews): SliceKernels => {
  const elementOf = (row: number, positions: number): number => (positions ? u32[(positions >>> 2) + row]! : row);
  const slotOf = (row: number, number: number, runs: number, codes: number, valid: number, cellBytes: number): number => {
    const cell = codes === 0 || (valid && !u8[valid + row]) ? 0 : u32[(codes >>> 2) + row]! + 1;
    return u32[(runs >>> 2) + number]! + cell * cellBytes;
  };
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
    numberBySlice(rows, positions, times, base, size, numbers, counts) {
      for (let row = 0; row < rows; row++) {
        const element = elementOf(row, positions);
        const number = Number((i64[(times >>> 3) + element]! - base) / size);
        u32[(numbers >>> 2) + element] = number;
        u32[(counts >>> 2) + number]!++;
      }
    },
    slotsByNumber(rows, numbers, runs, codes, valid, cellBytes, slots) {
      for (let row = 0; row < rows; row++) u32[(slots >>> 2) + row] = slotOf(row, u32[(numbers >>> 2) + row]!, runs, codes, valid, cellBytes);
    },
    slotsByTime(rows, times, base, size, usual, runs, codes, valid, cellBytes, slots, spare, strays, straySlots) {
      let found = 0;
      const place = (row: number): void => {
        const number = Number((i64[(times >>> 3) + row]! - base) / size);
        const slot = slotOf(row, number, runs, codes, valid, cellBytes);
        u32[(slots >>> 2) + row] = number === usual ? slot : spare;
        if (number === usual) return;
        u32[(strays >>> 2) + found] = row;
        u32[(straySlots >>> 2) + found++] = slot;
      };
      // The order of the kernel, which reads in four places.
      const quarter = (rows >>> 6) << 4;
      for (let from = 0; from < quarter; from += 16) {
        for (let part = 0; part < 4; part++) for (let row = 0; row < 16; row++) place(part * quarter + from + row);
      }
      for (let row = quarter * 4; row < rows; row++) place(row);
      return found;
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
