import { expect, test } from 'vitest';
import { rows as listed, schema, stream, t, tumbling, count } from '../../dist/src/index.js';
import { runStages } from '../oracle/reference.ts';
import { counted, dedupePlan } from '../support/dedupe-plans.ts';
import { id, name } from '../support/keyed-windows.ts';
import { expectAnswer, field, ledger, onePlan, timeOf, col } from '../support/plans.ts';
import { cut, hasEngine, runEngine } from '../support/run-plan.ts';
import type { Plan } from '../../src/plan/plan.ts';

/** `docs/semantics.md`, "Behind a window": which rows `dedupe` lets through. */

const row = (key: string | null, at: number, id_: bigint | null = 1n) => ({ id: id_, name: key, at, value: null, code: null });
const through = (plan: Plan, input: readonly object[], kept: readonly number[], ledgerOf: readonly [number, number, number], letters: readonly string[] = []): Promise<void> =>
  expectAnswer(plan, [input], { rows: kept.map(index => input[index]!) as never, letters, ledgers: [ledger(input.length, ledgerOf[0], ledgerOf[1], ledgerOf[2], 0)] });

test('a row at most `within` away, before or after, from one that was let through goes: the first to be read stays', () =>
  // 10 stays; 20 and 0 are 10 away; 21 and -1 are 11 away; 31 is 10 from 21.
  through(dedupePlan([name], 10, 100), [10, 20, 0, 21, -1, 31, 32].map(at => row('a', at)), [0, 3, 4, 6], [3, 4, 0]));

test('what went does not count: rows are compared with those that were let through', () =>
  // 8 goes for 0, and 16 is more than 10 from 0, though 8 from 8.
  through(dedupePlan([name], 10, 100), [0, 8, 16].map(at => row('a', at)), [0, 2], [1, 2, 0]));

test('within 0 is the same moment', () =>
  through(dedupePlan([name], 0, 100), [5, 6, 5, 4, 6].map(at => row('a', at)), [0, 1, 3], [2, 3, 0]));

test('null is a key like others, and not the empty text', () =>
  through(dedupePlan([id, name], 10, 100), [row(null, 1, null), row('', 1, null), row(null, 2, null), row(null, 2, 0n), row('', 3, null)], [0, 1, 3], [2, 3, 0]));

test('a row is late when event time + within is less than the watermark, and one that is not is still compared with all that it may repeat', () =>
  // The watermark before each row: none, 0, 100 from then on. 90 is on time, and repeats 80, which would be late by now; 89 is late.
  through(dedupePlan([name], 10, 0), [row('a', 80), row('b', 100), row('a', 90), row('a', 89), row('c', 90)], [0, 1, 4], [1, 3, 1], ['3 LATE']));

test('a time from which `within` leads beyond 64 bits is a dead letter', () => {
  const micros = [field('at', { kind: 'timestamp', unit: 'us' }, false)];
  const plan = onePlan({ branches: [{ source: { name: 's0', schema: micros }, side: 0, from: { source: 0 }, eventTime: timeOf({ column: 'at', outOfOrderness: 0 }), steps: [] }], aggregate: null, output: micros });
  const deduplicate = { keys: [{ name: 'at', expression: col(micros[0]!) }], within: 10 };
  return expectAnswer({ ...plan, stages: [{ ...plan.stages[0]!, deduplicate }] }, [[{ at: -(2n ** 62n) }, { at: 2n ** 63n - 10n }, { at: 2n ** 63n - 11n }]], {
    rows: [{ at: -(2n ** 62n) }, { at: 2n ** 63n - 11n }], letters: ['1 OVERFLOW'],
  });
});

test.skipIf(!hasEngine)('no row that is let through is late for the windows behind, wherever batches end', async () => {
  // At watermark 100 the row at 95 is on time for dedupe, and its window [90, 100) waits for it.
  const input = [row('a', 91), row('b', 100), row('a', 95, 2n), row('c', 92), row('c', 200)];
  const plan = counted(dedupePlan([id, name], 10, 0), 10);
  const expected = runStages(plan, input.map(each => ({ branch: 0, row: each })));
  for (const size of [1, 2, 100]) {
    const got = await runEngine(plan, [cut(input, size)], { workers: 2, batchRows: size });
    const sorted = (list: readonly object[]): string[] => list.map(each => JSON.stringify(each, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value))).sort();
    expect(sorted(got.rows)).toEqual(sorted(expected.rows));
    expect(got.stats.stages[0]).toMatchObject({ read: 5, applied: 5, late: 0 });
  }
});

