import { Worker } from 'node:worker_threads';
import type { Heap } from '../../src/heap/heap.ts';

export interface ThreadTask {
  readonly task: 'count' | 'allocate' | 'wait' | 'fail';
  readonly seed: number;
  readonly rounds: number;
  /** Index of a word that is a lock. */
  readonly at?: number;
}

/** Runs tasks in threads of their own over one heap (test/support/heap-thread.mjs); rejects with the first error of any. */
export async function inThreads(heap: Heap, tasks: readonly ThreadTask[]): Promise<void> {
  await Promise.all(tasks.map(task => new Promise<void>((resolve, reject) => {
    const thread = new Worker(new URL('./heap-thread.mjs', import.meta.url), { workerData: { ...task, memory: heap.memory } });
    thread.on('error', reject);
    thread.on('exit', code => (code === 0 ? resolve() : reject(new Error(`a thread ended with ${code}`))));
  })));
}
