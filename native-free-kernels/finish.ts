import type { HeapViews } from './heap-views.js';

/** Read a state of each cell (u32 addresses) into a working vector. */
export interface FinishKernels {
  /** out[i] = the 8-byte word at cells[i] + offset. */
  gatherWords(rows: number, cells: number, offset: number, out: number): void;
  /** valid[i] = 1 where (word & bits) != 0, else 0. Returns how many are 1. */
  flagWords(rows: number, cells: number, offset: number, bits: bigint, valid: number): number;
  /** Writes the 128-bit sums as 64-bit integers within [low, high] (`unsigned`: as uint64). Returns the first row out of range, or -1. */
  finishSum(rows: number, cells: number, offset: number, low: bigint, high: bigint, unsigned: number, out: number): number;
  /** out[i] = high + low of the double-double sum, or high where that is not finite. */
  finishSumFloat(rows: number, cells: number, offset: number, out: number): void;
  /** out[i] = sum / (count · scale) where both are exact doubles; lists the other rows (u32) for exact arithmetic and returns how many. */
  finishMean(rows: number, cells: number, sumOffset: number, countOffset: number, scale: number, out: number, hard: number): number;
}

export const finishTwins = ({ u8, u32, i64, u64, f64 }: HeapViews): FinishKernels => {
  const at = (row: number, cells: number, offset: number): number => (u32[(cells >>> 2) + row]! + offset) >>> 3;
  return {
    gatherWords(rows, cells, offset, out) {
      for (let row = 0; row < rows; row++) u64[(out >>> 3) + row] = u64[at(row, cells, offset)]!;
    },
    flagWords(rows, cells, offset, bits, valid) {
      let set = 0;
      for (let row = 0; row < rows; row++) {
        const flag = (u64[at(row, cells, offset)]! & BigInt.asUintN(64, bits)) !== 0n ? 1 : 0;
        u8[valid + row] = flag;
        set += flag;
      }
      return set;
    },
    finishSum(rows, cells, offset, low, high, unsigned, out) {
      for (let row = 0; row < rows; row++) {
        const state = at(row, cells, offset);
        const value = i64[state]!;
        const top = i64[state + 1]!;
        if (unsigned ? top !== 0n : top !== value >> 63n || value < low || value > high) return row;
        i64[(out >>> 3) + row] = value;
      }
      return -1;
    },
    finishSumFloat(rows, cells, offset, out) {
      for (let row = 0; row < rows; row++) {
        const state = at(row, cells, offset);
        const high = f64[state]!;
        f64[(out >>> 3) + row] = high - high === 0 ? high + f64[state + 1]! : high;
      }
    },
    finishMean(rows, cells, sumOffset, countOffset, scale, out, hard) {
      let found = 0;
      for (let row = 0; row < rows; row++) {
        const state = at(row, cells, sumOffset);
        const value = i64[state]!;
        const divisor = Number(u64[at(row, cells, countOffset)]!) * scale;
        if (i64[state + 1] !== value >> 63n || value > 2n ** 53n || value < -(2n ** 53n) || divisor > 2 ** 53) u32[(hard >>> 2) + found++] = row;
        else f64[(out >>> 3) + row] = Number(value) / divisor;
      }
      return found;
    },
  };
};
