import type { Heap } from '../heap/heap.js';
import type { RowsToCells } from './primitives.js';

/**
 * The place of a row in the order behind first and last: (time, source and position), both int64. Holds one place at a time, in four
 * 32-bit words as they lie in a state: [time, position], low word first.
 */
export class RowPlace {
  private timeLow = 0;
  private timeHigh = 0;
  private positionLow = 0;
  private positionHigh = 0;
  private baseLow = 0;
  private baseHigh = 0;
  private rows: RowsToCells | null = null;

  constructor(private readonly heap: Heap) {}

  /** Elements that `element` is asked for are those of these rows. */
  bind(rows: RowsToCells): void {
    this.rows = rows;
    this.baseLow = Number(BigInt.asUintN(32, rows.basePosition));
    this.baseHigh = Number(rows.basePosition >> 32n);
  }

  element(element: number): void {
    const { u32, i32 } = this.heap;
    const { times, selection, firstRow } = this.rows!;
    this.timeLow = times ? u32[(times >>> 2) + element * 2]! : 0;
    this.timeHigh = times ? i32[(times >>> 2) + element * 2 + 1]! : 0;
    const low = this.baseLow + (selection ? u32[(selection >>> 2) + element]! : firstRow + element);
    this.positionLow = low >>> 0;
    this.positionHigh = this.baseHigh + (low > 0xffff_ffff ? 1 : 0);
  }

  /** Takes the place that `store` left at a word index. */
  load(at: number): void {
    const { u32, i32 } = this.heap;
    this.timeLow = u32[at]!;
    this.timeHigh = i32[at + 1]!;
    this.positionLow = u32[at + 2]!;
    this.positionHigh = i32[at + 3]!;
  }

  store(at: number): void {
    const { u32, i32 } = this.heap;
    u32[at] = this.timeLow;
    i32[at + 1] = this.timeHigh;
    u32[at + 2] = this.positionLow;
    i32[at + 3] = this.positionHigh;
  }

  /** Whether this place is before the one stored at a word index. No two rows have one place. */
  isBefore(at: number): boolean {
    const { u32, i32 } = this.heap;
    if (this.timeHigh !== i32[at + 1]!) return this.timeHigh < i32[at + 1]!;
    if (this.timeLow !== u32[at]!) return this.timeLow < u32[at]!;
    if (this.positionHigh !== i32[at + 3]!) return this.positionHigh < i32[at + 3]!;
    return this.positionLow < u32[at + 2]!;
  }
}
