import type { Window } from '../plan/plan.js';
import type { Slice } from '../state/region.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { GroupInput } from './group-operator.js';

/** The windows that the engine knows. */
export type AlignedWindow = Extract<Window, { kind: 'global' | 'tumbling' }>;
/** REQUIRES: the plan was accepted. */
export function alignedWindow(window: Window): AlignedWindow {
  if (window.kind === 'global' || window.kind === 'tumbling') return window;
  throw new Error(`no slices of ${window.kind} windows`);
}

/** The one slice of a global window. */
export const GLOBAL_SLICE: Slice = { start: 0n, end: 2n ** 63n - 1n };
/** Slices of a chunk that are told apart by counting; beyond, by a map. */
const MOST_COUNTED = 65_536n;

/** The start of the slice that a time falls into, towards minus infinity. */
export function startOfSlice(window: AlignedWindow, time: bigint): bigint {
  if (window.kind === 'global') return GLOBAL_SLICE.start;
  const [size, offset] = [BigInt(window.size), BigInt(window.offset)];
  const rest = (time - offset) % size;
  return time - (rest < 0n ? rest + size : rest);
}
export function sliceAt(window: AlignedWindow, start: bigint): Slice {
  return window.kind === 'global' ? GLOBAL_SLICE : { start, end: start + BigInt(window.size) };
}
/** The least watermark at which a slice that has not fired has something to give out. */
export const dueOf = (slice: Slice): bigint => slice.end;

/** Calls `visit` with the rows of each slice: addresses of element numbers (u32, ascending) in scratch. */
export function groupBySlice(thread: ThreadContext, window: AlignedWindow, input: GroupInput, visit: (slice: Slice, positions: number, rows: number) => void): void {
  const { heap, kernels, scratch } = thread;
  if (window.kind === 'global') return visit(GLOBAL_SLICE, input.positions, input.rows);
  const range = scratch.take(16);
  if (input.positions) {
    const times = scratch.take(input.rows * 8);
    kernels.gatherTimes(input.rows, input.positions, 0, input.times, times);
    kernels.minMax(input.rows, times, range);
  } else kernels.minMax(input.rows, input.times, range);
  const first = startOfSlice(window, heap.i64[range >>> 3]!);
  const last = startOfSlice(window, heap.i64[(range >>> 3) + 1]!);
  if (first === last) return visit(sliceAt(window, first), input.positions, input.rows);
  const size = BigInt(window.size);
  const slices = (last - first) / size + 1n;
  if (slices > MOST_COUNTED) return groupByMap(thread, window, input, visit);
  const ends = scratch.take(Number(slices) * 4);
  heap.u32.fill(0, ends >>> 2, (ends >>> 2) + Number(slices));
  kernels.countBySlice(input.rows, input.positions, input.times, first, size, ends);
  const counts = heap.u32.slice(ends >>> 2, (ends >>> 2) + Number(slices));
  let start = 0;
  for (let slice = 0; slice < counts.length; slice++) {
    heap.u32[(ends >>> 2) + slice] = start;
    start += counts[slice]!;
  }
  const sorted = scratch.take(input.rows * 4);
  kernels.scatterBySlice(input.rows, input.positions, input.times, first, size, ends, sorted);
  for (let slice = 0, from = 0; slice < counts.length; from += counts[slice++]!) {
    if (counts[slice]! > 0) visit(sliceAt(window, first + BigInt(slice) * size), sorted + from * 4, counts[slice]!);
  }
}

/** For chunks whose times lie far apart. */
function groupByMap(thread: ThreadContext, window: AlignedWindow, input: GroupInput, visit: (slice: Slice, positions: number, rows: number) => void): void {
  const { heap, scratch } = thread;
  const slices = new Map<bigint, number[]>();
  for (let row = 0; row < input.rows; row++) {
    const element = input.positions ? heap.u32[(input.positions >>> 2) + row]! : row;
    const start = startOfSlice(window, heap.i64[(input.times >>> 3) + element]!);
    const known = slices.get(start);
    if (known) known.push(element);
    else slices.set(start, [element]);
  }
  for (const [start, elements] of slices) {
    const positions = scratch.take(elements.length * 4);
    heap.u32.set(elements, positions >>> 2);
    visit(sliceAt(window, start), positions, elements.length);
  }
}
