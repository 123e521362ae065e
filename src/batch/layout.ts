/**
 * A record batch in the heap, Arrow layout. A batch descriptor is a run of u32 words:
 *
 *   [rows, columns, next, reserved] then per column 8 words:
 *   [values, validity, offsets, nullCount, dictionary, byteLength, ranges, reserved]
 *
 * values: address of the fixed-width values (bool: LSB-first bits, int64-wide types 8-aligned), of the bytes for utf8/binary, of the
 * codes for a dictionary. validity: address of an LSB-first bitmap (1 = not null), or 0 where no row is null. offsets: address of
 * rows + 1 int32 for utf8/binary, relative to `values`. dictionary: address of a dictionary block. byteLength: bytes at `values`.
 * ranges: of a column of int64-wide values without nulls, address of the least and the greatest value (two int64) of each RANGE_ROWS
 * rows, the last of which may be fewer; or 0 where nobody has looked. Codes and values of null rows are defined memory but meaningless
 * (codes are within the dictionary or 0; the two first offsets of a dictionary are always defined, so that 0 is a text even of an empty one).
 *
 * A dictionary block: [count, offsets, bytes, id] as u32; offsets: count + 1 int32 relative to bytes. All batches of one source
 * column share one growing dictionary: a code, once given, keeps its meaning, and a later block of the same `id` extends an earlier.
 * No two codes of a dictionary have equal values. Ids with the top bit set belong to a dictionary of one batch alone. A growing block may
 * gain entries in place: `count` may rise between two looks, and what was there stays.
 */
export const BATCH_HEADER_WORDS = 4;
/** Where batches form a list, the next descriptor; 0 behind the last. */
export const BATCH_NEXT = 2;
export const COLUMN_WORDS = 8;
export const enum ColumnWord { values, validity, offsets, nullCount, dictionary, byteLength, ranges }
export const enum DictionaryWord { count, offsets, bytes, id }
/** Rows that a worker takes through the stateless stage at once: intermediate vectors stay in cache. */
export const CHUNK_ROWS = 16_384;
/** Rows that have a range: few enough that to look for one among them costs little. */
export const RANGE_ROWS = 1024;
const RANGE_BYTES = 16;
/** Bytes of the ranges of so many rows. */
export const rangesBytes = (rows: number): number => Math.ceil(rows / RANGE_ROWS) * RANGE_BYTES;
export const DICTIONARY_WORDS = 4;

/** Bytes of a descriptor for `columns` columns. */
export const descriptorBytes = (columns: number): number => (BATCH_HEADER_WORDS + columns * COLUMN_WORDS) * 4;
/** Index (in u32 words from the start of the heap) of a column's first descriptor word. */
export const columnWord = (descriptor: number, column: number): number => (descriptor >>> 2) + BATCH_HEADER_WORDS + column * COLUMN_WORDS;
