import { expect, test } from 'vitest';
import { requireSupported } from '../../src/coordinator/supported.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { agg, aggregatePlan, field, MS, tumbling } from '../support/plans.ts';

const plan = aggregatePlan({ schema: [field('at', MS)], time: { column: 'at', outOfOrderness: 0 }, window: tumbling(10), aggregates: [agg('n', 'count')] });
const stage = plan.stages[0]!;

test('an engine refuses what it cannot run, and says what', () => {
  const first = { ...stage, aggregate: null, deduplicate: { keys: [], within: 1 } };
  const behind = { ...first, branches: first.branches.map(branch => ({ ...branch, from: { stage: 0 } })) };
  const refused: [Plan, string][] = [
    [{ ...plan, stages: [stage, behind] }, 'dedupe behind a window is'],
  ];
  for (const [unsupported, what] of refused) expect(() => requireSupported(unsupported)).toThrow(`PLAN_INVALID: ${what} not supported yet`);
  requireSupported(plan);
  requireSupported({ ...plan, stages: [stage, { ...stage, branches: behind.branches }] });
  requireSupported({ ...plan, stages: [first, behind] });
});
