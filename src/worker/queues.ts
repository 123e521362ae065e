import { OUTPUTS, OUTPUT_ENTRIES, OUTPUT_WORDS, poisoned, signal, Word, word } from '../heap/control.js';
import type { Heap } from '../heap/heap.js';
import { Poisoned, withLock } from '../heap/lock.js';
import { QUEUE_ENTRIES, queueStart, StageWord, stageWord } from '../heap/stage-block.js';

export const enum Task { morsel, fire }
const TASK_SHIFT = 16;
const PARTS_SHIFT = 8;
const CHECK_POISON_MS = 50;

/** Coordinator to workers: the ring of tasks of a stage, one producer and any consumers. The tail is stored after the entry it uncovers. */
export const TaskQueue = {
  /** REQUIRES: fewer than QUEUE_ENTRIES tasks are waiting. */
  push(heap: Heap, block: number, task: Task, index: number): void {
    const at = stageWord(block, StageWord.queueTail);
    const tail = heap.i32[at]!;
    heap.u32[queueStart(block) + (tail >>> 0) % QUEUE_ENTRIES] = (task << TASK_SHIFT) | index;
    Atomics.store(heap.i32, at, tail + 1);
    ring(heap, 1);
  },

  /** `left`: how many tasks waited behind it. */
  pop(heap: Heap, block: number): { task: Task; index: number; left: number } | null {
    const at = stageWord(block, StageWord.queueHead);
    for (;;) {
      const head = Atomics.load(heap.i32, at);
      const tail = Atomics.load(heap.i32, stageWord(block, StageWord.queueTail));
      if (head === tail) return null;
      const entry = heap.u32[queueStart(block) + (head >>> 0) % QUEUE_ENTRIES]!;
      if (Atomics.compareExchange(heap.i32, at, head, head + 1) === head) return { task: entry >>> TASK_SHIFT, index: entry & 0xffff, left: (tail - head - 1) >>> 0 };
    }
  },

  /** A firing in so many parts, all of which go before what waits. REQUIRES: all parts of the last one were taken. */
  pushUrgent(heap: Heap, block: number, parts: number): void {
    Atomics.store(heap.i32, stageWord(block, StageWord.urgent), parts << PARTS_SHIFT);
    ring(heap, parts);
  },
  popUrgent(heap: Heap, block: number): { part: number; parts: number } | null {
    const at = stageWord(block, StageWord.urgent);
    for (;;) {
      const state = Atomics.load(heap.i32, at);
      const [part, parts] = [state & 0xff, state >>> PARTS_SHIFT];
      if (part === parts) return null;
      // Whoever is slow, and finds the word of another firing as it was in the last, takes a part of that one.
      if (Atomics.compareExchange(heap.i32, at, state, state + 1) === state) return { part, parts };
    }
  },
  hasUrgent(heap: Heap, block: number): boolean {
    const state = Atomics.load(heap.i32, stageWord(block, StageWord.urgent));
    return (state & 0xff) !== state >>> PARTS_SHIFT;
  },

  /** How many tasks wait. */
  waiting(heap: Heap, block: number): number {
    return (Atomics.load(heap.i32, stageWord(block, StageWord.queueTail)) - Atomics.load(heap.i32, stageWord(block, StageWord.queueHead))) >>> 0;
  },

  /** Sleeps until there may be a task in one of some stages, at most `ms`. */
  wait(heap: Heap, blocks: readonly number[], ms: number): void {
    Atomics.add(heap.i32, word(Word.sleepers), 1);
    // The bell is read before the queues and the stop are: what comes between the look and the sleep has changed it.
    const bell = Atomics.load(heap.i32, word(Word.bell));
    const isIdle = blocks.every(block => TaskQueue.waiting(heap, block) === 0 && !TaskQueue.hasUrgent(heap, block)) && !Atomics.load(heap.i32, word(Word.stop)) && !poisoned(heap);
    if (isIdle) Atomics.wait(heap.i32, word(Word.bell), bell, ms);
    Atomics.sub(heap.i32, word(Word.sleepers), 1);
  },
};

/** Wakes so many workers, if they sleep. */
function ring(heap: Heap, tasks: number): void {
  Atomics.add(heap.i32, word(Word.bell), 1);
  // A worker that counts itself among the sleepers reads the bell and looks at the queue once more before it sleeps.
  if (Atomics.load(heap.i32, word(Word.sleepers)) > 0) Atomics.notify(heap.i32, word(Word.bell), tasks);
}

export interface Output {
  readonly descriptor: number;
  /** Index of the stage that it comes from. */
  readonly stage: number;
  /** Token of the morsel it belongs to, or 0 for one of a firing. */
  readonly morsel: number;
  /** Its place among the outputs of its morsel. */
  readonly index: number;
}

/** Workers to coordinator: a ring of result batches, under its lock. A full ring holds workers back until results have been taken. */
export const OutputQueue = {
  push(heap: Heap, output: Output): void {
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
      return { descriptor: heap.u32[at]!, morsel: heap.u32[at + 1]!, index: heap.u32[at + 2]!, stage: heap.u32[at + 3]! };
    });
  },
};

function tryPush(heap: Heap, { descriptor, morsel, index, stage }: Output): boolean {
  const tail = heap.u32[word(Word.outputTail)]!;
  if ((tail - heap.u32[word(Word.outputHead)]!) >>> 0 >= OUTPUT_ENTRIES) return false;
  heap.u32.set([descriptor, morsel, index, stage], OUTPUTS + (tail % OUTPUT_ENTRIES) * OUTPUT_WORDS);
  heap.u32[word(Word.outputTail)] = tail + 1;
  return true;
}
