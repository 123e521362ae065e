import type { Vector } from '../expression/vector.js';
import type { AggregateLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { GroupInput } from './group-input.js';

/** The input as states read it: bools become words for every state but conditions, which are read as bytes. */
export function widened(thread: ThreadContext, aggregate: AggregateLayout, input: GroupInput): GroupInput {
  if (!input.vectors.some(vector => vector.cls === 'bool')) return input;
  const { elements, positions, rows, times, range, slice, zones, selection, firstRow, basePosition, morsel, bounds, late, decided } = input;
  return { vectors: widenInputs(thread, aggregate, input), elements, positions, rows, times, range, slice, zones, selection, firstRow, basePosition, morsel, bounds, late, decided };
}

function widenInputs(thread: ThreadContext, { compiled }: AggregateLayout, { vectors, elements }: GroupInput): Vector[] {
  return compiled.inputs.map((_expression, index) => {
    const vector = vectors[index]!;
    if (vector.cls !== 'bool' || index < compiled.keyCount || !compiled.states.some(state => state.input === index || state.more.includes(index))) return vector;
    const data = thread.scratch.take(elements * 8);
    thread.kernels.widenBytes(elements, vector.data, data);
    return { cls: 'i64', data, valid: vector.valid, dictionary: 0 };
  });
}
