import { MillraceError } from '../errors.js';
import type { Allocator, Heap } from '../heap/heap.js';
import type { Fields } from '../plan/types.js';
import { BATCH_HEADER_WORDS, COLUMN_WORDS, ColumnWord, columnWord, descriptorBytes, rangesBytes } from './layout.js';
import { fixedBytes, storageOf } from './storage.js';

/** Every buffer starts on a cache line; after the last byte of each buffer of bytes, kernels may write this much. */
const ALIGNMENT = 64;
const SLACK_BYTES = 64;
export const MAX_COLUMN_BYTES = 0x7fff_ffff;

export const align = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
export const bitmapBytes = (rows: number): number => (rows + 7) >>> 3;

/** What a column needs besides its fixed-width values. */
export interface ColumnNeed {
  /** Room for a validity bitmap. */
  readonly nulls: boolean;
  /** Bytes of all values of a utf8 or binary column. */
  readonly bytes: number;
  /** Room for ranges. Default false. */
  readonly ranges?: boolean;
}
export const NO_NEED: ColumnNeed = { nulls: false, bytes: 0 };

/**
 * Allocates one block for a batch, the descriptor first, so that freeing the descriptor frees the batch. All words of the descriptor
 * are set except null counts and dictionaries, which are 0; buffers hold whatever the memory held.
 * Throws HEAP_FULL from the allocator, BATCH_TOO_LARGE if a column's bytes do not fit int32 offsets.
 */
export function allocateBatch(heap: Heap, allocator: Allocator, fields: Fields, rows: number, needs: readonly ColumnNeed[]): number {
  const words = new Float64Array(fields.length * COLUMN_WORDS);
  let size = align(descriptorBytes(fields.length));
  const place = (bytes: number): number => {
    const at = size;
    size += align(bytes);
    return at;
  };
  fields.forEach((field, column) => {
    const need = needs[column]!;
    const storage = storageOf(field.type);
    const bytes = storage === 'bytes' ? need.bytes : fixedBytes(storage, rows);
    if (bytes > MAX_COLUMN_BYTES) throw new MillraceError('BATCH_TOO_LARGE', `column '${field.name}' of one batch has ${bytes} bytes; make batches smaller`);
    const at = column * COLUMN_WORDS;
    if (need.nulls) words[at + ColumnWord.validity] = place(bitmapBytes(rows));
    if (storage === 'bytes') words[at + ColumnWord.offsets] = place((rows + 1) * 4);
    words[at + ColumnWord.values] = place(bytes + SLACK_BYTES);
    words[at + ColumnWord.byteLength] = bytes;
    if (need.ranges) words[at + ColumnWord.ranges] = place(rangesBytes(rows));
  });
  const descriptor = allocator.allocate(size + SLACK_BYTES);
  writeDescriptor(heap, descriptor, rows, fields.length, words);
  return descriptor;
}

function writeDescriptor(heap: Heap, descriptor: number, rows: number, columns: number, words: Float64Array): void {
  const at = descriptor >>> 2;
  heap.u32.fill(0, at, at + BATCH_HEADER_WORDS);
  heap.u32[at] = rows;
  heap.u32[at + 1] = columns;
  for (let word = 0; word < words.length; word++) {
    const kind = word % COLUMN_WORDS;
    const isAddress = kind === ColumnWord.values || kind === ColumnWord.validity || kind === ColumnWord.offsets || kind === ColumnWord.ranges;
    heap.u32[at + BATCH_HEADER_WORDS + word] = isAddress && words[word]! > 0 ? descriptor + words[word]! : words[word]!;
  }
}

/** One word of a column. */
export const getColumn = (heap: Heap, descriptor: number, column: number, word: ColumnWord): number => heap.u32[columnWord(descriptor, column) + word]!;
export const setColumn = (heap: Heap, descriptor: number, column: number, word: ColumnWord, value: number): void => {
  heap.u32[columnWord(descriptor, column) + word] = value;
};
export const batchRowCount = (heap: Heap, descriptor: number): number => heap.u32[descriptor >>> 2]!;

/** Tells the column how many nulls its bitmap shows; a bitmap without nulls is dropped, so that loops without validity are chosen. */
export function setNulls(heap: Heap, descriptor: number, column: number, nullCount: number): void {
  setColumn(heap, descriptor, column, ColumnWord.nullCount, nullCount);
  if (nullCount === 0) setColumn(heap, descriptor, column, ColumnWord.validity, 0);
}
