import { encode, decodeText } from '../batch/text-codec.js';
import { MillraceError } from '../errors.js';
import { rawOfValue, readValue } from '../expression/ops/values.js';
import type { Vector } from '../expression/vector.js';
import type { Heap } from '../heap/heap.js';
import type { DataType, Value } from '../plan/types.js';
import type { TableArena } from '../state/table-arena.js';
import { SLAB_BYTES } from '../state/table-layout.js';
import { bytesOf, elementsOf, keepBytes, pairsOf } from './byte-states.js';
import type { CellPairs, Primitive, RowsToCells, StateContext } from './primitives.js';
import { isBytesType } from './words.js';

/** What a module exports as a user-defined aggregate. A state is whatever JSON can say. */
export interface UserAggregate {
  init(): unknown;
  accumulate(state: unknown, ...values: Value[]): unknown;
  merge(a: unknown, b: unknown): unknown;
  finish(state: unknown): unknown;
}
/** Words of both states: [address, length] of the JSON, or [low, high] of a word; room; whether there was a row. */
const enum At { value, room = 2, seen }
const STATE_BYTES = 16;

/** One element of an input as JavaScript sees it; bools were widened. */
function valueAt(heap: Heap, type: DataType, vector: Vector, element: number): Value {
  if (vector.valid && !heap.u8[vector.valid + element]) return null;
  if (type.kind === 'bool') return heap.u64[(vector.data >>> 3) + element] !== 0n;
  if (!isBytesType(type)) return readValue({ heap } as never, type, { ...vector, valid: 0, constant: false }, element);
  const [address, length] = bytesOf(heap, vector, element);
  return type.kind === 'binary' ? heap.u8.slice(address, address + length) : decodeText(heap.u8, address, length);
}

