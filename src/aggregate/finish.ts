import type { Kernels } from '../../native-free-kernels/load.js';
import { MillraceError } from '../errors.js';
import type { Vector } from '../expression/vector.js';
import type { Heap, Scratch } from '../heap/heap.js';
import type { Finisher } from './compile.js';
import type { StateContext } from './primitives.js';
import { finishSpecial } from './special.js';
import { fromWords, isBytesType } from './words.js';
import { meanOf, varianceOf, wideInteger } from './exact.js';

const ALL_BITS = -1n;
const I64_MIN = -(2n ** 63n);
const I64_MAX = 2n ** 63n - 1n;

/** Reads one aggregate's result out of `rows` cells (u32 addresses) into a vector in scratch. Throws AGGREGATE_OVERFLOW. */
export function finishAggregate(thread: StateContext, finisher: Finisher, rows: number, cells: number): Vector {
  const { heap, kernels, scratch } = thread;
  const { call, states } = finisher;
  const offset = states[0]!.offset;
  const take = (): number => scratch.take(rows * 8);
  const words = (at: number): number => {
    const out = take();
    kernels.gatherWords(rows, cells, at, out);
    return out;
  };
  const valid = finisher.present ? flags(finisher.present.offset, ALL_BITS) : 0;
  function flags(at: number, bits: bigint): number {
    const out = scratch.take(rows);
    return kernels.flagWords(rows, cells, at, bits, out) === rows ? 0 : out;
  }
  const vector = (cls: Vector['cls'], data: number, known: number = valid): Vector => ({ cls, data, valid: known, dictionary: 0 });
  switch (states[0]!.primitive) {
    case 'minBytes': case 'maxBytes': return vector('bytes', words(offset), flags(offset + 8, 1n << 32n));
    case 'firstBytes': case 'lastBytes': return pickedBytes(heap, words(offset + 16), flags(offset + 24, 2n << 32n), rows, vector);
    case 'first': case 'last': return fromWords(heap, call.type, words(offset + 16), flags(offset + 24, 2n), rows);
    case 'argMin': case 'argMax': {
      const picked = words(offset + 32), valid = flags(offset + 24, 2n << 32n);
      return isBytesType(call.type) ? pickedBytes(heap, picked, valid, rows, vector) : fromWords(heap, call.type, picked, valid, rows);
    }
    case 'reduced': {
      const valid = flags(offset + 8, 1n << 32n);
      return isBytesType(call.type) ? vector('bytes', words(offset), valid) : fromWords(heap, call.type, words(offset), valid, rows);
    }
    case 'moments': return finishMoments(heap, finisher, rows, cells, scratch);
    case 'sumFloat': {
      const sums = take();
      kernels.finishSumFloat(rows, cells, offset, sums);
      if (call.fn === 'mean') divideByCounts(heap, sums, words(states[1]!.offset), rows);
      return vector('f64', sums);
    }
    case 'sumSigned': case 'sumUnsigned':
      if (call.fn === 'sum') return vector('i64', finishSums(kernels, finisher, rows, cells, take()));
      return call.fn === 'mean' ? vector('f64', finishMeans(heap, kernels, finisher, rows, cells, scratch)) : finishVariance(heap, finisher, rows, cells, scratch);
    default: return finishSpecial(thread, finisher, rows, cells) ?? fromWords(heap, call.type, words(offset), valid, rows);
  }
}

/** Null picks have a stale view: make it empty. */
function pickedBytes(heap: Heap, views: number, valid: number, rows: number, vector: (cls: 'bytes', data: number, valid: number) => Vector): Vector {
  if (valid) for (let row = 0; row < rows; row++) if (!heap.u8[valid + row]) heap.u32[(views >>> 2) + row * 2 + 1] = 0;
  return vector('bytes', views, valid);
}

