import type { Vector } from '../expression/vector.js';
import type { DataType } from '../plan/types.js';
import type { TableArena } from '../state/table-arena.js';
import { ArenaMap, MAP_BYTES, MapWord } from './arena-map.js';
import { bytesOf, compareBytes } from './byte-states.js';
import type { RowsToCells, StateContext } from './primitives.js';
import { isBytesType, isFloatType } from './words.js';

/** The 64-bit hashes of rows (u64 each, in scratch). Those of words are one to one. Rows that take no part may have any. */
export function wideHashes({ heap, kernels, scratch }: StateContext, type: DataType, rows: RowsToCells, input: Vector): number {
  const out = scratch.take(rows.rows * 8);
  if (!isBytesType(type)) {
    kernels.wideHashWords(rows.rows, rows.positions, input.data, isFloatType(type) ? 1 : 0, out);
    return out;
  }
  if (input.cls === 'bytes' && rows.positions === 0) {
    kernels.wideHashBytes(rows.rows, input.data, out);
    return out;
  }
  const views = scratch.take(rows.rows * 8);
  for (let row = 0; row < rows.rows; row++) {
    const element = rows.positions ? heap.u32[(rows.positions >>> 2) + row]! : row;
    const [address, length] = bytesOf(heap, input, element);
    heap.u32[(views >>> 2) + row * 2] = address;
    heap.u32[(views >>> 2) + row * 2 + 1] = length;
  }
  kernels.wideHashBytes(rows.rows, views, out);
  return out;
}

/**
 * The different values of a group, each with the words of a payload, in a map whose head (MAP_BYTES) is in a cell. -0 is 0 and every
 * NaN is one, as among keys. A word is known by its hash; of bytes an entry has [hash, address, length, payload].
 */
export class ValueMap {
  readonly headBytes: number = MAP_BYTES;
  private readonly map: ArenaMap;
  private readonly ofBytes: boolean;
  private readonly keyWords: number;
  /** The bytes on offer. */
  private address = 0;
  private length = 0;

  constructor(
    private readonly thread: StateContext,
    private readonly type: DataType,
    payloadWords: number,
  ) {
    const { heap } = thread;
    this.ofBytes = isBytesType(type);
    this.keyWords = this.ofBytes ? 4 : 2;
    const isSame = (entry: number): boolean => compareBytes(heap, this.address, this.length, heap.u32[entry + 2]!, heap.u32[entry + 3]!) === 0;
    this.map = new ArenaMap(heap, this.keyWords + payloadWords, this.ofBytes ? isSame : null);
  }

  hashes(rows: RowsToCells, input: Vector): number {
    return wideHashes(this.thread, this.type, rows, input);
  }

  /** Word index of the payload of a row's value; `hash`: address of what `hashes` says of the row. */
  ofRow(arena: TableArena, head: number, input: Vector, element: number, hash: number): number {
    const { u32 } = this.thread.heap;
    if (this.ofBytes) [this.address, this.length] = bytesOf(this.thread.heap, input, element);
    return this.payload(arena, head, u32[hash >>> 2]!, u32[(hash >>> 2) + 1]!);
  }

  /** Word index of the payload of the value that an entry of another such map has. 0: the word whose hash is 0. */
  ofEntry(arena: TableArena, head: number, entry: number): number {
    const { u32 } = this.thread.heap;
    if (entry === 0) return head + MapWord.zeroLow;
    if (this.ofBytes) [this.address, this.length] = [u32[entry + 2]!, u32[entry + 3]!];
    return this.payload(arena, head, u32[entry]!, u32[entry + 1]!);
  }

  /** Calls `visit` with each entry and the word index of its payload. The word whose hash is 0 is entry 0, and there if its payload is not 0. */
  each(head: number, visit: (entry: number, payload: number) => void): void {
    const { u32 } = this.thread.heap;
    if (u32[head + MapWord.zeroLow] !== 0 || u32[head + MapWord.zeroHigh] !== 0) visit(0, head + MapWord.zeroLow);
    this.map.each(head, entry => visit(entry, entry + this.keyWords));
  }

  /** How many different values there are, but for the word whose hash is 0. */
  size(head: number): number {
    return this.thread.heap.u32[head + MapWord.count]!;
  }

  private payload(arena: TableArena, head: number, low: number, high: number): number {
    const { u8, u32 } = this.thread.heap;
    if (low === 0 && high === 0) {
      if (!this.ofBytes) return head + MapWord.zeroLow;
      low = 1;
    }
    const entry = this.map.place(arena, head, low, high);
    if (this.ofBytes && this.map.isNew) {
      const copy = arena.take(Math.max(1, this.length));
      u8.copyWithin(copy, this.address, this.address + this.length);
      u32[entry + 2] = copy;
      u32[entry + 3] = this.length;
    }
    return entry + this.keyWords;
  }
}

const GOLDEN = 0x9e3779b97f4a7c15n;
const wrap = (x: bigint): bigint => BigInt.asUintN(64, x);
/** Inverses modulo 2^64 of the factors of the finaliser in native-free-kernels/wide-hash.ts. */
const UNDO_SECOND = 0x9cb4b2f8129337dbn;
const UNDO_FIRST = 0x4f74430c22a54005n;

/** The word whose wide hash is given. */
export function wordOfHash(hash: bigint): bigint {
  // A shift by 33 of 64 bits is undone by itself.
  let x = wrap((hash ^ (hash >> 33n)) * UNDO_SECOND);
  x = wrap((x ^ (x >> 33n)) * UNDO_FIRST);
  return (x ^ (x >> 33n)) ^ GOLDEN;
}
