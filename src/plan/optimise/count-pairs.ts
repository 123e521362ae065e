import { columnOf, type Expression } from '../expression-tree.js';
import type { Join } from '../join-plan.js';
import { caseWhen } from '../operators/choice.js';
import { Bare } from '../operators/coerce.js';
import { compare, logic, nullTest } from '../operators/comparison.js';
import type { Aggregate, AggregateCall, AggregateFunction, Plan, Stage, Step } from '../plan.js';
import { expressionsOfCall } from '../plan.js';
import { INT64 } from '../type-rules.js';
import type { Field } from '../types.js';
import { dependsOnLeft, isLeft, originOf, originsBehind, originsOf, unusedName, type Origins } from './behind-join.js';
import { cannotFault } from './cannot-fault.js';
import type { OptimiserRule } from './rules.js';
import { soleReader } from './sole-reader.js';

/**
 * Aggregates before the join: where pairs are only counted, the join counts the matches of each left row and gives the row once, when no match can
 * come any more, in the place of a row for each pair; what was a count of pairs is then a sum of numbers. Of joins with two sides, inner, or left
 * in mode 'final', whose only reader is an aggregate of which keys, windows and conditions depend on the left row alone, and which does not
 * fire early: then windows are complete at the same watermark either way. Besides counts it may have what is the same of equal rows however
 * often they come, such as the least value of a left column. Nothing in between may fault: it would once, and not once a pair.
 */
export const countPairs: OptimiserRule = {
  name: 'countPairs',
  isShown: true,
  apply: plan => plan.stages.reduce((changed, stage, index) => (stage.join === null ? changed : withCounts(changed, index, stage.join)), plan),
};

/** What is the same however often a row comes. */
const ONCE_OR_MORE: ReadonlySet<AggregateFunction> = new Set<AggregateFunction>(['min', 'max', 'boolAnd', 'boolOr', 'countDistinct', 'approxCountDistinct']);

function withCounts(plan: Plan, index: number, join: Join): Plan {
  const [left, right] = join.sides;
  const isInner = right!.match === 'inner';
  if (join.sides.length !== 2 || join.asOf !== null || right!.keepsUnmatched || !(isInner || (right!.match === 'optional' && join.mode === 'final'))) return plan;
  const reader = soleReader(plan, index);
  if (reader === null) return plan;
  const { stage: at, planned } = reader;
  const { aggregate } = plan.stages[at]!;
  const joined = plan.stages[index]!;
  const origins = originsBehind(planned.steps, originsOf(join, joined.output));
  if (aggregate === null || origins === null || !isLegal(aggregate, planned.steps, origins)) return plan;
  const matches: Field = { name: unusedName('matches', joined.output, planned.steps), type: INT64, nullable: false };
  const calls = aggregate.aggregates.map(call => countedCall(call, origins, join, isInner, columnOf(matches)));
  if (calls.includes(null)) return plan;
  const kept = join.columns.flatMap((column, i) => (column.kind === 'field' && column.side === 1 ? [] : [{ column, field: joined.output[i]! }]));
  const output = [...kept.map(({ field }) => field), matches];
  const counted: Join = {
    ...join, mode: 'final', sides: [left!, { ...right!, match: 'count' }], columns: [...kept.map(({ column }) => column), { kind: 'count', side: 1 }],
  };
  const matched: Step[] = isInner ? [{ kind: 'filter', predicate: compare('gt', columnOf(matches), new Bare(0)) }] : [];
  return {
    ...plan,
    stages: plan.stages.map((stage, i): Stage => {
      if (i === index) return { ...stage, join: counted, output };
      if (i !== at) return stage;
      const branch = { ...planned, source: { ...planned.source, schema: output }, steps: [...matched, ...carrying(planned.steps, originsOf(join, joined.output), matches)] };
      return { ...stage, branches: [branch], aggregate: { ...aggregate, aggregates: calls as AggregateCall[] } };
    }),
  };
}

/** One group over everything has a result even of no rows: a count is 0 then, a sum is not. */
function isLegal(aggregate: Aggregate, steps: readonly Step[], origins: Origins): boolean {
  if (aggregate.emit.earlyMs !== null || (aggregate.keys.length === 0 && aggregate.window.kind === 'global')) return false;
  if (!dependsOnLeft(aggregate, origins) || !aggregate.keys.every(key => cannotFault(key.expression)) || !aggregate.aggregates.every(call => expressionsOfCall(call).every(cannotFault))) return false;
  return steps.every(step => (step.kind === 'filter' ? cannotFault(step.predicate) : step.columns.every(({ expression }) => cannotFault(expression))));
}

/** The call over left rows and their numbers of matches, or null. */
function countedCall(call: AggregateCall, origins: Origins, join: Join, isInner: boolean, matches: Expression): AggregateCall | null {
  const { fn, input, where } = call;
  if (!expressionsOfCall(call).every(expression => expression === input || isLeft(expression, origins))) return null;
  const origin = input === null ? 'left' : originOf(input, origins);
  if (ONCE_OR_MORE.has(fn)) return origin === 'left' ? call : null;
  if (fn !== 'count') return null;
  const pairs = isInner ? matches : caseWhen([compare('eq', matches, new Bare(0))], [new Bare(1)], matches);
  const conditions = [...where === null ? [] : [where], ...input !== null && origin === 'left' && input.nullable ? [nullTest('isNotNull', input)] : []];
  if (origin !== 'left' && !isNeverNull(origin, join)) return null;
  // A column of the other side is there just in pairs.
  const number = origin === 'left' ? pairs : matches;
  const sum = conditions.length === 0 ? number : caseWhen([logic('and', conditions)], [number], new Bare(0));
  return { ...call, fn: 'sum', input: sum, where: null };
}
const isNeverNull = (origin: ReturnType<typeof originOf>, join: Join): boolean =>
  typeof origin === 'object' && origin !== null && origin.name !== null && !join.sides[origin.side]!.fields.find(({ name }) => name === origin.name)!.nullable;

/** The steps over what is left of the columns, with the number of matches as a further one. */
function carrying(steps: readonly Step[], first: Origins, matches: Field): Step[] {
  let origins = first;
  return steps.map(step => {
    if (step.kind === 'filter') return step;
    const before = origins;
    origins = originsBehind([step], before)!;
    const columns = step.columns.filter(({ expression }) => originOf(expression, before) === 'left');
    return { kind: 'project', columns: [...columns, { name: matches.name, expression: columnOf(matches) }] };
  });
}
