import type { Vector } from '../expression/vector.js';
import type { DataType } from '../plan/types.js';
import { MapWord } from './arena-map.js';
import { elementsOf, pairsOf } from './byte-states.js';
import type { CellPairs, Primitive, RowsToCells, StateContext } from './primitives.js';
import { ValueMap } from './value-map.js';

/** The set of different values, exactly. State: the head of a map in the arena, whose 64-bit number is 1 where the word whose hash is 0 is among them. */
export class DistinctSet implements Primitive {
  readonly bytes: number;
  private readonly values: ValueMap;

  constructor(private readonly thread: StateContext, type: DataType) {
    this.values = new ValueMap(thread, type, 0);
    this.bytes = this.values.headBytes;
  }

  init(at: number): void {
    this.thread.heap.u8.fill(0, at, at + this.bytes);
  }

  accumulate(rows: RowsToCells, offset: number, input: Vector | null, mask: number): void {
    const hashes = this.values.hashes(rows, input!);
    elementsOf(this.thread.heap, rows, mask, offset, (element, state, row) => {
      this.note(state >>> 2, this.values.ofRow(rows.arena, state >>> 2, input!, element, hashes + row * 8));
    });
  }

  merge(pairs: CellPairs, offset: number): void {
    pairsOf(this.thread.heap, pairs, offset, (into, from) => {
      this.values.each(from >>> 2, entry => this.note(into >>> 2, this.values.ofEntry(pairs.arena, into >>> 2, entry)));
    });
  }

  /** How many values the state at an address has. */
  size(state: number): number {
    return this.values.size(state >>> 2) + this.thread.heap.u32[(state >>> 2) + MapWord.zeroLow]!;
  }

  private note(head: number, payload: number): void {
    if (payload === head + MapWord.zeroLow) this.thread.heap.u32[payload] = 1;
  }
}
