import { MillraceError } from '../errors.js';
import { bareColumn, DraftStage, type Behind, type Draft } from './draft.js';
import { columnOf, type Expression } from './expression-tree.js';
import { reachOf, RETRACTED, type Join } from './join-plan.js';
import { arithmetic } from './operators/arithmetic.js';
import { caseWhen, coalesce } from './operators/choice.js';
import { Bare, coerceTo } from './operators/coerce.js';
import { compare, logic } from './operators/comparison.js';
import { changelogOf, DELETED, identityFields, resultFields, type Aggregate, type AggregateCall, type NamedExpression, type Window } from './plan.js';
import { FLOAT64, INT64, isFloat } from './type-rules.js';
import type { DataType } from './types.js';

/**
 * Aggregates over rows that may be taken back. Each is made of sums and counts of the rows that came, and the same of those that were taken
 * back; their difference is the result. So the order in which rows come and go does not matter, and nothing has to be looked up.
 */
export interface TakingBack {
  /** What is counted and summed. */
  readonly states: readonly AggregateCall[];
  /** How many rows there are, over the states. */
  readonly rows: Expression;
  /** The aggregates that the user named, over the states. */
  readonly columns: readonly NamedExpression[];
}

export const isRetracting = (draft: Draft): boolean => draft.results?.changelog === 'retracting';

/** REQUIRES windows whose rows can be taken back: a session or a count window would have to be taken apart again. */
export function requireSteadyWindow({ kind }: Window): void {
  if (kind !== 'session' && kind !== 'count') return;
  throw new MillraceError('PLAN_INVALID', `${kind} windows cannot stand behind a join whose rows may be taken back: say mode: 'final' in the join.`);
}

/** For how long after its event time a row may still be taken back: so long do windows behind it take changes. REQUIRES: the draft reads one. */
export function changesFor(draft: Draft): number {
  const join = draft.branches.map(({ input }) => (input instanceof DraftStage ? input.operator.join : null)).find(found => found !== null) as Join;
  return Math.max(...join.sides.map((_, side) => reachOf(join, side))) + join.accept;
}

/** `keys`: names that are taken. */
export function takingBack(calls: readonly AggregateCall[], keys: readonly string[]): TakingBack {
  const states = new States(keys);
  const rows = states.difference('count', null, null, INT64);
  const columns = calls.map((call): NamedExpression => ({ name: call.name, expression: restored(call, states) }));
  return { states: states.calls, rows, columns };
}

function restored(call: AggregateCall, states: States): Expression {
  const { fn, input, where, name } = call;
  if (fn === 'count') return states.difference('count', input, where, INT64);
  if ((fn !== 'sum' && fn !== 'mean') || isFloat(input!.type)) {
    const why = isFloat(input?.type ?? INT64) && (fn === 'sum' || fn === 'mean') ? 'a sum of floats depends on the order of its rows and cannot be taken back exactly: cast to a decimal' : `${fn} cannot forget a row`;
    throw new MillraceError('PLAN_INVALID', `aggregate: ${name} stands behind a join whose rows may be taken back, and ${why}. Say mode: 'final' in the join, or use count, sum and mean of integers and decimals.`);
  }
  const total = states.difference('sum', input, where, fn === 'sum' ? call.type : sumType(input!.type));
  const values = states.difference('count', input, where, INT64);
  const value = fn === 'sum' ? total : arithmetic('div', coerceTo(total, FLOAT64), coerceTo(values, FLOAT64));
  // Where every row has a value there is one as long as there are rows.
  if (!call.nullable) return value;
  return caseWhen([compare('eq', values, new Bare(0))], [new Bare(null)], value);
}
const sumType = (type: DataType): DataType => (type.kind === 'decimal' ? { ...type, precision: 18 } : type.kind === 'uint64' ? type : INT64);

/** States by what they are of, each once. */
class States {
  readonly calls: AggregateCall[] = [];
  readonly #prefix: string;
  constructor(taken: readonly string[]) {
    let prefix = '$';
    while (taken.some(name => name.startsWith(prefix))) prefix += '$';
    this.#prefix = prefix;
  }

  /** Of the rows that came less that of the rows that were taken back. */
  difference(fn: 'count' | 'sum', input: Expression | null, where: Expression | null, type: DataType): Expression {
    const retracted = columnOf(RETRACTED);
    const [come, gone] = [logic('not', [retracted]), retracted].map(sign => this.#state(fn, input, where === null ? sign : logic('and', [where, sign]), type));
    const result = arithmetic('sub', come!, gone!);
    return result.type.kind === type.kind ? result : coerceTo(result, type);
  }
  #state(fn: 'count' | 'sum', input: Expression | null, where: Expression, type: DataType): Expression {
    const known = this.calls.find(call => call.fn === fn && JSON.stringify([call.input, call.where]) === JSON.stringify([input, where]));
    const call: AggregateCall = known ?? { name: `${this.#prefix}${this.calls.length}`, fn, input, where, type, nullable: fn === 'sum' };
    if (known === undefined) this.calls.push(call);
    const column = columnOf(call);
    return fn === 'count' ? column : coalesce([column, new Bare(0)]);
  }
}

/** What the results of an aggregate over `states` become. */
export function restoring(aggregate: Aggregate, { rows, columns }: TakingBack): Behind & { readonly columns: readonly NamedExpression[] } {
  const given = resultFields(aggregate);
  const first = identityFields(aggregate).map(bareColumn);
  if (changelogOf(aggregate) === 'append') {
    const all = [...first, ...columns];
    // One group over everything has a result even without rows.
    if (aggregate.keys.length === 0 && aggregate.window.kind === 'global') return { given, columns: all, steps: [{ kind: 'project', columns: all }] };
    return { given, columns: all, steps: [{ kind: 'filter', predicate: compare('ne', rows, new Bare(0)) }, { kind: 'project', columns: all }] };
  }
  // A group whose rows were all taken back was given out perhaps: it comes as deleted.
  const deleted = { name: DELETED.name, expression: compare('eq', rows, new Bare(0)) };
  const values = columns.map(({ name, expression }): NamedExpression => ({ name, expression: caseWhen([deleted.expression], [new Bare(null)], expression) }));
  const all = [...first, deleted, ...values];
  return { given, columns: all, steps: [{ kind: 'project', columns: all }] };
}
/** The names of what tells which result a row of `restoring` is. */
export const restoredIdentity = (aggregate: Aggregate): string[] => {
  const names = identityFields(aggregate).map(field => field.name);
  return changelogOf(aggregate) === 'append' ? names : [...names, DELETED.name];
};
