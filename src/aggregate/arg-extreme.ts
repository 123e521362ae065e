import type { Vector } from '../expression/vector.js';
import type { Heap } from '../heap/heap.js';
import type { DataType } from '../plan/types.js';
import type { TableArena } from '../state/table-arena.js';
import { bytesOf, compareBytes, elementsOf, keepBytes, pairsOf } from './byte-states.js';
import { OrderedWord } from './ordered-word.js';
import type { CellPairs, Primitive, RowsToCells } from './primitives.js';
import { RowPlace } from './row-place.js';
import { isBytesType } from './words.js';

/** Words (u32) of the state. `by` and `value` are [low, high] of a word, or [address, length] of bytes; then their room. */
const enum At { place, by = 4, byRoom = 6, flags, value, valueRoom = 10 }
const enum Flag { seen = 1, notNull }

/**
 * The value of the row in which another column, the input, is least (sign -1) or greatest (1); of several such rows, of the first by
 * (time, position). State: [time, position, compared word or bytes, flags, value or its bytes], 48 bytes.
 */
export class ArgExtreme implements Primitive {
  readonly bytes = 48;
  private readonly byBytes: boolean;
  private readonly valueBytes: boolean;
  private readonly place: RowPlace;
  private readonly by: OrderedWord;
  /** The row on offer: its compared bytes, its value (null: `present` is false). */
  private address = 0;
  private length = 0;
  private valueLow = 0;
  private valueHigh = 0;
  private present = false;

  /** `picked`: index of the value among the inputs of a chunk. */
  constructor(
    private readonly heap: Heap,
    private readonly sign: 1 | -1,
    byType: DataType,
    valueType: DataType,
    private readonly picked: number,
  ) {
    this.byBytes = isBytesType(byType);
    this.valueBytes = isBytesType(valueType);
    this.place = new RowPlace(heap);
    this.by = new OrderedWord(heap, byType, 'one');
  }

  init(at: number): void {
    this.heap.u8.fill(0, at, at + this.bytes);
  }

  accumulate(rows: RowsToCells, offset: number, input: Vector | null, mask: number): void {
    const { u8, u32 } = this.heap;
    const value = rows.vectors[this.picked]!;
    this.place.bind(rows);
    elementsOf(this.heap, rows, mask, offset, (element, state) => {
      if (this.byBytes) [this.address, this.length] = bytesOf(this.heap, input!, element);
      else this.by.load((input!.data >>> 3) + element);
      this.place.element(element);
      if (!this.wins(state >>> 2)) return;
      this.present = !value.valid || u8[value.valid + element] !== 0;
      if (this.present && this.valueBytes) [this.valueLow, this.valueHigh] = bytesOf(this.heap, value, element);
      else if (this.present) {
        this.valueLow = u32[(value.data >>> 2) + element * 2]!;
        this.valueHigh = u32[(value.data >>> 2) + element * 2 + 1]!;
      }
      this.take(rows.arena, state >>> 2);
    });
  }

  merge(pairs: CellPairs, offset: number): void {
    const { u32 } = this.heap;
    pairsOf(this.heap, pairs, offset, (into, from) => {
      const other = from >>> 2;
      if (!(u32[other + At.flags]! & Flag.seen)) return;
      if (this.byBytes) [this.address, this.length] = [u32[other + At.by]!, u32[other + At.by + 1]!];
      else [this.by.low, this.by.high] = [u32[other + At.by]!, u32[other + At.by + 1]!];
      this.place.load(other + At.place);
      if (!this.wins(into >>> 2)) return;
      this.present = (u32[other + At.flags]! & Flag.notNull) !== 0;
      [this.valueLow, this.valueHigh] = [u32[other + At.value]!, u32[other + At.value + 1]!];
      this.take(pairs.arena, into >>> 2);
    });
  }

  /** Whether the row on offer takes the place of what the state at a word index has. */
  private wins(at: number): boolean {
    const { u32 } = this.heap;
    if (!(u32[at + At.flags]! & Flag.seen)) return true;
    const order = this.byBytes
      ? compareBytes(this.heap, this.address, this.length, u32[at + At.by]!, u32[at + At.by + 1]!)
      : this.by.against(u32[at + At.by + 1]!, u32[at + At.by]!);
    return order === 0 ? this.place.isBefore(at + At.place) : order * this.sign > 0;
  }

  private take(arena: TableArena, at: number): void {
    const { u32 } = this.heap;
    this.place.store(at + At.place);
    if (this.byBytes) keepBytes(this.heap, arena, at + At.by, this.address, this.length);
    else [u32[at + At.by], u32[at + At.by + 1]] = [this.by.low, this.by.high];
    if (this.present && this.valueBytes) keepBytes(this.heap, arena, at + At.value, this.valueLow, this.valueHigh);
    else if (this.present) [u32[at + At.value], u32[at + At.value + 1]] = [this.valueLow, this.valueHigh];
    u32[at + At.flags] = this.present ? Flag.seen | Flag.notNull : Flag.seen;
  }
}
