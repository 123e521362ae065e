import type { Vector } from '../expression/vector.js';
import type { Heap } from '../heap/heap.js';
import type { TableArena } from '../state/table-arena.js';
import { ArenaMap, MAP_BYTES, MapWord } from './arena-map.js';
import { elementsOf, pairsOf } from './byte-states.js';
import type { CellPairs, Primitive, RowsToCells } from './primitives.js';

const GOLDEN = 0x9e3779b1;
/** Its inverse modulo 2^32. */
const UNDO_GOLDEN = 0x0e8b2f51;
/** Codes are in the order of the values: 0 for zero, an index of a bucket plus OFFSET for a positive number, the same below 0. */
const OFFSET = 1 << 22;
const INFINITE = 1 << 23;
const NOT_A_NUMBER = INFINITE + 1;
/** An entry: [hash of a code, the same again, count]. */
const ENTRY_WORDS = 4;

/**
 * DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees", VLDB 2019): counts of
 * the values in buckets (γ^(i-1), γ^i], γ = (1 + a) / (1 - a), so that the middle of a bucket is within the share `a` of any value in it.
 * Buckets are never joined: there are at most 73,000 for each sign at 1 %, and a group has those that its values need. Counts are
 * integers, so the sketch does not depend on any order. State: the head of a map of buckets, whose 64-bit number counts zeros.
 */
export class QuantileSketch implements Primitive {
  readonly bytes: number = MAP_BYTES;
  private readonly logGamma: number;
  /** The middle of a bucket over its upper end. */
  private readonly middle: number;
  private readonly buckets: ArenaMap;

  constructor(private readonly heap: Heap, accuracy: number) {
    this.logGamma = Math.log1p(2 * accuracy / (1 - accuracy));
    this.middle = 1 - accuracy;
    this.buckets = new ArenaMap(heap, ENTRY_WORDS);
  }

  init(at: number): void {
    this.heap.u8.fill(0, at, at + this.bytes);
  }

  accumulate(rows: RowsToCells, offset: number, input: Vector | null, mask: number): void {
    const { f64 } = this.heap;
    const values = input!.data >>> 3;
    elementsOf(this.heap, rows, mask, offset, (element, state) => {
      const hash = Math.imul(this.codeOf(f64[values + element]!), GOLDEN) >>> 0;
      this.add(this.counterOf(rows.arena, state >>> 2, hash), 1, 0);
    });
  }

  merge(pairs: CellPairs, offset: number): void {
    const { u32 } = this.heap;
    pairsOf(this.heap, pairs, offset, (into, from) => {
      const [head, other] = [into >>> 2, from >>> 2];
      this.add(head + MapWord.zeroLow, u32[other + MapWord.zeroLow]!, u32[other + MapWord.zeroHigh]!);
      this.buckets.each(other, entry => this.add(this.counterOf(pairs.arena, head, u32[entry]!), u32[entry + 2]!, u32[entry + 3]!));
    });
  }

  /** The value below which lies the share `q` of the values of the state at an address; null of none. */
  quantile(state: number, q: number): number | null {
    const { u32 } = this.heap;
    const head = state >>> 2;
    const counterAt = (at: number): number => u32[at]! + u32[at + 1]! * 2 ** 32;
    const zeros = counterAt(head + MapWord.zeroLow);
    const buckets: [code: number, count: number][] = zeros === 0 ? [] : [[0, zeros]];
    this.buckets.each(head, entry => buckets.push([Math.imul(u32[entry]!, UNDO_GOLDEN), counterAt(entry + 2)]));
    if (buckets.length === 0) return null;
    buckets.sort(([a], [b]) => a - b);
    const total = buckets.reduce((sum, [, count]) => sum + count, 0);
    const rank = Math.floor(q * (total - 1));
    let seen = 0;
    for (const [code, count] of buckets) {
      seen += count;
      if (seen > rank) return this.valueOf(code);
    }
    return this.valueOf(buckets.at(-1)![0]);
  }

  private codeOf(value: number): number {
    if (value === 0) return 0;
    if (value !== value) return NOT_A_NUMBER;
    const size = Math.abs(value);
    const code = size === Infinity ? INFINITE : OFFSET + Math.ceil(Math.log(size) / this.logGamma);
    return value < 0 ? -code : code;
  }

  private valueOf(code: number): number {
    if (code === 0) return 0;
    if (code === NOT_A_NUMBER) return NaN;
    const size = Math.abs(code) === INFINITE ? Infinity : Math.min(Number.MAX_VALUE, Math.exp((Math.abs(code) - OFFSET) * this.logGamma) * this.middle);
    return code < 0 ? -size : size;
  }

  private counterOf(arena: TableArena, head: number, hash: number): number {
    return hash === 0 ? head + MapWord.zeroLow : this.buckets.place(arena, head, hash, hash) + 2;
  }

  private add(at: number, low: number, high: number): void {
    const { u32 } = this.heap;
    const sum = u32[at]! + low;
    u32[at] = sum;
    u32[at + 1] = u32[at + 1]! + high + (sum > 0xffff_ffff ? 1 : 0);
  }
}
