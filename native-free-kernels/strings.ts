import type { HeapViews } from './heap-views.js';

/**
 * UTF-8 text as (address, length) pairs. Results are views of their operand where they can be; else bytes at `buffer`, one after
 * another, and up to 16 bytes past them may be written. A stride (in bytes) of 0 repeats a constant.
 */
export interface StringKernels {
  /** Bytes of all elements together. Take `>>> 0`. */
  stringBytes(rows: number, a: number): number;
  /** Code points, as int64. */
  textLength(rows: number, a: number, out: number): void;
  /**
   * ASCII letters to lower (`upper` 0) or upper case. Elements with other bytes get a 1 in `other` and stay as they were, for the
   * caller to treat; returns how many. REQUIRES: `buffer` holds `stringBytes`.
   */
  caseText(upper: number, rows: number, a: number, buffer: number, other: number, out: number): number;
  /** Without space separators (Unicode category Zs) at both ends. */
  trimText(rows: number, a: number, out: number): void;
  /** a then b. REQUIRES: `buffer` holds both. */
  concatText(rows: number, a: number, strideA: number, b: number, strideB: number, buffer: number, out: number): void;
  /**
   * From code point `start` (int64; 1 is the first, -1 the last, 0 one before the first), `count` of them (address 0: all); a
   * negative count goes backwards. What lies outside the text is left out. Both count as at most 2^33 either way.
   */
  substringText(rows: number, a: number, strideA: number, start: number, strideStart: number, count: number, strideCount: number, out: number): void;
  /** `mode` 0: a starts with b, 1: ends with, 2: contains; bytes of 0 or 1. */
  matchText(mode: number, rows: number, a: number, strideA: number, b: number, strideB: number, out: number): void;
  /** Every b in a by c, from left to right. With `buffer` 0 only counts: returns the bytes the results need. An empty b is nowhere. */
  replaceText(
    rows: number, a: number, strideA: number, b: number, strideB: number, c: number, strideC: number, buffer: number, out: number,
  ): number;
  /** SQL LIKE without an escape: `%` any text, `_` one code point; bytes of 0 or 1. */
  likeText(rows: number, a: number, strideA: number, b: number, strideB: number, out: number): void;
}

const SPACES = /^[\u0020\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+|[\u0020\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+$/g;
const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** Text is taken out as JavaScript strings; one character per byte where bytes are what is asked for. */
export const stringTwins = (heap: HeapViews): StringKernels => {
  const buffer = Buffer.from(heap.memory.buffer);
  const read = (pair: number, encoding: 'utf8' | 'latin1'): string => {
    const from = heap.u32[pair >>> 2]!;
    return buffer.toString(encoding, from, from + heap.u32[(pair >>> 2) + 1]!);
  };
  const view = (row: number, out: number, address: number, length: number): void => {
    heap.u32[(out >>> 2) + row * 2] = address;
    heap.u32[(out >>> 2) + row * 2 + 1] = length;
  };
  const position = (at: number): number => clamp(Number(heap.i64[at >>> 3]!), -(2 ** 33), 2 ** 33);
  const bytesOf = (points: readonly string[]): number => points.reduce((sum, point) => sum + Buffer.byteLength(point), 0);
  const replaced = (at: number, b: number, c: number): string => {
    const part = read(b, 'latin1');
    return part === '' ? read(at, 'latin1') : read(at, 'latin1').replaceAll(part, () => read(c, 'latin1'));
  };
  return {
    stringBytes(rows, a) {
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += heap.u32[(a >>> 2) + row * 2 + 1]!;
      return sum;
    },
    textLength(rows, a, out) {
      for (let row = 0; row < rows; row++) heap.i64[(out >>> 3) + row] = BigInt([...read(a + row * 8, 'utf8')].length);
    },
    caseText(upper, rows, a, to, other, out) {
      let others = 0;
      for (let row = 0; row < rows; row++) {
        const text = read(a + row * 8, 'latin1');
        const isOther = /[^\0-\x7f]/.test(text) ? 1 : 0;
        if (!isOther) buffer.write(upper ? text.toUpperCase() : text.toLowerCase(), to, 'latin1');
        view(row, out, isOther ? heap.u32[(a >>> 2) + row * 2]! : to, text.length);
        heap.u8[other + row] = isOther;
        others += isOther;
        to += text.length;
      }
      return others;
    },
    trimText(rows, a, out) {
      for (let row = 0; row < rows; row++) {
        const text = read(a + row * 8, 'utf8');
        const trimmed = text.replace(SPACES, '');
        const lead = trimmed === '' ? text : text.slice(0, text.indexOf(trimmed));
        view(row, out, heap.u32[(a >>> 2) + row * 2]! + Buffer.byteLength(lead), Buffer.byteLength(trimmed));
      }
    },
    concatText(rows, a, strideA, b, strideB, to, out) {
      for (let row = 0; row < rows; row++) {
        const length = buffer.write(read(a + row * strideA, 'latin1') + read(b + row * strideB, 'latin1'), to, 'latin1');
        view(row, out, to, length);
        to += length;
      }
    },
    substringText(rows, a, strideA, start, strideStart, count, strideCount, out) {
      for (let row = 0; row < rows; row++) {
        const points = [...read(a + row * strideA, 'utf8')];
        const offset = position(start + row * strideStart);
        const begin = offset > 0 ? offset - 1 : offset < 0 ? points.length + offset : -1;
        const other = count === 0 ? points.length : begin + position(count + row * strideCount);
        const from = clamp(Math.min(begin, other), 0, points.length), to = clamp(Math.max(begin, other), from, points.length);
        const kept = count === 0 ? points.slice(clamp(begin, 0, points.length)) : points.slice(from, to);
        const skipped = count === 0 ? points.slice(0, clamp(begin, 0, points.length)) : points.slice(0, from);
        view(row, out, heap.u32[(a + row * strideA) >>> 2]! + bytesOf(skipped), bytesOf(kept));
      }
    },
    matchText(mode, rows, a, strideA, b, strideB, out) {
      for (let row = 0; row < rows; row++) {
        const text = read(a + row * strideA, 'latin1'), part = read(b + row * strideB, 'latin1');
        heap.u8[out + row] = (mode === 0 ? text.startsWith(part) : mode === 1 ? text.endsWith(part) : text.includes(part)) ? 1 : 0;
      }
    },
    replaceText(rows, a, strideA, b, strideB, c, strideC, to, out) {
      let total = 0;
      for (let row = 0; row < rows; row++) {
        const text = replaced(a + row * strideA, b + row * strideB, c + row * strideC);
        if (to !== 0) {
          buffer.write(text, to + total, 'latin1');
          view(row, out, to + total, text.length);
        }
        total += text.length;
      }
      return total;
    },
    likeText(rows, a, strideA, b, strideB, out) {
      for (let row = 0; row < rows; row++) {
        const pattern = read(b + row * strideB, 'utf8').replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&').replaceAll('%', '.*').replaceAll('_', '.');
        heap.u8[out + row] = new RegExp(`^${pattern.replaceAll('\\-', '\\x2d')}$`, 'su').test(read(a + row * strideA, 'utf8')) ? 1 : 0;
      }
    },
  };
};
