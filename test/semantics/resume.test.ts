import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { arrowIpcFile, collect, count, csv, jsonl, rows as given, schema, stream, t, together, tumbling as tumblingWindow } from 'millrace';
import { parquet } from 'millrace/parquet';
import { expect, test } from 'vitest';
import { hasEngine, ListSink, runJob } from '../support/run-plan.ts';
import { agg, aggregatePlan, field, MS, tumbling } from '../support/plans.ts';
import { VirtualClock } from '../support/clock.ts';
import { ScriptedSource, until } from '../support/scripted-source.ts';
import type { Delivered, ResumedPartition, SourceReader } from '../../src/connectors/source.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { Sink } from '../../src/connectors/sink.ts';

/** What a reading that takes up an earlier one does with the rows that it reads again. */
const AT = field('at', MS, true);
const planOf = (accept: number): Plan => {
  const plan = aggregatePlan({ schema: [AT], time: { column: 'at', outOfOrderness: 0 }, window: tumbling(10), aggregates: [agg('n', 'count')] });
  if (accept === 0) return plan;
  const output = [...plan.output.slice(0, 2), field('version', 'int64', false), ...plan.output.slice(2)];
  return { ...plan, output, changelog: 'updating', stages: [{ ...plan.stages[0]!, output, aggregate: { ...plan.stages[0]!.aggregate!, accept } }] };
};
const rows = (...times: (number | null)[]): unknown[] => times.map(at => ({ at }));

class Resumed extends ScriptedSource {
  readonly told: Delivered[] = [];
  constructor(private readonly resumed: readonly ResumedPartition[], partitions: readonly number[]) {
    super('log', partitions);
  }
  override async read(): Promise<SourceReader> {
    return { ...await super.read(), resumed: this.resumed, delivered: async delivered => void this.told.push(delivered) };
  }
  items(times: readonly (number | null)[], next: number, partition = 0): this {
    return this.give({ kind: 'rows', rows: rows(...times), partition, next: BigInt(next) });
  }
}
async function start(plan: Plan, source: Resumed, sink: Sink & { rows: ListSink['rows'] } = new ListSink('results')) {
  const [clock, letters] = [new VirtualClock(), new ListSink('letters')];
  const job = await runJob({ plan, sources: [source], sink, deadLetters: letters, late: letters }, { workers: 2, heap: '64MiB', clock });
  const settled = (read: number): Promise<void> => until(() => source.asked && job.stats().sources[0]!.read === read);
  const counts = (): unknown[] => {
    const { read, applied, late, deadLettered, replayed } = job.stats().sources[0]!;
    return [read, applied, late, deadLettered, replayed];
  };
  return { job, clock, letters, settled, counts, results: (): string[] => sink.rows.map(({ windowStart, n }) => `${String(windowStart)}: ${String(n)}`) };
}

test.skipIf(!hasEngine)('nothing is given out until all is back that was read before, then what is complete', async () => {
  const source = new Resumed([{ partition: 0, offset: 4n, readTo: 8n, closedTo: 31n }], [0]);
  const run = await start(planOf(20), source);
  // 9 is done with: its window took rows until 30. 12 and 25 are of windows that have closed and still take rows; null was a dead letter then.
  source.items([9, 12, null], 7);
  await run.settled(3);
  source.items([13], 8);
  await until(() => run.results().length > 0);
  expect(run.results()).toEqual(['10: 2']);
  expect(run.counts()).toEqual([4, 2, 0, 0, 2]);
  source.items([8, 26, null], 11).end();
  await run.job.done;
  expect(run.counts()).toEqual([7, 3, 1, 1, 2]);
  expect(run.letters.rows.map(({ reason }) => reason).sort()).toEqual(['LATE', 'NULL_IN_NON_NULL']);
});

test.skipIf(!hasEngine)('a partition whose rows are gone holds nothing up', async () => {
  const source = new Resumed([{ partition: 0, offset: 4n, readTo: 8n, closedTo: 31n }, { partition: 1, offset: 0n, readTo: 5n, closedTo: 31n }], [0, 1]);
  const run = await start(planOf(20), source);
  source.items([13], 8);
  await run.settled(1);
  expect(run.results()).toEqual([]);
  run.clock.advance(10_001);
  await until(() => run.results().length > 0);
  expect(run.results()).toEqual(['10: 1']);
  source.end();
  await run.job.done;
});

