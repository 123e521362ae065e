import type { Expression } from '../expression-tree.js';
import { expressionsOfCall, type Aggregate, type Branch, type Step } from '../plan.js';
import type { Field, Fields } from '../types.js';
import { columnsIn } from '../walk.js';
import type { OptimiserRule } from './rules.js';

/**
 * Computes and reads only what the result needs. A column that nothing uses is not read at all, so a bad value in it makes no dead
 * letter, nor does an unused expression that would fault; the event-time column always stays.
 */
export const pruneColumns: OptimiserRule = {
  name: 'pruneColumns',
  apply(plan) {
    const needed = plan.aggregate === null ? plan.output.map(field => field.name) : columnsIn(expressionsOf(plan.aggregate));
    return { ...plan, branches: plan.branches.map(branch => pruned(branch, new Set(needed))) };
  },
};

function expressionsOf({ keys, aggregates }: Aggregate): Expression[] {
  return [...keys.map(key => key.expression), ...aggregates.flatMap(expressionsOfCall)];
}

function pruned(branch: Branch, neededAtEnd: ReadonlySet<string>): Branch {
  let needed = neededAtEnd;
  const steps: Step[] = [];
  for (const step of branch.steps.toReversed()) {
    if (step.kind === 'filter') {
      needed = new Set([...needed, ...columnsIn([step.predicate])]);
      steps.unshift(step);
      continue;
    }
    const columns = step.columns.filter(column => needed.has(column.name));
    needed = columnsIn(columns.map(column => column.expression));
    if (columns.length > 0) steps.unshift({ kind: 'project', columns });
  }
  const schema = branch.source.schema.filter(field => needed.has(field.name) || field.name === branch.eventTime?.column);
  return { ...branch, source: { ...branch.source, schema: schema.length > 0 ? schema : [cheapest(branch.source.schema)] }, steps };
}

/** A count of rows needs no column, but batches need one to have rows. */
function cheapest(schema: Fields): Field {
  const variable = new Set(['utf8', 'binary']);
  return schema.find(field => !variable.has(field.type.kind)) ?? schema[0]!;
}
