import { expect, test } from 'vitest';
import type { Acknowledgements } from '../../src/coordinator/acknowledgements.ts';
import type { Emitter } from '../../src/coordinator/emitter.ts';
import type { Engine } from '../../src/coordinator/engine.ts';
import type { JobDescription } from '../../src/coordinator/job-types.ts';
import { Schedule } from '../../src/coordinator/schedule.ts';
import type { StageRun } from '../../src/coordinator/stage-run.ts';
import { StaticTables } from '../../src/coordinator/static-tables.ts';
import { PageUse } from '../../src/heap/page-allocator.ts';
import { VirtualClock } from '../support/clock.ts';
import { agg, aggregatePlan, col, field, followedBy, MS, projectPlan, tumbling } from '../support/plans.ts';
import { stateHeap } from '../support/state-heap.ts';

const NOBODY = { opened() {}, submitted() {}, settled() {}, reached() {} } as unknown as Acknowledgements;
const KEY = field('k', 'int32');

test('what waits for a stage is begun although all that was begun before is done: nobody would ring for it', () => {
  const first = aggregatePlan({ schema: [KEY, field('at', MS)], time: { column: 'at', outOfOrderness: 0 }, keys: [KEY], window: tumbling(10), aggregates: [agg('n', 'count')] });
  const plan = followedBy(first, columns => projectPlan(columns, { n: col(columns.find(({ name }) => name === 'n')!) }));
  const { heap, pages, kernels } = stateHeap();
  const engine = { heap, pages, kernels, workers: 1, staticTables: new StaticTables(heap, kernels, pages.for(PageUse.user)) } as unknown as Engine;
  const schedule = new Schedule(engine, { plan, sources: [{ name: 's0', partitions: 1 }], sink: {}, more: [] } as unknown as JobDescription, { clock: new VirtualClock() }, { hasRoom: true, idle: true } as Emitter, NOBODY);
  const second = (schedule as unknown as { stages: readonly StageRun[] }).stages[1]!;
  // Statements have no rows: they are done as soon as they are begun, as if workers had been quick.
  for (let statement = 1n; statement <= 500n; statement++) second.feed(0, { statement });
  schedule.advance();
  expect(second.isQuiet).toBe(true);
  expect(second.watermark).toBe(500n);
});
