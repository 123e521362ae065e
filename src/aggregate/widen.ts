import type { Vector } from '../expression/vector.js';
import type { AggregateLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { GroupInput } from './group-operator.js';

/** The inputs as states read them: bools become words for every state but conditions, which are read as bytes. */
export function widenInputs(thread: ThreadContext, { compiled }: AggregateLayout, { vectors, elements }: GroupInput): Vector[] {
  return compiled.inputs.map((_expression, index) => {
    const vector = vectors[index]!;
    if (vector.cls !== 'bool' || index < compiled.keyCount || !compiled.states.some(state => state.input === index || state.more.includes(index))) return vector;
    const data = thread.scratch.take(elements * 8);
    thread.kernels.widenBytes(elements, vector.data, data);
    return { ...vector, cls: 'i64', data };
  });
}
