import type { Heap } from './heap.js';

/**
 * The control block at the start of the heap: what threads tell each other about the heap and the job, as u32 words from CONTROL (what they
 * tell about a stage is in `stage-block.ts`). Bytes 0…65535 stay
 * unused, so that address 0 means none and a stray write of a kernel's would hit nothing. Who writes what:
 *
 *   poison, stop          any thread sets, nobody clears while threads run
 *   page*, output*        under the lock of their group
 *   bell                  the coordinator adds 1 and notifies: there is a task, or the job is over
 *   sleepers              workers: how many wait for the bell, or are about to
 *   wake                  workers add 1 and notify: the coordinator has something to look at
 *   room                  the coordinator adds 1 and notifies: memory or output places were given back
 */
export const PAGE_BYTES = 65_536;
export const CONTROL = 65_536;
export const CONTROL_BYTES = 65_536;
const MAGIC = 0x4c4c494d;
const LAYOUT_VERSION = 1;

export const enum Word {
  magic, version, poison, pages, firstPage,
  pageLock, lowHint, highHint, batchPages, statePages, stateLimitPages, userPages,
  stateUnits, statePeakUnits,
  stop, bell, wake, room,
  outputLock, outputHead, outputTail,
  switchedToHash,
  scratchPages, sleepers,
}
/** State is counted in units of this many bytes. */
export const STATE_UNIT = 256;

export const OUTPUT_ENTRIES = 1024;
export const OUTPUT_WORDS = 4;
export const MORSEL_SLOTS = 256;
export const MORSEL_WORDS = 64;
export const MAX_BRANCHES = 256;

const wordsFrom = (words: number): number => CONTROL / 4 + words;
export const word = (name: Word): number => wordsFrom(name);
export const OUTPUTS: number = wordsFrom(64);

/** A run table (u32 per page) and page records (16 bytes per page) follow the control block. */
export const runTable = (): number => (CONTROL + CONTROL_BYTES) / 4;
export const pageRecords = (pages: number): number => (CONTROL + CONTROL_BYTES) / 4 + pages;
const firstDataPage = (pages: number): number => Math.ceil((CONTROL + CONTROL_BYTES + pages * 20) / PAGE_BYTES);

/** The least heap an engine can start in: tables of its own and 8 MiB to work with. */
export const LEAST_PAGES = 160;

export function formatHeap(heap: Heap): void {
  const pages = heap.u8.length / PAGE_BYTES;
  heap.u32[word(Word.magic)] = MAGIC;
  heap.u32[word(Word.version)] = LAYOUT_VERSION;
  heap.u32[word(Word.pages)] = pages;
  heap.u32[word(Word.firstPage)] = firstDataPage(pages);
  heap.u32[word(Word.lowHint)] = firstDataPage(pages);
  heap.u32[word(Word.highHint)] = pages - 1;
}

export function checkHeap(heap: Heap): void {
  if (heap.u32[word(Word.magic)] !== MAGIC || heap.u32[word(Word.version)] !== LAYOUT_VERSION) throw new Error('this shared memory is not a heap of this engine');
}

export const poisoned = (heap: Heap): boolean => Atomics.load(heap.i32, word(Word.poison)) !== 0;

/** Wakes every waiting thread to see the poison; who waits for a chain looks by itself. */
export function poison(heap: Heap): void {
  Atomics.store(heap.i32, word(Word.poison), 1);
  for (const name of [Word.bell, Word.room, Word.pageLock, Word.outputLock, Word.wake]) Atomics.notify(heap.i32, word(name));
}

/** Adds 1 to a word (index in i32) and wakes who waits for it. */
export function ring(heap: Heap, index: number): void {
  Atomics.add(heap.i32, index, 1);
  Atomics.notify(heap.i32, index);
}
export function signal(heap: Heap, name: Word): void {
  ring(heap, word(name));
}