test.skipIf(!hasEngine)('partitions of different owners go on from where each had closed its windows', async () => {
  const source = new Resumed([{ partition: 0, offset: 4n, readTo: 6n, closedTo: 100n }, { partition: 1, offset: 0n, readTo: 2n, closedTo: 50n }], [0, 1]);
  const run = await start(planOf(0), source);
  source.items([55], 6, 0).items([56, 101], 8, 0).items([57, 40], 2, 1).items([58, 41], 4, 1).end();
  await run.job.done;
  // Of the first partition 55 is replayed and 56 late, of the second 40 is replayed and 41 late.
  expect(run.counts()).toEqual([7, 3, 2, 0, 2]);
  expect(run.results()).toEqual(['50: 2', '100: 1']);
});

test.skipIf(!hasEngine)('a source is told what is done with, once a second, when sinks have it for good', async () => {
  const source = new Resumed([], [0, 1]);
  let keep: () => void = () => {};
  const sink = Object.assign(new ListSink('results'), { durable: (): Promise<void> => new Promise(resolve => (keep = resolve)) });
  const run = await start(planOf(0), source, sink);
  source.items([1, 5], 2, 0).items([3], 1, 1);
  await run.settled(3);
  run.clock.advance(2000);
  source.items([12, 15], 4, 0).items([14], 2, 1);
  await run.settled(6);
  await until(() => run.results().length === 1);
  expect(source.told).toEqual([]);
  keep();
  await until(() => source.told.length > 0 || (run.clock.advance(500), keep(), false));
  expect(source.told.at(-1)).toEqual({ closedTo: 14n, partitions: [{ partition: 0, offset: 2n, readTo: 4n }, { partition: 1, offset: 1n, readTo: 2n }] });
  source.end();
  const ended = run.job.done.then(() => (keep = () => {}));
  await until(() => (keep(), run.job.stats().state !== 'running'));
  await ended;
  // What the end has closed is not done with: rows to come may belong to it.
  expect(source.told.at(-1)!.partitions).toEqual([{ partition: 0, offset: 2n, readTo: 4n }, { partition: 1, offset: 1n, readTo: 2n }]);
});

test.skipIf(!hasEngine)('all sinks of a run have the greatest number that one of them claims', async () => {
  const numbered = (number: number) => Object.assign(collect(), { claims: [] as number[], incarnation(least: number): Promise<number> {
    number = Math.max(number + 1, least);
    this.claims.push(number);
    return Promise.resolve(number);
  } });
  const [young, old] = [numbered(0), numbered(7)];
  const windows = stream(given([{ at: 1 }, { at: 5 }]), schema({ at: t.timestamp })).eventTime('at').window(tumblingWindow(10)).aggregate(() => ({ n: count() })).late({ accept: 10 });
  await together(windows.to(young), windows.to(old)).run({ workers: 1, heap: '64MiB' });
  expect([young.claims, old.claims]).toEqual([[1, 8], [8]]);
  for (const { rows: results } of [young, old]) expect(results.map(row => Number((row as unknown as { version: bigint }).version >> 40n))).toEqual([8]);
});

test.skipIf(!hasEngine).each(['jsonl', 'csv', 'arrow', 'parquet'] as const)('results in a file that is not complete are not delivered: %s', async kind => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-durable-'));
  try {
    const path = join(folder, `out.${kind}`);
    const sink: Sink = { jsonl, csv, arrow: arrowIpcFile, parquet }[kind](path);
    const source = new Resumed([], [0]);
    const clock = new VirtualClock();
    const job = stream(source, schema({ at: t.timestamp })).to(sink).start({ workers: 1, heap: '64MiB', clock });
    source.items([1, 5], 2);
    await until(() => source.asked && job.stats().emitted === 2);
    // Time to tell, again and again.
    for (let second = 3; second < 8; second++) {
      clock.advance(2000);
      source.items([second], second);
      await until(() => source.asked && job.stats().emitted === second);
    }
    expect([source.told, existsSync(path)]).toEqual([[], false]);
    source.end();
    await job.done;
    expect([source.told.at(-1), existsSync(path)]).toEqual([{ closedTo: null, partitions: [{ partition: 0, offset: 7n, readTo: 7n }] }, true]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.skipIf(!hasEngine)('one source of several is told nothing: what they note apart would not be of one moment', async () => {
  const [one, two] = [new Resumed([], [0]), new Resumed([], [0])];
  const clock = new VirtualClock();
  const Row = schema({ at: t.timestamp });
  const job = stream(one, Row).union(stream(two, Row)).to(collect()).start({ workers: 1, heap: '64MiB', clock });
  for (let item = 1; item < 5; item++) {
    clock.advance(2000);
    one.items([item], item);
    two.items([item], item);
    await until(() => one.asked && two.asked && job.stats().emitted === 2 * item);
  }
  one.end();
  two.end();
  await job.done;
  expect([one.told, two.told]).toEqual([[], []]);
});
