import type { Expression } from '../plan/expression-tree.js';
import type { Aggregate, AggregateCall } from '../plan/plan.js';
import { isBytesType, isFloatType } from './words.js';
import type { PrimitiveName } from './primitives.js';

/** One state of a cell: which primitive, over which inputs, at which byte of the cell. */
export interface StateSlot {
  readonly primitive: PrimitiveName;
  /** Index into `CompiledAggregate.inputs`, or -1. */
  readonly input: number;
  /** Index into `inputs` of the bool expression that must be true, or -1. */
  readonly where: number;
  /** Whether nulls of the input take no part (first and last do take them). */
  readonly skipNulls: boolean;
  offset: number;
}
/** How a result is read from the states. */
export interface Finisher {
  readonly call: AggregateCall;
  readonly states: readonly StateSlot[];
  /** State that is 0 where the result is null; null where it never is. */
  readonly present: StateSlot | null;
}
export interface CompiledAggregate {
  /** Distinct expressions the stateless stage must compute: keys first. */
  readonly inputs: readonly Expression[];
  readonly keyCount: number;
  readonly states: readonly StateSlot[];
  readonly finishers: readonly Finisher[];
  /** Bytes of a cell: KEY_BYTES, then the states. */
  readonly cellBytes: number;
}
/** A cell begins with its key: the value itself, or a view of it. */
export const KEY_BYTES = 8;

const UNSIGNED = new Set(['uint64']);

/** Which primitives an aggregate function needs over an input type, in the order its finisher reads them. */
function primitivesOf(call: AggregateCall): PrimitiveName[] {
  const type = call.input?.type ?? { kind: 'int64' as const };
  const [signed, float, text] = [!UNSIGNED.has(type.kind), isFloatType(type), isBytesType(type)];
  const suffix = text ? 'Bytes' : float ? 'Float' : signed ? 'Signed' : 'Unsigned';
  switch (call.fn) {
    case 'count': return ['count'];
    case 'sum': return [`sum${suffix}` as PrimitiveName];
    case 'mean': return [`sum${suffix}` as PrimitiveName, 'count'];
    case 'min': case 'boolAnd': return [`min${suffix}` as PrimitiveName];
    case 'max': case 'boolOr': return [`max${suffix}` as PrimitiveName];
    case 'first': return [text ? 'firstBytes' : 'first'];
    case 'last': return [text ? 'lastBytes' : 'last'];
    default: return float ? ['moments'] : [signed ? 'sumSigned' : 'sumUnsigned', signed ? 'sumSquaresSigned' : 'sumSquaresUnsigned', 'count'];
  }
}

export const STATE_BYTES: Record<PrimitiveName, number> = {
  count: 8, sumSigned: 16, sumUnsigned: 16, sumSquaresSigned: 24, sumSquaresUnsigned: 24, sumFloat: 16, moments: 24,
  minSigned: 8, maxSigned: 8, minUnsigned: 8, maxUnsigned: 8, minFloat: 8, maxFloat: 8, minBytes: 16, maxBytes: 16,
  first: 32, last: 32, firstBytes: 32, lastBytes: 32,
};

/**
 * Lays out a cell. Equal states (same primitive, input and condition) are kept once. `countRows` puts a count of rows first, which
 * dense tables need to tell touched cells.
 */
export function compileAggregate(aggregate: Aggregate, countRows: boolean): CompiledAggregate {
  const inputs: Expression[] = aggregate.keys.map(key => key.expression);
  const keyCount = inputs.length;
  const texts = inputs.map(() => '');
  const inputOf = (expression: Expression | null): number => {
    if (expression === null) return -1;
    const text = JSON.stringify(expression);
    const known = texts.indexOf(text, keyCount);
    if (known >= 0) return known;
    texts.push(text);
    return inputs.push(expression) - 1;
  };
  const states: StateSlot[] = [];
  const stateOf = (primitive: PrimitiveName, input: number, where: number, skipNulls: boolean): StateSlot => {
    const known = states.find(state => state.primitive === primitive && state.input === input && state.where === where);
    if (known) return known;
    const state = { primitive, input, where, skipNulls, offset: 0 };
    states.push(state);
    return state;
  };
  if (countRows) stateOf('count', -1, -1, true);
  const finishers = aggregate.aggregates.map((call): Finisher => {
    const input = inputOf(call.input);
    const where = inputOf(call.where);
    const picks = call.fn === 'first' || call.fn === 'last';
    // A count of a column that is never null is a count of rows.
    const inputFor = (name: PrimitiveName): number => (name === 'count' && !call.input?.nullable ? -1 : input);
    const own = primitivesOf(call).map(name => stateOf(name, inputFor(name), where, !picks));
    const needsPresent = call.nullable && call.fn !== 'count' && !picks && !own.some(state => state.primitive === 'minBytes' || state.primitive === 'maxBytes' || state.primitive === 'moments');
    return { call, states: own, present: needsPresent ? stateOf('count', inputFor('count'), where, true) : null };
  });
  let offset = KEY_BYTES;
  for (const state of states) {
    state.offset = offset;
    offset += STATE_BYTES[state.primitive];
  }
  return { inputs, keyCount, states, finishers, cellBytes: offset };
}
