import type { HeapViews } from './heap-views.js';

/**
 * Columns of rows that a join keeps: into entries and out of them. `entries`: u32 addresses; an entry at 0 is a row of nulls, since the memory
 * there is all zero. `elements`: which element (u32) of a vector row i is.
 */
export interface JoinColumnKernels {
  /** Writes the low `width` (1, 2, 4, 8) bytes of 8-byte elements to an offset of the entries. */
  putFields(width: number, rows: number, entries: number, offset: number, elements: number, data: number): void;
  /** Writes bytes to an offset of the entries; ones where `data` is 0. */
  putFlags(rows: number, entries: number, offset: number, elements: number, data: number): void;
  /** sizes[i] (u32) += the length of the text of row i; of a null one 0. `views`: (address, length) pairs. */
  addTextSizes(rows: number, elements: number, views: number, valid: number, sizes: number): void;
  /** Copies the text of row i to cursors[i] (u32) bytes into its entry, and writes to an offset of the entry where it begins there and its length. Moves the cursors on. */
  putTexts(rows: number, entries: number, offset: number, elements: number, views: number, valid: number, cursors: number): void;
  /** out[i] (u64) = the field of `width` bytes at an offset of the entry. */
  getFields(width: number, rows: number, entries: number, offset: number, out: number): void;
  /** out[i] (u8) = the byte at an offset of the entry. */
  getFlags(rows: number, entries: number, offset: number, out: number): void;
  /** out[i] = the (address, length) of the text that the entry has a view of at an offset. */
  getTexts(rows: number, entries: number, offset: number, out: number): void;
  /** Copies the texts of (address, length) pairs side by side from `to` on, where the pairs point then. */
  moveTexts(rows: number, views: number, to: number): void;
  /** out[i] (u8) = 1 where row i has an entry, else 0. */
  hasEntry(rows: number, entries: number, out: number): void;
  /** out[i] (u32) = entries[i], or others[i] where that is 0. */
  eitherEntry(rows: number, entries: number, others: number, out: number): void;
  /**
   * Lists each row once for every window [start, start + size) that its time lies in, where windows begin at offset + n · slide: its element, and the
   * start. Returns how many. REQUIRES: no time is within `size` and `slide` of the ends of time.
   */
  windowRows(rows: number, positions: number, times: number, size: bigint, slide: bigint, offset: bigint, elements: number, starts: number): number;
  /** out[i] (u64) = the word of element elements[i], mixed with starts[i]: what a window's rows of a key have in common. */
  windowKeys(rows: number, elements: number, words: number, starts: number, out: number): void;
  /** Lists the rows (u32) with times[i] < bounds[i]. Returns how many. `out` needs room for one more. */
  rowsBeforeBounds(rows: number, times: number, bounds: number, out: number): number;
}

const GOLDEN = 0x9e3779b97f4a7c15n;

export const joinColumnTwins = (heap: HeapViews): JoinColumnKernels => {
  const { u8, u16, u32, i64, u64 } = heap;
  const at = (list: number, row: number): number => u32[(list >>> 2) + row]!;
  return {
    putFields(width, rows, entries, offset, elements, data) {
      for (let row = 0; row < rows; row++) {
        const [from, to] = [data + at(elements, row) * 8, at(entries, row) + offset];
        u8.copyWithin(to, from, from + width);
      }
    },
    putFlags(rows, entries, offset, elements, data) {
      for (let row = 0; row < rows; row++) u8[at(entries, row) + offset] = data ? u8[data + at(elements, row)]! : 1;
    },
    addTextSizes(rows, elements, views, valid, sizes) {
      for (let row = 0; row < rows; row++) {
        const element = at(elements, row);
        if (!valid || u8[valid + element] !== 0) u32[(sizes >>> 2) + row]! += at(views, element * 2 + 1);
      }
    },
    putTexts(rows, entries, offset, elements, views, valid, cursors) {
      for (let row = 0; row < rows; row++) {
        const [entry, element, start] = [at(entries, row), at(elements, row), at(cursors, row)];
        const [from, length] = [at(views, element * 2), valid && u8[valid + element] === 0 ? 0 : at(views, element * 2 + 1)];
        u32.set([start, length], (entry + offset) >>> 2);
        u8.copyWithin(entry + start, from, from + length);
        u32[(cursors >>> 2) + row] = start + length;
      }
    },
    getFields(width, rows, entries, offset, out) {
      const view = width === 8 ? u64 : width === 4 ? u32 : width === 2 ? u16 : u8;
      for (let row = 0; row < rows; row++) u64[(out >>> 3) + row] = BigInt(view[(at(entries, row) + offset) / width]!);
    },
    getFlags(rows, entries, offset, out) {
      for (let row = 0; row < rows; row++) u8[out + row] = u8[at(entries, row) + offset]!;
    },
    getTexts(rows, entries, offset, out) {
      for (let row = 0; row < rows; row++) {
        const entry = at(entries, row);
        u32.set([entry + u32[(entry + offset) >>> 2]!, u32[((entry + offset) >>> 2) + 1]!], (out >>> 2) + row * 2);
      }
    },
    moveTexts(rows, views, to) {
      for (let row = 0, next = to; row < rows; row++) {
        const [from, length] = [at(views, row * 2), at(views, row * 2 + 1)];
        u8.copyWithin(next, from, from + length);
        u32[(views >>> 2) + row * 2] = next;
        next += length;
      }
    },
    hasEntry(rows, entries, out) {
      for (let row = 0; row < rows; row++) u8[out + row] = at(entries, row) === 0 ? 0 : 1;
    },
    eitherEntry(rows, entries, others, out) {
      for (let row = 0; row < rows; row++) u32[(out >>> 2) + row] = at(entries, row) || at(others, row);
    },
    windowRows(rows, positions, times, size, slide, offset, elements, starts) {
      let made = 0;
      for (let row = 0; row < rows; row++) {
        const element = positions ? at(positions, row) : row;
        const time = i64[(times >>> 3) + element]!;
        const behind = (((time - offset) % slide) + slide) % slide;
        for (let start = time - behind; start > time - size; start -= slide) {
          u32[(elements >>> 2) + made] = element;
          i64[(starts >>> 3) + made++] = start;
        }
      }
      return made;
    },
    windowKeys(rows, elements, words, starts, out) {
      for (let row = 0; row < rows; row++) u64[(out >>> 3) + row] = u64[(words >>> 3) + at(elements, row)]! ^ BigInt.asUintN(64, u64[(starts >>> 3) + row]! * GOLDEN);
    },
    rowsBeforeBounds(rows, times, bounds, out) {
      let found = 0;
      for (let row = 0; row < rows; row++) {
        u32[(out >>> 2) + found] = row;
        if (i64[(times >>> 3) + row]! < i64[(bounds >>> 3) + row]!) found++;
      }
      return found;
    },
  };
};
