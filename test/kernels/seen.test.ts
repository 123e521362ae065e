import fc from 'fast-check';
import { test } from 'vitest';
import { heap, Layout, same } from '../support/images.ts';

/** Stores of de-duplication: layouts as in src/state/seen-store.ts. */
const KEYS = 3;
const I64_MIN = -(2n ** 63n);

interface Step { readonly rows: readonly (readonly [key: number, time: number])[]; readonly bound: number }
const step: fc.Arbitrary<Step> = fc.record({
  rows: fc.array(fc.tuple(fc.nat(KEYS - 1), fc.integer({ min: -40, max: 120 })), { maxLength: 12 }),
  bound: fc.integer({ min: -60, max: 100 }),
});

test('firstOfKeys', () => fc.assert(fc.property(fc.array(step, { maxLength: 8 }), fc.constantFrom(0n, 3n, 20n, 2n ** 62n), fc.integer({ min: 1, max: 60 }), fc.boolean(), (steps, within, nodes, reversed) => {
  const layout = new Layout();
  const arena = layout.take(nodes * 16);
  const table = layout.u32(Array.from({ length: 64 }, () => 0));
  heap.u32.set([arena, arena + nodes * 16], (table >>> 2) + 9);
  const first = layout.i64(Array.from({ length: KEYS }, (_, key) => [BigInt(key), 0n]).flat());
  const store = layout.i64([0n, 0n, 0n, I64_MIN, within, I64_MIN, 0n, 0n]);
  heap.u32[store >>> 2] = table;
  const [times, bounds, keep, late] = [layout.take(96), layout.take(96), layout.take(12), layout.take(48)];
  let bound = I64_MIN;
  for (const { rows, bound: by } of steps) {
    if (BigInt(by) > bound) bound = BigInt(by);
    const elements = rows.map((_row, index) => (reversed ? rows.length - 1 - index : index));
    const slots = layout.u32([...rows.map(([key]) => first + key * 16), 0]);
    const positions = reversed ? layout.u32([...elements, 0]) : 0;
    rows.forEach(([, time], index) => {
      heap.i64[(times >>> 3) + elements[index]!] = BigInt(time);
      heap.i64[(bounds >>> 3) + elements[index]!] = bound;
    });
    heap.u32.fill(0, (store >>> 2) + 2, (store >>> 2) + 4);
    heap.u8.fill(0, keep, keep + 12);
    same(layout, k => k.firstOfKeys(store, 0, rows.length, positions, slots, times, bounds, keep, late));
  }
}), { numRuns: 400 }));
