import { expect, test } from 'vitest';
import { runReference } from '../oracle/reference.ts';
import { agg, aggregatePlan, col, expectAnswer, field, filter, ledger, lit, op, projectPlan } from '../support/plans.ts';
import { hasEngine, runEngine } from '../support/run-plan.ts';

const [I, T] = [field('i', 'int8', false), field('t', 'utf8', true)];
const positive = filter(op('gt', { kind: 'bool' }, col(I), lit(0, { kind: 'int8' })));
const counted = aggregatePlan({ schema: [I, T], steps: [positive], aggregates: [agg('n', 'count')] });

test('without a window, rows that reach the aggregate are applied', () =>
  expectAnswer(counted, [[{ i: 1, t: 'a' }, { i: -1, t: 'a' }, { i: 2, t: null }]], { rows: [{ n: 2n }], ledgers: [ledger(3, 1, 2, 0, 0)] }));
test('without an aggregate, rows that are emitted are applied', () =>
  expectAnswer(projectPlan([I, T], { i: col(I) }), [[{ i: 1, t: 'a' }, { i: 2, t: 'b' }]], { rows: [{ i: 1 }, { i: 2 }], ledgers: [ledger(2, 0, 2, 0, 0)] }));
test('an empty input aggregates to one row without keys, and to none with', async () => {
  await expectAnswer(counted, [[]], { rows: [{ n: 0n }], ledgers: [ledger(0, 0, 0, 0, 0)] });
  await expectAnswer(aggregatePlan({ schema: [I], keys: [I], aggregates: [agg('n', 'count')] }), [[]], { rows: [] });
});
test('bad rows are set aside with their positions, and the job goes on', () =>
  expectAnswer(counted, [[{ i: 1, t: 'a' }, { i: 'x', t: 'a' }, { t: 'a' }, 'no row', { i: 128, t: 'a' }, { i: 3 }, null, { i: 1.5, t: 'a' }]], {
    rows: [{ n: 2n }], letters: ['1 BAD_ROW', '2 NULL_IN_NON_NULL', '3 BAD_ROW', '4 BAD_ROW', '6 BAD_ROW', '7 BAD_ROW'], ledgers: [ledger(8, 0, 2, 0, 6)],
  }));
test('a condition that is null keeps its row out, as filtered', () => {
  const n = field('n', 'int8', true);
  const plan = aggregatePlan({ schema: [n], steps: [filter(op('gt', { kind: 'bool' }, col(n), lit(0, { kind: 'int8' })))], aggregates: [agg('n', 'count')] });
  return expectAnswer(plan, [[{ n: null }, { n: 1 }]], { rows: [{ n: 1n }], ledgers: [ledger(2, 1, 1, 0, 0)] });
});
test('an expression that faults in a key or an input sets the row aside, once', () => {
  const sum = op('add', I.type, col(I), lit(100, I.type));
  const plan = aggregatePlan({ schema: [I, T], aggregates: [agg('s', 'sum', sum), agg('m', 'max', sum), agg('n', 'count')] });
  return expectAnswer(plan, [[{ i: 27, t: 'a' }, { i: 28, t: 'a' }]], { rows: [{ s: 127n, m: 127, n: 1n }], letters: ['1 OVERFLOW'], ledgers: [ledger(2, 0, 1, 0, 1)] });
});
test.skipIf(!hasEngine)('a row with several faults is set aside once, with one of them for its reason', async () => {
  const plan = aggregatePlan({
    schema: [I, T],
    aggregates: [agg('s', 'sum', op('add', I.type, col(I), lit(100, I.type))), agg('m', 'max', op('cast', I.type, col(T)))],
  });
  const rows = [{ i: 100, t: 'x' }, { i: 100, t: '1' }, { i: 1, t: 'x' }, { i: 1, t: '1' }];
  const { letters } = runReference(plan, [...rows.map(row => ({ branch: 0, row })), { branch: 0, end: true }]);
  expect(letters.map(({ position, reasons }) => [position, ...reasons])).toEqual([[0, 'OVERFLOW', 'BAD_CAST'], [1, 'OVERFLOW'], [2, 'BAD_CAST']]);
  const got = await runEngine(plan, [[rows]]);
  expect(got.letters.map(row => String(row['position']))).toEqual(['0', '1', '2']);
  expect(['OVERFLOW', 'BAD_CAST']).toContain(got.letters[0]!['reason']);
  expect(got.letters.slice(1).map(row => row['reason'])).toEqual(['OVERFLOW', 'BAD_CAST']);
});
test('every source of a union has its own ledger', () =>
  expectAnswer(aggregatePlan({ schema: [I, T], steps: [positive], aggregates: [agg('n', 'count')], branches: 2 }), [[{ i: 1 }, { i: 0 }], [{ i: 5 }, { i: 'x' }]], {
    rows: [{ n: 2n }], ledgers: [ledger(2, 1, 1, 0, 0), ledger(2, 0, 1, 0, 1)],
  }));
test.skipIf(!hasEngine)("onBadRow 'fail' stops the job", () =>
  expect(runEngine(counted, [[[{ i: 'x', t: 'a' }]]], { onBadRow: 'fail' })).rejects.toMatchObject({ code: 'BAD_ROW' }));
