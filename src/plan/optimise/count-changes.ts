import { columnOf, type Expression } from '../expression-tree.js';
import { RETRACTED, type Join } from '../join-plan.js';
import { literal } from '../operators/coerce.js';
import { logic } from '../operators/comparison.js';
import { outputsOf, readsSource, type AggregateCall, type Branch, type Plan, type Stage, type Step } from '../plan.js';
import { sameType } from '../schema.js';
import type { Field } from '../types.js';
import { mapOperands } from '../walk.js';
import { dependsOnLeft, isLeft, originOf, originsBehind, originsOf, unusedName, type Origins } from './behind-join.js';
import type { OptimiserRule } from './rules.js';
import { soleReader } from './sole-reader.js';

/**
 * Where an eager `countMatches` has nothing but an aggregate behind it that sums up its numbers, the join need not take rows back and give them
 * anew with greater numbers: it gives each left row once, and again with how many matches have come since (mode 'changes'). Sums do not mind the
 * order, so the join needs none. Legal where keys, windows, conditions and all other inputs
 * of the aggregate depend on the left row alone: then every change of a row goes where the row went. Counts and sums of the left row's own
 * columns go by the rows that are new; those of rows that were taken back are 0, and are left out of what is computed of them.
 */
export const countChanges: OptimiserRule = {
  name: 'countChanges',
  isShown: true,
  apply: plan => plan.stages.reduce((changed, stage, index) => (stage.join === null ? changed : withChanges(changed, index, stage.join)), plan),
};

function withChanges(plan: Plan, index: number, join: Join): Plan {
  if (join.mode !== 'eager' || !join.sides.slice(1).every(side => side.match === 'count')) return plan;
  const reader = soleReader(plan, index);
  if (reader === null) return plan;
  const { stage: at, planned } = reader;
  const { aggregate } = plan.stages[at]!;
  const origins = originsBehind(planned.steps, originsOf(join, plan.stages[index]!.output));
  if (aggregate === null || origins === null || !dependsOnLeft(aggregate, origins) || !isProjected(plan, at)) return plan;
  const isNew: Field = { name: unusedName('isNew', plan.stages[index]!.output, planned.steps), type: { kind: 'bool' }, nullable: false };
  const calls = aggregate.aggregates.map(call => changedCall(call, origins, isNew));
  if (calls.includes(null)) return plan;
  const gone = new Map(aggregate.aggregates.filter((_, i) => calls[i] === 'gone').map(call => [call.name, literal(call.fn === 'count' ? '0' : null, call.type)]));
  const kept = (calls as readonly (AggregateCall | 'gone')[]).filter(call => call !== 'gone');
  const stages = plan.stages.map((stage, i): Stage => {
    if (i === index) return { ...stage, join: { ...join, mode: 'changes', columns: join.columns.map(column => (column.kind === 'retracted' ? { kind: 'isNew' } : column)) }, output: stage.output.map(field => marked(field, isNew)) };
    if (i === at) {
      return {
        ...stage, branches: [{ ...planned, source: { ...planned.source, schema: planned.source.schema.map(field => marked(field, isNew)) }, steps: planned.steps.map(step => markedStep(step, isNew)) }],
        aggregate: { ...aggregate, aggregates: kept }, output: stage.output.filter(({ name }) => !gone.has(name)),
      };
    }
    return { ...stage, branches: stage.branches.map(branch => (reads(branch, at) ? without(branch, gone) : branch)) };
  });
  return { ...plan, stages };
}

const marked = (field: Field, isNew: Field): Field => (field.name === RETRACTED.name ? isNew : field);
const markedStep = (step: Step, isNew: Field): Step => (step.kind === 'filter' ? step
  : { kind: 'project', columns: step.columns.map(column => (column.name === RETRACTED.name ? { name: isNew.name, expression: columnOf(isNew) } : column)) });
const reads = ({ from }: Branch, stage: number): boolean => !readsSource(from) && from.stage === stage;
/** Whether all that reads a stage makes columns of its own out of what it gives: then it can be told which of them are constants. */
const isProjected = (plan: Plan, stage: number): boolean =>
  !outputsOf(plan).some(output => output.stage === stage) && plan.stages.every(({ branches }) => branches.every(branch => !reads(branch, stage) || branch.steps.some(step => step.kind === 'project')));

/** The call over changes; 'gone' where it is of rows that are taken back; null where it cannot be told from them. */
function changedCall(call: AggregateCall, origins: Origins, isNew: Field): AggregateCall | 'gone' | null {
  const { fn, input, where, more = [] } = call;
  if (where === null || more.length > 0 || (fn !== 'count' && fn !== 'sum')) return null;
  const parts = where.op === 'and' ? where.args : [where];
  const conditions = parts.slice(0, -1);
  const sign = signOf(parts.at(-1)!, origins);
  if (sign === null || !conditions.every(part => isLeft(part, origins))) return null;
  const origin = input === null ? 'left' : originOf(input, origins);
  const isNumber = typeof origin === 'object' && origin !== null && origin.name === null;
  if (origin !== 'left' && !isNumber) return null;
  if (sign === 'gone') return 'gone';
  if (fn === 'sum' && isNumber) return { ...call, where: conditions.length === 0 ? null : logic('and', conditions) };
  // Of a number, which is never null, there is one for each row.
  return { ...call, input: isNumber ? null : input, where: logic('and', [...conditions, columnOf(isNew)]) };
}
function signOf(expression: Expression, origins: Origins): 'come' | 'gone' | null {
  if (originOf(expression, origins) === 'retracted') return 'gone';
  return expression.op === 'not' && originOf(expression.args[0]!, origins) === 'retracted' ? 'come' : null;
}

/** A reader of the aggregate, with constants in the place of columns that are gone. REQUIRES: it projects. */
function without(branch: Branch, gone: ReadonlyMap<string, Expression>): Branch {
  const first = branch.steps.findIndex(step => step.kind === 'project');
  const put = (expression: Expression): Expression => simplified(expression.op === 'column' ? gone.get(expression.name) ?? expression : mapOperands(expression, put));
  return {
    ...branch,
    source: { ...branch.source, schema: branch.source.schema.filter(({ name }) => !gone.has(name)) },
    steps: branch.steps.map((step, i): Step => {
      if (i > first) return step;
      return step.kind === 'filter' ? { kind: 'filter', predicate: put(step.predicate) } : { kind: 'project', columns: step.columns.map(({ name, expression }) => ({ name, expression: put(expression) })) };
    }),
  };
}

const isLiteral = (expression: Expression, value: (value: unknown) => boolean): boolean => expression.op === 'literal' && value(expression.value);
/** Without what constants make superfluous: null in `coalesce`, 0 that is subtracted. */
function simplified(expression: Expression): Expression {
  if (expression.op === 'coalesce') {
    const args = expression.args.filter(arg => !isLiteral(arg, value => value === null));
    return args.length === 1 && sameType(args[0]!.type, expression.type) ? args[0]! : expression;
  }
  if (expression.op !== 'sub') return expression;
  const [from, what] = expression.args as [Expression, Expression];
  return isLiteral(what, value => value !== null && Number(value) === 0) && sameType(from.type, expression.type) ? from : expression;
}
