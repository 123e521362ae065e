import fc from 'fast-check';
import { expect, test } from 'vitest';
import { heap, Layout, same } from '../support/images.ts';
import { makeLog } from './logs.ts';
import { MIN } from './support.ts';

/** Stores of de-duplication: layouts as in src/aggregate/seen-store.ts. */
interface Step { readonly rows: readonly (readonly [key: string | null, time: number])[]; readonly bound: number }
const step: fc.Arbitrary<Step> = fc.record({
  rows: fc.array(fc.tuple(fc.constantFrom('', 'a', 'longer than eight', null, 'longer than eighT'), fc.integer({ min: -40, max: 120 })), { maxLength: 12 }),
  bound: fc.integer({ min: -60, max: 100 }),
});
const drawn = [fc.array(step, { maxLength: 8 }), fc.constantFrom(0n, 3n, 20n, 2n ** 62n), fc.integer({ min: 32, max: 4000 }), fc.boolean(), fc.boolean(), fc.constantFrom(0, 64, 0xffff_ffc0)] as const;

test('firstOfKeys', () => fc.assert(fc.property(...drawn, (steps, within, bytes, reversed, words, first) => {
  const layout = new Layout();
  const { log } = makeLog(layout, bytes & ~7, first, [0n, MIN, within, 0n]);
  const kept: [key: string | null, time: bigint][] = [];
  let bound = MIN;
  for (const { rows, bound: by } of steps) {
    if (BigInt(by) > bound) bound = BigInt(by);
    const elements = rows.map((_row, index) => (reversed ? rows.length - 1 - index : index));
    const numbers = layout.u32([...elements, 0]);
    const keys = words ? layout.i64([...rows.map(([key]) => BigInt(key?.length ?? 0)), 0n]) : layout.views(rows.map(([key]) => Buffer.from(key ?? 'what is there')));
    const [valid, hashes] = [layout.u8([...rows.map(([key]) => (key === null ? 0 : 1)), 0]), layout.u32([...rows.map(([key]) => (key === null ? 0 : Math.imul(key.length, 0x2715_4f61) >>> 0)), 0])];
    const [times, bounds] = [layout.i64([...rows.map(([, time]) => BigInt(time)), 0n]), layout.i64([...rows.map(() => bound), 0n])];
    const [keep, late] = [layout.u8(Array.from({ length: 12 }, () => 0)), layout.take(48)];
    heap.u32.fill(0, (log >>> 2) + 16, (log >>> 2) + 18);
    const done = same(layout, k => k.firstOfKeys(log, 0, rows.length, numbers, keys, words ? 0 : 1, valid, hashes, times, bounds, keep, late));
    const expected = rows.slice(0, done).map(([key, time]) => {
      const isSame = (other: string | null): boolean => (words && key !== null && other !== null ? other.length === key.length : other === key);
      const passes = BigInt(time) >= bound && !kept.some(([other, at]) => isSame(other) && (at > BigInt(time) ? at - BigInt(time) : BigInt(time) - at) <= within);
      if (passes) kept.push([key, BigInt(time)]);
      return passes ? 1 : 0;
    });
    expect(elements.slice(0, done).map(element => heap.u8[keep + element])).toEqual(expected);
    expect(heap.u32[(log >>> 2) + 16]).toBe(rows.slice(0, done).filter(([, time]) => BigInt(time) < bound).length);
    if (done < rows.length) return;
  }
}), { numRuns: 400 }));
