import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LEAST_PAGES } from '../../src/heap/control.ts';
import { DenseTable } from '../../src/state/dense-table.ts';
import { longerDictionary, noteDictionary, SLAB_BYTES, TableWord } from '../../src/state/table-layout.ts';
import { testHeap } from '../support/heap.ts';
import { renew, stateHeap, stateIn } from '../support/state-heap.ts';

const base = testHeap(LEAST_PAGES);
const { heap } = base;
const COUNT_OFFSET = 8;

/** Codes, null as -1, with more of them known from batch to batch. */
const growing = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 5 }).chain(sizes => {
  const known = sizes.map((_size, at) => Math.max(1, ...sizes.slice(0, at + 1)));
  return fc.tuple(...known.map(count => fc.record({
    count: fc.constant(count),
    codes: fc.array(fc.integer({ min: -1, max: count - 1 }), { maxLength: 60, size: 'max' }),
    every: fc.integer({ min: 1, max: 3 }), nulls: fc.boolean(),
  })));
});

describe('a dense table', () => {
  for (const kind of ['wasm', 'twins'] as const) {
    test(`has a cell for every code (${kind})`, () => {
      fc.assert(fc.property(growing, fc.constantFrom(16, 24, 1000), (batches, cellBytes) => {
        renew(heap);
        const { kernels, blocks, scratch } = stateHeap(kind, 0, LEAST_PAGES, base);
        const table = DenseTable.create(heap, kernels, blocks, cellBytes);
        const template = scratch.take(cellBytes);
        heap.u8.fill(0, template, template + cellBytes);
        heap.u64[(template + cellBytes - 8) >>> 3] ||= cellBytes > 16 ? 7n : 0n;
        const model = new Map<number, { address: number; rows: bigint }>();
        for (const { count, codes: drawn, every, nulls } of batches) {
          const codes = drawn.map(code => (nulls ? code : Math.max(0, code)));
          const rows = codes.map((_code, element) => element).filter(element => element % every === 0);
          const [data, valid, positions, slots] = [scratch.take(codes.length * 4), scratch.take(codes.length), scratch.take(rows.length * 4), scratch.take(rows.length * 4)];
          heap.i32.set(codes.map(code => Math.max(0, code)), data >>> 2);
          codes.forEach((code, element) => (heap.u8[valid + element] = code < 0 ? 0 : 1));
          heap.u32.set(rows, positions >>> 2);
          table.reserve(count, template);
          expect(table.capacity).toBeGreaterThan(count);
          table.slots(rows.length, every === 1 ? 0 : positions, data, nulls ? valid : 0, slots);
          rows.forEach((element, row) => {
            const code = codes[element]!;
            const slot = heap.u32[(slots >>> 2) + row]!;
            expect(slot).toBe(table.cellOf(code));
            const cell = model.get(code) ?? { address: slot, rows: 0n };
            expect(slot).toBe(cell.address);
            if (cellBytes > 16) expect(heap.u64[(slot + cellBytes - 8) >>> 3]).toBe(7n);
            heap.u64[(slot + COUNT_OFFSET) >>> 3]!++;
            model.set(code, { address: slot, rows: cell.rows + 1n });
          });
        }
        const out = scratch.take(table.capacity * 4);
        const found = table.touched(COUNT_OFFSET, out);
        const cells = Array.from(heap.u32.subarray(out >>> 2, (out >>> 2) + found));
        expect(new Map(cells.map(cell => [Number(heap.i64[cell >>> 3]), { address: cell, rows: heap.u64[(cell + COUNT_OFFSET) >>> 3]! }]))).toEqual(model);
        expect(cells.length).toBe(model.size);
        table.free();
        expect(stateIn(heap)).toEqual([0, 0]);
      }), { numRuns: 40 });
    });
  }

  test('allocates no more than a slab at once', () => {
    const { heap: own, kernels, blocks, scratch, pages } = stateHeap('wasm', 0, 300);
    const table = DenseTable.create(own, kernels, blocks, 64);
    table.reserve(65_536, scratch.take(64));
    const chunks = own.u32[(table.address >>> 2) + TableWord.denseChunks]!;
    expect(chunks).toBeGreaterThan(1);
    for (let chunk = 0; chunk < chunks; chunk++) expect(pages.pagesOf(own.u32[(own.u32[(table.address >>> 2) + TableWord.directory]! >>> 2) + chunk]!) * 65_536).toBeLessThanOrEqual(SLAB_BYTES);
    table.free();
    expect(stateIn(own)).toEqual([0, 0]);
  });
});

test('of two dictionaries the one with more values is noted', () => {
  renew(heap);
  const { kernels, blocks, scratch } = stateHeap('wasm', 0, LEAST_PAGES, base);
  const table = DenseTable.create(heap, kernels, blocks, 16);
  const [small, large] = [3, 9].map(count => {
    const block = scratch.take(16);
    heap.u32[block >>> 2] = count;
    return block;
  }) as [number, number];
  const noted = () => heap.u32[(table.address >>> 2) + TableWord.dictionary];
  for (const [dictionary, expected] of [[0, 0], [small, small], [0, small], [large, large], [small, large], [0, large]] as const) {
    noteDictionary(heap, table.address, dictionary);
    expect(noted()).toBe(expected);
  }
  expect([longerDictionary(heap, 0, small), longerDictionary(heap, small, 0), longerDictionary(heap, 0, 0)]).toEqual([small, small, 0]);
});