test.skipIf(!hasEngine)('from the pipeline, where rows have lost their event time', async () => {
  const Event = schema({ id: t.int64, page: t.utf8, at: t.timestamp });
  const events = [[1n, 'home', 1000], [2n, 'home', 2000], [1n, 'home', 3000], [3n, 'shop', 4000], [1n, 'home', 70_000]].map(([id_, page, at]) => ({ id: id_ as bigint, page: page as string, at: at as number }));
  const views = await stream(listed(events), Event)
    .eventTime('at', { outOfOrderness: '1m' })
    .map(each => ({ id: each.id, page: each.page }))
    .dedupe('id', { within: '10s' })
    .groupBy('page')
    .window(tumbling('1m'))
    .aggregate(() => ({ views: count() }))
    .collect({ workers: 2 });
  expect(views.map(each => `${each.page} ${each.windowStart} ${each.views}`).sort()).toEqual(['home 0 2', 'home 60000 1', 'shop 0 1']);
});

const Event = schema({ id: t.int64, page: t.utf8, at: t.timestamp });
const events = (count_: number): object[] => Array.from({ length: count_ }, (_, n) => ({ id: n % 50, page: `page ${n % 3000}`, at: n * 10 }));

test.skipIf(!hasEngine)('behind windows and joins rows are looked at in the order of their time', async () => {
  // 3000 pages a window of 30 s: of those in three windows that follow each other the first and the third stay, whatever batches they come in.
  const perPage = stream(listed(events(12_000)), Event).eventTime('at').groupBy('page').window(tumbling('30s')).aggregate(() => ({ n: count() }));
  for (const batchRows of [100, 65_536]) {
    const found = await perPage.dedupe('page', { within: '30s' }).collect({ workers: 2, batchRows });
    expect([found.length, found.filter(({ windowStart }) => windowStart === 60_000).length, found.filter(({ windowStart }) => windowStart === 30_000).length]).toEqual([6000, 3000, 0]);
    // Of one time, in the order of their columns.
    expect(found.map(({ windowStart, page }) => `${windowStart} ${page}`)).toEqual([0, 60_000].flatMap(start => Array.from({ length: 3000 }, (_, n) => `${start} page ${n}`).sort()));
    const left = stream(listed(events(3000)), Event).eventTime('at');
    const right = stream(listed(events(3000)), Event).eventTime('at').select('id', 'at');
    const pairs = left.join(right, { on: 'id', within: '2s', select: (row, other) => ({ id: row.id, page: row.page, other: other.at }) });
    // Each row has five partners, 0.5 s apart; one pair a row is left, that with the earliest.
    const once = await pairs.dedupe('page', { within: 0 }).collect({ workers: 2, batchRows });
    expect(once.length).toBe(3000);
    for (const { page, other } of once) expect(other).toBe(Math.max(Number(page.slice(5)) % 50 * 10, Number(page.slice(5)) * 10 - 2000));
  }
});

test.skipIf(!hasEngine)('rows that wait to be sorted come in many small batches, and do not take pages of their own each', { timeout: 60_000 }, async () => {
  const list = Array.from({ length: 3000 }, (_, n) => ({ id: n, page: 'page', at: n }));
  const [left, right] = [stream(listed(list), Event).eventTime('at'), stream(listed(list), Event).eventTime('at').select('id', 'at')];
  // Nothing is certain before the end: an hour of rows waits.
  const pairs = left.join(right, { on: 'id', within: '1h', select: row => ({ id: row.id }) });
  expect((await pairs.dedupe('id', { within: 0 }).collect({ workers: 1, heap: '64MiB', batchRows: 1 })).length).toBe(3000);
});

test('results and rows of a source in one: their order would be up to chance', () => {
  const source = stream(listed(events(1)), Event).eventTime('at');
  const results = source.groupBy('id', 'page').window(tumbling('1m')).aggregate(() => ({ n: count() })).map(row => ({ id: row.id, page: row.page, at: row.windowEnd }));
  expect(() => results.union(source).dedupe('id', { within: '1m' })).toThrow('PLAN_INVALID: dedupe goes by the order of rows, and results have another than rows of a source: put it before the union.');
  expect(results.dedupe('id', { within: '1m' }).explain()).toContain('sort        by event time, then by all columns');
});