/** Runs a function of the user's that no row is to blame for. */
function called<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new MillraceError('UDF_FAILED', `${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
function jsonOfState(state: unknown): string {
  const text = JSON.stringify(state) as string | undefined;
  if (text === undefined) throw new TypeError('its state is nothing that JSON can say');
  return text;
}

/** A user-defined aggregate. The states of the cells at hand are JavaScript values while a batch is added, and JSON in the arena of the table else: so any worker can go on with them. */
export class UserState implements Primitive {
  readonly bytes: number = STATE_BYTES;
  constructor(
    private readonly thread: StateContext,
    private readonly name: string,
    private readonly user: UserAggregate,
    private readonly types: readonly DataType[],
    private readonly inputs: readonly number[],
  ) {}

  init(at: number): void {
    this.thread.heap.u8.fill(0, at, at + this.bytes);
  }

  accumulate(rows: RowsToCells, offset: number, _input: Vector | null, mask: number): void {
    const { heap } = this.thread;
    const vectors = this.inputs.map(input => rows.vectors[input]!);
    const states = new Map<number, unknown>();
    called(`accumulate of ${this.name}`, () => elementsOf(heap, rows, mask, offset, (element, state) => {
      const values = vectors.map((vector, index) => valueAt(heap, this.types[index]!, vector, element));
      states.set(state, this.user.accumulate(states.has(state) ? states.get(state) : this.load(state), ...values));
    }));
    for (const [at, state] of states) this.store(rows.arena, at, state);
  }

  merge(pairs: CellPairs, offset: number): void {
    pairsOf(this.thread.heap, pairs, offset, (into, from) => {
      if (!this.isSeen(from)) return;
      this.store(pairs.arena, into, this.isSeen(into) ? called(`merge of ${this.name}`, () => this.user.merge(this.load(into), this.load(from))) : this.load(from));
    });
  }

  /** The result as the raw value of a column; null of no rows. */
  finish(at: number, type: DataType, nullable: boolean): ReturnType<typeof rawOfValue> | null {
    if (!this.isSeen(at)) return null;
    return called(`finish of ${this.name}`, () => {
      const result = this.user.finish(this.load(at));
      if (result !== null && result !== undefined) return rawOfValue(type, result);
      if (!nullable) throw new TypeError('it returns null, and its declared type is not nullable');
      return null;
    });
  }

  private isSeen(at: number): boolean {
    return this.thread.heap.u32[(at >>> 2) + At.seen] !== 0;
  }
  private load(at: number): unknown {
    const { u8, u32 } = this.thread.heap;
    return this.isSeen(at) ? JSON.parse(decodeText(u8, u32[at >>> 2]!, u32[(at >>> 2) + 1]!)) : this.user.init();
  }
  private store(arena: TableArena, at: number, state: unknown): void {
    const { heap, scratch } = this.thread;
    const bytes = encode(called(`the state of ${this.name}`, () => jsonOfState(state)));
    if (bytes.length > SLAB_BYTES) throw new MillraceError('AGGREGATE_TOO_LARGE', `a state of ${this.name} takes ${bytes.length} bytes as JSON; the most is ${SLAB_BYTES}.`);
    const mark = scratch.mark();
    const copy = scratch.take(bytes.length);
    heap.u8.set(bytes, copy);
    keepBytes(heap, arena, at >>> 2, copy, bytes.length);
    heap.u32[(at >>> 2) + At.seen] = 1;
    scratch.release(mark);
  }
}

/** The values folded by a function of two of them. */
export class ReducedState implements Primitive {
  readonly bytes: number = STATE_BYTES;
  constructor(
    private readonly thread: StateContext,
    private readonly name: string,
    private readonly combine: (a: Value, b: Value) => unknown,
    private readonly type: DataType,
  ) {}

  init(at: number): void {
    this.thread.heap.u8.fill(0, at, at + this.bytes);
  }

  accumulate(rows: RowsToCells, offset: number, input: Vector | null, mask: number): void {
    const values = new Map<number, unknown>();
    elementsOf(this.thread.heap, rows, mask, offset, (element, state) => {
      const known = values.has(state) ? values.get(state) as Value : this.load(state);
      const value = valueAt(this.thread.heap, this.type, input!, element);
      values.set(state, known === null ? value : this.joined(known, value));
    });
    for (const [at, value] of values) this.store(rows.arena, at, value);
  }

  merge(pairs: CellPairs, offset: number): void {
    pairsOf(this.thread.heap, pairs, offset, (into, from) => {
      const [a, b] = [this.load(into), this.load(from)];
      if (b !== null) this.store(pairs.arena, into, a === null ? b : this.joined(a, b));
    });
  }

  private joined(a: Value, b: Value): unknown {
    return called(this.name, () => {
      const result = this.combine(a, b);
      rawOfValue(this.type, result);
      return result;
    });
  }
  private load(at: number): Value {
    const { heap } = this.thread;
    if (heap.u32[(at >>> 2) + At.seen] === 0) return null;
    return valueAt(heap, this.type, { cls: isBytesType(this.type) ? 'bytes' : this.type.kind.startsWith('float') ? 'f64' : 'i64', data: at, valid: 0, dictionary: 0 }, 0);
  }
  private store(arena: TableArena, at: number, value: unknown): void {
    const { heap, scratch } = this.thread;
    const raw = called(this.name, () => rawOfValue(this.type, value));
    if (raw instanceof Uint8Array) {
      if (raw.length > SLAB_BYTES) throw new MillraceError('AGGREGATE_TOO_LARGE', `a value of ${this.name} takes ${raw.length} bytes; the most is ${SLAB_BYTES}.`);
      const mark = scratch.mark();
      const copy = scratch.take(raw.length);
      heap.u8.set(raw, copy);
      keepBytes(heap, arena, at >>> 2, copy, raw.length);
      scratch.release(mark);
    } else if (typeof raw === 'number') heap.f64[at >>> 3] = raw;
    else heap.u64[at >>> 3] = BigInt.asUintN(64, BigInt(raw));
    heap.u32[(at >>> 2) + At.seen] = 1;
  }
}
