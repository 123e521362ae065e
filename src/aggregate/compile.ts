import type { Expression } from '../plan/expression-tree.js';
import { isCount, type Aggregate, type AggregateCall } from '../plan/plan.js';
import type { DataType } from '../plan/types.js';
import { isBytesType, isFloatType } from './words.js';
import type { PrimitiveName } from './primitives.js';

/** One state of a cell: which primitive, over which inputs, at which byte of the cell. */
export interface StateSlot {
  readonly primitive: PrimitiveName;
  /** Index into `CompiledAggregate.inputs`, or -1. */
  readonly input: number;
  /** Indexes of further inputs. */
  readonly more: readonly number[];
  /** What tells states of one primitive apart. */
  readonly params: StateParams;
  /** Index into `inputs` of the bool expression that must be true, or -1. */
  readonly where: number;
  /** Whether nulls of the input take no part (first and last do take them). */
  readonly skipNulls: boolean;
  offset: number;
}
/** What a primitive that is not of one kind only is made for. */
export interface StateParams {
  /** Of `input` and `more`. */
  readonly types?: readonly DataType[];
  readonly limit?: number;
  readonly accuracy?: number;
  readonly module?: string;
  readonly name?: string;
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
  /** Index into `inputs` of each row's time zone, or -1. */
  readonly zone: number;
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
    case 'argMin': case 'argMax': return [call.fn];
    case 'countDistinct': return ['distinct'];
    case 'approxCountDistinct': return ['hyperLogLog'];
    case 'quantile': return ['quantiles'];
    case 'topN': return ['greatest'];
    case 'bottomN': return ['least'];
    case 'mostFrequent': return ['frequencies'];
    case 'collectList': return ['collected'];
    case 'user': return ['user'];
    case 'reduce': return ['reduced'];
    default: return float ? ['moments'] : [signed ? 'sumSigned' : 'sumUnsigned', signed ? 'sumSquaresSigned' : 'sumSquaresUnsigned', 'count'];
  }
}

/** Tries a row on an empty state, among the expressions that fault rows: a row that the user's function refuses is set aside before it is anywhere. */
const trialOf = ({ options }: AggregateCall, args: readonly Expression[]): Expression =>
  ({ op: 'udf', type: { kind: 'bool' }, nullable: false, module: options!.module!, name: `${options!.name!}.accumulate`, args });

interface StateInputs {
  /** Where it is null a row takes no part, if `skipNulls` says so. */
  readonly input: Expression | null;
  readonly more: readonly Expression[];
  readonly skipNulls: boolean;
  readonly params: StateParams;
}
function inputsOf({ fn, input, more = [], options = {} }: AggregateCall): StateInputs {
  const { accuracy, limit, module, name } = options;
  switch (fn) {
    // Nulls of the compared column decide, and the value is taken as it is.
    case 'argMin': case 'argMax': return { input: more[0]!, more: [input!], skipNulls: true, params: { types: [more[0]!.type, input!.type] } };
    case 'countDistinct': case 'approxCountDistinct': case 'mostFrequent': return { input, more: [], skipNulls: true, params: { types: [input!.type] } };
    case 'quantile': return { input, more: [], skipNulls: true, params: { accuracy: accuracy! } };
    case 'topN': case 'bottomN': return { input, more: [], skipNulls: true, params: { types: [input!.type], limit: limit! } };
    case 'collectList': return { input, more: [], skipNulls: false, params: { types: [input!.type], limit: limit! } };
    case 'user': {
      const args = input === null ? more : [input, ...more];
      return { input: null, more: args, skipNulls: false, params: { types: args.map(arg => arg.type), module: module!, name: name! } };
    }
    case 'reduce': return { input, more: [], skipNulls: true, params: { types: [input!.type], module: module!, name: name! } };
    default: return { input, more: [], skipNulls: fn !== 'first' && fn !== 'last', params: {} };
  }
}

export const STATE_BYTES: Record<PrimitiveName, number> = {
  count: 8, sumSigned: 16, sumUnsigned: 16, sumSquaresSigned: 24, sumSquaresUnsigned: 24, sumFloat: 16, moments: 24,
  minSigned: 8, maxSigned: 8, minUnsigned: 8, maxUnsigned: 8, minFloat: 8, maxFloat: 8, minBytes: 16, maxBytes: 16,
  first: 32, last: 32, firstBytes: 32, lastBytes: 32, argMin: 48, argMax: 48,
  distinct: 24, hyperLogLog: 24, quantiles: 24, greatest: 16, least: 16, frequencies: 24, collected: 16, user: 16, reduced: 16,
};
/** States that know by themselves whether they have a result. */
const KNOW_NONE: ReadonlySet<PrimitiveName> = new Set<PrimitiveName>([
  'minBytes', 'maxBytes', 'moments', 'first', 'last', 'firstBytes', 'lastBytes',
  'argMin', 'argMax', 'distinct', 'hyperLogLog', 'quantiles', 'greatest', 'least', 'frequencies', 'collected', 'user', 'reduced']);

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
  const zone = inputOf(aggregate.window.kind === 'calendar' ? aggregate.window.zoneColumn : null);
  const states: StateSlot[] = [];
  const stateOf = (primitive: PrimitiveName, input: number, where: number, skipNulls: boolean, more: readonly number[] = [], params: StateParams = {}): StateSlot => {
    const same = ({ offset: _offset, ...state }: StateSlot): string => JSON.stringify(state);
    const wanted: StateSlot = { primitive, input, more, params, where, skipNulls, offset: 0 };
    const known = states.find(state => same(state) === same(wanted));
    if (!known) states.push(wanted);
    return known ?? wanted;
  };
  if (countRows) stateOf('count', -1, -1, true);
  const finishers = aggregate.aggregates.map((call): Finisher => {
    const where = inputOf(call.where);
    const { input: main, more, skipNulls, params } = inputsOf(call);
    const input = inputOf(main);
    const others = more.map(inputOf);
    if (call.fn === 'user') inputOf(trialOf(call, more));
    // A count of a column that is never null is a count of rows.
    const inputFor = (name: PrimitiveName): number => (name === 'count' && !main?.nullable ? -1 : input);
    const own = primitivesOf(call).map(name => stateOf(name, inputFor(name), where, skipNulls, others, params));
    const needsPresent = call.nullable && !isCount(call.fn) && !own.some(state => KNOW_NONE.has(state.primitive));
    return { call, states: own, present: needsPresent ? stateOf('count', inputFor('count'), where, true) : null };
  });
  let offset = KEY_BYTES;
  for (const state of states) {
    state.offset = offset;
    offset += STATE_BYTES[state.primitive];
  }
  return { inputs, zone, keyCount, states, finishers, cellBytes: offset };
}
