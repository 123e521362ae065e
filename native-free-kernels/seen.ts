import type { HeapViews } from './heap-views.js';
import { I64_MIN } from './session-times.js';

/** De-duplication, see src/state/seen-store.ts for the layout of stores. */
export interface SeenKernels {
  /**
   * keep[element] = 1 for each row that is let through: `slots` are the cells of the rows' keys, `times` and `bounds` go by element. A row with
   * a time before its bound is late and listed in `late` (u32, numbers of rows); what lies `within` before that can be forgotten. Returns
   * how many rows were done: fewer than `rows` where the arena must grow first; counts go on from those in the store.
   */
  firstOfKeys(owner: number, from: number, rows: number, positions: number, slots: number, times: number, bounds: number, keep: number, late: number): number;
}

const NODE_BYTES = 16;

export const seenTwins = (heap: HeapViews): SeenKernels => {
  const { u8, u32, i64 } = heap;
  const newNode = (table: number, time: bigint, next: number): number => {
    const node = u32[(table >>> 2) + 9]!;
    if (node + NODE_BYTES > u32[(table >>> 2) + 10]!) return 0;
    u32[(table >>> 2) + 9] = node + NODE_BYTES;
    i64[node >>> 3] = time;
    i64[(node >>> 3) + 1] = BigInt(next);
    return node;
  };
  return {
    firstOfKeys(owner, from, rows, positions, slots, times, bounds, keep, late) {
      const [header, within] = [owner >>> 2, i64[(owner >>> 3) + 4]!];
      for (let row = from; row < rows; row++) {
        const element = positions ? u32[(positions >>> 2) + row]! : row;
        const [time, bound] = [i64[(times >>> 3) + element]!, i64[(bounds >>> 3) + element]!];
        if (time < bound) {
          u32[(late >>> 2) + u32[header + 2]!++] = row;
          continue;
        }
        let place = (u32[(slots >>> 2) + row]! >>> 2) + 2;
        let node = u32[place]!;
        for (; node && i64[node >>> 3]! - time > within; node = u32[place]!) place = (node >>> 2) + 2;
        if (node && time - i64[node >>> 3]! <= within) {
          u32[header + 3]!++;
          continue;
        }
        // Those that follow are older still.
        if (node && i64[node >>> 3]! < (bound < I64_MIN + within ? I64_MIN : bound - within)) {
          i64[node >>> 3] = time;
          u32[(node >>> 2) + 2] = 0;
        } else {
          const made = newNode(u32[header]!, time, node);
          if (!made) return row;
          u32[place] = made;
          u32[header + 1]!++;
        }
        if (time > i64[(owner >>> 3) + 3]!) i64[(owner >>> 3) + 3] = time;
        u8[keep + element] = 1;
      }
      return rows;
    },
  };
};
