import type { Draft, JobDraft } from './draft.js';
import type { Expression, StaticTable } from './expression-tree.js';
import { freezeDeep } from './freeze.js';
import { coerceTo } from './operators/coerce.js';
import { OPTIMISER_RULES, type OptimiserRule } from './optimise/rules.js';
import { bareColumn } from './draft.js';
import type { Aggregate, Branch, NamedExpression, Plan, Step } from './plan.js';
import { lookupTable } from './static-table.js';
import { UTF8 } from './type-rules.js';
import { mapOperands } from './walk.js';

/** The plan of a finished draft: tables numbered, optimised by `rules`, frozen. */
export function finishPlan(job: JobDraft, rules: readonly OptimiserRule[] = OPTIMISER_RULES): Plan {
  const tables = new TableNumbers();
  const branches = job.branches.map((branch): Branch => ({
    source: { name: branch.source.name, schema: branch.schema },
    eventTime: branch.eventTime === null ? null : { column: branch.eventTime.column, outOfOrderness: branch.eventTime.outOfOrderness },
    steps: branch.steps.map(step => mapStep(step, expression => tables.resolve(expression))),
  }));
  const aggregate = job.aggregate === null ? null : mapAggregate(job.aggregate, expression => tables.resolve(expression));
  const plan: Plan = { version: 1, branches, tables: tables.list, aggregate, output: job.output };
  return freezeDeep(rules.reduce((before, rule) => rule.apply(before), plan));
}

/** Codes of one branch's dictionary say nothing about another's: where branches meet, text takes their place. */
export function withoutDictionaries(draft: Draft): Draft {
  if (draft.branches.length === 1 || draft.fields.every(field => field.type.kind !== 'dictionary')) return draft;
  const columns = draft.fields.map(bareColumn).map(asText);
  const fields = draft.fields.map(field => (field.type.kind === 'dictionary' ? { ...field, type: UTF8 } : field));
  return { branches: draft.branches.map(branch => ({ ...branch, steps: [...branch.steps, { kind: 'project', columns }] })), fields };
}
export const asText = ({ name, expression }: NamedExpression): NamedExpression =>
  ({ name, expression: expression.type.kind === 'dictionary' ? coerceTo(expression, UTF8) : expression });

export function mapStep(step: Step, change: (expression: Expression) => Expression): Step {
  if (step.kind === 'filter') return { kind: 'filter', predicate: change(step.predicate) };
  return { kind: 'project', columns: step.columns.map(({ name, expression }) => ({ name, expression: change(expression) })) };
}
function mapAggregate(aggregate: Aggregate, change: (expression: Expression) => Expression): Aggregate {
  const optional = (expression: Expression | null): Expression | null => (expression === null ? null : change(expression));
  return {
    keys: aggregate.keys.map(({ name, expression }) => ({ name, expression: change(expression) })),
    window: aggregate.window,
    aggregates: aggregate.aggregates.map(call => (
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
