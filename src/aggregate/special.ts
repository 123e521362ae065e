import { encode } from '../batch/text-codec.js';
import type { Raw } from '../expression/literal.js';
import type { Vector } from '../expression/vector.js';
import type { DataType, Value } from '../plan/types.js';
import { ArgExtreme } from './arg-extreme.js';
import { CollectedList } from './collected-list.js';
import type { Finisher, StateSlot } from './compile.js';
import { DistinctSet } from './distinct.js';
import { HyperLogLog } from './hyperloglog.js';
import { MostFrequent } from './most-frequent.js';
import type { Primitive, StateContext } from './primitives.js';
import { QuantileSketch } from './quantile-sketch.js';
import { TopValues } from './top-values.js';
import { ReducedState, UserState, type UserAggregate } from './user-state.js';
import { fromWords, isBytesType } from './words.js';

/** Primitives that are made for the types and options of one state. */
export type SpecialName = 'argMin' | 'argMax' | 'distinct' | 'hyperLogLog' | 'quantiles' | 'greatest' | 'least' | 'frequencies' | 'collected' | 'user' | 'reduced';

const distinct = (thread: StateContext, { params }: StateSlot): DistinctSet => new DistinctSet(thread, params.types![0]!);
const hyperLogLog = (thread: StateContext, { params }: StateSlot): HyperLogLog => new HyperLogLog(thread, params.types![0]!);
const quantiles = ({ heap }: StateContext, { params }: StateSlot): QuantileSketch => new QuantileSketch(heap, params.accuracy!);
const top = (thread: StateContext, { primitive, params }: StateSlot): TopValues => new TopValues(thread, params.types![0]!, params.limit!, primitive === 'greatest' ? 1 : -1);
const frequencies = (thread: StateContext, { params }: StateSlot): MostFrequent => new MostFrequent(thread, params.types![0]!);
const collected = (thread: StateContext, { params }: StateSlot): CollectedList => new CollectedList(thread, params.types![0]!, params.limit!);
const user = (thread: StateContext, { params, more }: StateSlot): UserState =>
  new UserState(thread, params.name!, thread.functions!(params.module!, params.name!) as unknown as UserAggregate, params.types!, more);
const reduced = (thread: StateContext, { params }: StateSlot): ReducedState =>
  new ReducedState(thread, params.name!, thread.functions!(params.module!, params.name!) as unknown as (a: Value, b: Value) => unknown, params.types![0]!);

export function specialPrimitive(thread: StateContext, state: StateSlot): Primitive {
  const { primitive, params, more } = state;
  switch (primitive as SpecialName) {
    case 'argMin': case 'argMax': return new ArgExtreme(thread.heap, primitive === 'argMin' ? -1 : 1, params.types![0]!, params.types![1]!, more[0]!);
    case 'distinct': return distinct(thread, state);
    case 'hyperLogLog': return hyperLogLog(thread, state);
    case 'quantiles': return quantiles(thread, state);
    case 'greatest': case 'least': return top(thread, state);
    case 'frequencies': return frequencies(thread, state);
    case 'collected': return collected(thread, state);
    case 'user': return user(thread, state);
    case 'reduced': return reduced(thread, state);
  }
}

/** Reads the result of a state that is more than a word out of `rows` cells; null where the state is not of this kind. */
export function finishSpecial(thread: StateContext, { call, states }: Finisher, rows: number, cells: number): Vector | null {
  const [state] = states;
  const each = <T>(read: (at: number) => T): T[] => Array.from({ length: rows }, (_, row) => read(thread.heap.u32[(cells >>> 2) + row]! + state!.offset));
  switch (state!.primitive) {
    case 'distinct': { const set = distinct(thread, state!); return integers(thread, each(at => set.size(at))); }
    case 'hyperLogLog': { const sketch = hyperLogLog(thread, state!); return integers(thread, each(at => sketch.estimate(at))); }
    case 'quantiles': { const sketch = quantiles(thread, state!); return floats(thread, each(at => sketch.quantile(at, call.options!.q!))); }
    case 'greatest': case 'least': { const values = top(thread, state!); return texts(thread, each(at => values.list(at))); }
    case 'frequencies': { const values = frequencies(thread, state!); return texts(thread, each(at => values.list(at, call.options!.limit!))); }
    case 'user': { const own = user(thread, state!); return raws(thread, call.type, each(at => own.finish(at, call.type, call.options!.nullable!))); }
    case 'collected': { const values = collected(thread, state!); return texts(thread, each(at => values.list(at))); }
    default: return null;
  }
}

function integers({ heap, scratch }: StateContext, values: readonly number[]): Vector {
  const data = scratch.take(values.length * 8);
  values.forEach((value, row) => { heap.i64[(data >>> 3) + row] = BigInt(value); });
  return { cls: 'i64', data, valid: 0, dictionary: 0 };
}

/** A byte for each value that tells whether it is not null; 0 where none is. */
function validOf({ heap, scratch }: StateContext, values: readonly unknown[]): number {
  if (!values.includes(null)) return 0;
  const valid = scratch.take(values.length);
  values.forEach((value, row) => { heap.u8[valid + row] = value === null ? 0 : 1; });
  return valid;
}

function floats(thread: StateContext, values: readonly (number | null)[]): Vector {
  const data = thread.scratch.take(values.length * 8);
  values.forEach((value, row) => { thread.heap.f64[(data >>> 3) + row] = value ?? 0; });
  return { cls: 'f64', data, valid: validOf(thread, values), dictionary: 0 };
}

function raws(thread: StateContext, type: DataType, values: readonly (Raw | null)[]): Vector {
  const { heap, scratch } = thread;
  if (isBytesType(type)) return bytes(thread, values as readonly (Uint8Array | null)[]);
  const data = scratch.take(values.length * 8);
  values.forEach((value, row) => {
    if (typeof value === 'number') heap.f64[(data >>> 3) + row] = value;
    else heap.u64[(data >>> 3) + row] = BigInt.asUintN(64, BigInt(value as bigint | boolean | null ?? 0));
  });
  return fromWords(heap, type, data, validOf(thread, values), values.length);
}

const texts = (thread: StateContext, values: readonly (string | null)[]): Vector => bytes(thread, values.map(value => (value === null ? null : encode(value))));
const NOTHING = new Uint8Array(0);
function bytes(thread: StateContext, values: readonly (Uint8Array | null)[]): Vector {
  const { heap, scratch } = thread;
  const data = scratch.take(values.length * 8);
  values.forEach((value, row) => {
    const bytes = value ?? NOTHING;
    const at = scratch.take(bytes.length);
    heap.u8.set(bytes, at);
    heap.u32[(data >>> 2) + row * 2] = at;
    heap.u32[(data >>> 2) + row * 2 + 1] = bytes.length;
  });
  return { cls: 'bytes', data, valid: validOf(thread, values), dictionary: 0 };
}
