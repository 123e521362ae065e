import { expect, test } from 'vitest';
import type { Window } from '../../src/plan/plan.ts';
import { difference } from '../oracle/compare.ts';
import { runReference } from '../oracle/reference.ts';
import { firingPlan, fold } from '../support/changelog.ts';
import { name, rowsOf, schema } from '../support/keyed-windows.ts';
import { agg, aggregatePlan, expectAnswer, field, ledger, MS } from '../support/plans.ts';
import { Random } from '../support/random.ts';
import { cut, hasEngine, runEngine } from '../support/run-plan.ts';

const [AT, KEY] = [field('at', MS, false), field('key', 'utf8', true)];
const sessions = (outOfOrderness: number, window: Partial<Extract<Window, { kind: 'session' }>> = {}) => aggregatePlan({
  schema: [AT, KEY], time: { column: 'at', outOfOrderness }, keys: [KEY], window: { kind: 'session', gap: 10, maxLength: null, unit: 'ms', ...window }, aggregates: [agg('n', 'count')],
});
const rows = (...times: number[]): { at: number; key: string | null }[] => times.map(at => ({ at, key: 'a' }));
const session = (windowStart: number, windowEnd: number, n: bigint, key: string | null = 'a') => ({ key, windowStart, windowEnd, n });

test('rows exactly one gap apart are together, and a session ends a gap behind its last row', () =>
  expectAnswer(sessions(100), [rows(0, 10, 21)], { rows: [session(0, 20, 2n), session(21, 31, 1n)] }));

test('a row between two sessions joins them, in whatever order they come', () =>
  expectAnswer(sessions(100), [rows(0, 20, 10, 40, 30)], { rows: [session(0, 50, 5n)] }));

test('every key has sessions of its own, null included', () =>
  expectAnswer(sessions(100), [[{ at: 0, key: null }, { at: 5, key: 'a' }, { at: 9, key: null }]], { rows: [session(0, 19, 2n, null), session(5, 15, 1n)] }));

test('multiples of the greatest length cut sessions, before 1970 too', () =>
  expectAnswer(sessions(100, { maxLength: 20 }), [rows(-25, -19, -1, 3, 12, 19, 20)], {
    rows: [session(-25, -20, 1n), session(-19, -9, 1n), session(-1, 0, 1n), session(3, 20, 3n), session(20, 30, 1n)],
  }));

test('a row is late if it joins no session that is open and ends, alone, at or before the watermark', () =>
  // The watermark before each row: none, 0, 9, 50, 50, 50.
  expectAnswer(sessions(0), [rows(0, 9, 50, 41, 30, 60)], { rows: [session(0, 19, 2n), session(41, 70, 3n)], letters: ['4 LATE'], ledgers: [ledger(6, 0, 5, 1, 0)] }));

test('a row that is late by itself counts where it joins a session that is open', () =>
  // 45 keeps the session of 38 open at watermark 50: 38 ends at 48, but not with 45.
  expectAnswer(sessions(5), [rows(45, 55, 38)], { rows: [session(38, 65, 3n)], letters: [] }));

test('a session that has ended takes no more rows: what comes later begins anew', () =>
  // At 100 the session of 85 has ended at 95; 95 is less than a gap behind it, and not late.
  expectAnswer(sessions(0), [[{ at: 85, key: 'a' }, { at: 100, key: 'b' }, { at: 95, key: 'a' }]], { rows: [session(85, 95, 1n), session(95, 105, 1n), session(100, 110, 1n, 'b')], letters: [] }));

test('a session whose end 64 bits cannot hold is a dead letter', () => {
  const plan = aggregatePlan({ schema: [field('at', { kind: 'timestamp', unit: 'us' }, false)], time: { column: 'at', outOfOrderness: 0 }, window: { kind: 'session', gap: 10, maxLength: null, unit: 'us' }, aggregates: [agg('n', 'count')] });
  return expectAnswer(plan, [[{ at: 5n }, { at: 2n ** 63n - 10n }]], { rows: [{ windowStart: 5n, windowEnd: 15n, n: 1n }], letters: ['1 OVERFLOW'] });
});

test.skipIf(!hasEngine)('sessions that are joined after they were given out come as deleted, and the joined one with bounds of its own', async () => {
  const plan = firingPlan(sessions(0), 1000, { when: 'close', earlyMs: null });
  // One row a batch: each has been given out before the next is read, or not; either way the end is the same.
  const input = [...rows(0, 20), { at: 100, key: 'b' }, ...rows(10), { at: 200, key: 'b' }];
  const got = await runEngine(plan, [cut(input, 1)], { workers: 2 });
  const end = [session(0, 30, 3n), session(100, 110, 1n, 'b'), session(200, 210, 1n, 'b')];
  const sort = (list: readonly object[]): string[] => list.map(row => JSON.stringify(row, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value))).sort();
  expect(sort(fold(plan, got.rows))).toEqual(sort(end));
  for (const row of got.rows) expect(row['deleted'] === true, JSON.stringify(row['windowStart'])).toBe(row['n'] === null);
});

test.skipIf(!hasEngine)('rows whose keys are too large leave the others of their batch to their sessions', async () => {
  const plan = aggregatePlan({ schema, time: { column: 'at', outOfOrderness: 200 }, keys: [name], window: { kind: 'session', gap: 20, maxLength: null, unit: 'ms' }, aggregates: [agg('n', 'count')] });
  for (const seed of [1, 2, 3]) {
    const random = new Random(seed);
    const batches = cut(rowsOf(random, 240, 3, { now: 0 }), 80);
    const given = batches.map(batch => batch.flatMap((row, place) => (place % 50 === 0 ? [{ ...row, name: 'x'.repeat(1 << 20) }, row] : [row])));
    const got = await runEngine(plan, [given], { workers: 2 });
    expect(difference(plan, runReference(plan, batches.flat().map(row => ({ branch: 0, row }))), got.rows), `seed ${seed}`).toBe(null);
    expect(got.letters.map(letter => letter['reason'])).toEqual(Array.from({ length: 6 }, () => 'KEY_TOO_LARGE'));
  }
});
