import { test } from 'vitest';
import { agg, aggregatePlan, expectAnswer, field, filter, ledger, lit, MS, op, col, tumbling } from '../support/plans.ts';

const AT = field('at', MS, true);
const KIND = field('kind', 'utf8', false);
const counts = (outOfOrderness: number, steps = [] as ReturnType<typeof filter>[]) => aggregatePlan({
  schema: [AT, KIND], time: { column: 'at', outOfOrderness }, steps, window: tumbling(10), aggregates: [agg('n', 'count')],
});
const rows = (...times: (number | null)[]): unknown[] => times.map(at => ({ at, kind: 'view' }));
const window = (start: number, n: bigint) => ({ windowStart: start, windowEnd: start + 10, n });

test('a row is late once its window ends at or before the watermark that stood before it', () =>
  // Watermark before each row: none, 3, 12, 13, 14, 14. The window [0, 10) is closed by 12 - 2 = 10, not by 11 - 2.
  expectAnswer(counts(2), [rows(5, 11, 9, 12, 9, 13)], {
    rows: [window(0, 2n), window(10, 3n)], letters: ['4 LATE'], ledgers: [ledger(6, 0, 5, 1, 0)],
  }));

test('a row does not move the watermark that judges it', () =>
  expectAnswer(counts(0), [rows(9, 10)], { rows: [window(0, 1n), window(10, 1n)], letters: [] }));

test('rows that a filter drops move the watermark', () => {
  const plan = counts(0, [filter(op('eq', { kind: 'bool' }, col(KIND), lit('view', { kind: 'utf8' })))]);
  return expectAnswer(plan, [[{ at: 100, kind: 'click' }, { at: 5, kind: 'view' }, { at: 6, kind: 'click' }]], {
    rows: [], letters: ['1 LATE'], ledgers: [ledger(3, 2, 0, 1, 0)],
  });
});

test('a null event time is a dead letter and moves nothing', () =>
  expectAnswer(counts(0), [rows(null, 5)], { rows: [window(0, 1n)], letters: ['0 NULL_IN_NON_NULL'], ledgers: [ledger(2, 0, 1, 0, 1)] }));

test('times before 1970 lie in windows like any others', () =>
  expectAnswer(counts(100), [rows(-1, -10, -11, 0)], { rows: [window(-20, 1n), window(-10, 2n), window(0, 1n)] }));

test('the global window never closes, so nothing is late for it', () => {
  const plan = aggregatePlan({ schema: [AT, KIND], time: { column: 'at', outOfOrderness: 0 }, aggregates: [agg('n', 'count')] });
  return expectAnswer(plan, [rows(1_000_000, 1)], { rows: [{ n: 2n }], ledgers: [ledger(2, 0, 2, 0, 0)] });
});

const I = field('i', 'int8', false);
const doubled = aggregatePlan({
  schema: [AT, I], time: { column: 'at', outOfOrderness: 0 }, window: tumbling(10), aggregates: [agg('s', 'sum', op('add', I.type, col(I), col(I)))],
});
test('a row set aside for a fault has moved the watermark; a bad row has not', () =>
  expectAnswer(doubled, [[{ at: 50, i: 'x' }, { at: 5, i: 1 }, { at: 20, i: 100 }, { at: 6, i: 1 }]], {
    rows: [{ windowStart: 0, windowEnd: 10, s: 2n }], letters: ['0 BAD_ROW', '2 OVERFLOW', '3 LATE'], ledgers: [ledger(4, 0, 1, 1, 2)],
  }));
test('a row that faults and is late is a dead letter', () =>
  expectAnswer(doubled, [[{ at: 50, i: 1 }, { at: 5, i: 100 }]], {
    rows: [{ windowStart: 50, windowEnd: 60, s: 2n }], letters: ['1 OVERFLOW'], ledgers: [ledger(2, 0, 1, 0, 1)],
  }));
test('a union takes every row that is within outOfOrderness of all its sources', () => {
  const plan = aggregatePlan({ schema: [AT, KIND], time: { column: 'at', outOfOrderness: 100 }, window: tumbling(10), aggregates: [agg('n', 'count')], branches: 2 });
  return expectAnswer(plan, [rows(0, 50, 100), rows(3, 53, 99)], { rows: [window(0, 2n), window(50, 2n), window(90, 1n), window(100, 1n)], letters: [] });
});
