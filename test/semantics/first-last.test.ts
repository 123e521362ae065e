import { test } from 'vitest';
import { agg, aggregatePlan, col, expectAnswer, field, lit, MS, op } from '../support/plans.ts';

const [AT, V] = [field('at', MS, false), field('v', 'utf8')];
const FIRST_LAST = [agg('first', 'first', col(V)), agg('last', 'last', col(V))];
const timed = aggregatePlan({ schema: [AT, V], time: { column: 'at', outOfOrderness: 0 }, aggregates: FIRST_LAST });
const untimed = aggregatePlan({ schema: [V], aggregates: FIRST_LAST });

test('first and last are by event time, not by arrival', () =>
  expectAnswer(timed, [[{ at: 20, v: 'b' }, { at: 30, v: 'c' }, { at: 10, v: 'a' }, { at: 25, v: 'x' }]], { rows: [{ first: 'a', last: 'c' }] }));
test('rows of one time are in the order of their positions', () =>
  expectAnswer(timed, [['p', 'q', 'r', 's', 't'].map(v => ({ at: 7, v }))], { rows: [{ first: 'p', last: 't' }] }));
test('without event time the position decides', () =>
  expectAnswer(untimed, [['p', 'q', 'r', 's'].map(v => ({ v }))], { rows: [{ first: 'p', last: 's' }] }));
test('of a union, the earlier branch is first', () =>
  expectAnswer(aggregatePlan({ schema: [AT, V], time: { column: 'at', outOfOrderness: 0 }, aggregates: FIRST_LAST, branches: 2 }),
    [[{ at: 5, v: 'a' }, { at: 5, v: 'b' }], [{ at: 5, v: 'c' }, { at: 5, v: 'd' }]], { rows: [{ first: 'a', last: 'd' }] }));
test('the value of the first row counts even if it is null', () =>
  expectAnswer(timed, [[{ at: 2, v: 'x' }, { at: 1, v: null }, { at: 3, v: null }]], { rows: [{ first: null, last: null }] }));
test('a condition picks the rows, and so can skip nulls', () => {
  const where = op('isNotNull', { kind: 'bool' }, col(V));
  const plan = aggregatePlan({ schema: [AT, V], time: { column: 'at', outOfOrderness: 0 }, aggregates: [agg('first', 'first', col(V), where), agg('n', 'count', lit(1, { kind: 'int32' }), where)] });
  return expectAnswer(plan, [[{ at: 1, v: null }, { at: 3, v: 'c' }, { at: 2, v: 'b' }]], { rows: [{ first: 'b', n: 2n }] });
});
test('of no rows they are null', () => expectAnswer(untimed, [[]], { rows: [{ first: null, last: null }] }));
