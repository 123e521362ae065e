import type { ChunkResult } from '../expression/stateless-stage.js';
import { gathered, WIDTH } from '../expression/operand.js';
import type { Vector } from '../expression/vector.js';
import type { Heap } from '../heap/heap.js';
import type { Kernels } from '../../native-free-kernels/load.js';
import type { Span } from '../window/slice.js';
import type { RowZones } from '../window/zone-column.js';
import type { EventTimes } from './event-times.js';
import type { ThreadContext } from './thread-context.js';

// Elements of a chunk are what has passed the stateless stage, numbered from 0; rows are those of its batch.

/** The row of an element. */
export const rowOf = (heap: Heap, { selection }: ChunkResult, first: number, element: number): number => (selection ? heap.u32[(selection >>> 2) + element]! : first + element);

/** Event times of the elements of a chunk (int64): where they lie, if all rows are elements. REQUIRES: there is event time. */
export function timesOf({ kernels, scratch }: ThreadContext, { selection, rows }: ChunkResult, first: number, times: number): number {
  if (!selection) return times + first * 8;
  const own = scratch.take(rows * 8);
  kernels.gatherTimes(rows, selection, first, times, own);
  return own;
}

/** The elements of a chunk that are among some rows of its batch (ascending): rows that a filter turned away are none. */
export function elementsOf(heap: Heap, result: ChunkResult, first: number, rows: readonly number[]): number[] {
  if (!result.selection) return rows.map(row => row - first).filter(element => element < result.rows);
  const selection = result.selection >>> 2;
  const found: number[] = [];
  for (const row of rows) {
    let [low, high] = [0, result.rows];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (heap.u32[selection + middle]! < row) low = middle + 1;
      else high = middle;
    }
    if (low < result.rows && heap.u32[selection + low] === row) found.push(low);
  }
  return found;
}

/** The elements of a chunk that are late for some of their windows, by the slice that they belong to therefore. */
export function elementsBySlice(heap: Heap, result: ChunkResult, first: number, rows: EventTimes['partlyLate'], taken: ReadonlySet<number>): { slice: Span; elements: number[] }[] {
  const slices = new Map<string, { slice: Span; elements: number[] }>();
  for (const { row, slice } of rows) {
    const [element] = elementsOf(heap, result, first, [row]);
    if (element === undefined || taken.has(element)) continue;
    const key = `${slice.start} ${slice.end}`;
    const known = slices.get(key);
    if (known) known.elements.push(element);
    else slices.set(key, { slice, elements: [element] });
  }
  return [...slices.values()];
}

/** The elements whose zone is null, or one that nobody knows. */
export function withoutZone(heap: Heap, { numbers }: RowZones, elements: number): number[] {
  const found: number[] = [];
  for (let element = 0; element < elements; element++) if (heap.u32[(numbers >>> 2) + element] === 0) found.push(element);
  return found;
}

/** Writes the elements 0 … count - 1 but for some (ascending) to `out` (u32). Returns how many. */
function allBut(kernels: Kernels, some: readonly number[], count: number, out: number): number {
  let from = 0;
  let written = 0;
  for (const until of [...some, count]) {
    kernels.iota(until - from, from, out + written * 4);
    written += until - from;
    from = until + 1;
  }
  return written;
}

/** Some elements of vectors (u32 at `positions`, or 0 for all). */
export function vectorsAt({ kernels, scratch }: ThreadContext, vectors: readonly Vector[], positions: number, rows: number): readonly Vector[] {
  if (positions === 0) return vectors;
  const gather = (width: number, data: number): number => gathered(kernels, scratch, width, rows, positions, data);
  return vectors.map(({ cls, data, valid, dictionary }) => ({ cls, data: gather(WIDTH[cls], data), valid: valid && gather(1, valid), dictionary }));
}

/** The elements 0 … count - 1 but for some: how many, and where they are listed (u32, ascending), or 0 for all. */
export function withoutSome({ kernels, scratch }: ThreadContext, some: readonly number[], count: number): { rows: number; positions: number } {
  if (some.length === 0) return { rows: count, positions: 0 };
  const positions = scratch.take(count * 4);
  return { rows: allBut(kernels, [...some].sort((a, b) => a - b), count, positions), positions };
}
