import { compileAggregate } from '../../src/aggregate/compile.ts';
import { finishAggregate } from '../../src/aggregate/finish.ts';
import { primitivesOf, type RowsToCells, type StateContext } from '../../src/aggregate/primitives.ts';
import { isBytesType, isFloatType } from '../../src/aggregate/words.ts';
import type { Vector } from '../../src/expression/vector.ts';
import type { Heap } from '../../src/heap/heap.ts';
import type { AggregateCall } from '../../src/plan/plan.ts';
import type { DataType } from '../../src/plan/types.ts';
import { HashedTable } from '../../src/state/hashed-table.ts';
import { TableArena } from '../../src/state/table-arena.ts';
import type { Cell } from '../oracle/cells.ts';
import { testHeap } from './heap.ts';
import { Random } from './random.ts';
import { renew, stateHeap, type StateHeap } from './state-heap.ts';

/** Rows of one group, and how they are dealt out. */
export interface Dealt {
  /** Values by column. */
  readonly columns: Readonly<Record<string, readonly Cell[]>>;
  readonly times: readonly bigint[];
  readonly seed: number;
  readonly kernels: 'wasm' | 'twins';
}

const PAGES = 2048;
const base = testHeap(PAGES);
const { heap } = base;
const MOST_CELLS = 5;
const MOST_ROWS = 30;
const POISON = 0xa5;

/** An arena that can be made unreadable, as one is whose table was freed and its memory given to another. */
class MortalArena extends TableArena {
  private readonly taken: [at: number, bytes: number][] = [];
  override take(bytes: number): number {
    const at = super.take(bytes);
    this.taken.push([at, bytes]);
    return at;
  }
  poison(): void {
    for (const [at, bytes] of this.taken) heap.u8.fill(POISON, at, at + bytes);
  }
}
interface Place { readonly cell: number; readonly arena: MortalArena }

/**
 * The result of an aggregate whose rows are dealt out to several cells, each in a table of its own, which are merged in any order. What
 * was merged into another is overwritten at once. `functions`: what user-defined ones find.
 */
export function accumulated(call: AggregateCall, { columns, times, seed, kernels: kind }: Dealt, functions?: StateContext['functions']): Cell {
  renew(heap, 65_536, 65_536 * 16);
  const on = stateHeap(kind, 0, PAGES, base);
  const thread: StateContext = { heap, kernels: on.kernels, scratch: on.scratch, ...(functions && { functions }) };
  const { scratch } = on;
  const random = new Random(seed);
  const compiled = compileAggregate({ keys: [], window: { kind: 'global' }, aggregates: [call], accept: 0, emit: { when: 'close', earlyMs: null } }, true);
  const { states } = compiled;
  const primitives = primitivesOf(thread, states);
  const places = Array.from({ length: 1 + random.below(MOST_CELLS) }, (): Place => {
    const cell = scratch.take(compiled.cellBytes);
    states.forEach((state, index) => primitives[index]!.init(cell + state.offset));
    const table = HashedTable.create(heap, on.kernels, on.blocks, 0, compiled.cellBytes);
    return { cell, arena: new MortalArena(heap, on.blocks, table.address >>> 2) };
  });
  for (let from = 0; from < times.length;) {
    const rows = 1 + random.below(Math.min(MOST_ROWS, times.length - from));
    const until = from + rows;
    const mark = scratch.mark();
    const vectors = compiled.inputs.map(input =>
      (input.op === 'column' ? vectorOf(on, input.type, columns[input.name]!.slice(from, until)) : { cls: 'bool' as const, data: 0, valid: 0, dictionary: 0 }));
    const at = scratch.take(rows * 8);
    heap.i64.set(times.slice(from, until), at >>> 3);
    // A batch goes to the cells of one table at a time.
    const { cell, arena } = random.pick(places);
    const slots = scratch.take(rows * 4);
    heap.u32.fill(cell, slots >>> 2, (slots >>> 2) + rows);
    const input: RowsToCells = { rows, positions: 0, slots, times: at, selection: 0, firstRow: from, basePosition: (1n << 48n) + 0xffff_fff0n, vectors, arena };
    states.forEach((state, index) => {
      const vector = state.input < 0 ? null : vectors[state.input]!;
      primitives[index]!.accumulate(input, state.offset, vector, vector !== null && state.skipNulls ? vector.valid : 0);
    });
    scratch.release(mark);
    from = until;
  }
  while (places.length > 1) {
    const [from] = places.splice(random.below(places.length), 1) as [Place];
    const into = random.pick(places);
    const pair = scratch.take(8);
    heap.u32.set([into.cell, from.cell], pair >>> 2);
    states.forEach((state, index) => primitives[index]!.merge({ rows: 1, into: pair, from: pair + 4, arena: into.arena }, state.offset));
    from.arena.poison();
    heap.u8.fill(POISON, from.cell, from.cell + compiled.cellBytes);
  }
  const addresses = scratch.take(4);
  heap.u32[addresses >>> 2] = places[0]!.cell;
  return valueOf(heap, call.type, finishAggregate(thread, compiled.finishers[0]!, 1, addresses));
}

/** The vector of a chunk as the stateless stage would give it, bools widened. */
function vectorOf({ scratch }: StateHeap, type: DataType, cells: readonly Cell[]): Vector {
  const rows = cells.length;
  const [data, valid] = [scratch.take(rows * 8), scratch.take(rows)];
  cells.forEach((cell, row) => {
    heap.u8[valid + row] = cell === null ? 0 : 1;
    if (isBytesType(type)) {
      const bytes = cell === null ? new Uint8Array(0) : typeof cell === 'string' ? new TextEncoder().encode(cell) : cell as Uint8Array;
      const at = scratch.take(bytes.length);
      heap.u8.set(bytes, at);
      heap.u32.set([at, bytes.length], (data >>> 2) + row * 2);
    } else if (isFloatType(type)) heap.f64[(data >>> 3) + row] = Number(cell ?? 99);
    else heap.u64[(data >>> 3) + row] = BigInt.asUintN(64, BigInt(cell as bigint | boolean ?? 99));
  });
  return { cls: isBytesType(type) ? 'bytes' : isFloatType(type) ? 'f64' : 'i64', data, valid, dictionary: 0 };
}

function valueOf({ u8, i64, u64, f64, u32 }: Heap, type: DataType, { data, valid, cls }: Vector): Cell {
  if (valid && !u8[valid]) return null;
  if (cls === 'bytes') {
    const bytes = u8.slice(u32[data >>> 2]!, u32[data >>> 2]! + u32[(data >>> 2) + 1]!);
    return type.kind === 'utf8' ? Buffer.from(bytes).toString() : bytes;
  }
  if (cls === 'bool') return u8[data] === 1;
  return cls === 'f64' ? f64[data >>> 3]! : type.kind === 'uint64' ? u64[data >>> 3]! : i64[data >>> 3]!;
}
