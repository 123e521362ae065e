import type { Heap } from '../heap/heap.js';
import type { Fields } from '../plan/types.js';
import { BATCH_HEADER_WORDS, COLUMN_WORDS, ColumnWord, columnWord } from './layout.js';
import { removeRows } from './remove-rows.js';

/**
 * What is known of the records of a text besides the text: where each ends, behind its line feed, and perhaps columns that are not in it. In the heap: a
 * block of u32 words, [records, descriptor of a batch of the columns or 0, bytes of that batch, 0], then the ends, from the start of the text.
 */
const enum Head { count, beside, besideBytes, words = 4 }

export const recordsBytes = (count: number): number => (Head.words + count) * 4;
export function writeRecords(heap: Heap, at: number, ends: Uint32Array, beside: number, besideBytes: number): void {
  heap.u32.set([ends.length, beside, besideBytes, 0], at >>> 2);
  heap.u32.set(ends, (at >>> 2) + Head.words);
}
export const recordCount = (heap: Heap, records: number): number => heap.u32[(records >>> 2) + Head.count]!;

/** Makes a line of each record: line feeds within one, which can only be white space in JSON, become blanks. */
export function joinLines(heap: Heap, address: number, records: number): void {
  const { u8, u32 } = heap;
  const [count, ends] = [recordCount(heap, records), (records >>> 2) + Head.words];
  for (let record = 0, at = address; record < count; record++) {
    const last = address + u32[ends + record]! - 1;
    for (; at < last; at++) if (u8[at] === 10) u8[at] = 32;
    at = last + 1;
  }
}

/** Bytes that the columns beside a text take. */
export const besideBytes = (heap: Heap, records: number): number => heap.u32[(records >>> 2) + Head.besideBytes]!;

/**
 * Copies the columns beside a text to `to`, without the rows of bad lines, and enters them in a batch: column `i` as its column `places[i]`. The
 * original stays as it is: others may decode the same text. REQUIRES: room for `besideBytes`; `bad` ascends; both are aligned to 64.
 */
export function putBeside(heap: Heap, records: number, fields: Fields, to: number, bad: readonly number[], descriptor: number, places: readonly number[]): void {
  const { u8, u32 } = heap;
  const from = u32[(records >>> 2) + Head.beside]!;
  u8.copyWithin(to, from, from + besideBytes(heap, records));
  fields.forEach((_, column) => {
    const word = columnWord(to, column);
    for (const address of [ColumnWord.values, ColumnWord.validity, ColumnWord.offsets]) if (u32[word + address] !== 0) u32[word + address]! += to - from;
  });
  if (bad.length > 0) removeRows(heap, fields, to, bad);
  places.forEach((place, column) => {
    const word = columnWord(to, column);
    u32.copyWithin((descriptor >>> 2) + BATCH_HEADER_WORDS + place * COLUMN_WORDS, word, word + COLUMN_WORDS);
  });
}
