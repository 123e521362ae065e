import { poisoned } from './control.js';
import type { Heap } from './heap.js';

/** Thrown by every wait once another thread has failed: the holder of the lock may be dead. Not an error of its own. */
export class Poisoned extends Error {
  override readonly name = 'Poisoned';
}

const FREE = 0;
const HELD = 1;
/** Held, and somebody may be asleep. */
const CONTENDED = 2;
const SPINS = 64;
const CHECK_POISON_MS = 50;
/** A thread that is this long in `withLock` has been lost. The coordinator may wait here for it, and hears of lost threads only between waits. */
const LOST_CHECKS = 400;

/** A futex lock in one u32 word (Drepper, "Futexes Are Tricky", mutex 2). `index` counts i32 words. Not re-entrant. */
export function tryLock(heap: Heap, index: number): boolean {
  return Atomics.compareExchange(heap.i32, index, FREE, HELD) === FREE;
}

export function lock(heap: Heap, index: number, mostChecks: number = Infinity): void {
  for (let spin = 0; spin < SPINS; spin++) if (tryLock(heap, index)) return;
  for (let check = 0; Atomics.exchange(heap.i32, index, CONTENDED) !== FREE; check++) {
    if (Atomics.wait(heap.i32, index, CONTENDED, CHECK_POISON_MS) !== 'timed-out') check = 0;
    if (poisoned(heap)) throw new Poisoned();
    if (check >= mostChecks) throw new Error('a lock was not given back: the thread that held it is lost');
  }
}

export function unlock(heap: Heap, index: number): void {
  if (Atomics.exchange(heap.i32, index, FREE) === CONTENDED) Atomics.notify(heap.i32, index, 1);
}

/** Holds the lock for a moment. REQUIRES: `work` waits for nothing. */
export function withLock<T>(heap: Heap, index: number, work: () => T): T {
  lock(heap, index, LOST_CHECKS);
  try {
    return work();
  } finally {
    unlock(heap, index);
  }
}
