import type { Source } from '../connectors/source.js';
import type { Draft } from './draft.js';
import { endsOf } from './draft-ends.js';
import type { Expression, StaticTable } from './expression-tree.js';
import { freezeDeep } from './freeze.js';
import { OPTIMISER_RULES, type OptimiserRule } from './optimise/rules.js';
import type { Aggregate, NamedExpression, Plan, PlanOutput, Stage, Step } from './plan.js';
import { numberedStages } from './number-stages.js';
import { lookupTable } from './static-table.js';
import { mapOperands } from './walk.js';

/** A plan, and the sources by their numbers in it. */
export interface Planned {
  readonly plan: Plan;
  readonly sources: readonly Source[];
}
/** The plan of a finished draft: sources, stages and tables numbered, optimised by `rules`, frozen. */
export const finishPlan = (draft: Draft, rules: readonly OptimiserRule[] = rulesOf([draft])): Planned => finishPlans([draft], rules);

/** One plan of several drafts, which has an output for each. */
export function finishPlans(drafts: readonly Draft[], rules: readonly OptimiserRule[] = rulesOf(drafts)): Planned {
  const ends = endsOf(drafts);
  const tables = new TableNumbers();
  const { stages: numbered, sources, places } = numberedStages(ends);
  const stages = numbered.map(stage => mapStage(stage, expression => tables.resolve(expression)));
  const outputs = drafts.map(({ results }, i): PlanOutput => ({ stage: places[i]!, fields: ends[i]!.output, changelog: results?.changelog ?? 'append' }));
  const { fields: output, changelog } = outputs[0]!;
  const plan: Plan = { version: 2, stages, tables: tables.list, output, changelog, ...outputs.length > 1 && { outputs } };
  return { plan: freezeDeep(rules.reduce((before, rule) => rule.apply(before), plan)), sources };
}

/** The rules that none of some drafts turns off. */
export const rulesOf = (drafts: readonly Draft[]): OptimiserRule[] => OPTIMISER_RULES.filter(rule => drafts.every(({ without }) => !without.includes(rule.name)));

type Change = (expression: Expression) => Expression;
export function mapStage(stage: Stage, change: Change): Stage {
  const { join, deduplicate, aggregate, top } = stage;
  return {
    ...stage,
    branches: stage.branches.map(branch => ({ ...branch, steps: branch.steps.map(step => mapStep(step, change)) })),
    join: join && { ...join, sides: join.sides.map(side => ({ ...side, keys: mapNamed(side.keys, change) })), asOf: join.asOf && { ...join.asOf, deleted: join.asOf.deleted && change(join.asOf.deleted) } },
    deduplicate: deduplicate && { ...deduplicate, keys: mapNamed(deduplicate.keys, change) },
    aggregate: aggregate && mapAggregate(aggregate, change),
    top: top && { ...top, by: top.by && change(top.by) },
  };
}
function mapStep(step: Step, change: Change): Step {
  return step.kind === 'filter' ? { kind: 'filter', predicate: change(step.predicate) } : { kind: 'project', columns: mapNamed(step.columns, change) };
}
const mapNamed = (columns: readonly NamedExpression[], change: Change): NamedExpression[] =>
  columns.map(({ name, expression }) => ({ name, expression: change(expression) }));
function mapAggregate(aggregate: Aggregate, change: Change): Aggregate {
  const { keys, window, aggregates } = aggregate;
  const optional = (expression: Expression | null): Expression | null => expression && change(expression);
  return {
    ...aggregate,
    keys: mapNamed(keys, change),
    window: window.kind === 'calendar' ? { ...window, zoneColumn: optional(window.zoneColumn) } : window,
    aggregates: aggregates.map(call => (
      { ...call, input: optional(call.input), ...(call.more && { more: call.more.map(change) }), where: optional(call.where) })),
  };
}

/** Each static table once, in the order of its first use. */
class TableNumbers {
  readonly list: StaticTable[] = [];
  resolve(expression: Expression): Expression {
    const resolved = mapOperands(expression, operand => this.resolve(operand));
    if (expression.op !== 'lookup' || resolved.op !== 'lookup') return resolved;
    const table = lookupTable(expression);
    if (!this.list.includes(table)) this.list.push(table);
    return { ...resolved, table: this.list.indexOf(table) };
  }
}
