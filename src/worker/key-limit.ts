import { DictionaryWord } from '../batch/layout.js';
import type { ChunkResult } from '../expression/stateless-stage.js';
import type { Vector } from '../expression/vector.js';
import { SLAB_BYTES } from '../state/table-layout.js';
import type { ThreadContext } from './thread-context.js';

/** A key is kept in one slab, with what tells its columns apart. */
const FRAME_BYTES = 1024;
export const MOST_KEY_BYTES: number = SLAB_BYTES - FRAME_BYTES;

/** The elements of a chunk (ascending) whose text and binary keys together are too large to be kept; `keys`: how many vectors are keys. */
export function elementsWithLargeKeys(thread: ThreadContext, result: ChunkResult, keys: number): number[] {
  const isText = ({ cls }: Vector): boolean => cls === 'bytes' || (keys > 1 && cls === 'code');
  let inAll = 0;
  for (let key = 0; key < keys; key++) if (isText(result.vectors[key]!)) inAll += mostBytes(thread, result.vectors[key]!, result.rows);
  // Hardly ever is there more text in a whole chunk than fits one key.
  if (inAll <= MOST_KEY_BYTES) return [];
  const vectors = result.vectors.slice(0, keys).filter(isText);
  const large: number[] = [];
  for (let element = 0; element < result.rows; element++) {
    let bytes = 0;
    for (const vector of vectors) bytes += bytesOf(thread, vector, element);
    if (bytes > MOST_KEY_BYTES) large.push(element);
  }
  return large;
}

/** A bound on the bytes of any one element. */
function mostBytes({ heap, kernels }: ThreadContext, vector: Vector, rows: number): number {
  if (vector.cls === 'bytes') return kernels.textBytes(rows, vector.data) >>> 0;
  const block = vector.dictionary >>> 2;
  return heap.i32[(heap.u32[block + DictionaryWord.offsets]! >>> 2) + heap.u32[block + DictionaryWord.count]!]!;
}

function bytesOf({ heap }: ThreadContext, vector: Vector, element: number): number {
  if (vector.valid && heap.u8[vector.valid + element] === 0) return 0;
  if (vector.cls === 'bytes') return heap.u32[(vector.data >>> 2) + element * 2 + 1]!;
  const offset = (heap.u32[(vector.dictionary >>> 2) + DictionaryWord.offsets]! >>> 2) + heap.i32[(vector.data >>> 2) + element]!;
  return heap.i32[offset + 1]! - heap.i32[offset]!;
}
