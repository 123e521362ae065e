import type { Heap } from '../heap/heap.js';
import type { TableArena } from '../state/table-arena.js';

/** Words (u32) of the head, which lies in a cell. */
const enum HeapWord { root, count, room }
export const ARENA_HEAP_BYTES = 16;
const FIRST_ROOM = 4;

/**
 * Up to `limit` entries of `entryWords` words in the arena of a table, as a binary heap (Williams 1964) with the worst at its root: what
 * is better than the root of a full one takes its place. `isWorse` compares the entries at two word indexes.
 */
export class ArenaHeap {
  constructor(
    private readonly heap: Heap,
    private readonly entryWords: number,
    private readonly limit: number,
    private readonly isWorse: (a: number, b: number) => boolean,
  ) {}

  count(head: number): number {
    return this.heap.u32[head + HeapWord.count]!;
  }
  isFull(head: number): boolean {
    return this.count(head) === this.limit;
  }
  /** Word index of an entry; the first is the worst. */
  entry(head: number, index: number): number {
    return (this.heap.u32[head + HeapWord.root]! >>> 2) + index * this.entryWords;
  }

  /** Word index of a new entry of zeros, to be written and then given to `settle`. REQUIRES: not full. */
  append(arena: TableArena, head: number): number {
    const { u32 } = this.heap;
    const count = this.count(head);
    if (count === u32[head + HeapWord.room]) this.enlarge(arena, head, count);
    u32[head + HeapWord.count] = count + 1;
    return this.entry(head, count);
  }

  /** Puts the entry written last in its place: that of `append`, or the root of a full heap that was overwritten. */
  settle(head: number, entry: number): void {
    if (entry === this.entry(head, 0)) this.sink(head);
    else this.rise(head, this.count(head) - 1);
  }

  private rise(head: number, index: number): void {
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      if (!this.isWorse(this.entry(head, index), this.entry(head, parent))) return;
      this.swap(head, index, parent);
      index = parent;
    }
  }

  private sink(head: number): void {
    const count = this.count(head);
    for (let index = 0; ;) {
      let worst = index;
      for (let child = index * 2 + 1; child < count && child <= index * 2 + 2; child++) {
        if (this.isWorse(this.entry(head, child), this.entry(head, worst))) worst = child;
      }
      if (worst === index) return;
      this.swap(head, index, worst);
      index = worst;
    }
  }

  private swap(head: number, a: number, b: number): void {
    const { u32 } = this.heap;
    const [left, right] = [this.entry(head, a), this.entry(head, b)];
    for (let word = 0; word < this.entryWords; word++) {
      const kept = u32[left + word]!;
      u32[left + word] = u32[right + word]!;
      u32[right + word] = kept;
    }
  }

  private enlarge(arena: TableArena, head: number, count: number): void {
    const { u32 } = this.heap;
    const room = Math.min(this.limit, Math.max(FIRST_ROOM, count * 2));
    const at = arena.take(room * this.entryWords * 4) >>> 2;
    const old = u32[head + HeapWord.root]! >>> 2;
    u32.copyWithin(at, old, old + count * this.entryWords);
    u32.fill(0, at + count * this.entryWords, at + room * this.entryWords);
    u32[head + HeapWord.root] = at * 4;
    u32[head + HeapWord.room] = room;
  }
}
