import { hashedKeys, keyWords } from '../aggregate/keys.js';
import type { Vector } from '../expression/vector.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { JoinKeyMode } from './entry-layout.js';

/** The keys of a chunk by element: a word (u64) that is the key or its hash, views of its bytes or 0, and whether no part of it is null (0: none is). */
export interface JoinKeys {
  readonly words: number;
  readonly views: number;
  readonly valid: number;
}

export function joinKeys(thread: ThreadContext, mode: JoinKeyMode, vectors: readonly Vector[], rows: number): JoinKeys {
  const { heap, kernels, scratch } = thread;
  const valid = allValid(thread, vectors, rows);
  if (mode === 'word') return { words: keyWords(kernels, vectors[0]!, rows, scratch), views: 0, valid };
  const words = scratch.take(rows * 8);
  if (mode === 'none') {
    kernels.clearBytes(rows * 8, words);
    return { words, views: 0, valid: 0 };
  }
  const { data } = hashedKeys(heap, kernels, mode, vectors, rows, 0n, scratch);
  kernels.wideHashBytes(rows, data, words);
  return { words, views: data, valid };
}

function allValid({ kernels, scratch }: ThreadContext, vectors: readonly Vector[], rows: number): number {
  return vectors.reduce((all, { valid }) => {
    if (all === 0 || valid === 0 || all === valid) return all || valid;
    const both = scratch.take(rows);
    kernels.andBytes(rows, all, valid, both);
    return both;
  }, 0);
}
