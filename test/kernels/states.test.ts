import fc from 'fast-check';
import { describe } from 'vitest';
import { heap, Layout, same } from '../support/images.ts';
import { CELLS, column, float, int64, MAX, MIN, place, property } from './support.ts';

/** accumulate, merge, finish: states in cells. */
const OFFSET = 16;
const CELL_BYTES = 64;
const PLAIN = ['sumSigned', 'sumUnsigned', 'minSigned', 'maxSigned', 'minUnsigned', 'maxUnsigned'] as const;
const FLOATS = ['sumFloat', 'moments', 'minFloat', 'maxFloat'] as const;

/** Cells with random words in them: their addresses. */
function cellsOf(layout: Layout, words: readonly bigint[]): number[] {
  const base = layout.take(CELLS * CELL_BYTES);
  for (let word = 0; word < (CELLS * CELL_BYTES) / 8; word++) heap.u64[(base >>> 3) + word] = BigInt.asUintN(64, words[word % words.length]!);
  return Array.from({ length: CELLS }, (_, cell) => base + cell * CELL_BYTES);
}
const floatCells = (layout: Layout, values: readonly number[]): number[] => {
  const cells = cellsOf(layout, [0n]);
  cells.forEach((cell, index) => heap.f64.set([Math.abs(Math.trunc(values[index]! % 1000)) || 0, values[index + 7]!, values[index + 14]!], (cell + OFFSET) >>> 3));
  layout.floats.push([cells[0]!, (CELLS * CELL_BYTES) / 8]);
  return cells;
};
const wide = column(int64);
const floats = column(float);

describe('accumulate', () => {
  property('count and integers', { values: wide, state: wide }, ({ chunk, values, state }, layout) => {
    const { positions, mask } = place(layout, chunk);
    const cells = cellsOf(layout, state);
    const slots = layout.u32(chunk.cells.map(cell => cells[cell]!));
    const data = layout.i64(values);
    same(layout, k => k.count(chunk.rows, positions, slots, OFFSET, mask));
    for (const name of PLAIN) same(layout, k => k[name](chunk.rows, positions, slots, OFFSET, data, mask));
    same(layout, k => k.countAndSum(chunk.rows, positions, slots, OFFSET, OFFSET + 8, data, mask));
    same(layout, k => k.countAndSum(chunk.rows, positions, slots, OFFSET + 16, OFFSET, data, mask));
    for (const unsigned of [0, 1]) same(layout, k => k.sumSquares(chunk.rows, positions, slots, OFFSET, data, mask, unsigned));
  });
  property('floats', { values: floats, state: floats }, ({ chunk, values, state }, layout) => {
    const { positions, mask } = place(layout, chunk);
    const cells = floatCells(layout, state);
    const slots = layout.u32(chunk.cells.map(cell => cells[cell]!));
    const data = layout.f64(values);
    for (const name of FLOATS) same(layout, k => k[name](chunk.rows, positions, slots, OFFSET, data, mask));
  });
  const few = column(fc.bigInt(-2n, 2n));
  const base = fc.constantFrom(0n, 5n, 1n << 48n, MAX - 100_000n);
  property('pick', { values: wide, times: few, state: few, base, seen: fc.boolean(), timed: fc.boolean(), selected: fc.boolean() }, ({ chunk, values, times, state, base: basePosition, seen, timed, selected }, layout) => {
    const { positions, mask, valid } = place(layout, chunk);
    const cells = cellsOf(layout, state);
    if (!seen) for (const cell of cells) heap.u64.fill(0n, (cell + OFFSET) >>> 3, ((cell + OFFSET) >>> 3) + 4);
    const slots = layout.u32(chunk.cells.map(cell => cells[cell]!));
    const [data, at] = [layout.i64(values), timed ? layout.i64(times) : 0];
    const selection = selected ? layout.u32(Array.from({ length: chunk.elements }, (_, element) => element * 3 + 1)) : 0;
    for (const last of [0, 1]) same(layout, k => k.pick(chunk.rows, positions, slots, OFFSET, data, valid, mask, at, selection, 4, basePosition, last));
  });
});

