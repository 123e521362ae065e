import type { Plan, Stage } from '../../src/plan/plan.ts';
import type { Field } from '../../src/plan/types.ts';
import { at, code, id, name, schema, value } from './keyed-windows.ts';
import { SORT } from './graph-plans.ts';
import { agg, aggregatePlan, col, filter, followedBy, lit, onePlan, op, timeOf, tumbling } from './plans.ts';
import type { Random } from './random.ts';

/** Rows of `schema`, without those that repeat an earlier one of the same keys. */
export function dedupePlan(keys: readonly Field[], within: number, outOfOrderness: number, { branches = 1, filtered = false } = {}): Plan {
  const steps = filtered ? [filter(op('ge', { kind: 'bool' }, col(value), lit('-50', { kind: 'int64' })))] : [];
  const plan = onePlan({
    branches: Array.from({ length: branches }, (_, i) => ({ source: { name: `s${i}`, schema }, side: 0, from: { source: i }, eventTime: timeOf({ column: 'at', outOfOrderness }), steps })),
    aggregate: null,
    output: schema,
  });
  return { ...plan, stages: [{ ...plan.stages[0]!, deduplicate: { keys: keys.map(key => ({ name: key.name, expression: col(key) })), within } }] };
}

/** A plan whose last stage gives on rows of `schema`, with a stage behind it that reads them. */
function behind(plan: Plan, next: Stage): Plan {
  const branches = next.branches.map(branch => ({ ...branch, source: { name: `stage ${plan.stages.length}`, schema }, from: { stage: plan.stages.length - 1 }, eventTime: timeOf({ column: 'at', outOfOrderness: 0 }) }));
  return { ...plan, stages: [...plan.stages, { ...next, branches }], output: next.output };
}
/** With windows behind it. */
export const counted = (plan: Plan, size: number): Plan =>
  behind(plan, aggregatePlan({ schema, keys: [name], window: tumbling(size), aggregates: [agg('rows', 'count'), agg('total', 'sum', col(value))] }).stages[0]!);
/** With another de-duplication behind it. */
export const deduplicatedAgain = (plan: Plan, keys: readonly Field[], within: number): Plan => behind(plan, dedupePlan(keys, within, 0).stages[0]!);

/** The results of windows, sorted and then de-duplicated, and perhaps counted once more. */
export function resultsDeduplicatedOf(random: Random): Plan {
  const windows = aggregatePlan({
    schema, time: { column: 'at', outOfOrderness: random.pick([0, 5, 30, 200]) }, keys: random.pick([[id], [name], [id, name]]), window: tumbling(random.pick([5, 20])),
    aggregates: [agg('rows', 'count'), agg('total', 'sum', col(value))],
  });
  const sorted = followedBy(windows, columns => onePlan({ branches: aggregatePlan({ schema: columns, aggregates: [] }).stages[0]!.branches, aggregate: null, top: SORT, output: columns }));
  const deduplicated = followedBy(sorted, columns => {
    const keys = random.pick([columns.slice(0, 1), columns.filter(column => column.name === 'rows'), [...columns.slice(0, 1), ...columns.filter(column => column.name === 'rows')]]);
    const deduplicate = { keys: keys.map(key => ({ name: key.name, expression: col(key) })), within: random.pick([0, 20, 60, 1000]) };
    return onePlan({ branches: aggregatePlan({ schema: columns, aggregates: [] }).stages[0]!.branches, aggregate: null, deduplicate, output: columns });
  });
  if (random.chance(0.5)) return deduplicated;
  return followedBy(deduplicated, columns => aggregatePlan({ schema: columns, keys: columns.slice(0, 1), window: tumbling(random.pick([20, 100])), aggregates: [agg('n', 'count')] }));
}

/** Any keys and times. */
export function dedupePlanOf(random: Random, mostBranches: number): Plan {
  const keys = (): Field[] => random.pick([[id], [name], [id, name], [code], [at, name]]);
  const within = (): number => random.pick([0, 1, 5, 40, 300]);
  const plan = dedupePlan(keys(), within(), random.pick([0, 5, 30, 200]), { branches: 1 + random.below(mostBranches), filtered: random.chance(0.3) });
  if (random.chance(0.6)) return plan;
  return random.chance(0.5) ? counted(plan, random.pick([1, 10, 100])) : deduplicatedAgain(plan, keys(), within());
}
