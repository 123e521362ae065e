import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CONTROL, CONTROL_BYTES, formatHeap, LEAST_PAGES, PAGE_BYTES, Word, word } from '../../src/heap/control.ts';
import type { Heap } from '../../src/heap/heap.ts';
import { PageAllocator, PageUse } from '../../src/heap/page-allocator.ts';
import { testHeap } from '../support/heap.ts';
import { inThreads } from '../support/threads.ts';

const USES = [PageUse.batch, PageUse.state, PageUse.user, PageUse.scratch] as const;
const { heap: shared } = testHeap(LEAST_PAGES);

function fresh(heap: Heap = shared): PageAllocator {
  heap.u8.fill(0, CONTROL, CONTROL + CONTROL_BYTES + LEAST_PAGES * 20);
  formatHeap(heap);
  return new PageAllocator(heap);
}
const counts = ({ u32 }: Heap): number[] => [u32[word(Word.batchPages)]!, u32[word(Word.statePages)]!, u32[word(Word.userPages)]!];
const dataPages = ({ u32 }: Heap): number => u32[word(Word.pages)]! - u32[word(Word.firstPage)]!;

/** What is taken: an owner per page. */
class Model {
  readonly runs = new Map<number, { pages: number; use: PageUse }>();
  readonly owners: number[];
  constructor(private readonly heap: Heap) {
    this.owners = Array.from({ length: heap.u32[word(Word.pages)]! }, (_, page) => (page < heap.u32[word(Word.firstPage)]! ? -1 : 0));
  }
  take(address: number, pages: number, use: PageUse): void {
    expect(address % PAGE_BYTES).toBe(0);
    const first = address / PAGE_BYTES;
    expect(this.owners.slice(first, first + pages)).toEqual(Array(pages).fill(0));
    this.owners.fill(address, first, first + pages);
    this.runs.set(address, { pages, use });
  }
  give(address: number): void {
    const { pages } = this.runs.get(address)!;
    this.owners.fill(0, address / PAGE_BYTES, address / PAGE_BYTES + pages);
    this.runs.delete(address);
  }
  fits(pages: number): boolean {
    let free = 0;
    return this.owners.some(owner => (free = owner === 0 ? free + 1 : 0) === pages);
  }
  check(): void {
    const sum = (use: PageUse): number => [...this.runs.values()].reduce((pages, run) => pages + (run.use === use ? run.pages : 0), 0);
    expect(counts(this.heap)).toEqual([sum(PageUse.batch), sum(PageUse.state), sum(PageUse.user)]);
  }
}

const action = fc.oneof(
  fc.record({ kind: fc.constant('take' as const), pages: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 90 })), use: fc.constantFrom(...USES) }),
  fc.record({ kind: fc.constant('give' as const), which: fc.nat() }),
);

test('runs never overlap, and one is refused only where no gap is long enough', () => {
  fc.assert(fc.property(fc.array(action, { maxLength: 120 }), actions => {
    const pages = fresh();
    const model = new Model(shared);
    for (const step of actions) {
      if (step.kind === 'give') {
        const addresses = [...model.runs.keys()];
        if (addresses.length === 0) continue;
        const address = addresses[step.which % addresses.length]!;
        expect(pages.pagesOf(address)).toBe(model.runs.get(address)!.pages);
        pages.free(address);
        model.give(address);
      } else if (model.fits(step.pages)) model.take(pages.allocate(step.pages * PAGE_BYTES - 5, step.use), step.pages, step.use);
      else expect(() => pages.allocate(step.pages * PAGE_BYTES, step.use)).toThrow(expect.objectContaining({ code: 'HEAP_FULL' }));
      model.check();
    }
  }), { numRuns: 150 });
});

test('a reset frees all but tables of the user, and counts those', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom(...USES)), { maxLength: 20 }), runs => {
    const pages = fresh();
    const taken = runs.flatMap(([count, use]) => {
      try { return [{ address: pages.allocate(count * PAGE_BYTES, use), count, use }]; } catch { return []; }
    });
    const user = taken.filter(({ use }) => use === PageUse.user);
    shared.u8.fill(0, CONTROL, CONTROL + CONTROL_BYTES);
    formatHeap(shared);
    pages.reset();
    expect(counts(shared)).toEqual([0, 0, user.reduce((sum, { count }) => sum + count, 0)]);
    for (const { address } of user) pages.free(address);
    expect(pages.allocate(dataPages(shared) * PAGE_BYTES, PageUse.batch)).toBe(shared.u32[word(Word.firstPage)]! * PAGE_BYTES);
  }), { numRuns: 60 });
});

describe('limits', () => {
  test('of the state hold for state alone', () => {
    const pages = fresh();
    shared.u32[word(Word.stateLimitPages)] = 10;
    const held = pages.allocate(10 * PAGE_BYTES, PageUse.state);
    expect(() => pages.allocate(1, PageUse.state)).toThrow(expect.objectContaining({ code: 'STATE_FULL' }));
    pages.allocate(20 * PAGE_BYTES, PageUse.batch);
    pages.free(held);
    pages.allocate(1, PageUse.state);
  });
  test('nothing is freed twice', () => {
    const pages = fresh();
    const address = pages.allocate(3 * PAGE_BYTES, PageUse.batch);
    pages.free(address);
    expect(() => pages.free(address)).toThrow(/twice/);
    expect(counts(shared)).toEqual([0, 0, 0]);
    pages.allocate(1, PageUse.batch);
  });
});

test('threads never get the same page', async () => {
  const { heap } = testHeap(LEAST_PAGES);
  const pages = fresh(heap);
  await inThreads(heap, [1, 2, 3].map(seed => ({ task: 'allocate', seed, rounds: 1500 })));
  expect(counts(heap)).toEqual([0, 0, 0]);
  expect(pages.allocate(dataPages(heap) * PAGE_BYTES, PageUse.state)).toBeGreaterThan(0);
});
