import type { Plan, Stage } from '../../src/plan/plan.ts';
import type { Field } from '../../src/plan/types.ts';
import { at, code, id, name, schema, value } from './keyed-windows.ts';
import { agg, aggregatePlan, col, filter, lit, onePlan, op, timeOf, tumbling } from './plans.ts';
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

/** Any keys and times. */
export function dedupePlanOf(random: Random, mostBranches: number): Plan {
  const keys = (): Field[] => random.pick([[id], [name], [id, name], [code], [at, name]]);
  const within = (): number => random.pick([0, 1, 5, 40, 300]);
  const plan = dedupePlan(keys(), within(), random.pick([0, 5, 30, 200]), { branches: 1 + random.below(mostBranches), filtered: random.chance(0.3) });
  if (random.chance(0.6)) return plan;
  return random.chance(0.5) ? counted(plan, random.pick([1, 10, 100])) : deduplicatedAgain(plan, keys(), within());
}