function finishSums(kernels: Kernels, { call, states }: Finisher, rows: number, cells: number, out: number): number {
  const { type } = call;
  const most = type.kind === 'decimal' ? 10n ** BigInt(type.precision) - 1n : I64_MAX;
  const least = type.kind === 'decimal' ? -most : I64_MIN;
  const bad = kernels.finishSum(rows, cells, states[0]!.offset, least, most, type.kind === 'uint64' ? 1 : 0, out);
  if (bad >= 0) throw new MillraceError('AGGREGATE_OVERFLOW', `the sum '${call.name}' of a group does not fit ${type.kind}. Sum a float64 cast of the column, or a scaled-down one.`);
  return out;
}

function finishMeans(heap: Heap, kernels: Kernels, { call, states }: Finisher, rows: number, cells: number, scratch: Scratch): number {
  const out = scratch.take(rows * 8);
  const hard = scratch.take(rows * 4);
  const scale = call.input!.type.kind === 'decimal' ? call.input!.type.scale : 0;
  const found = kernels.finishMean(rows, cells, states[0]!.offset, states[1]!.offset, 10 ** scale, out, hard);
  for (let item = 0; item < found; item++) {
    const row = heap.u32[(hard >>> 2) + item]!;
    const cell = heap.u32[(cells >>> 2) + row]!;
    const signed = states[0]!.primitive === 'sumSigned';
    heap.f64[(out >>> 3) + row] = meanOf(wideInteger(heap, cell + states[0]!.offset, 2, signed), heap.u64[(cell + states[1]!.offset) >>> 3]! * 10n ** BigInt(scale));
  }
  return out;
}

function divideByCounts(heap: Heap, sums: number, counts: number, rows: number): void {
  for (let row = 0; row < rows; row++) heap.f64[(sums >>> 3) + row]! /= Number(heap.u64[(counts >>> 3) + row]!);
}

/** Fewer rows than this have no variance. */
const leastRows = (fn: string): number => (fn.endsWith('Population') ? 1 : 2);
const isDeviation = (fn: string): boolean => fn.startsWith('stddev');

function finishMoments(heap: Heap, { call, states }: Finisher, rows: number, cells: number, scratch: Scratch): Vector {
  const data = scratch.take(rows * 8);
  const valid = scratch.take(rows);
  for (let row = 0; row < rows; row++) {
    const state = (heap.u32[(cells >>> 2) + row]! + states[0]!.offset) >>> 3;
    const count = heap.f64[state]!;
    const variance = heap.f64[state + 2]! / (leastRows(call.fn) === 1 ? count : count - 1);
    heap.u8[valid + row] = count >= leastRows(call.fn) ? 1 : 0;
    heap.f64[(data >>> 3) + row] = isDeviation(call.fn) ? Math.sqrt(variance) : variance;
  }
  return { cls: 'f64', data, valid, dictionary: 0 };
}

function finishVariance(heap: Heap, { call, states }: Finisher, rows: number, cells: number, scratch: Scratch): Vector {
  const data = scratch.take(rows * 8);
  const valid = scratch.take(rows);
  const scale = call.input!.type.kind === 'decimal' ? call.input!.type.scale : 0;
  for (let row = 0; row < rows; row++) {
    const cell = heap.u32[(cells >>> 2) + row]!;
    const sum = wideInteger(heap, cell + states[0]!.offset, 2, states[0]!.primitive === 'sumSigned');
    const squares = wideInteger(heap, cell + states[1]!.offset, 3, false);
    const count = heap.u64[(cell + states[2]!.offset) >>> 3]!;
    const enough = count >= BigInt(leastRows(call.fn));
    heap.u8[valid + row] = enough ? 1 : 0;
    const variance = enough ? varianceOf(count, sum, squares, scale, leastRows(call.fn) === 1) : 0;
    heap.f64[(data >>> 3) + row] = isDeviation(call.fn) ? Math.sqrt(variance) : variance;
  }
  return { cls: 'f64', data, valid, dictionary: 0 };
}
