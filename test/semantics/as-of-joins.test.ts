import { describe, expect, test } from 'vitest';
import { count, rows as rowsOf, schema as schemaOf, stream, t, tumbling as tumblingOf } from 'millrace';
import type { AsOf, JoinColumn } from '../../src/plan/join-plan.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { Row } from '../../src/plan/types.ts';
import { VirtualClock } from '../support/clock.ts';
import { expectContents, expectSteps, feedsOf, KEY, names, schema, side } from '../support/join-steps.ts';
import { joinPlan, keysOf, type JoinParts, type SideParts } from '../support/join-plans.ts';
import { agg, aggregatePlan, col, field, filter, lit, MS, op, timeOf, tumbling } from '../support/plans.ts';
import { difference } from '../oracle/compare.ts';
import { runStages } from '../oracle/reference.ts';
import { ingestOf } from '../support/feeds.ts';
import { runInOrder, type RowsOrEnd } from '../support/in-order.ts';
import { KERNELS } from '../support/kernels.ts';
import { Random } from '../support/random.ts';
import { hasEngine, runEngine, startSources } from '../support/run-plan.ts';
import { ScriptedSource, until } from '../support/scripted-source.ts';

/** Left rows are `l1 key time`, versions `r1 key time`, in the order in which they come. Watermarks follow 100 behind, unless it says. */
const EVERY: AsOf = { deleted: null, within: null };
const asOfPlan = (match: 'inner' | 'optional', asOf: Partial<AsOf> = {}, of: Partial<JoinParts> = {}, outOfOrderness = 100): Plan =>
  joinPlan({ sides: [side({ outOfOrderness }), side({ outOfOrderness, match })], mode: 'final', asOf: { ...EVERY, ...asOf }, columns: names(0, 1), ...of });
/** A version with a name that ends in x says that the row is gone. */
const isGone = op('endsWith', { kind: 'bool' }, col(schema[0]!), lit('x', { kind: 'utf8' }));

describe('a row meets', () => {
  test('the newest version at or before its time, whenever that comes', () =>
    expectContents(asOfPlan('inner'), feedsOf('l1 1 9', 'l2 1 10', 'l3 1 15', 'r2 1 20', 'l4 1 20', 'r1 1 10', 'l5 1 99', 'r3 2 12'), ['l2 r1', 'l3 r1', 'l4 r2', 'l5 r2']));
  test('of versions of one time the last of the source, and of several sources that of the last', async () => {
    await expectContents(asOfPlan('inner'), feedsOf('r1 1 10', 'r2 1 10', 'l1 1 11', 'r3 1 9'), ['l1 r2']);
    const union = joinPlan({ sides: [side({ outOfOrderness: 100 }), side({ outOfOrderness: 100, steps: [[], []] })], mode: 'final', asOf: EVERY, columns: names(0, 1) });
    await expectContents(union, feedsOf('s1 1 10', 'r1 1 10', 'r2 1 10', 'l1 1 11', 's2 1 8'), ['l1 s1']);
  });
  test('of its own key alone; without keys, of all', async () => {
    await expectContents(asOfPlan('optional'), feedsOf('r1 1 10', 'r2 2 11', 'l1 1 12', 'l2 3 12'), ['l1 r1', 'l2 -']);
    const all = joinPlan({ sides: [side({ keys: [], outOfOrderness: 100 }), side({ keys: [], outOfOrderness: 100 })], mode: 'final', asOf: EVERY, columns: names(0, 1) });
    await expectContents(all, feedsOf('r1 1 10', 'r2 2 11', 'l1 1 12', 'l2 3 10'), ['l1 r2', 'l2 r1']);
  });
  test('nothing where a part of its key is null, also of a version', async () => {
    const ledgers = await expectContents(asOfPlan('optional'), feedsOf('r1 - 10', 'l1 - 11', 'r2 1 10', 'l2 1 11'), ['l1 -', 'l2 r2']);
    expect(ledgers.map(({ applied }) => applied)).toEqual([2, 2]);
    await expectContents(asOfPlan('inner'), feedsOf('r1 - 10', 'l1 - 11', 'r2 1 10', 'l2 1 11'), ['l2 r2']);
  });
  test('no version that says that its row is gone, until there is another', async () => {
    const feeds = feedsOf('r1 1 10', 'r2x 1 20', 'r3 1 30', 'l1 1 19', 'l2 1 20', 'l3 1 29', 'l4 1 30', 'r4x 1 30');
    await expectContents(asOfPlan('optional', { deleted: isGone }), feeds, ['l1 r1', 'l2 -', 'l3 -', 'l4 -']);
    await expectContents(asOfPlan('inner', { deleted: isGone }), feeds, ['l1 r1']);
  });
  test('no version that is older by more than `within`: that length is in it; an older one does not take its place', () =>
    expectContents(asOfPlan('optional', { within: 5 }), feedsOf('r1 1 10', 'l1 1 15', 'l2 1 16', 'l3 1 9'), ['l1 r1', 'l2 -', 'l3 -']));
});

