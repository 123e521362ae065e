import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LEAST_PAGES } from '../../src/heap/control.ts';
import { NEVER, Region } from '../../src/state/region.ts';
import { testHeap } from '../support/heap.ts';
import { renew, stateHeap, stateIn } from '../support/state-heap.ts';

const base = testHeap(LEAST_PAGES);
const { heap } = base;
/** Starts that lie as windows do, far apart, or anywhere. */
const start = fc.oneof(
  fc.bigInt(-40n, 40n).map(slice => slice * 60_000n), fc.bigInt(0n, 60n).map(slice => 1_700_000_000_000_000n + slice * 3_600_000_000n),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.constantFrom(0n, -1n, -(2n ** 63n), 2n ** 63n - 1n),
);
/** Slices of the same start and different ends are different slices: days in two zones. */
const slice = fc.tuple(start, fc.constantFrom(1n, 3_600_000n, 90_000_000n)).map(([at, size]) => ({ start: at, end: BigInt.asIntN(64, at + size) }));
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('write' as const, 'fire' as const), slice }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), slice }) },
);
interface Known { table: number; delta: number | null; firings: number }

test('the slices of a region are a map, whoever looks', () => {
  fc.assert(fc.property(fc.array(action, { maxLength: 90, size: 'max' }), actions => {
    renew(heap, 65_536, 65_536 * 4);
    const { region, kernels, pages } = stateHeap('wasm', 0, LEAST_PAGES, base);
    // Another thread's view of the same region: what it remembers must not outlive what the first changes.
    const other = new Region(heap, kernels, pages, stateAddress(region), 0);
    const model = new Map<string, Known>();
    const keyOf = ({ start: from, end }: { start: bigint; end: bigint }): string => `${from} ${end}`;
    for (const { kind, slice: at } of actions) {
      const known = model.get(keyOf(at));
      const found = region.held().find(held => held.start === at.start && held.end === at.end);
      expect(found !== undefined).toBe(known !== undefined);
      if (kind === 'write') {
        const { address } = region.writable(at, 24, at.end);
        if (known === undefined) model.set(keyOf(at), { table: address, delta: null, firings: 0 });
        else if (known.firings === 0) expect(address).toBe(known.table);
        else expect(address).toBe(known.delta ??= address);
        expect(address === known?.table).toBe(known?.firings === 0);
        expect(other.writable(at, 24, at.end).address).toBe(address);
        expect(region.due <= at.end).toBe(true);
      } else if (known === undefined) continue;
      else if (kind === 'fire') {
        region.fired(found!);
        known.firings++;
        known.delta = null;
        // As a firing does: when what is left has something to do.
        region.due = region.changed().reduce((least, { end }) => (end < least ? end : least), NEVER);
      } else {
        region.writable(at, 24, at.end);
        const gone = region.held().filter(held => held.start <= at.start);
        region.remove(gone);
        gone.forEach(held => model.delete(keyOf(held)));
        // What it remembers of the last table is of no use any more.
        model.set(keyOf(at), { table: region.writable(at, 24, at.end).address, delta: null, firings: 0 });
      }
      expect(region.sliceCount).toBe(model.size);
    }
    for (const view of [region, other]) {
      const held = view.held();
      expect(new Map(held.map(({ table, delta, firings, ...of }) => [keyOf(of), { table: table.address, delta: delta?.address ?? null, firings }]))).toEqual(model);
      const each: string[] = [];
      view.each((one, isChanged) => each.push(`${keyOf(one)} ${isChanged}`));
      expect(each.sort()).toEqual([...model].map(([of, { delta, firings }]) => `${of} ${firings === 0 || delta !== null}`).sort());
    }
    region.remove(region.held());
    expect(stateIn(heap)).toEqual([0, 0]);
    expect([region.sliceCount, other.held()]).toEqual([0, []]);
  }), { numRuns: 100 });
});

test('an empty region has nothing due', () => {
  const { region } = stateHeap('wasm', 0, LEAST_PAGES, base);
  expect(region.due).toBe(NEVER);
  region.writable({ start: 0n, end: 10n }, 24, 10n);
  region.writable({ start: 20n, end: 30n }, 24, 30n);
  expect(Region.dueAt(heap, stateAddress(region))).toBe(10n);
});

const stateAddress = (region: Region): number => (region as unknown as { at: number }).at * 4;
