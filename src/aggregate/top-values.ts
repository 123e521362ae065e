import type { Vector } from '../expression/vector.js';
import type { DataType } from '../plan/types.js';
import type { TableArena } from '../state/table-arena.js';
import { ArenaHeap, ARENA_HEAP_BYTES } from './arena-heap.js';
import { bytesOf, compareBytes, elementsOf, keepBytes, pairsOf } from './byte-states.js';
import { OrderedWord } from './ordered-word.js';
import type { CellPairs, Primitive, RowsToCells, StateContext } from './primitives.js';
import { jsonOfBytes, jsonOfWords } from './value-json.js';
import { isBytesType } from './words.js';

/** The `limit` greatest (sign 1) or least (-1) values, equal ones as often as they come. State: the head of a heap of words in their ordered form, or of [address, length, room] of bytes. */
export class TopValues implements Primitive {
  readonly bytes: number = ARENA_HEAP_BYTES;
  private readonly ofBytes: boolean;
  private readonly kept: ArenaHeap;
  private readonly word: OrderedWord;

  constructor(
    private readonly thread: StateContext,
    private readonly type: DataType,
    limit: number,
    private readonly sign: 1 | -1,
  ) {
    this.ofBytes = isBytesType(type);
    this.word = new OrderedWord(thread.heap, type, 'two');
    this.kept = new ArenaHeap(thread.heap, this.ofBytes ? 4 : 2, limit, (a, b) => this.order(a, b) * sign < 0);
  }

  init(at: number): void {
    this.thread.heap.u8.fill(0, at, at + this.bytes);
  }

  accumulate(rows: RowsToCells, offset: number, input: Vector | null, mask: number): void {
    const { heap } = this.thread;
    elementsOf(heap, rows, mask, offset, (element, state) => {
      if (this.ofBytes) this.offerBytes(rows.arena, state >>> 2, ...bytesOf(heap, input!, element));
      else {
        this.word.load((input!.data >>> 3) + element);
        this.offerWord(rows.arena, state >>> 2);
      }
    });
  }

  merge(pairs: CellPairs, offset: number): void {
    const { u32 } = this.thread.heap;
    pairsOf(this.thread.heap, pairs, offset, (into, from) => {
      for (let index = 0; index < this.kept.count(from >>> 2); index++) {
        const entry = this.kept.entry(from >>> 2, index);
        if (this.ofBytes) this.offerBytes(pairs.arena, into >>> 2, u32[entry]!, u32[entry + 1]!);
        else {
          [this.word.low, this.word.high] = [u32[entry]!, u32[entry + 1]!];
          this.offerWord(pairs.arena, into >>> 2);
        }
      }
    });
  }

  /** The values of the state at an address as a JSON array, the greatest (or least) first; null of none. */
  list(state: number): string | null {
    const { heap, scratch } = this.thread;
    const head = state >>> 2;
    const entries = Array.from({ length: this.kept.count(head) }, (_, index) => this.kept.entry(head, index)).sort((a, b) => -this.order(a, b) * this.sign);
    if (entries.length === 0) return null;
    if (this.ofBytes) return `[${entries.map(entry => jsonOfBytes(heap, this.type, heap.u32[entry]!, heap.u32[entry + 1]!)).join(',')}]`;
    const words = scratch.take(entries.length * 8) >>> 3;
    entries.forEach((entry, index) => this.word.restore(heap.u32[entry + 1]!, heap.u32[entry]!, words + index));
    return `[${jsonOfWords(heap, this.type, words, entries.length).join(',')}]`;
  }

  private offerWord(arena: TableArena, head: number): void {
    const { u32 } = this.thread.heap;
    const full = this.kept.isFull(head);
    const root = this.kept.entry(head, 0);
    if (full && this.word.against(u32[root + 1]!, u32[root]!) * this.sign <= 0) return;
    const entry = full ? root : this.kept.append(arena, head);
    u32[entry] = this.word.low;
    u32[entry + 1] = this.word.high;
    this.kept.settle(head, entry);
  }

  private offerBytes(arena: TableArena, head: number, address: number, length: number): void {
    const { heap } = this.thread;
    const full = this.kept.isFull(head);
    const root = this.kept.entry(head, 0);
    if (full && compareBytes(heap, address, length, heap.u32[root]!, heap.u32[root + 1]!) * this.sign <= 0) return;
    const entry = full ? root : this.kept.append(arena, head);
    keepBytes(heap, arena, entry, address, length);
    this.kept.settle(head, entry);
  }

  private order(a: number, b: number): number {
    const { u32 } = this.thread.heap;
    if (this.ofBytes) return compareBytes(this.thread.heap, u32[a]!, u32[a + 1]!, u32[b]!, u32[b + 1]!);
    return u32[a + 1] !== u32[b + 1] ? u32[a + 1]! - u32[b + 1]! : u32[a]! - u32[b]!;
  }
}
