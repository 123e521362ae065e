import { expect, test } from 'vitest';
import { requireSupported } from '../../src/coordinator/supported.ts';
import type { Aggregate, Plan, Stage } from '../../src/plan/plan.ts';
import { agg, aggregatePlan, field, MS, tumbling } from '../support/plans.ts';

const plan = aggregatePlan({ schema: [field('at', MS)], time: { column: 'at', outOfOrderness: 0 }, window: tumbling(10), aggregates: [agg('n', 'count')] });
const stage = plan.stages[0]!;
const withStage = (change: Partial<Stage>): Plan => ({ ...plan, stages: [{ ...stage, ...change }] });
const withAggregate = (change: Partial<Aggregate>): Plan => withStage({ aggregate: { ...stage.aggregate!, ...change } });

test('an engine refuses what it cannot run, and says what', () => {
  const refused: [Plan, string][] = [
    [withStage({ deduplicate: { keys: [], within: 1 } }), 'dedupe is'],
    [withAggregate({ window: { kind: 'session', gap: 5, maxLength: null, unit: 'ms' }, emit: { when: 'close', earlyMs: 1000 } }), 'firing session windows early is'],
  ];
  for (const [unsupported, what] of refused) expect(() => requireSupported(unsupported)).toThrow(`PLAN_INVALID: ${what} not supported yet`);
  requireSupported(plan);
  requireSupported({ ...plan, stages: [stage, stage] });
});
