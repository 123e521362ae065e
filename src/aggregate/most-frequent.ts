import { MillraceError } from '../errors.js';
import type { Vector } from '../expression/vector.js';
import type { DataType } from '../plan/types.js';
import { compareBytes, elementsOf, pairsOf } from './byte-states.js';
import { OrderedWord } from './ordered-word.js';
import type { CellPairs, Primitive, RowsToCells, StateContext } from './primitives.js';
import { jsonOfBytes, jsonOfWords } from './value-json.js';
import { ValueMap, wordOfHash } from './value-map.js';
import { isBytesType } from './words.js';

/** A group may have so many different values: the map of them then takes 16 to 48 MiB. */
export const MOST_COUNTED: number = 1 << 20;
const COUNT_WORDS = 2;

/** How often each different value comes, exactly. State: the head of a map in the arena. */
export class MostFrequent implements Primitive {
  readonly bytes: number;
  private readonly counts: ValueMap;
  private readonly ofBytes: boolean;

  constructor(private readonly thread: StateContext, private readonly type: DataType) {
    this.counts = new ValueMap(thread, type, COUNT_WORDS);
    this.bytes = this.counts.headBytes;
    this.ofBytes = isBytesType(type);
  }

  init(at: number): void {
    this.thread.heap.u8.fill(0, at, at + this.bytes);
  }

  accumulate(rows: RowsToCells, offset: number, input: Vector | null, mask: number): void {
    const hashes = this.counts.hashes(rows, input!);
    elementsOf(this.thread.heap, rows, mask, offset, (element, state, row) => {
      this.add(state >>> 2, this.counts.ofRow(rows.arena, state >>> 2, input!, element, hashes + row * 8), 1, 0);
    });
  }

  merge(pairs: CellPairs, offset: number): void {
    const { u32 } = this.thread.heap;
    pairsOf(this.thread.heap, pairs, offset, (into, from) => {
      this.counts.each(from >>> 2, (entry, count) => this.add(into >>> 2, this.counts.ofEntry(pairs.arena, into >>> 2, entry), u32[count]!, u32[count + 1]!));
    });
  }

  /** The `limit` most frequent values of the state at an address, `[{"value":…,"count":…},…]`: by count, equal counts by value; null of none. */
  list(state: number, limit: number): string | null {
    const { heap } = this.thread;
    const found: { readonly entry: number; readonly count: number; high: number; low: number }[] = [];
    this.counts.each(state >>> 2, (entry, at) => found.push({ entry, count: heap.u32[at]! + heap.u32[at + 1]! * 2 ** 32, high: 0, low: 0 }));
    if (found.length === 0) return null;
    if (this.ofBytes) {
      const order = (a: number, b: number): number => compareBytes(heap, heap.u32[a + 2]!, heap.u32[a + 3]!, heap.u32[b + 2]!, heap.u32[b + 3]!);
      const best = found.sort((a, b) => b.count - a.count || order(a.entry, b.entry)).slice(0, limit);
      return json(best.map(({ entry }) => jsonOfBytes(heap, this.type, heap.u32[entry + 2]!, heap.u32[entry + 3]!)), best);
    }
    // Words are known by their hashes: only those that may be among the first are worked out.
    const counts = Float64Array.from(found, ({ count }) => -count).sort();
    const least = -counts[Math.min(limit, counts.length) - 1]!;
    const word = this.thread.scratch.take(8) >>> 3;
    const ordered = new OrderedWord(heap, this.type, 'one');
    const candidates = found.filter(({ count }) => count >= least);
    for (const one of candidates) {
      heap.u64[word] = this.wordOf(one.entry);
      ordered.load(word);
      [one.high, one.low] = [ordered.high, ordered.low];
    }
    const best = candidates.sort((a, b) => b.count - a.count || a.high - b.high || a.low - b.low).slice(0, limit);
    return json(best.map(({ high, low }) => {
      ordered.restore(high, low, word);
      return jsonOfWords(heap, this.type, word, 1)[0]!;
    }), best);
  }

  private wordOf(entry: number): bigint {
    const { u32 } = this.thread.heap;
    return wordOfHash(entry === 0 ? 0n : BigInt(u32[entry]!) | (BigInt(u32[entry + 1]!) << 32n));
  }

  private add(head: number, at: number, low: number, high: number): void {
    const { u32 } = this.thread.heap;
    const sum = u32[at]! + low;
    u32[at] = sum;
    u32[at + 1] = u32[at + 1]! + high + (sum > 0xffff_ffff ? 1 : 0);
    if (this.counts.size(head) <= MOST_COUNTED) return;
    throw new MillraceError('AGGREGATE_TOO_LARGE', `mostFrequent counts up to ${MOST_COUNTED} different values in a group, and there are more. Group by more columns, or count rounded values.`);
  }
}

const json = (values: readonly string[], best: readonly { readonly count: number }[]): string =>
  `[${values.map((value, index) => `{"value":${value},"count":${best[index]!.count}}`).join(',')}]`;
