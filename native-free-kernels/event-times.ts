import type { HeapViews } from './heap-views.js';

/** Statistics and selections over int64 event times. */
export interface EventTimeKernels {
  /** Writes the least and the greatest of `rows` ≥ 1 values to out[0], out[1]. */
  minMax(rows: number, values: number, out: number): void;
  /** As `minMax` over the rows whose bit in `validity` is set. Returns how many there are; with none, `out` is untouched. */
  minMaxValid(rows: number, values: number, validity: number, out: number): number;
  /** Lists the rows (u32) whose value is less than `bound`. Returns how many. `out` needs room for one more. */
  rowsBelow(rows: number, values: number, bound: bigint, out: number): number;
  /** out[i] = values[selection[i]], or values[first + i] without a selection. */
  gatherTimes(rows: number, selection: number, first: number, values: number, out: number): void;
  /** out[i] = days[i] · 86,400,000 (int32 days to int64 ms). */
  daysToMs(rows: number, days: number, out: number): void;
}

export const eventTimeTwins = ({ u8, u32, i32, i64 }: HeapViews): EventTimeKernels => {
  const minMaxWhere = (rows: number, values: number, validity: number, out: number): number => {
    let found = 0;
    for (let row = 0; row < rows; row++) {
      if (validity && !((u8[validity + (row >>> 3)]! >> (row & 7)) & 1)) continue;
      const value = i64[(values >>> 3) + row]!;
      if (found++ === 0) i64[out >>> 3] = i64[(out >>> 3) + 1] = value;
      else if (value < i64[out >>> 3]!) i64[out >>> 3] = value;
      else if (value > i64[(out >>> 3) + 1]!) i64[(out >>> 3) + 1] = value;
    }
    return found;
  };
  return {
    minMax: (rows, values, out) => void minMaxWhere(rows, values, 0, out),
    minMaxValid: minMaxWhere,
    rowsBelow(rows, values, bound, out) {
      let found = 0;
      for (let row = 0; row < rows; row++) if (i64[(values >>> 3) + row]! < bound) u32[(out >>> 2) + found++] = row;
      return found;
    },
    gatherTimes(rows, selection, first, values, out) {
      for (let row = 0; row < rows; row++) i64[(out >>> 3) + row] = i64[(values >>> 3) + (selection ? u32[(selection >>> 2) + row]! : first + row)]!;
    },
    daysToMs(rows, days, out) {
      for (let row = 0; row < rows; row++) i64[(out >>> 3) + row] = BigInt(i32[(days >>> 2) + row]!) * 86_400_000n;
    },
  };
};
