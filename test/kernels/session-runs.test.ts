import fc from 'fast-check';
import { expect, test } from 'vitest';
import { heap, Layout, same } from '../support/images.ts';

/** Rows that go to sessions by runs end where they would have, one by one. Layouts as in src/state/session-layout.ts. */
const STATE_BYTES = 16;
const NODES = 120;
const KEYS = 2;
const ROWS = 40;

type Row = readonly [key: number, time: number, bound: number];
const row: fc.Arbitrary<Row> = fc.tuple(fc.nat(KEYS - 1), fc.integer({ min: 0, max: 60 }), fc.integer({ min: -60, max: 40 }));
/** Batches of chunks: a run goes on from one to the next, but not to the next batch. */
const batches = fc.array(fc.array(fc.array(row, { minLength: 4, maxLength: ROWS }), { maxLength: 3 }), { maxLength: 4 });

/** A table with cells for keys and room for nodes. */
function tableIn(layout: Layout): { table: number; cells: number[] } {
  const arena = layout.take(NODES * (STATE_BYTES + 64));
  const table = layout.u32(Array.from({ length: 64 }, () => 0));
  heap.u32.set([arena, arena + NODES * (STATE_BYTES + 64)], (table >>> 2) + 9);
  const first = layout.i64(Array.from({ length: KEYS }, (_, key) => [BigInt(key + 7), 0n, 0n]).flat());
  return { table, cells: Array.from({ length: KEYS }, (_, key) => first + key * 24) };
}
function storeIn(layout: Layout, words: readonly bigint[]): { store: number; cells: number[] } {
  const { table, cells } = tableIn(layout);
  const store = layout.u32([table, ...Array.from({ length: 31 }, () => 0)]);
  heap.u32[(store >>> 2) + 8] = STATE_BYTES;
  heap.i64[(store >>> 3) + 3] = 2n ** 63n - 1n;
  heap.i64.set(words, (store >>> 3) + 5);
  return { store, cells };
}
/** Start, last time, flags and count of rows of every session of a key, newest first. */
function sessionsOf(cell: number): bigint[][] {
  const found: bigint[][] = [];
  for (let node = heap.u32[(cell >>> 2) + 2]!; node; node = heap.u32[(node + STATE_BYTES + 48) >>> 2]!) {
    const fields = (node + STATE_BYTES) >>> 3;
    found.push([heap.i64[fields]!, heap.i64[fields + 1]!, BigInt(heap.u32[fields * 2 + 14]!), heap.i64[(node >>> 3) + 1]!]);
  }
  return found;
}
const addTo = (node: number, count: bigint): void => void (heap.i64[(node >>> 3) + 1]! += count);

test('rows that are combined to runs end in the sessions of rows that come one by one', () => {
  let whole = 0;
  let undone = 0;
  fc.assert(fc.property(batches, fc.constantFrom(1n, 5n, 20n), fc.constantFrom(0n, 20n, 33n), (given, gap, longest) => {
    const layout = new Layout();
    const [one, other] = [storeIn(layout, [gap, longest, 0n, 0n]), storeIn(layout, [gap, longest, 0n, 0n])];
    const { table, cells } = tableIn(layout);
    const arena = heap.u32[(table >>> 2) + 9]!;
    const template = layout.i64([0n, 0n]);
    const take = (words: number): number => layout.take(words * 4);
    const [late, merges, runs, positions, slots] = [take(ROWS), take(ROWS * 2), take(ROWS), take(ROWS), take(ROWS)] as [number, number, number, number, number];
    const chunks = [0, 1, 2].map(() => ({ times: take(ROWS * 2), bounds: take(ROWS * 2), ofRow: take(ROWS), starts: take(ROWS + 1) }));
    const lateRows: string[][] = [[], []];
    let bound = -1000n;

    /** Moves elements of a chunk to a store. */
    const put = (to: typeof one, batch: number, chunk: number, rows: readonly Row[], elements: readonly number[], byRuns: boolean): void => {
      const { times, bounds, ofRow } = chunks[chunk]!;
      elements.forEach((element, item) => {
        heap.u32[(positions >>> 2) + item] = element;
        heap.u32[(slots >>> 2) + item] = to.cells[rows[element]![0]]!;
        heap.u32[(runs >>> 2) + item] = byRuns ? heap.u32[(ofRow >>> 2) + element]! : 0;
      });
      heap.u32.fill(0, (to.store >>> 2) + 18, (to.store >>> 2) + 21);
      same(layout, k => k.sessionSlots(to.store, 0, elements.length, positions, slots, times, bounds, byRuns ? runs : 0, template, late, merges));
      const [gone, merged, passed] = heap.u32.slice((to.store >>> 2) + 18, (to.store >>> 2) + 21) as unknown as [number, number, number];
      for (let item = 0; item < gone; item++) lateRows[to === one ? 0 : 1]!.push(`${batch} ${chunk} ${elements[heap.u32[(late >>> 2) + item]!]!}`);
      elements.forEach((_, item) => {
        const node = heap.u32[(slots >>> 2) + item]!;
        const count = byRuns ? heap.i64[(heap.u32[(runs >>> 2) + item]! >>> 3) + 1]! : 1n;
        if (byRuns && node && count > 1n) whole++;
        if (node) addTo(node, count);
      });
      for (let item = 0; item < merged; item++) addTo(heap.u32[(merges >>> 2) + item]!, heap.i64[(heap.u32[(merges >>> 2) + elements.length + item]! >>> 3) + 1]!);
      undone += passed;
    };

    for (const [batch, parts] of given.entries()) {
      for (const [chunk, rows] of parts.entries()) {
        const { times, bounds, ofRow, starts } = chunks[chunk]!;
        rows.forEach(([key, time, by], element) => {
          if (BigInt(by) > bound) bound = BigInt(by);
          heap.i64[(times >>> 3) + element] = BigInt(time);
          heap.i64[(bounds >>> 3) + element] = bound;
          heap.u32[(ofRow >>> 2) + element] = cells[key]!;
        });
        heap.u32[starts >>> 2] = 0;
        same(layout, k => k.runSlots(table, STATE_BYTES, 0, rows.length, 0, ofRow, times, bounds, gap, longest, template, starts));
        rows.forEach((_, element) => addTo(heap.u32[(ofRow >>> 2) + element]!, 1n));
        put(one, batch, chunk, rows, rows.map((_, element) => element), false);
      }
      parts.forEach((rows, chunk) => {
        const { starts } = chunks[chunk]!;
        put(other, batch, chunk, rows, [...heap.u32.subarray((starts >>> 2) + 1, (starts >>> 2) + 1 + heap.u32[starts >>> 2]!)], true);
      });
      parts.forEach((rows, chunk) => {
        const { ofRow } = chunks[chunk]!;
        put(other, batch, chunk, rows, rows.flatMap((_, element) => (heap.u32[(heap.u32[(ofRow >>> 2) + element]! + STATE_BYTES + 36) >>> 2] ? [element] : [])), false);
      });
      heap.u32[(table >>> 2) + 9] = arena;
      for (const cell of cells) heap.u32.fill(0, (cell >>> 2) + 2, (cell >>> 2) + 4);
      expect(other.cells.map(sessionsOf)).toEqual(one.cells.map(sessionsOf));
      expect(heap.i64[(other.store >>> 3) + 3]).toBe(heap.i64[(one.store >>> 3) + 3]);
      expect(lateRows[1]!.sort()).toEqual(lateRows[0]!.sort());
    }
  }), { numRuns: 1000 });
  // Both ways were taken.
  expect(whole).toBeGreaterThan(500);
  expect(undone).toBeGreaterThan(100);
});
