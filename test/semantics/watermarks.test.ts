import { describe, expect, test } from 'vitest';
import type { RunningJob } from '../../src/coordinator/job-types.ts';
import type { EventTime, Plan } from '../../src/plan/plan.ts';
import { VirtualClock } from '../support/clock.ts';
import { agg, aggregatePlan, col, field, MS, projectPlan, tumbling } from '../support/plans.ts';
import { hasEngine, ListSink, runJob } from '../support/run-plan.ts';
import { ScriptedSource, until } from '../support/scripted-source.ts';

/** Watermarks of several partitions and sources. The clock stands still but where a test moves it. */
const [AT, MARK] = [field('at', MS, true), field('mark', MS, true)];

function planOf(branches: number, time: Partial<EventTime> = {}): Plan {
  const plan = aggregatePlan({ schema: [AT, MARK], time: { column: 'at', outOfOrderness: 0 }, window: tumbling(10), aggregates: [agg('n', 'count')], branches });
  return { ...plan, stages: [{ ...plan.stages[0]!, branches: plan.stages[0]!.branches.map(branch => ({ ...branch, eventTime: { ...branch.eventTime!, ...time } })) }] };
}
const rows = (...times: (number | null)[]): unknown[] => times.map(at => ({ at, mark: null }));

interface Started { job: RunningJob; clock: VirtualClock; results: ListSink; letters: ListSink }
async function start(plan: Plan, sources: ScriptedSource[]): Promise<Started> {
  const [clock, results, letters] = [new VirtualClock(), new ListSink('results'), new ListSink('letters')];
  const job = await runJob({ plan, sources, sink: results, deadLetters: letters, late: letters }, { workers: 2, heap: '64MiB', clock });
  return { job, clock, results, letters };
}
const closed = ({ results }: Started): string[] => results.rows.map(({ windowStart, n }) => `${String(windowStart)}: ${String(n)}`);
const aside = ({ letters }: Started): string[] => letters.rows.map(({ source, position, reason }) => `${String(source)} ${String(position)} ${String(reason)}`).sort();
/** All that was given is settled, and both sources are asked for more. */
const settled = ({ job }: Started, read: number, ...sources: ScriptedSource[]): Promise<void> =>
  until(() => sources.every(source => source.asked) && job.stats().sources.reduce((sum, source) => sum + source.read, 0) === read);

describe.skipIf(!hasEngine)('idleness', () => {
  test('a source without rows for idleAfter no longer holds the watermark; when it comes back, the watermark does not go back', async () => {
    const [a, b] = [new ScriptedSource('a'), new ScriptedSource('b')];
    const run = await start(planOf(2, { idleAfterMs: 1000 }), [a.rows(rows(5)), b.rows(rows(5, 25))]);
    await settled(run, 3, a, b);
    run.clock.advance(999);
    b.rows(rows(25));
    await settled(run, 4, a, b);
    expect(closed(run)).toEqual([]);
    run.clock.advance(1);
    await until(() => run.results.rows.length === 1);
    expect(closed(run)).toEqual(['0: 2']);
    expect(run.job.stats().sources.map(source => source.idle)).toEqual([1, 0]);
    a.rows(rows(7, 30));
    await settled(run, 6, a, b);
    expect(run.job.stats().sources.map(source => source.idle)).toEqual([0, 0]);
    b.rows(rows(41));
    await until(() => run.results.rows.length === 2);
    a.end();
    b.end();
    await run.job.done;
    expect(closed(run)).toEqual(['0: 2', '20: 2', '30: 1', '40: 1']);
    expect(aside(run)).toEqual(['a 1 LATE']);
    expect(run.clock.waiting).toBe(0);
  });

  test('where all are idle the watermark stays where it is', async () => {
    const a = new ScriptedSource('a', [0, 1]);
    const run = await start(planOf(1, { idleAfterMs: 1000 }), [a.rows(rows(45), 1)]);
    await settled(run, 1, a);
    run.clock.advance(10);
    a.rows(rows(15));
    await settled(run, 2, a);
    run.clock.advance(990);
    await until(() => run.job.stats().sources[0]!.idle === 1);
    run.clock.advance(10);
    await until(() => run.job.stats().sources[0]!.idle === 2);
    // The watermark is 15, where partition 0 stood, and not 45.
    a.rows(rows(9, 12));
    await settled(run, 4, a);
    a.end();
    await run.job.done;
    expect(aside(run)).toEqual(['a 2 LATE']);
    expect(closed(run).sort()).toEqual(['10: 2', '40: 1']);
  });
});

