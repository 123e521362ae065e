import fc from 'fast-check';
import { expect, test } from 'vitest';
import { heap, Layout, same } from '../support/images.ts';
import { int64, property } from './support.ts';

/** Stores of sessions and count windows: layouts as in src/state/session-layout.ts. */
const STATE_BYTES = 16;
const NODE_BYTES = STATE_BYTES + 64;
const KEYS = 3;

interface Step { readonly rows: readonly (readonly [key: number, time: number])[]; readonly bound: number; readonly fire: number | null; readonly early: boolean }
const step: fc.Arbitrary<Step> = fc.record({
  rows: fc.array(fc.tuple(fc.nat(KEYS - 1), fc.integer({ min: -40, max: 120 })), { maxLength: 12 }),
  bound: fc.integer({ min: -60, max: 100 }),
  fire: fc.option(fc.integer({ min: -60, max: 160 }), { nil: null }),
  early: fc.boolean(),
});

/** A store over a table that has room for `nodes` nodes in its arena; the cells of its keys, the last of them that of null. */
function storeIn(layout: Layout, nodes: number, words: readonly bigint[]): { store: number; cells: number[] } {
  const arena = layout.take(nodes * NODE_BYTES);
  const table = layout.u32(Array.from({ length: 64 }, () => 0));
  const first = layout.i64(Array.from({ length: KEYS }, (_, key) => [BigInt(key + 7), 0n, BigInt(key)]).flat());
  const cells = Array.from({ length: KEYS }, (_, key) => first + key * 24);
  heap.u32.set([arena, arena + nodes * NODE_BYTES], (table >>> 2) + 9);
  heap.u32[(table >>> 2) + 3] = cells[KEYS - 1]!;
  const queue = layout.take(nodes * 64);
  const store = layout.u32([table, queue, 0, nodes * 4, 0, 0, ...Array.from({ length: 26 }, () => 0)]);
  heap.u32[(store >>> 2) + 8] = STATE_BYTES;
  heap.i64[(store >>> 3) + 3] = 2n ** 63n - 1n;
  heap.i64.set(words, (store >>> 3) + 5);
  return { store, cells };
}

const lengths = fc.record({ gap: fc.constantFrom(1n, 5n, 20n), longest: fc.constantFrom(0n, 20n, 33n), accept: fc.constantFrom(0n, 7n, 50n), final: fc.boolean() });

test('sessions', () => fc.assert(fc.property(fc.array(step, { maxLength: 8 }), lengths, fc.integer({ min: 2, max: 60 }), (steps, { gap, longest, accept, final }, nodes) => {
  const layout = new Layout();
  const { store, cells } = storeIn(layout, nodes, [gap, longest, accept, final ? accept : 0n]);
  const template = layout.i64([0n, 3n]);
  const [slots, late, merges, out, gone] = [64, 64, 128, 64 * 4, 64 * 40].map(bytes => layout.take(bytes * 4)) as [number, number, number, number, number];
  const [times, bounds] = [layout.take(400), layout.take(400)];
  let bound = -1000n;
  for (const { rows, bound: by, fire, early } of steps) {
    if (BigInt(by) > bound) bound = BigInt(by);
    rows.forEach(([key, time], row) => {
      heap.u32[(slots >>> 2) + row] = cells[key]!;
      heap.i64[(times >>> 3) + row] = BigInt(time);
      heap.i64[(bounds >>> 3) + row] = bound;
    });
    heap.u32.fill(0, (store >>> 2) + 18, (store >>> 2) + 20);
    same(layout, k => k.sessionSlots(store, 0, rows.length, 0, slots, times, bounds, 0, template, late, merges));
    if (fire === null) continue;
    // A firing is never ahead of the rows' own watermark.
    const watermark = BigInt(fire) < bound ? BigInt(fire) : bound;
    same(layout, k => k.fireSessions(store, watermark, early ? 1 : 0, out, gone));
  }
  same(layout, k => k.fireSessions(store, 2n ** 63n - 1n, 0, out, gone));
}), { numRuns: 400 }));

test('a session that changes and comes again and again, early or late, is in the queue once', () => {
  for (const [bound, early] of [[-1000n, 1], [30n, 0]] as const) {
    const layout = new Layout();
    const { store, cells } = storeIn(layout, 3, [10n, 0n, 100n, 0n]);
    const [template, out, gone, late, merges] = [layout.i64([0n, 3n]), layout.take(64), layout.take(400), layout.take(8), layout.take(16)];
    const [slots, times, bounds] = [layout.take(8), layout.take(8), layout.i64([bound - 100n])];
    const entries: number[] = [];
    for (let turn = 0; turn < 50; turn++) {
      // Early, it goes on; late, a row comes once more after its end.
      heap.i64[times >>> 3] = early ? BigInt(turn) : 5n;
      same(layout, k => {
        heap.u32[slots >>> 2] = cells[0]!;
        heap.u32.fill(0, (store >>> 2) + 18, (store >>> 2) + 20);
        k.sessionSlots(store, 0, 1, 0, slots, times, bounds, 0, template, late, merges);
        return k.fireSessions(store, bound, early, out, gone);
      });
      entries.push(heap.u32[(store >>> 2) + 2]!);
    }
    expect(entries).toEqual(entries.map(() => 1));
  }
});

test('count windows', () => fc.assert(fc.property(fc.array(fc.nat(KEYS - 1), { maxLength: 40 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 30 }), (keys, size, nodes) => {
  const layout = new Layout();
  const { store, cells } = storeIn(layout, nodes, []);
  const template = layout.i64([0n, 3n]);
  const slots = layout.u32(keys.map(key => cells[key]!));
  same(layout, k => k.countSlots(store, 0, keys.length, slots, BigInt(size), template));
}), { numRuns: 200 }));

property('runningBounds', { values: fc.array(int64, { minLength: 60, maxLength: 60 }), before: int64, floor: int64, cap: int64, back: fc.constantFrom(0n, 9n, 2n ** 40n), first: fc.nat(9), bits: fc.array(fc.nat(255), { minLength: 8, maxLength: 8 }), all: fc.boolean() }, ({ chunk, values, before, floor, cap, back, first, bits, all }, layout) => {
  const selection = chunk.positions === null ? 0 : layout.u32([...chunk.positions.map(position => position + first), 0]);
  const [at, validity, out] = [layout.i64(values), all ? 0 : layout.u8(bits), layout.take(500)];
  same(layout, k => k.runningBounds(chunk.rows, selection, first, at, validity, before, back, floor, cap, out));
});
