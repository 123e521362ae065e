import { DictionaryWord } from '../batch/layout.js';
import type { Vector } from '../expression/vector.js';
import type { Heap } from '../heap/heap.js';
import type { TableArena } from '../state/table-arena.js';
import { SLAB_BYTES } from '../state/table-layout.js';
import type { CellPairs, Primitive, RowsToCells } from './primitives.js';

/** Where the bytes of element `element` of a `bytes` or `code` vector lie: [address, length]. */
export function bytesOf(heap: Heap, vector: Vector, element: number): [address: number, length: number] {
  if (vector.cls === 'bytes') {
    const view = (vector.data >>> 2) + element * 2;
    return [heap.u32[view]!, heap.u32[view + 1]!];
  }
  const block = vector.dictionary >>> 2;
  const code = heap.i32[(vector.data >>> 2) + element]!;
  const offsets = (heap.u32[block + DictionaryWord.offsets]! >>> 2) + code;
  return [heap.u32[block + DictionaryWord.bytes]! + heap.i32[offsets]!, heap.i32[offsets + 1]! - heap.i32[offsets]!];
}

/** As memcmp, then by length: for UTF-8 the order of code points. */
export function compareBytes(heap: Heap, a: number, aLength: number, b: number, bLength: number): number {
  const shared = Math.min(aLength, bLength);
  for (let at = 0; at < shared; at++) {
    const difference = heap.u8[a + at]! - heap.u8[b + at]!;
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}

/** Puts bytes into the words [address, length, capacity] at word index `at`, in place where they fit, else in the arena with room to grow: so what is left behind is at most as much again as what is kept. */
export function keepBytes(heap: Heap, arena: TableArena, at: number, from: number, length: number): void {
  const { u8, u32 } = heap;
  if (length > u32[at + 2]!) {
    const capacity = Math.max(8, length, Math.min(u32[at + 2]! * 2, SLAB_BYTES));
    u32[at] = arena.take(capacity);
    u32[at + 2] = capacity;
  }
  u8.copyWithin(u32[at]!, from, from + length);
  u32[at + 1] = length;
}

/** Calls `visit` for every row that takes part: its element, the address of its state, its number among these rows. */
export const elementsOf = (heap: Heap, rows: RowsToCells, mask: number, offset: number, visit: (element: number, state: number, row: number) => void): void => {
  for (let row = 0; row < rows.rows; row++) {
    const element = rows.positions ? heap.u32[(rows.positions >>> 2) + row]! : row;
    if (mask && !heap.u8[mask + element]) continue;
    visit(element, heap.u32[(rows.slots >>> 2) + row]! + offset, row);
  }
};
export const pairsOf = (heap: Heap, pairs: CellPairs, offset: number, visit: (into: number, from: number) => void): void => {
  for (let row = 0; row < pairs.rows; row++) visit(heap.u32[(pairs.into >>> 2) + row]! + offset, heap.u32[(pairs.from >>> 2) + row]! + offset);
};

/** Least (sign -1) or greatest (1) byte string. State: [address, length, capacity, seen] as u32. */
export class ByteExtreme implements Primitive {
  readonly bytes = 16;
  constructor(
    private readonly heap: Heap,
    private readonly sign: 1 | -1,
  ) {}

  init(at: number): void {
    this.heap.u8.fill(0, at, at + this.bytes);
  }
  accumulate(rows: RowsToCells, offset: number, input: Vector | null, mask: number): void {
    elementsOf(this.heap, rows, mask, offset, (element, state) => {
      const [address, length] = bytesOf(this.heap, input!, element);
      this.offer(rows.arena, state >>> 2, address, length);
    });
  }
  merge(pairs: CellPairs, offset: number): void {
    pairsOf(this.heap, pairs, offset, (into, from) => {
      const at = from >>> 2;
      if (this.heap.u32[at + 3]) this.offer(pairs.arena, into >>> 2, this.heap.u32[at]!, this.heap.u32[at + 1]!);
    });
  }
  private offer(arena: TableArena, at: number, address: number, length: number): void {
    const { u32 } = this.heap;
    if (u32[at + 3] && compareBytes(this.heap, address, length, u32[at]!, u32[at + 1]!) * this.sign <= 0) return;
    keepBytes(this.heap, arena, at, address, length);
    u32[at + 3] = 1;
  }
}

/** First or last byte string by (time, position), nulls included. State: [time i64, position i64, address, length, capacity, flags (u32: 1 seen, 2 not null)]. */
export class BytePick implements Primitive {
  readonly bytes = 32;
  constructor(
    private readonly heap: Heap,
    private readonly last: boolean,
  ) {}

  init(at: number): void {
    this.heap.u8.fill(0, at, at + this.bytes);
  }
  accumulate(rows: RowsToCells, offset: number, input: Vector | null, mask: number): void {
    const { u8, u32, i64 } = this.heap;
    elementsOf(this.heap, rows, mask, offset, (element, state) => {
      const time = rows.times ? i64[(rows.times >>> 3) + element]! : 0n;
      const position = rows.basePosition + BigInt(rows.selection ? u32[(rows.selection >>> 2) + element]! : rows.firstRow + element);
      const [address, length] = input!.valid && !u8[input!.valid + element] ? [0, -1] : bytesOf(this.heap, input!, element);
      this.offer(rows.arena, state, time, position, address, length);
    });
  }
  merge(pairs: CellPairs, offset: number): void {
    const { u32, i64 } = this.heap;
    pairsOf(this.heap, pairs, offset, (into, from) => {
      const words = from >>> 2;
      if (u32[words + 7]) this.offer(pairs.arena, into, i64[from >>> 3]!, i64[(from >>> 3) + 1]!, u32[words + 4]!, u32[words + 7]! & 2 ? u32[words + 5]! : -1);
    });
  }
  /** length -1: null. */
  private offer(arena: TableArena, state: number, time: bigint, position: bigint, address: number, length: number): void {
    const { u32, i64 } = this.heap;
    const at = state >>> 3;
    const order = time !== i64[at] ? time - i64[at]! : position - i64[at + 1]!;
    if (u32[(state >>> 2) + 7] && !(this.last ? order > 0n : order < 0n)) return;
    i64[at] = time;
    i64[at + 1] = position;
    if (length >= 0) keepBytes(this.heap, arena, (state >>> 2) + 4, address, length);
    u32[(state >>> 2) + 7] = length >= 0 ? 3 : 1;
  }
}
