import type { Vector } from '../expression/vector.js';
import type { DataType } from '../plan/types.js';
import type { TableArena } from '../state/table-arena.js';
import { ArenaMap, MAP_BYTES, MapWord } from './arena-map.js';
import { elementsOf, pairsOf } from './byte-states.js';
import type { CellPairs, Primitive, RowsToCells, StateContext } from './primitives.js';
import { wideHashes } from './value-map.js';

const PRECISION = 12;
export const REGISTERS: number = 1 << PRECISION;
/** So many different hashes are kept as they are, and counted exactly. */
export const MOST_HASHES = 128;
/** In the place of the number of places: the root is that of registers. */
const DENSE = 0xffff_ffff;
const RANKS = 64 - PRECISION + 2;

/**
 * HyperLogLog (Flajolet, Fusy, Gandouet, Meunier 2007) with 2^12 registers of a byte over 64-bit hashes: a relative standard error of
 * 1.04 / sqrt(4096) = 1.6 %. Up to 128 different hashes are kept as a set: a cell of few values is small and its count exact. State: the
 * head of a map of hashes, or of registers.
 */
export class HyperLogLog implements Primitive {
  readonly bytes: number = MAP_BYTES;
  private readonly hashes: ArenaMap;

  constructor(private readonly thread: StateContext, private readonly type: DataType) {
    this.hashes = new ArenaMap(thread.heap, 2);
  }

  init(at: number): void {
    this.thread.heap.u8.fill(0, at, at + this.bytes);
  }

  accumulate(rows: RowsToCells, offset: number, input: Vector | null, mask: number): void {
    const { u32 } = this.thread.heap;
    const hashes = wideHashes(this.thread, this.type, rows, input!) >>> 2;
    elementsOf(this.thread.heap, rows, mask, offset, (_element, state, row) => {
      this.add(rows.arena, state >>> 2, u32[hashes + row * 2]!, u32[hashes + row * 2 + 1]!);
    });
  }

  merge(pairs: CellPairs, offset: number): void {
    const { u8, u32 } = this.thread.heap;
    pairsOf(this.thread.heap, pairs, offset, (into, from) => {
      const [head, other] = [into >>> 2, from >>> 2];
      if (u32[other + MapWord.places] !== DENSE) return this.eachHash(other, (low, high) => this.add(pairs.arena, head, low, high));
      this.useRegisters(pairs.arena, head);
      const [ours, theirs] = [u32[head]!, u32[other]!];
      for (let register = 0; register < REGISTERS; register++) if (u8[theirs + register]! > u8[ours + register]!) u8[ours + register] = u8[theirs + register]!;
    });
  }

  /** How many different values the state at an address has seen, about. */
  estimate(state: number): number {
    const { u8, u32 } = this.thread.heap;
    const head = state >>> 2;
    if (u32[head + MapWord.places] !== DENSE) return this.size(head);
    const counts = new Array<number>(RANKS).fill(0);
    const registers = u32[head]!;
    for (let register = 0; register < REGISTERS; register++) counts[u8[registers + register]!]!++;
    return Math.round(estimate(counts));
  }

  private size(head: number): number {
    return this.thread.heap.u32[head + MapWord.count]! + this.thread.heap.u32[head + MapWord.zeroLow]!;
  }

  private add(arena: TableArena, head: number, low: number, high: number): void {
    const { u32 } = this.thread.heap;
    if (u32[head + MapWord.places] === DENSE) return this.raise(u32[head]!, low, high);
    if (low === 0 && high === 0) u32[head + MapWord.zeroLow] = 1;
    else this.hashes.place(arena, head, low, high);
    if (this.size(head) > MOST_HASHES) this.useRegisters(arena, head);
  }

  private useRegisters(arena: TableArena, head: number): void {
    const { u8, u32 } = this.thread.heap;
    if (u32[head + MapWord.places] === DENSE) return;
    const registers = arena.take(REGISTERS);
    u8.fill(0, registers, registers + REGISTERS);
    this.eachHash(head, (low, high) => this.raise(registers, low, high));
    u32[head] = registers;
    u32[head + MapWord.places] = DENSE;
  }

  private eachHash(head: number, visit: (low: number, high: number) => void): void {
    const { u32 } = this.thread.heap;
    if (u32[head + MapWord.zeroLow]) visit(0, 0);
    this.hashes.each(head, entry => visit(u32[entry]!, u32[entry + 1]!));
  }

  /** The first bits of a hash name a register, which keeps the greatest rank of the first 1 among the others. */
  private raise(registers: number, low: number, high: number): void {
    const { u8 } = this.thread.heap;
    const at = registers + (high >>> (32 - PRECISION));
    const rest = high << PRECISION;
    const rank = rest !== 0 ? Math.clz32(rest) + 1 : 32 - PRECISION + Math.clz32(low) + 1;
    if (rank > u8[at]!) u8[at] = rank;
  }
}

/** Ertl's estimator (arXiv:1702.01284, algorithm 6), which has no bias at either end. `counts`: how many registers have each rank. */
function estimate(counts: readonly number[]): number {
  const last = counts.length - 1;
  let z = REGISTERS * tau(1 - counts[last]! / REGISTERS);
  for (let rank = last - 1; rank >= 1; rank--) z = 0.5 * (z + counts[rank]!);
  z += REGISTERS * sigma(counts[0]! / REGISTERS);
  return (REGISTERS * REGISTERS) / (2 * Math.LN2 * z);
}
function sigma(x: number): number {
  if (x === 1) return Infinity;
  for (let y = 1, z = x; ;) {
    x *= x;
    const before = z;
    z += x * y;
    y += y;
    if (z === before) return z;
  }
}
function tau(x: number): number {
  if (x === 0 || x === 1) return 0;
  for (let y = 1, z = 1 - x; ;) {
    x = Math.sqrt(x);
    const before = z;
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
    if (z === before) return z / 3;
  }
}
