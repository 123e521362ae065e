import { expect, test } from 'vitest';
import { Pace } from '../../src/coordinator/pace.ts';
import { formatHeap, PAGE_BYTES, Word, word } from '../../src/heap/control.ts';
import { Heap } from '../../src/heap/heap.ts';
import { VirtualClock } from '../support/clock.ts';

const paced = (pages = 64 * 1024, keepsResults = true): { pace: Pace; clock: VirtualClock; done: (morsels: number, ms: number) => number; take: (bytes: number) => void } => {
  const heap = new Heap(new WebAssembly.Memory({ initial: 200, maximum: 200, shared: true }));
  formatHeap(heap);
  heap.u32[word(Word.pages)] = pages;
  const clock = new VirtualClock();
  const pace = new Pace(heap, clock, keepsResults);
  const done = (morsels: number, ms: number): number => {
    clock.advance(ms);
    for (let n = 0; n < morsels; n++) pace.note();
    pace.look();
    return pace.mostInFlight;
  };
  return { pace, clock, done, take: bytes => { heap.u32[word(Word.batchPages)] = bytes / PAGE_BYTES; } };
};

test('as many morsels are in flight as are done in 20 ms, from 60 to 240', () => {
  const { pace, done } = paced();
  expect(pace.mostInFlight).toBe(60);
  // Since when these were in the works nobody knows.
  expect(done(1000, 5)).toBe(60);
  expect(done(30, 5)).toBe(60);
  expect(done(20, 5)).toBe(100);
  expect(done(1000, 10)).toBe(240);
  expect(done(10, 10)).toBe(60);
  expect(done(10, 1000)).toBe(60);
});

test('no more than 60 where batches take more than 16 MiB, or a 64th of the heap', () => {
  const { done, take } = paced();
  done(1, 1);
  take(16 << 20);
  expect(done(100, 10)).toBe(200);
  take((16 << 20) + PAGE_BYTES);
  expect(done(100, 10)).toBe(60);
  take(0);
  expect(done(100, 10)).toBe(200);
  const small = paced(1024);
  small.done(1, 1);
  small.take(16 * PAGE_BYTES);
  expect(small.done(100, 10)).toBe(200);
  small.take(17 * PAGE_BYTES);
  expect(small.done(100, 10)).toBe(60);
});

test('no more than 60 where each morsel has results', () => {
  const { done } = paced(64 * 1024, false);
  done(1, 1);
  expect(done(100, 10)).toBe(60);
});

test('a clock that is set back begins anew', () => {
  const { done } = paced();
  done(1, 1);
  expect(done(1000, 10)).toBe(240);
  expect(done(50, -1000)).toBe(240);
  expect(done(1, 10)).toBe(60);
});

test('a clock that stands still says nothing about the pace', () => {
  const { done } = paced();
  for (let i = 0; i < 10; i++) expect(done(100, 0)).toBe(60);
});
