import { workerData } from 'node:worker_threads';
import { Heap } from '../../dist/src/heap/heap.js';
import { lock, Poisoned, unlock } from '../../dist/src/heap/lock.js';
import { poison } from '../../dist/src/heap/control.js';
import { PageAllocator } from '../../dist/src/heap/page-allocator.js';

/** A thread of the heap's concurrency tests. */
const { memory, task, seed, rounds, at } = workerData;
const heap = new Heap(memory);
let state = seed;
const random = n => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) % n;

const tasks = {
  /** Adds 1 to a word without atomics, many times: only a lock makes the sum right. A second word must always equal the first. */
  count() {
    for (let round = 0; round < rounds; round++) {
      lock(heap, at);
      const seen = heap.u32[at + 16];
      if (heap.u32[at + 17] !== seen) throw new Error('two threads were in the lock at once');
      heap.u32[at + 16] = seen + 1;
      if (round % 16 === 0) for (let spin = random(2000); spin > 0; spin--);
      heap.u32[at + 17] = seen + 1;
      unlock(heap, at);
    }
  },
  /** Takes and gives runs of pages; every word of a run says who owns it and where it lies. */
  allocate() {
    const pages = new PageAllocator(heap);
    const mine = [];
    const word = (address, index) => (Math.imul(seed, 0x9e3779b1) ^ (address + index)) >>> 0;
    const verify = ({ address, words }) => {
      for (let index = 0; index < words; index += 61) if (heap.u32[(address >>> 2) + index] !== word(address, index)) throw new Error(`another thread wrote to ${address}`);
      pages.free(address);
    };
    for (let round = 0; round < rounds; round++) {
      if (mine.length > 9 || (mine.length > 0 && random(3) === 0)) {
        verify(mine.splice(random(mine.length), 1)[0]);
        continue;
      }
      const bytes = (random(5) + 1) * 65_536 - random(100);
      let address;
      try {
        address = pages.allocate(bytes, 1 + random(3));
      } catch (error) {
        if (error.code !== 'HEAP_FULL') throw error;
        verify(mine.pop());
        continue;
      }
      const words = bytes >>> 2;
      for (let index = 0; index < words; index += 61) heap.u32[(address >>> 2) + index] = word(address, index);
      mine.push({ address, words });
    }
    mine.forEach(verify);
  },
  /** Waits for a lock that nobody will give back. */
  wait() {
    try {
      Atomics.add(heap.i32, at + 16, 1);
      Atomics.notify(heap.i32, at + 16);
      lock(heap, at);
    } catch (error) {
      if (error instanceof Poisoned) return;
      throw error;
    }
    throw new Error('the lock was got');
  },
  /** Fails once `rounds` threads wait. */
  fail() {
    while (Atomics.load(heap.i32, at + 16) < rounds) Atomics.wait(heap.i32, at + 16, Atomics.load(heap.i32, at + 16), 50);
    poison(heap);
  },
};
tasks[task]();
