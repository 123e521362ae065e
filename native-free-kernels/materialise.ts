import type { HeapViews } from './heap-views.js';

/** Working vectors (see src/expression/vector.ts) to the columns of a batch block, and checks of columns that come from outside. */
export interface MaterialiseKernels {
  /** Copies bytes that do not overlap. */
  copyBytes(bytes: number, from: number, to: number): void;
  /** Sets bytes to 0. In shared memory a typed array's `fill` does so one by one. */
  clearBytes(bytes: number, to: number): void;
  /** Keep the low 8, 16 or 32 bits of each i64. */
  narrow8(rows: number, from: number, to: number): void;
  narrow16(rows: number, from: number, to: number): void;
  narrow32(rows: number, from: number, to: number): void;
  /** Rounds each f64 to f32. */
  narrowFloat(rows: number, from: number, to: number): void;
  /** Keep the low 8 or 16 bits of each i32 code. */
  narrowCodes8(rows: number, from: number, to: number): void;
  narrowCodes16(rows: number, from: number, to: number): void;
  /** Packs bytes of 0 or 1 into bits, spare bits 0. Returns how many are 1. REQUIRES: 16 bytes may be read past the last. */
  packBits(rows: number, from: number, to: number): number;
  /** Sum of the lengths of (address, length) pairs that are valid (valid: bytes, or 0 for all). */
  sumLengths(rows: number, data: number, valid: number): number;
  /**
   * Writes rows + 1 offsets and the bytes of (address, length) pairs, nulls as empty. REQUIRES: the sum of lengths fits int32; 16
   * bytes may be read past each value and written past the last.
   */
  gatherBytes(rows: number, data: number, valid: number, offsets: number, out: number): void;
  /** Sum of the lengths of the dictionary's values for valid codes. `entries`: the dictionary's offsets. */
  sumCodeLengths(rows: number, codes: number, valid: number, entries: number): number;
  /** As gatherBytes, for the dictionary's values of i32 codes. `entries` and `bytes`: the dictionary's offsets and bytes. */
  gatherCodes(rows: number, codes: number, valid: number, entries: number, bytes: number, offsets: number, out: number): void;
  /**
   * Gives each distinct value of (address, length) pairs a code, in order of appearance: writes i32 codes (nulls: 0), and the pair of
   * each new value to `entries`. Returns how many there are. REQUIRES: `table` has mask + 1 zeroed u32 slots, more than the distinct
   * values; `entries` has room for a pair per row.
   */
  internBytes(rows: number, data: number, valid: number, table: number, mask: number, entries: number, codes: number): number;
  /** The largest of codes of 1, 2 or 4 bytes, taken as unsigned (so that a negative one is large); 0 if there are none. Take `>>> 0`. */
  maxCode(rows: number, codes: number, width: number): number;
}

export const materialiseTwins = (heap: HeapViews): MaterialiseKernels => {
  const { u8, u16, i32, u32, f32, f64 } = heap;
  const isValid = (valid: number, row: number): boolean => valid === 0 || u8[valid + row] !== 0;
  const entryLength = (entries: number, code: number): number => i32[(entries >>> 2) + code + 1]! - i32[(entries >>> 2) + code]!;

  return {
    copyBytes(bytes, from, to) {
      u8.copyWithin(to, from, from + bytes);
    },
    clearBytes: (bytes, to) => void u8.fill(0, to, to + bytes),
    narrow8(rows, from, to) {
      for (let row = 0; row < rows; row++) u8[to + row] = u8[from + row * 8]!;
    },
    narrow16(rows, from, to) {
      for (let row = 0; row < rows; row++) u16[(to >>> 1) + row] = u16[(from >>> 1) + row * 4]!;
    },
    narrow32(rows, from, to) {
      for (let row = 0; row < rows; row++) u32[(to >>> 2) + row] = u32[(from >>> 2) + row * 2]!;
    },
    narrowFloat(rows, from, to) {
      for (let row = 0; row < rows; row++) f32[(to >>> 2) + row] = f64[(from >>> 3) + row]!;
    },
    narrowCodes8(rows, from, to) {
      for (let row = 0; row < rows; row++) u8[to + row] = i32[(from >>> 2) + row]!;
    },
    narrowCodes16(rows, from, to) {
      for (let row = 0; row < rows; row++) u16[(to >>> 1) + row] = i32[(from >>> 2) + row]!;
    },
    packBits(rows, from, to) {
      let ones = 0;
      for (let row = 0; row < rows; row += 8) {
        let bits = 0;
        for (let bit = 0; bit < 8 && row + bit < rows; bit++) {
          if (u8[from + row + bit] === 0) continue;
          bits |= 1 << bit;
          ones++;
        }
        u8[to + (row >>> 3)] = bits;
      }
      return ones;
    },
    sumLengths(rows, data, valid) {
      let sum = 0;
      for (let row = 0; row < rows; row++) if (isValid(valid, row)) sum += u32[(data >>> 2) + row * 2 + 1]!;
      return sum;
    },
    gatherBytes(rows, data, valid, offsets, out) {
      let end = 0;
      i32[offsets >>> 2] = 0;
      for (let row = 0; row < rows; row++) {
        if (isValid(valid, row)) {
          const from = u32[(data >>> 2) + row * 2]!;
          const length = u32[(data >>> 2) + row * 2 + 1]!;
          u8.copyWithin(out + end, from, from + length);
          end += length;
        }
        i32[(offsets >>> 2) + row + 1] = end;
      }
    },
    sumCodeLengths(rows, codes, valid, entries) {
      let sum = 0;
      for (let row = 0; row < rows; row++) if (isValid(valid, row)) sum += entryLength(entries, i32[(codes >>> 2) + row]!);
      return sum;
    },
    gatherCodes(rows, codes, valid, entries, bytes, offsets, out) {
      let end = 0;
      i32[offsets >>> 2] = 0;
      for (let row = 0; row < rows; row++) {
        if (isValid(valid, row)) {
          const code = i32[(codes >>> 2) + row]!;
          const from = bytes + i32[(entries >>> 2) + code]!;
          const length = entryLength(entries, code);
          u8.copyWithin(out + end, from, from + length);
          end += length;
        }
        i32[(offsets >>> 2) + row + 1] = end;
      }
    },
    internBytes(rows, data, valid, _table, _mask, entries, codes) {
      const seen = new Map<string, number>();
      for (let row = 0; row < rows; row++) {
        let code = 0;
        if (isValid(valid, row)) {
          const address = u32[(data >>> 2) + row * 2]!;
          const length = u32[(data >>> 2) + row * 2 + 1]!;
          let key = '';
          for (let byte = 0; byte < length; byte++) key += String.fromCharCode(u8[address + byte]!);
          code = seen.get(key) ?? seen.size;
          if (code === seen.size) {
            u32[(entries >>> 2) + code * 2] = address;
            u32[(entries >>> 2) + code * 2 + 1] = length;
            seen.set(key, code);
          }
        }
        i32[(codes >>> 2) + row] = code;
      }
      return seen.size;
    },
    maxCode(rows, codes, width) {
      const values = width === 1 ? u8 : width === 2 ? u16 : u32;
      let max = 0;
      for (let row = 0; row < rows; row++) max = Math.max(max, values[codes / width + row]!);
      return max;
    },
  };
};
