import { OUTPUTS, OUTPUT_ENTRIES, OUTPUT_WORDS, poisoned, QUEUE, QUEUE_ENTRIES, signal, Word, word } from '../heap/control.js';
import type { Heap } from '../heap/heap.js';
import { Poisoned, withLock } from '../heap/lock.js';

export const enum Task { morsel, fire }
const TASK_SHIFT = 16;
const CHECK_POISON_MS = 50;

/** Coordinator to workers: a ring of tasks, one producer and any consumers. The tail is stored after the entry it uncovers. */
export const TaskQueue = {
  /** REQUIRES: fewer than QUEUE_ENTRIES tasks are waiting. */
  push(heap: Heap, task: Task, index: number): void {
    const tail = heap.i32[word(Word.queueTail)]!;
    heap.u32[QUEUE + (tail >>> 0) % QUEUE_ENTRIES] = (task << TASK_SHIFT) | index;
    Atomics.store(heap.i32, word(Word.queueTail), tail + 1);
    Atomics.add(heap.i32, word(Word.bell), 1);
    // A worker that counts itself among the sleepers reads the bell and looks at the queue once more before it sleeps.
    if (Atomics.load(heap.i32, word(Word.sleepers)) > 0) Atomics.notify(heap.i32, word(Word.bell), 1);
  },

  /** `left`: how many tasks waited behind it. */
  pop(heap: Heap): { task: Task; index: number; left: number } | null {
    for (;;) {
      const head = Atomics.load(heap.i32, word(Word.queueHead));
      const tail = Atomics.load(heap.i32, word(Word.queueTail));
      if (head === tail) return null;
      const entry = heap.u32[QUEUE + (head >>> 0) % QUEUE_ENTRIES]!;
      if (Atomics.compareExchange(heap.i32, word(Word.queueHead), head, head + 1) === head) return { task: entry >>> TASK_SHIFT, index: entry & 0xffff, left: (tail - head - 1) >>> 0 };
    }
  },

  /** How many tasks wait. */
  waiting(heap: Heap): number {
    return (Atomics.load(heap.i32, word(Word.queueTail)) - Atomics.load(heap.i32, word(Word.queueHead))) >>> 0;
  },

  /** Sleeps until there may be a task, at most `ms`. */
  wait(heap: Heap, ms: number): void {
    Atomics.add(heap.i32, word(Word.sleepers), 1);
    // The bell is read before the queue and the stop are: what comes between the look and the sleep has changed it.
    const bell = Atomics.load(heap.i32, word(Word.bell));
    if (TaskQueue.waiting(heap) === 0 && !Atomics.load(heap.i32, word(Word.stop)) && !poisoned(heap)) Atomics.wait(heap.i32, word(Word.bell), bell, ms);
    Atomics.sub(heap.i32, word(Word.sleepers), 1);
  },
};

export interface Output {
  readonly descriptor: number;
  /** Token of the morsel it belongs to, or 0 for one of a firing. */
  readonly morsel: number;
  /** Its place among the outputs of its morsel. */
  readonly index: number;
}

/** Workers to coordinator: a ring of result batches, under its lock. A full ring holds workers back until results have been taken. */
export const OutputQueue = {
  push(heap: Heap, output: Output): void {
    Atomics.add(heap.i32, word(Word.results), 1);
    for (;;) {
      const room = Atomics.load(heap.i32, word(Word.room));
      if (withLock(heap, word(Word.outputLock), () => tryPush(heap, output))) break;
      if (poisoned(heap)) throw new Poisoned();
      Atomics.wait(heap.i32, word(Word.room), room, CHECK_POISON_MS);
    }
    signal(heap, Word.wake);
  },

  pop(heap: Heap): Output | null {
    return withLock(heap, word(Word.outputLock), () => {
      const head = heap.u32[word(Word.outputHead)]!;
      if (head === heap.u32[word(Word.outputTail)]) return null;
      const at = OUTPUTS + (head % OUTPUT_ENTRIES) * OUTPUT_WORDS;
      heap.u32[word(Word.outputHead)] = head + 1;
      return { descriptor: heap.u32[at]!, morsel: heap.u32[at + 1]!, index: heap.u32[at + 2]! };
    });
  },
};

function tryPush(heap: Heap, { descriptor, morsel, index }: Output): boolean {
  const tail = heap.u32[word(Word.outputTail)]!;
  if ((tail - heap.u32[word(Word.outputHead)]!) >>> 0 >= OUTPUT_ENTRIES) return false;
  heap.u32.set([descriptor, morsel, index], OUTPUTS + (tail % OUTPUT_ENTRIES) * OUTPUT_WORDS);
  heap.u32[word(Word.outputTail)] = tail + 1;
  return true;
}
