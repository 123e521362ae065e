import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blockBytes } from '../../src/heap/block-allocator.ts';
import { LEAST_PAGES, PAGE_BYTES, STATE_UNIT, Word, word } from '../../src/heap/control.ts';
import { testHeap } from '../support/heap.ts';
import { renew, stateHeap, stateIn } from '../support/state-heap.ts';

const base = testHeap(LEAST_PAGES);
const { heap } = base;
const size = fc.oneof(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 40_000 }), fc.constantFrom(256, 257, 32_768, 32_769, 65_536, 65_537, 300_000));
const action = fc.oneof(fc.record({ take: size }), fc.record({ give: fc.nat() }));

/** Every word of a block says which block it is of. */
const fill = (address: number, bytes: number, mark: number): void => void heap.u32.fill(mark, address >>> 2, (address + bytes) >>> 2);
const intact = (address: number, bytes: number, mark: number): boolean => {
  for (let at = address >>> 2; at < (address + bytes) >>> 2; at++) if (heap.u32[at] !== mark) return false;
  return true;
};

test('blocks keep what is in them, are counted as what they take, and leave no page behind', () => {
  fc.assert(fc.property(fc.array(action, { maxLength: 200 }), actions => {
    renew(heap, PAGE_BYTES, PAGE_BYTES * 3);
    const { blocks } = stateHeap('wasm', 0, LEAST_PAGES, base);
    const live: { address: number; bytes: number; mark: number }[] = [];
    let mark = 1;
    let units = 0;
    let peak = 0;
    const give = (index: number): void => {
      const [block] = live.splice(index, 1);
      expect(intact(block!.address, block!.bytes, block!.mark)).toBe(true);
      blocks.free(block!.address, block!.bytes);
      units -= blockBytes(block!.bytes) / STATE_UNIT;
    };
    for (const step of actions) {
      if ('give' in step) {
        if (live.length > 0) give(step.give % live.length);
      } else {
        const address = blocks.allocate(step.take);
        expect(address % 256).toBe(0);
        fill(address, step.take & ~3, ++mark);
        live.push({ address, bytes: step.take, mark });
        units += blockBytes(step.take) / STATE_UNIT;
        peak = Math.max(peak, units);
      }
      expect(stateIn(heap)[1]).toBe(units);
    }
    expect(heap.u32[word(Word.statePeakUnits)]).toBe(peak);
    while (live.length > 0) give((mark * 7) % live.length);
    expect(stateIn(heap)).toEqual([0, 0]);
  }), { numRuns: 100 });
});

test('a page is shared by blocks of one size and given back with the last', () => {
  renew(heap, PAGE_BYTES, PAGE_BYTES * 3);
  const { blocks } = stateHeap('wasm', 0, LEAST_PAGES, base);
  for (let bytes = 256; bytes <= 32_768; bytes *= 2) {
    const all = Array.from({ length: (PAGE_BYTES / bytes) * 2 }, () => blocks.allocate(bytes));
    expect(stateIn(heap)[0]).toBe(2);
    expect(new Set(all).size).toBe(all.length);
    all.slice(1).forEach(address => blocks.free(address, bytes));
    expect(stateIn(heap)[0]).toBe(1);
    blocks.free(all[0]!, bytes);
    expect(stateIn(heap)).toEqual([0, 0]);
  }
});