test('a row is late if it is before the watermark, less `accept`; a version that is late changes nothing', async () => {
  // Behind the first three the watermark is 100.
  const feeds = feedsOf('l1 1 100', 'r1 1 90', 'r2 1 120', 'r3 1 100', 'r4 1 99', 'r5 1 94', 'l2 1 99', 'l4 1 95', 'l3 1 130');
  const strict = await expectContents(asOfPlan('optional', {}, {}, 0), feeds, ['l1 r3', 'l3 r2']);
  expect(strict.map(({ applied, late }) => ({ applied, late }))).toEqual([{ applied: 2, late: 2 }, { applied: 3, late: 2 }]);
  const lenient = await expectContents(asOfPlan('optional', {}, { accept: 5 }, 0), feeds, ['l1 r3', 'l2 r4', 'l3 r2', 'l4 r1']);
  expect(lenient.map(({ applied, late }) => ({ applied, late }))).toEqual([{ applied: 4, late: 0 }, { applied: 4, late: 1 }]);
});

describe.skipIf(!hasEngine)('a row is given out', () => {
  test('when the watermark has passed its time, and `accept`; not before, and once', async () => {
    await expectSteps(asOfPlan('optional', {}, {}, 0), [['l1 1 10'], ['r1 1 5'], ['r2 1 10'], ['r3 2 11'], ['l2 2 11', '+ l1 r2'], ['l3 3 20'], ['r4 1 20', '+ l2 r3'], ['r5 1 21'], ['l4 1 21', '+ l3 -']], ['+ l4 r5']);
    await expectSteps(asOfPlan('inner', {}, { accept: 3 }, 0), [['l1 1 10'], ['r1 1 13'], ['l2 1 13'], ['r2 1 10'], ['l3 1 14'], ['r3 9 14', '+ l1 r2']], ['+ l2 r1', '+ l3 r1']);
  });
  test('without waiting for a table that is quiet for `idleAfter`; what it then brings may be late', async () => {
    const plan = asOfPlan('optional', {}, {}, 0);
    const [stage] = plan.stages;
    const quiet: Plan = { ...plan, stages: [{ ...stage!, branches: stage!.branches.map(branch => (branch.side === 0 ? branch : { ...branch, eventTime: { ...branch.eventTime!, idleAfterMs: 1000 } })) }] };
    const [left, table, clock] = [new ScriptedSource('left'), new ScriptedSource('table'), new VirtualClock()];
    const { job, rows, late, done } = await startSources(quiet, [left, table], { workers: 2, clock });
    const give = async (source: ScriptedSource, ...texts: string[]): Promise<void> => {
      const before = job.stats().sources.reduce((sum, { read }) => sum + read, 0);
      await until(() => left.asked && table.asked);
      source.rows(feedsOf(...texts).flatMap(feed => feed.rows ?? []));
      await until(() => job.stats().sources.reduce((sum, { applied, late: tooLate }) => sum + applied + tooLate, 0) === before + texts.length);
    };
    const found = (): string[] => rows.map(row => `${String(row['s0_name'])} ${String(row['s1_name'] ?? '-')}`);
    await give(table, 'r1 1 5');
    await give(left, 'l1 1 10', 'l2 1 20');
    expect(found()).toEqual([]);
    clock.advance(1000);
    await until(() => rows.length === 1);
    expect(found()).toEqual(['l1 r1']);
    await give(table, 'r2 1 19', 'r3 1 20');
    left.end();
    table.end();
    await done;
    expect(found()).toEqual(['l1 r1', 'l2 r3']);
    expect(late.map(row => row['position'])).toEqual([1n]);
  });
  test('at once where its key is null', () => expectSteps(asOfPlan('optional'), [['l1 - 10', '+ l1 -'], ['r1 1 1']]));
});

