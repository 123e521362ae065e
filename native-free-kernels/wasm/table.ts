// Layout of a group table's header, in bytes; src/state/table-layout.ts has the same numbers and the words' meaning.
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

/** A state of the key of the cell `home`, a copy of `template` in the table's arena, with room for `fieldBytes` behind it; 0 where the arena is full. */
// @ts-ignore: decorator
@inline
export function stateOfKey(table: usize, stateBytes: usize, fieldBytes: usize, home: usize, template: usize): usize {
  const state = <usize>load<u32>(table, ARENA_NEXT);
  const end = state + stateBytes + fieldBytes;
  if (end > <usize>load<u32>(table, ARENA_END)) return 0;
  store<u32>(table, <u32>end, ARENA_NEXT);
  for (let at: usize = 0; at < stateBytes; at += 8) store<u64>(state + at, load<u64>(template + at));
  store<u64>(state, load<u64>(home));
  return state;
}
