import { DictionaryWord } from '../batch/layout.js';
import type { Heap } from '../heap/heap.js';

/**
 * A group table: the groups of one slice in one region. Words (u32) of its header; the kernels in native-free-kernels/wasm/table.ts
 * know the first eleven.
 *
 * Hashed: an extendible index (Fagin et al. 1979). `directory` (u32 per entry, 2^depth of them) names an index partition by the hash
 * bits below the region's; a partition's record is [buckets address, mask, count, limit, depth, 0, 0, 0]; a
 * bucket is a cache line, eight hashes and the addresses of their cells (0: empty), found by linear probing from the hash's low bits. A cell is an 8-byte key (the value, or
 * u32 address and u32 length of bytes in the table's arena) and then its states. Cells never move, so slots stay good while the
 * table grows; growing touches one partition of at most a slab.
 *
 * Dense (a combiner's; keys are codes, or there is none): `directory` has the addresses of chunks of 2^denseShift cells; cell 0 is that of
 * null, code c has cell c + 1. A count of rows, or the first word, tells which cells were touched.
 *
 * `dictionary`, where keys are codes of one: the longest block seen.
 */
export const enum TableWord {
  kind, cellBytes, cellCount, nullCell, nextCell, chunkEnd, directory, depth, partitions, arenaNext, arenaEnd,
  chunks, chunkCount, chunkCapacity, arenas, arenaCount, arenaCapacity, partitionCount, partitionCapacity, denseShift, denseChunks, dictionary,
  inlineDirectory = 24, inlinePartition = 32,
}
export const TABLE_BYTES = 256;
export const enum TableKind { hashed = 1, dense = 2 }
export const enum PartitionWord { entries, mask, count, limit, depth }
export const PARTITION_WORDS = 8;
export const SLAB_BYTES = 1_048_576;

/** Remembers the longest dictionary block that a table's codes were read with: it has them all. */
export function noteDictionary(heap: Heap, table: number, dictionary: number): void {
  const at = (table >>> 2) + TableWord.dictionary;
  heap.u32[at] = longerDictionary(heap, heap.u32[at]!, dictionary);
}
export const longerDictionary = (heap: Heap, a: number, b: number): number =>
  a === 0 || (b !== 0 && heap.u32[(b >>> 2) + DictionaryWord.count]! > heap.u32[(a >>> 2) + DictionaryWord.count]!) ? b : a;