describe.skipIf(!hasEngine)('partitions', () => {
  test('the watermark waits for each partition that was declared, until it ends', async () => {
    const a = new ScriptedSource('a', [1, 3]);
    const run = await start(planOf(1), [a.rows(rows(5, 25, 35), 1)]);
    await settled(run, 3, a);
    expect(run.job.stats().sources[0]!.watermark).toBe(null);
    a.rows(rows(12), 3);
    await until(() => run.results.rows.length === 1);
    a.give({ kind: 'partitionEnd', partition: 3 });
    await until(() => run.results.rows.length === 3);
    a.end();
    await run.job.done;
    expect(closed(run)).toEqual(['0: 1', '10: 1', '20: 1', '30: 1']);
  });

  test('one that appears later counts from its first row on', async () => {
    const a = new ScriptedSource('a', undefined, 3);
    const run = await start(planOf(1), [a.rows(rows(5, 25)).rows(rows(3, 21), 2).rows(rows(40)).rows(rows(22, 29), 2).end()]);
    await run.job.done;
    expect(aside(run)).toEqual(['a 2 LATE']);
    expect(closed(run).sort()).toEqual(['0: 1', '20: 4', '40: 1']);
  });

  test('a number that the source has not announced fails the job', async () => {
    const run = await start(planOf(1), [new ScriptedSource('a').rows(rows(1), 1)]);
    await expect(run.job.done).rejects.toMatchObject({ code: 'SOURCE_FAILED' });
  });
});

/** Gives rows of a time until the source is not asked for more: what it is asked for before its last rows are known cannot be taken back. */
async function untilHeld({ job }: Started, source: ScriptedSource, time: number): Promise<number> {
  let given = 0;
  const read = (): number => job.stats().sources[0]!.read;
  for (let wanted = read(); ; given++) {
    await until(() => read() === wanted);
    for (let turn = 0; turn < 100; turn++) await new Promise<void>(resolve => setImmediate(resolve));
    if (!source.asked) return given;
    source.rows(rows(time));
    wanted++;
  }
}

describe.skipIf(!hasEngine)('alignment', () => {
  test('a source far ahead is not read until the others catch up', async () => {
    const [a, b] = [new ScriptedSource('a'), new ScriptedSource('b')];
    const run = await start(planOf(2, { maxDrift: 100, idleAfterMs: 1000 }), [a, b]);
    a.rows(rows(500));
    b.rows(rows(0));
    await settled(run, 2, b);
    const given = await untilHeld(run, a, 500);
    expect(given).toBeLessThan(3);
    run.clock.advance(700);
    b.rows(rows(1));
    await settled(run, 3 + given, b);
    run.clock.advance(700);
    // It is held, so it is not idle.
    expect(run.job.stats().sources).toMatchObject([{ heldMs: 1400, idle: 0 }, { heldMs: 0, idle: 0 }]);
    expect(a.asked).toBe(false);
    b.rows(rows(401));
    await settled(run, 4 + given, a, b);
    expect(run.job.stats().sources[0]!.heldMs).toBe(1400);
    await untilHeld(run, a, 600);
    b.end();
    await until(() => a.asked);
    a.end();
    const stats = await run.job.done;
    expect(stats.sources.map(source => source.late)).toEqual([0, 0]);
  });
});

describe.skipIf(!hasEngine)('watermark columns', () => {
  test('the greatest value of the column is the watermark; null states nothing, nor does a row without event time', async () => {
    const source = new ScriptedSource('a');
    const at = (time: number | null, mark: number | null): unknown => ({ at: time, mark });
    const run = await start(planOf(1, { watermark: 'mark' }), [source.rows([at(500, null), at(1, null), at(50, 10), at(2, null), at(null, 100), at(11, 5), at(12, 30), at(13, 1)]).end()]);
    await run.job.done;
    expect(aside(run)).toEqual(['a 3 LATE', 'a 4 NULL_IN_NON_NULL', 'a 7 LATE']);
    expect(closed(run).sort()).toEqual(['0: 1', '10: 2', '500: 1', '50: 1']);
  });
});

describe.skipIf(!hasEngine)('the future', () => {
  const now = new VirtualClock().now();
  test('a row too far ahead of the clock is a dead letter and moves nothing', async () => {
    const source = new ScriptedSource('a');
    const run = await start(planOf(1, { maxAhead: 1000 }), [source.rows(rows(now, now + 1001, now, now + 1000, null, now))]);
    await settled(run, 6, source);
    run.clock.advance(1);
    source.rows(rows(now + 1001)).end();
    const stats = await run.job.done;
    expect(aside(run)).toEqual(['a 1 FUTURE_TIME', 'a 4 NULL_IN_NON_NULL', 'a 5 LATE']);
    expect(run.letters.rows.find(letter => letter['reason'] === 'FUTURE_TIME')).toMatchObject({ row: `{"at":${now + 1001},"mark":null}`, message: expect.stringContaining('1 beyond') as string });
    expect(stats.sources).toMatchObject([{ read: 7, applied: 4, late: 1, deadLettered: 2 }]);
  });

  test('so it is where nothing is aggregated', async () => {
    const plan = projectPlan([AT], { at: col(AT) });
    const [stage] = plan.stages;
    const eventTime = { ...planOf(1).stages[0]!.branches[0]!.eventTime!, maxAhead: 5 };
    const run = await start({ ...plan, stages: [{ ...stage!, branches: stage!.branches.map(branch => ({ ...branch, eventTime })) }] }, [new ScriptedSource('a').rows(rows(now, now + 6, now + 5)).end()]);
    await run.job.done;
    expect(run.results.rows).toEqual([{ at: now }, { at: now + 5 }]);
    expect(aside(run)).toEqual(['a 1 FUTURE_TIME']);
  });
});
