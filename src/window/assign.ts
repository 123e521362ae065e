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
  const { heap, scratch } = tools;
  const slices = boundaries.length - 1;
  const counts = scratch.take(slices * 4);
  heap.u32.fill(0, counts >>> 2, (counts >>> 2) + slices);
  const sorted = scratch.take(input.rows * 4);
  // Two divisions a row cost less than one search.
  if (assigner.sliceSize !== null) divide(tools, input, boundaries[0]!, assigner.sliceSize, counts, slices, sorted);
  else search(tools, input, boundaries, counts, slices, sorted);
  // Each start has moved on to the end of its rows.
  for (let slice = 0, from = 0; slice < slices; slice++) {
    const to = heap.u32[(counts >>> 2) + slice]!;
    if (to > from) visit({ start: boundaries[slice]!, end: boundaries[slice + 1]! }, sorted + from * 4, to - from);
    from = to;
  }
}

/** Of so few rows all are looked at one by one. */
const LEAST_MIXED = 1024;
/** Most rows are in one slice where at most this part of them is not. */
const OTHERS_PART = 8;

/** The slice that nearly all of some elements fall into, and those that do not (u32, in scratch); null where there is no such slice. `times`: of the elements. */
export function mostlyIn({ heap, kernels, scratch }: Tools, assigner: SliceAssigner, elements: number, times: number): { slice: Span; positions: number; rows: number } | null {
  if (elements < LEAST_MIXED) return null;
  const at = (part: number): bigint => heap.i64[(times >>> 3) + Math.floor(elements * part)]!;
  const [, middle] = [at(0.25), at(0.5), at(0.75)].sort((a, b) => (a < b ? -1 : 1));
  const slice = assigner.sliceOf(middle!);
  if (slice === null) return null;
  const positions = scratch.take(elements * 4 + 16);
  const rows = kernels.rowsOutside(elements, times, slice.start, slice.end, positions);
  return rows * OTHERS_PART <= elements ? { slice, positions, rows } : null;
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

function search({ heap, kernels, scratch }: Tools, { elements, rows, positions, times }: AssignInput, boundaries: BigInt64Array, counts: number, slices: number, sorted: number): void {
  const list = scratch.take(slices * 8);
  heap.i64.set(boundaries.subarray(0, slices), list >>> 3);
  const numbers = scratch.take(elements * 4);
  kernels.numberByBoundaries(rows, positions, times, list, slices, numbers, counts);
  toStarts(heap, counts, slices);
  kernels.scatterByNumber(rows, positions, numbers, counts, sorted);
}

function divide({ heap, kernels }: Tools, { rows, positions, times }: AssignInput, base: bigint, size: bigint, counts: number, slices: number, sorted: number): void {
  kernels.countBySlice(rows, positions, times, base, size, counts);
  toStarts(heap, counts, slices);
  kernels.scatterBySlice(rows, positions, times, base, size, counts, sorted);
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
