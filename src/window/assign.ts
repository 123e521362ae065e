import type { Kernels } from '../../native-free-kernels/load.js';
import type { Heap, Scratch } from '../heap/heap.js';
import type { SliceAssigner, Span } from './slice.js';
import type { RowZones } from './zone-column.js';

/** What a thread lends: see `ThreadContext`. */
export interface Tools {
  readonly heap: Heap;
  readonly kernels: Kernels;
  readonly scratch: Scratch;
}
/** Rows of a chunk. REQUIRES: none is outside, none has an unknown zone. */
export interface AssignInput {
  /** Elements of the vectors, of which `rows` take part. */
  readonly elements: number;
  /** The elements that take part (u32, ascending), or 0 for all. */
  readonly positions: number;
  readonly rows: number;
  /** Event times of the elements (int64). */
  readonly times: number;
}
/** Gets the rows of one slice: element numbers (u32, ascending) in scratch, or 0 for all elements. */
export type VisitSlice = (slice: Span, positions: number, rows: number) => void;

/** Slices of a chunk that are told apart by counting; beyond, by a map. */
const MOST_COUNTED = 65_536;

/** Calls `visit` with the rows of each slice, once per slice. */
export function assign(tools: Tools, assigner: SliceAssigner, input: AssignInput, visit: VisitSlice): void {
  if (input.rows === 0) return;
  const [least, greatest] = rangeOf(tools, input);
  const only = assigner.sliceOfAll(least, greatest);
  if (only !== null) return visit(only, input.positions, input.rows);
  const boundaries = assigner.boundaries(least, greatest, MOST_COUNTED);
  if (boundaries === null) return assignByMap(tools, assigner, input, visit);
  const { heap, kernels, scratch } = tools;
  const slices = boundaries.length - 1;
  const { numbers, counts } = numberSlices(tools, assigner, input, boundaries);
  toStarts(heap, counts, slices);
  const sorted = scratch.take(input.rows * 4);
  kernels.scatterByNumber(input.rows, input.positions, numbers, counts, sorted);
  // Each start has moved on to the end of its rows.
  for (let slice = 0, from = 0; slice < slices; slice++) {
    const to = heap.u32[(counts >>> 2) + slice]!;
    if (to > from) visit({ start: boundaries[slice]!, end: boundaries[slice + 1]! }, sorted + from * 4, to - from);
    from = to;
  }
}

/** By element that takes part the number of its slice, and by slice how many it has: u32, in scratch. `boundaries`: of all slices of the rows. */
export function numberSlices({ heap, kernels, scratch }: Tools, assigner: SliceAssigner, input: AssignInput, boundaries: BigInt64Array): { numbers: number; counts: number } {
  const { elements, rows, positions, times } = input;
  const slices = boundaries.length - 1;
  const [numbers, counts] = [scratch.take(elements * 4), scratch.take(slices * 4)];
  heap.u32.fill(0, counts >>> 2, (counts >>> 2) + slices);
  // A division now and then costs less than a search.
  if (assigner.sliceSize !== null) kernels.numberBySlice(rows, positions, times, boundaries[0]!, assigner.sliceSize, numbers, counts);
  else {
    const list = scratch.take(slices * 8);
    heap.i64.set(boundaries.subarray(0, slices), list >>> 3);
    kernels.numberByBoundaries(rows, positions, times, list, slices, numbers, counts);
  }
  return { numbers, counts };
}

/** As `assign`, where each row has its own zone. Zones can share a slice: it is visited once for each of them. */
export function assignByZone(tools: Tools, zones: RowZones, input: AssignInput, visit: VisitSlice): void {
  const { heap, kernels, scratch } = tools;
  if (input.rows === 0) return;
  const count = zones.assigners.length;
  const counts = scratch.take(count * 4);
  heap.u32.fill(0, counts >>> 2, (counts >>> 2) + count);
  kernels.countByNumber(input.rows, input.positions, zones.numbers, counts);
  const first = heap.u32.subarray(counts >>> 2, (counts >>> 2) + count).findIndex(rows => rows > 0);
  if (heap.u32[(counts >>> 2) + first] === input.rows) return assign(tools, zones.assigners[first]!, input, visit);
  toStarts(heap, counts, count);
  const sorted = scratch.take(input.rows * 4);
  kernels.scatterByNumber(input.rows, input.positions, zones.numbers, counts, sorted);
  const ends = heap.u32.slice(counts >>> 2, (counts >>> 2) + count);
  for (let zone = 0, from = 0; zone < count; from = ends[zone++]!) {
    assign(tools, zones.assigners[zone]!, { elements: input.elements, positions: sorted + from * 4, rows: ends[zone]! - from, times: input.times }, visit);
  }
}

/** Least and greatest of the times of the rows that take part. */
function rangeOf({ heap, kernels, scratch }: Tools, { rows, positions, times }: AssignInput): [bigint, bigint] {
  const range = scratch.take(16);
  let of = times;
  if (positions) {
    of = scratch.take(rows * 8);
    kernels.gatherTimes(rows, positions, 0, times, of);
  }
  kernels.minMax(rows, of, range);
  return [heap.i64[range >>> 3]!, heap.i64[(range >>> 3) + 1]!];
}

/** Counts become the places of the first. */
function toStarts(heap: Heap, counts: number, parts: number): void {
  for (let part = counts >>> 2, start = 0; part < (counts >>> 2) + parts; part++) {
    const count = heap.u32[part]!;
    heap.u32[part] = start;
    start += count;
  }
}

/** For chunks whose times lie far apart. */
function assignByMap({ heap, scratch }: Tools, assigner: SliceAssigner, { rows, positions, times }: AssignInput, visit: VisitSlice): void {
  const slices = new Map<bigint, { slice: Span; elements: number[] }>();
  for (let row = 0; row < rows; row++) {
    const element = positions ? heap.u32[(positions >>> 2) + row]! : row;
    const slice = assigner.sliceOf(heap.i64[(times >>> 3) + element]!)!;
    const known = slices.get(slice.start);
    if (known) known.elements.push(element);
    else slices.set(slice.start, { slice, elements: [element] });
  }
  for (const { slice, elements } of slices.values()) {
    const to = scratch.take(elements.length * 4);
    heap.u32.set(elements, to >>> 2);
    visit(slice, to, elements.length);
  }
}
