import type { Vector } from '../expression/vector.js';
import type { DataType } from '../plan/types.js';
import type { TableArena } from '../state/table-arena.js';
import { ArenaHeap, ARENA_HEAP_BYTES } from './arena-heap.js';
import { bytesOf, elementsOf, keepBytes, pairsOf } from './byte-states.js';
import type { CellPairs, Primitive, RowsToCells, StateContext } from './primitives.js';
import { RowPlace } from './row-place.js';
import { jsonOfBytes, jsonOfWords } from './value-json.js';
import { isBytesType } from './words.js';

/** Words of an entry: the place of its row; [low, high] of a word, or [address, length, room] of bytes; whether it is not null. */
const enum Entry { place, value = 4, present = 7, words }

/** The values of the first `limit` rows by (time, position), nulls included. State: the head of a heap of them, the last at its root. */
export class CollectedList implements Primitive {
  readonly bytes: number = ARENA_HEAP_BYTES;
  private readonly ofBytes: boolean;
  private readonly kept: ArenaHeap;
  private readonly place: RowPlace;
  private readonly other: RowPlace;

  constructor(private readonly thread: StateContext, private readonly type: DataType, limit: number) {
    this.ofBytes = isBytesType(type);
    this.place = new RowPlace(thread.heap);
    this.other = new RowPlace(thread.heap);
    this.kept = new ArenaHeap(thread.heap, Entry.words, limit, (a, b) => this.isBefore(b, a));
  }

  init(at: number): void {
    this.thread.heap.u8.fill(0, at, at + this.bytes);
  }

  accumulate(rows: RowsToCells, offset: number, input: Vector | null, mask: number): void {
    const { heap } = this.thread;
    const { data, valid } = input!;
    this.place.bind(rows);
    elementsOf(heap, rows, mask, offset, (element, state) => {
      this.place.element(element);
      const entry = this.room(rows.arena, state >>> 2);
      if (entry < 0) return;
      const present = !valid || heap.u8[valid + element] !== 0;
      if (present && this.ofBytes) keepBytes(heap, rows.arena, entry + Entry.value, ...bytesOf(heap, input!, element));
      else if (present) heap.u32.copyWithin(entry + Entry.value, (data >>> 2) + element * 2, (data >>> 2) + element * 2 + 2);
      heap.u32[entry + Entry.present] = present ? 1 : 0;
      this.kept.settle(state >>> 2, entry);
    });
  }

  merge(pairs: CellPairs, offset: number): void {
    const { heap } = this.thread;
    const { u32 } = heap;
    pairsOf(heap, pairs, offset, (into, from) => {
      for (let index = 0; index < this.kept.count(from >>> 2); index++) {
        const source = this.kept.entry(from >>> 2, index);
        this.place.load(source + Entry.place);
        const entry = this.room(pairs.arena, into >>> 2);
        if (entry < 0) continue;
        const present = u32[source + Entry.present]!;
        if (present && this.ofBytes) keepBytes(heap, pairs.arena, entry + Entry.value, u32[source + Entry.value]!, u32[source + Entry.value + 1]!);
        else if (present) u32.copyWithin(entry + Entry.value, source + Entry.value, source + Entry.value + 2);
        u32[entry + Entry.present] = present;
        this.kept.settle(into >>> 2, entry);
      }
    });
  }

  /** The values of the state at an address as a JSON array, in the order of their rows; null of none. */
  list(state: number): string | null {
    const { heap, scratch } = this.thread;
    const head = state >>> 2;
    const entries = Array.from({ length: this.kept.count(head) }, (_, index) => this.kept.entry(head, index)).sort((a, b) => (this.isBefore(a, b) ? -1 : 1));
    if (entries.length === 0) return null;
    const isNull = (entry: number): boolean => heap.u32[entry + Entry.present] === 0;
    if (this.ofBytes) {
      return `[${entries.map(entry => (isNull(entry) ? 'null' : jsonOfBytes(heap, this.type, heap.u32[entry + Entry.value]!, heap.u32[entry + Entry.value + 1]!))).join(',')}]`;
    }
    const words = scratch.take(entries.length * 8) >>> 2;
    entries.forEach((entry, index) => heap.u32.copyWithin(words + index * 2, entry + Entry.value, entry + Entry.value + 2));
    return `[${jsonOfWords(heap, this.type, words >>> 1, entries.length).map((text, index) => (isNull(entries[index]!) ? 'null' : text)).join(',')}]`;
  }

  /** The entry for the row whose place is at hand, its place written; -1 where the list is full of earlier ones. */
  private room(arena: TableArena, head: number): number {
    const full = this.kept.isFull(head);
    const root = this.kept.entry(head, 0);
    if (full && !this.place.isBefore(root + Entry.place)) return -1;
    const entry = full ? root : this.kept.append(arena, head);
    this.place.store(entry + Entry.place);
    return entry;
  }

  private isBefore(a: number, b: number): boolean {
    this.other.load(a + Entry.place);
    return this.other.isBefore(b + Entry.place);
  }
}
