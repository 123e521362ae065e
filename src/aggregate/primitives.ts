import type { Kernels } from '../../native-free-kernels/load.js';
import type { Heap } from '../heap/heap.js';
import type { Vector } from '../expression/vector.js';
import type { TableArena } from '../state/table-arena.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { ByteExtreme, BytePick } from './byte-states.js';
import type { StateSlot } from './compile.js';
import { specialPrimitive, type SpecialName } from './special.js';

/** The rows that accumulate at once: row i is element positions[i] (or i) of the chunk's vectors and goes to the cell at slots[i]. */
export interface RowsToCells {
  readonly rows: number;
  readonly positions: number;
  readonly slots: number;
  /** Event times of the chunk's elements (int64), or 0. */
  readonly times: number;
  /** Row number of an element in its batch: selection[element], or firstRow + element; its position adds `basePosition`. */
  readonly selection: number;
  readonly firstRow: number;
  readonly basePosition: bigint;
  /** All inputs of the chunk, widened: for states of several. */
  readonly vectors: readonly Vector[];
  /** Of the table that the cells belong to. */
  readonly arena: TableArena;
}
/**
 * Pairs of cells of which the second is folded into the first. Whatever the second keeps in the arena of its own table is copied: that
 * table may be gone before the other.
 */
export interface CellPairs {
  readonly rows: number;
  readonly into: number;
  readonly from: number;
  /** Of the table that `into` belongs to. */
  readonly arena: TableArena;
}

/**
 * One state within a cell, and the four verbs on it. What users know as aggregates are made of few such states, shared where two
 * aggregates need the same one (see `compile.ts`). `input` is widened: i64, f64, bytes or code; `mask` (bytes, or 0) tells the elements that take part.
 */
export interface Primitive {
  readonly bytes: number;
  /** Writes the state of no rows. */
  init(at: number): void;
  accumulate(rows: RowsToCells, offset: number, input: Vector | null, mask: number): void;
  merge(pairs: CellPairs, offset: number): void;
}
export type PrimitiveName =
  | 'count' | 'sumSigned' | 'sumUnsigned' | 'sumSquaresSigned' | 'sumSquaresUnsigned' | 'sumFloat' | 'moments'
  | 'minSigned' | 'maxSigned' | 'minUnsigned' | 'maxUnsigned' | 'minFloat' | 'maxFloat' | 'minBytes' | 'maxBytes'
  | 'first' | 'last' | 'firstBytes' | 'lastBytes'
  | SpecialName;

/** Whether states need nothing of a row but one 8-byte word each, or not even that, and keep nothing in an arena. */
export const takeWords = (states: readonly StateSlot[]): boolean => states.every(({ primitive }) => /^(count|moments|sum\w+|(min|max)(Signed|Unsigned|Float))$/.test(primitive));

const I64_MIN = -(2n ** 63n);
const I64_MAX = 2n ** 63n - 1n;

/** What states work with. */
export type StateContext = Pick<ThreadContext, 'heap' | 'kernels' | 'scratch' | 'functions'>;

/** One per state of a cell, in their order. */
export function primitivesOf(thread: StateContext, states: readonly StateSlot[]): Primitive[] {
  const plain = plainPrimitives(thread.heap, thread.kernels);
  return states.map(state => plain[state.primitive as keyof typeof plain] ?? specialPrimitive(thread, state));
}

/** Those that are the same for all states of their name. */
function plainPrimitives(heap: Heap, kernels: Kernels): Record<Exclude<PrimitiveName, SpecialName>, Primitive> {
  const zeros = (bytes: number) => (at: number): void => void heap.u8.fill(0, at, at + bytes);
  type Plain = (rows: number, positions: number, slots: number, offset: number, values: number, mask: number) => void;
  const plain = (kernel: Plain, bytes: number, init: (at: number) => void, merge: Primitive['merge']): Primitive => ({
    bytes, init, merge,
    accumulate: ({ rows, positions, slots }, offset, input, mask) => kernel(rows, positions, slots, offset, input?.data ?? 0, mask),
  });
  const sum = (kernel: Plain, words: number): Primitive =>
    plain(kernel, words * 8, zeros(words * 8), (pairs, offset) => kernels.mergeSum(pairs.rows, pairs.into, pairs.from, offset, words));
  const extreme = (kernel: Plain, kind: number, sign: number, init: (at: number) => void): Primitive =>
    plain(kernel, 8, init, (pairs, offset) => kernels.mergeExtreme(pairs.rows, pairs.into, pairs.from, offset, kind, sign));
  const squares = (unsigned: number): Primitive => sum((rows, positions, slots, offset, values, mask) => kernels.sumSquares(rows, positions, slots, offset, values, mask, unsigned), 3);
  const pick = (last: number): Primitive => ({
    bytes: 32,
    init: zeros(32),
    accumulate: (rows, offset, input, mask) =>
      kernels.pick(rows.rows, rows.positions, rows.slots, offset, input!.data, input!.valid, mask, rows.times, rows.selection, rows.firstRow, rows.basePosition, last),
    merge: (pairs, offset) => kernels.mergePick(pairs.rows, pairs.into, pairs.from, offset, last),
  });
  const integer = (value: bigint) => (at: number): void => void (heap.i64[at >>> 3] = value);
  const float = (value: number) => (at: number): void => void (heap.f64[at >>> 3] = value);
  return {
    count: sum((rows, positions, slots, offset, _values, mask) => kernels.count(rows, positions, slots, offset, mask), 1),
    sumSigned: sum(kernels.sumSigned, 2),
    sumUnsigned: sum(kernels.sumUnsigned, 2),
    sumSquaresSigned: squares(0),
    sumSquaresUnsigned: squares(1),
    sumFloat: plain(kernels.sumFloat, 16, zeros(16), (pairs, offset) => kernels.mergeSumFloat(pairs.rows, pairs.into, pairs.from, offset)),
    moments: plain(kernels.moments, 24, zeros(24), (pairs, offset) => kernels.mergeMoments(pairs.rows, pairs.into, pairs.from, offset)),
    minSigned: extreme(kernels.minSigned, 0, -1, integer(I64_MAX)),
    maxSigned: extreme(kernels.maxSigned, 0, 1, integer(I64_MIN)),
    minUnsigned: extreme(kernels.minUnsigned, 1, -1, integer(-1n)),
    maxUnsigned: extreme(kernels.maxUnsigned, 1, 1, integer(0n)),
    minFloat: extreme(kernels.minFloat, 2, -1, float(NaN)),
    maxFloat: extreme(kernels.maxFloat, 2, 1, float(-Infinity)),
    minBytes: new ByteExtreme(heap, -1),
    maxBytes: new ByteExtreme(heap, 1),
    first: pick(0),
    last: pick(1),
    firstBytes: new BytePick(heap, false),
    lastBytes: new BytePick(heap, true),
  };
}
