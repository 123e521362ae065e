import type { HeapViews } from './heap-views.js';

/** A state of the key of the cell `home`, a copy of `template` in the table's arena, with room for `fieldBytes` behind it; 0 where the arena is full. */
export const stateOfKey = ({ u8, u32, i64 }: HeapViews) => (table: number, stateBytes: number, fieldBytes: number, home: number, template: number): number => {
  const [next, end] = [(table >>> 2) + 9, (table >>> 2) + 10];
  const state = u32[next]!;
  if (state + stateBytes + fieldBytes > u32[end]!) return 0;
  u32[next] = state + stateBytes + fieldBytes;
  u8.copyWithin(state, template, template + stateBytes);
  i64[state >>> 3] = i64[home >>> 3]!;
  return state;
};
