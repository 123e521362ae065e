// Layout of a group table's header, in bytes; src/state/table.ts has the same numbers and the words' meaning.
export const CELL_BYTES: usize = 4;
export const CELL_COUNT: usize = 8;
export const NULL_CELL: usize = 12;
export const NEXT_CELL: usize = 16;
export const CHUNK_END: usize = 20;
export const DIRECTORY: usize = 24;
export const DEPTH: usize = 28;
export const PARTITIONS: usize = 32;
export const ARENA_NEXT: usize = 36;
export const ARENA_END: usize = 40;
/** log2 of the bytes of one index partition's record: [entries, mask, count, limit, depth, …]. */
export const PARTITION_SHIFT: u32 = 5;
