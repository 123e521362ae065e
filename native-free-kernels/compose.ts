import type { HeapViews } from './heap-views.js';

/**
 * A composite key is a run of 8-byte words: flags (bit k: column k is null), then per column its 8-byte value, or the length of its
 * bytes and the bytes, padded with zeros.
 */
export interface ComposeKernels {
  /** sizes[i] += what the i-th byte string takes in a key. */
  composeSizes(rows: number, views: number, valid: number, sizes: number): void;
  /** The sum of `rows` u32 words. */
  sumWords(rows: number, words: number): number;
  /** Lays keys of the given sizes one after another from `base`: their views, and cursors behind the (cleared) flags. */
  composeViews(rows: number, sizes: number, base: number, views: number, cursors: number): void;
  /** Appends an 8-byte column to each key. */
  composeFixed(rows: number, values: number, valid: number, bit: bigint, views: number, cursors: number): void;
  /** Appends a column of byte strings to each key. */
  composeBytes(rows: number, values: number, valid: number, bit: bigint, views: number, cursors: number): void;
  /** Reads an 8-byte column back from each key at its cursor. Returns how many are not null. */
  splitFixed(rows: number, views: number, bit: bigint, cursors: number, values: number, valid: number): number;
  /** Reads a column of byte strings back as views into the keys. Returns how many are not null. */
  splitBytes(rows: number, views: number, bit: bigint, cursors: number, values: number, valid: number): number;
  /** cursors[i] = views[i].address + 8. */
  splitStart(rows: number, views: number, cursors: number): void;
  /** views[i] = where the value of code codes[i] lies in a dictionary. */
  viewsOfCodes(rows: number, codes: number, offsets: number, bytes: number, views: number): void;
}

export const composeTwins = ({ u8, u32, u64 }: HeapViews): ComposeKernels => {
  const present = (valid: number, row: number): boolean => !valid || u8[valid + row] !== 0;
  const padded = (length: number): number => (length + 7) & ~7;
  const viewAt = (views: number, row: number): number => (views >>> 2) + row * 2;
  const compose = (rows: number, valid: number, bit: bigint, views: number, cursors: number, append: (cursor: number, row: number, present: boolean) => number): void => {
    for (let row = 0; row < rows; row++) {
      if (!present(valid, row)) u64[u32[viewAt(views, row)]! >>> 3]! |= BigInt.asUintN(64, bit);
      u32[(cursors >>> 2) + row] = append(u32[(cursors >>> 2) + row]!, row, present(valid, row));
    }
  };
  const split = (rows: number, views: number, bit: bigint, cursors: number, valid: number, read: (cursor: number, row: number) => number): number => {
    let found = 0;
    for (let row = 0; row < rows; row++) {
      const some = (u64[u32[viewAt(views, row)]! >>> 3]! & BigInt.asUintN(64, bit)) === 0n ? 1 : 0;
      u8[valid + row] = some;
      found += some;
      u32[(cursors >>> 2) + row] = read(u32[(cursors >>> 2) + row]!, row);
    }
    return found;
  };
  return {
    composeSizes(rows, views, valid, sizes) {
      for (let row = 0; row < rows; row++) u32[(sizes >>> 2) + row]! += 8 + padded(present(valid, row) ? u32[viewAt(views, row) + 1]! : 0);
    },
    sumWords: (rows, words) => u32.subarray(words >>> 2, (words >>> 2) + rows).reduce((sum, size) => sum + size, 0),
    composeViews(rows, sizes, base, views, cursors) {
      for (let row = 0; row < rows; row++) {
        const size = u32[(sizes >>> 2) + row]!;
        u32.set([base, size], viewAt(views, row));
        u64[base >>> 3] = 0n;
        u32[(cursors >>> 2) + row] = base + 8;
        base += size;
      }
    },
    composeFixed(rows, values, valid, bit, views, cursors) {
      compose(rows, valid, bit, views, cursors, (cursor, row, some) => {
        u64[cursor >>> 3] = some ? u64[(values >>> 3) + row]! : 0n;
        return cursor + 8;
      });
    },
    composeBytes(rows, values, valid, bit, views, cursors) {
      compose(rows, valid, bit, views, cursors, (cursor, row, some) => {
        const from = u32[viewAt(values, row)]!;
        const length = some ? u32[viewAt(values, row) + 1]! : 0;
        u8.fill(0, cursor, cursor + 8 + padded(length));
        u32[cursor >>> 2] = length;
        u8.copyWithin(cursor + 8, from, from + length);
        return cursor + 8 + padded(length);
      });
    },
    splitFixed: (rows, views, bit, cursors, values, valid) =>
      split(rows, views, bit, cursors, valid, (cursor, row) => {
        u64[(values >>> 3) + row] = u64[cursor >>> 3]!;
        return cursor + 8;
      }),
    splitBytes: (rows, views, bit, cursors, values, valid) =>
      split(rows, views, bit, cursors, valid, (cursor, row) => {
        const length = u32[cursor >>> 2]!;
        u32.set([cursor + 8, length], viewAt(values, row));
        return cursor + 8 + padded(length);
      }),
    splitStart(rows, views, cursors) {
      for (let row = 0; row < rows; row++) u32[(cursors >>> 2) + row] = u32[viewAt(views, row)]! + 8;
    },
    viewsOfCodes(rows, codes, offsets, bytes, views) {
      for (let row = 0; row < rows; row++) {
        const at = (offsets >>> 2) + u32[(codes >>> 2) + row]!;
        u32.set([bytes + u32[at]!, u32[at + 1]! - u32[at]!], viewAt(views, row));
      }
    },
  };
};
