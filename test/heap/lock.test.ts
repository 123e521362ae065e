import { expect, test } from 'vitest';
import { formatHeap, LEAST_PAGES, poisoned } from '../../src/heap/control.ts';
import { lock, Poisoned, tryLock, unlock, withLock } from '../../src/heap/lock.ts';
import { testHeap } from '../support/heap.ts';
import { inThreads } from '../support/threads.ts';

const AT = 100_000;
const newHeap = () => {
  const { heap } = testHeap(LEAST_PAGES);
  formatHeap(heap);
  return heap;
};

test('one thread at a time', async () => {
  const heap = newHeap();
  await inThreads(heap, [1, 2, 3].map(seed => ({ task: 'count', seed, rounds: 20_000, at: AT })));
  expect([heap.u32[AT], heap.u32[AT + 16], heap.u32[AT + 17]]).toEqual([0, 60_000, 60_000]);
});

test('a lock that is held is not got, and given back whatever happens', () => {
  const heap = newHeap();
  lock(heap, AT);
  expect(tryLock(heap, AT)).toBe(false);
  unlock(heap, AT);
  expect(() => withLock(heap, AT, () => { throw new Error('within'); })).toThrow('within');
  expect(tryLock(heap, AT)).toBe(true);
});

test('whoever waits for a lock learns that its holder has failed', async () => {
  const heap = newHeap();
  lock(heap, AT);
  const began = performance.now();
  await inThreads(heap, [{ task: 'fail', seed: 1, rounds: 2, at: AT }, { task: 'wait', seed: 2, rounds: 0, at: AT }, { task: 'wait', seed: 3, rounds: 0, at: AT }]);
  expect(poisoned(heap)).toBe(true);
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(() => lock(heap, AT)).toThrow(Poisoned);
});
