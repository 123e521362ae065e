import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LEAST_PAGES } from '../../src/heap/control.ts';
import { DenseTable } from '../../src/state/dense-table.ts';
import { Region } from '../../src/state/region.ts';
import { testHeap } from '../support/heap.ts';
import { renew, stateHeap, stateIn } from '../support/state-heap.ts';

const base = testHeap(LEAST_PAGES);
const { heap } = base;
/** Starts that lie as windows do, far apart, or anywhere. */
const start = fc.oneof(
  fc.bigInt(-40n, 40n).map(slice => slice * 60_000n), fc.bigInt(0n, 60n).map(slice => 1_700_000_000_000_000n + slice * 3_600_000_000n),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.constantFrom(0n, -1n, -(2n ** 63n), 2n ** 63n - 1n),
);
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('dense' as const, 'hashed' as const, 'find' as const), start }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('upTo' as const, 'remove' as const), start }) },
);

test('the slices of a region are a map, whoever looks', () => {
  fc.assert(fc.property(fc.array(action, { maxLength: 90, size: 'max' }), actions => {
    renew(heap, 65_536, 65_536 * 4);
    const { region, kernels, pages } = stateHeap('wasm', 0, LEAST_PAGES, base);
    // Another thread's view of the same region: what it remembers must not outlive what the first removes.
    const other = new Region(heap, kernels, pages, stateAddress(region), 0);
    const model = new Map<bigint, number>();
    for (const { kind, start: at } of actions) {
      if (kind === 'find') {
        for (const view of [region, other]) expect(view.find(at)?.address).toBe(model.get(at));
      } else if (kind === 'upTo' || kind === 'remove') {
        const found = region.slicesUpTo(at);
        expect(new Set(found)).toEqual(new Set([...model.keys()].filter(known => known <= at)));
        expect(new Set(found).size).toBe(found.length);
        if (kind === 'upTo') continue;
        region.removeClosed(new Set(found));
        found.forEach(gone => model.delete(gone));
      } else if (!model.has(at)) {
        const table = kind === 'dense' ? region.createDense(at, 16) : region.createHashed(at, 24);
        expect([...model.values()]).not.toContain(table.address);
        model.set(at, table.address);
        expect(other.find(at)).toBeInstanceOf(table instanceof DenseTable ? DenseTable : Object);
      }
      expect(region.sliceCount).toBe(model.size);
    }
    for (const [at, address] of model) for (const view of [other, region]) expect(view.find(at)!.address).toBe(address);
    region.removeClosed(new Set(model.keys()));
    expect(stateIn(heap)).toEqual([0, 0]);
    expect([region.sliceCount, region.slicesUpTo(2n ** 63n - 1n), other.find(0n)]).toEqual([0, [], null]);
  }), { numRuns: 100 });
});

const stateAddress = (region: Region): number => (region as unknown as { at: number }).at * 4;