describe('merge', () => {
  property('integers', { into: wide, from: wide }, ({ chunk, into, from }, layout) => {
    const [ours, theirs] = [cellsOf(layout, into), cellsOf(layout, from)];
    const [to, by] = [layout.u32(chunk.cells.map(cell => ours[cell]!)), layout.u32(chunk.cells.map((_cell, row) => theirs[row % CELLS]!))];
    const rows = chunk.elements;
    for (const words of [1, 2, 3]) same(layout, k => k.mergeSum(rows, to, by, OFFSET, words));
    same(layout, k => k.mergeCountAndSum(rows, to, by, OFFSET + 16, OFFSET));
    same(layout, k => k.mergeCountAndSum(rows, to, by, OFFSET, OFFSET + 16));
    for (const kind of [0, 1]) for (const sign of [-1, 1]) same(layout, k => k.mergeExtreme(rows, to, by, OFFSET, kind, sign));
  });
  property('picks', { into: column(fc.bigInt(-2n, 2n)), from: column(fc.bigInt(-2n, 2n)) }, ({ chunk, into, from }, layout) => {
    const [ours, theirs] = [cellsOf(layout, into), cellsOf(layout, from)];
    const [to, by] = [layout.u32(chunk.cells.map(cell => ours[cell]!)), layout.u32(chunk.cells.map((_cell, row) => theirs[row % CELLS]!))];
    for (const last of [0, 1]) same(layout, k => k.mergePick(chunk.elements, to, by, OFFSET, last));
  });
  property('floats', { into: floats, from: floats }, ({ chunk, into, from }, layout) => {
    const [ours, theirs] = [floatCells(layout, into), floatCells(layout, from)];
    const [to, by] = [layout.u32(chunk.cells.map(cell => ours[cell]!)), layout.u32(chunk.cells.map((_cell, row) => theirs[row % CELLS]!))];
    const rows = chunk.elements;
    for (const sign of [-1, 1]) same(layout, k => k.mergeExtreme(rows, to, by, OFFSET, 2, sign));
    same(layout, k => k.mergeMoments(rows, to, by, OFFSET));
    same(layout, k => k.mergeSumFloat(rows, to, by, OFFSET));
  });
});

describe('finish', () => {
  property('words and sums', { state: column(fc.oneof(int64, fc.constantFrom(0n, -1n))), scale: fc.constantFrom(1, 100, 1e18) }, ({ chunk, state, scale }, layout) => {
    const cells = cellsOf(layout, state);
    const addresses = layout.u32(chunk.cells.map(cell => cells[cell]!));
    const [out, more] = [layout.take(chunk.elements * 8), layout.take(chunk.elements * 4 + 4)];
    const rows = chunk.elements;
    same(layout, k => k.gatherWords(rows, addresses, OFFSET, out));
    for (const bits of [-1n, 1n, 2n, 1n << 32n, 2n << 32n, MIN]) same(layout, k => k.flagWords(rows, addresses, OFFSET, bits, more));
    for (const [low, high, unsigned] of [[MIN, MAX, 0], [MIN, MAX, 1], [-(10n ** 18n - 1n), 10n ** 18n - 1n, 0]] as const) {
      same(layout, k => k.finishSum(rows, addresses, OFFSET, low, high, unsigned, out));
    }
    same(layout, k => k.finishMean(rows, addresses, OFFSET, OFFSET + 16, scale, out, more));
  });
  property('double-double sums', { state: floats }, ({ chunk, state }, layout) => {
    const cells = floatCells(layout, state);
    const addresses = layout.u32(chunk.cells.map(cell => cells[cell]!));
    const out = layout.take(chunk.elements * 8);
    layout.floats.push([out, chunk.elements]);
    same(layout, k => k.finishSumFloat(chunk.elements, addresses, OFFSET + 8, out));
  });
});
