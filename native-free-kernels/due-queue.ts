import type { HeapViews } from './heap-views.js';

interface DueQueue {
  /** REQUIRES: room for one more. */
  push(owner: number, due: bigint, node: number): void;
  /** Takes the least. REQUIRES: it is not empty. */
  pop(owner: number): { due: bigint; node: number };
}

/** The queue of a store, see src/state/session-layout.ts: a binary heap of [due i64, node u32, 0], the least due first. */
export function dueQueue({ u32, i64 }: HeapViews): DueQueue {
  return {
    push(owner, due, node) {
      const queue = u32[(owner >>> 2) + 1]!;
      let place = u32[(owner >>> 2) + 2]!++;
      while (place > 0) {
        const parent = (place - 1) >> 1;
        if (i64[(queue >>> 3) + parent * 2]! <= due) break;
        i64.copyWithin((queue >>> 3) + place * 2, (queue >>> 3) + parent * 2, (queue >>> 3) + parent * 2 + 2);
        place = parent;
      }
      i64[(queue >>> 3) + place * 2] = due;
      i64[(queue >>> 3) + place * 2 + 1] = BigInt(node);
    },
    pop(owner) {
      const queue = u32[(owner >>> 2) + 1]! >>> 3;
      const top = { due: i64[queue]!, node: Number(i64[queue + 1]!) };
      const count = --u32[(owner >>> 2) + 2]!;
      const [due, node] = [i64[queue + count * 2]!, i64[queue + count * 2 + 1]!];
      let place = 0;
      for (let child = 1; child < count; child = place * 2 + 1) {
        if (child + 1 < count && i64[queue + (child + 1) * 2]! < i64[queue + child * 2]!) child++;
        if (i64[queue + child * 2]! >= due) break;
        i64.copyWithin(queue + place * 2, queue + child * 2, queue + child * 2 + 2);
        place = child;
      }
      i64[queue + place * 2] = due;
      i64[queue + place * 2 + 1] = node;
      return top;
    },
  };
}