describe.skipIf(!hasEngine)('a table may be', () => {
  const Ad = schemaOf({ id: t.int64, at: t.timestamp });
  const ads = () => stream(rowsOf([]), Ad).eventTime('at', { outOfOrderness: '1h' });
  const drawn = (seed: number): RowsOrEnd[] => {
    const random = new Random(seed);
    return Array.from({ length: 30 }, (_, batch) => ({ branch: batch % 2, rows: Array.from({ length: random.below(20) }, () => ({ id: BigInt(random.below(6)), at: 1_000_000 + random.below(1000) })) }));
  };
  const views = ads();
  const counts = views.groupBy('id').window(tumblingOf(50)).aggregate(() => ({ n: count() }));
  test.each([
    ['results of windows, whose time is their end', ads().asOfJoin(counts, { on: 'id', kind: 'left' })],
    ['rows of another such join', ads().asOfJoin(views.asOfJoin(counts, { on: 'id', select: (view, row) => ({ id: view.id, n: row.n, seen: view.at }) }), { on: 'id', kind: 'left' })],
    ['one of several', ads().asOfJoin(counts, { on: 'id', kind: 'left' }).map(row => ({ id: row.id, n: row.n })).asOfJoin(views.map(row => ({ id: row.id, seen: row.at })), { on: 'id' })],
  ])('%s', async (_name, pipeline) => {
    const plan = pipeline.plan();
    for (const workers of [1, 3]) {
      const feeds = drawn(workers);
      const expected = runStages(plan, ingestOf(feeds));
      const got = await runInOrder(plan, feeds, { workers, batchRows: 10, kernels: KERNELS });
      expect(difference(plan, expected, got.rows)).toBe(null);
      expect(expected.rows.filter(row => row['n'] !== null).length).toBeGreaterThan(50);
    }
  });
});

test('results have the time of the left row, and none is late behind the join', async () => {
  const columns: JoinColumn[] = [...names(0, 1), { kind: 'time' }];
  const joined = asOfPlan('inner', {}, { columns, accept: 4 }, 0);
  await expectContents(joined, feedsOf('r1 1 3', 'l1 1 12'), ['l1 r1 12']);
  const counts = aggregatePlan({ schema: joined.output, window: tumbling(10), aggregates: [agg('rows', 'count')] }).stages[0]!;
  const branches = counts.branches.map(branch => ({ ...branch, from: { stage: 0 }, eventTime: timeOf({ column: 'time', outOfOrderness: 0 }) }));
  const plan: Plan = { ...joined, stages: [...joined.stages, { ...counts, branches }], output: counts.output };
  const ledgers = await expectContents(plan, feedsOf('r1 1 3', 'l1 1 12', 'r2 1 13', 'l2 1 20', 'r3 1 24', 'l3 1 19', 'l4 1 40', 'r4 1 50', 'l5 1 46'), ['10 20 2', '20 30 1', '40 50 2']);
  expect(ledgers[2]).toMatchObject({ read: 5, applied: 5, late: 0 });
});

