import type { Expression } from '../expression-tree.js';
import type { Aggregate, Branch, Step } from '../plan.js';
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
    return { ...plan, stages: plan.stages.map(stage => {
      const needed = stage.aggregate === null ? stage.output.map(field => field.name) : columnsIn(expressionsOf(stage.aggregate));
      return { ...stage, branches: stage.branches.map(branch => pruned(branch, new Set(needed))) };
    }) };
  },
};

function expressionsOf({ keys, aggregates }: Aggregate): Expression[] {
  const inputs = aggregates.flatMap(({ input, where }) => [input, where]).filter(expression => expression !== null);
  return [...keys.map(key => key.expression), ...inputs];
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
  const schema = branch.source.schema.filter(field => needed.has(field.name) || field.name === branch.eventTime?.column || field.name === branch.eventTime?.watermark);
  return { ...branch, source: { ...branch.source, schema: schema.length > 0 ? schema : [cheapest(branch.source.schema)] }, steps };
}

/** A count of rows needs no column, but batches need one to have rows. */
function cheapest(schema: Fields): Field {
  const variable = new Set(['utf8', 'binary']);
  return schema.find(field => !variable.has(field.type.kind)) ?? schema[0]!;
}
