import type { Heap } from '../heap/heap.js';
import type { Fields } from '../plan/types.js';
import type { Source } from './source.js';

/** Batches that lie in an engine's heap, made by its builders. */
export interface HeapTable {
  readonly fields: Fields;
  readonly descriptors: readonly number[];
  /** Where they lie. */
  readonly heap?: Heap | undefined;
}

/** Reads batches that already lie in the engine's heap: nothing is copied. They stay there, for other jobs, until the builder's owner frees them. */
export function heapTable(table: HeapTable, options: { readonly name?: string } = {}): Source {
  const { fields, descriptors, heap } = table;
  return {
    name: options.name ?? 'heapTable',
    bounded: true,
    dictionaries: true,
    read() {
      let at = 0;
      return Promise.resolve({
        next: () => (at < descriptors.length ? { kind: 'heap' as const, descriptor: descriptors[at++]!, fields, heap } : null),
        close: () => Promise.resolve(),
      });
    },
  };
}