describe.skipIf(!hasEngine)('what is kept', () => {
  const [NAME, AT] = [field('name', 'utf8'), field('at', MS, false)];
  const wide = [KEY, NAME, AT];
  const plan = (within: number | null, right: Partial<SideParts> = {}): Plan =>
    joinPlan({ sides: [{ schema: wide, keys: keysOf(KEY) }, { schema: wide, keys: keysOf(KEY), match: 'optional', ...right }], mode: 'final', asOf: { deleted: null, within } });
  const rows = (batch: number, count: number, keyOf: (n: number) => number): Row[] =>
    Array.from({ length: count }, (_, i) => batch * count + i).map(n => ({ key: BigInt(keyOf(n)), name: `n${n}`, at: n }));

  test('is one version per key, however many there were', async () => {
    const feeds = Array.from({ length: 400 }, (_, i) => ({ branch: i % 2, rows: rows(i >> 1, 1000, n => n % 500) }));
    const got = await runInOrder(plan(null), feeds, { workers: 2, batchRows: 1000 });
    expect(got.stats.emitted).toBe(200_000);
    // A version of the same time each: all were found.
    expect(got.rows.every(row => row['s1_name'] === row['s0_name'])).toBe(true);
    expect(got.stats.peakStateBytes).toBeLessThan(12 << 20);
  });
  test('is nothing of a version that is older than `within`', async () => {
    const feeds = Array.from({ length: 400 }, (_, i) => ({ branch: i % 2, rows: rows(i >> 1, 1000, n => n) }));
    const got = await runInOrder(plan(2000), feeds, { workers: 2, batchRows: 1000 });
    expect(got.stats.emitted).toBe(200_000);
    // All would take 20 MB.
    expect(got.stats.peakStateBytes).toBeLessThan(12 << 20);
  });
  test('a join that keeps too much says so, and of whom', async () => {
    const { createEngine } = await import('millrace');
    const engine = createEngine({ workers: 1, heap: '256MiB' });
    try {
      const text = 'x'.repeat(50_000);
      const versions = Array.from({ length: 220 }, (_, batch) => Array.from({ length: 20 }, (_row, i): Row => ({ key: BigInt(batch * 20 + i), name: text, at: 0 })));
      await expect(runEngine(plan(null), [[], versions], { engine })).rejects.toThrow(/the join of side 0 and side 1 keeps \d+ bytes of rows that wait for the watermark and the newest version of every key/);
    } finally {
      await engine.close();
    }
  });
  test('versions of many keys, in no order, many of one time, and one key with most of them, in large batches behind filters', async () => {
    const random = new Random(1);
    const steps = [[filter(op('not', { kind: 'bool' }, op('endsWith', { kind: 'bool' }, col(NAME), lit('7', { kind: 'utf8' }))))]];
    const disordered = joinPlan({
      sides: [{ schema: wide, keys: keysOf(KEY), steps, outOfOrderness: 1e6 }, { schema: wide, keys: keysOf(KEY), steps, match: 'optional', outOfOrderness: 1e6 }], mode: 'final', asOf: { deleted: null, within: null },
    });
    // More chunks of 16,384 rows than go through the regions at once.
    const length = KERNELS === 'wasm' ? 180_000 : 40_000;
    const draw = (): Row[] => Array.from({ length }, (_, i) => ({ key: random.chance(0.5) ? 0n : BigInt(random.below(5_000)), name: `n${i}`, at: random.below(20_000) }));
    const drawn = [draw(), draw()] as const;
    const got = await runEngine(disordered, [[drawn[0]], [drawn[1].slice(0, 15_000), drawn[1].slice(15_000)]], { workers: 3, batchRows: length });
    const [lefts, versions] = drawn.map(list => list.filter(row => !(row['name'] as string).endsWith('7'))) as [Row[], Row[]];
    // By hand: the versions of each key in order, the last of equal times last.
    const byKey = new Map<bigint, Row[]>();
    for (const row of versions) {
      const key = row['key'] as bigint;
      if (!byKey.has(key)) byKey.set(key, []);
      byKey.get(key)!.push(row);
    }
    for (const list of byKey.values()) list.sort((a, b) => (a['at'] as number) - (b['at'] as number));
    const newest = ({ key, at }: Row): string | null => {
      const list = byKey.get(key as bigint) ?? [];
      let [low, high] = [0, list.length];
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((list[middle]!['at'] as number) <= (at as number)) low = middle + 1;
        else high = middle;
      }
      return low === 0 ? null : list[low - 1]!['name'] as string;
    };
    expect(got.rows.map(row => `${String(row['s0_name'])} ${String(row['s1_name'])}`).sort()).toEqual(lefts.map(row => `${String(row['name'])} ${String(newest(row))}`).sort());
  });
});
