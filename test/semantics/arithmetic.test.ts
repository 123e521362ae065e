import { test } from 'vitest';
import type { DataType } from '../../src/plan/types.ts';
import type { Step } from '../../src/plan/plan.ts';
import { agg, aggregatePlan, col, expectAnswer, field, filter, ledger, lit, onePlan, op, projectPlan } from '../support/plans.ts';

const FLOAT64: DataType = { kind: 'float64' };
const BOOL: DataType = { kind: 'bool' };
const INT8: DataType = { kind: 'int8' };
const [X, Y] = [field('x', 'float64'), field('y', 'float64')];
const [I, J] = [field('i', 'int8'), field('j', 'int8')];

test('division by zero is what IEEE 754 says', () =>
  expectAnswer(projectPlan([X, Y], { q: op('div', FLOAT64, col(X), col(Y)) }), [[{ x: 1, y: 0 }, { x: -1, y: 0 }, { x: 0, y: 0 }, { x: 1, y: -0 }, { x: null, y: 0 }]], {
    rows: [{ q: Infinity }, { q: -Infinity }, { q: NaN }, { q: -Infinity }, { q: null }],
  }));
test('integer division and remainder truncate, and are null by zero', () =>
  expectAnswer(projectPlan([I, J], { q: op('intDiv', INT8, col(I), col(J)), r: op('mod', INT8, col(I), col(J)) }),
    [[{ i: -7, j: 2 }, { i: 7, j: -2 }, { i: 7, j: 0 }, { i: 0, j: 0 }]], { rows: [{ q: -3, r: -1 }, { q: -3, r: 1 }, { q: null, r: null }, { q: null, r: null }] }));

test('the remainder of floats and of decimals by zero is null too', () => {
  const d = field('d', { kind: 'decimal', precision: 5, scale: 2 });
  return expectAnswer(projectPlan([X, Y, d], { f: op('mod', FLOAT64, col(X), col(Y)), d: op('mod', d.type, col(d), lit('0.00', d.type)) }),
    [[{ x: -7.5, y: 2, d: '1.00' }, { x: 1, y: 0, d: '1.00' }]], { rows: [{ f: -1.5, d: null }, { f: null, d: null }] });
});
test('the square root of a negative number is NaN', () =>
  expectAnswer(projectPlan([X], { r: op('sqrt', FLOAT64, col(X)) }), [[{ x: -1 }, { x: 4 }, { x: -0 }]], { rows: [{ r: NaN }, { r: 2 }, { r: -0 }], letters: [] }));
test('rounding is half away from zero, casting a float to an integer half to even', () =>
  expectAnswer(projectPlan([X], { r: op('round', FLOAT64, col(X)), c: op('cast', INT8, col(X)) }),
    [[0.5, 1.5, 2.5, -2.5, 0.49999999999999994, -0.4].map(x => ({ x }))],
    { rows: [{ r: 1, c: 0 }, { r: 2, c: 2 }, { r: 3, c: 2 }, { r: -3, c: -2 }, { r: 0, c: 0 }, { r: -0, c: 0 }] }));
test('an unsigned integer has no negative', () => {
  const u = field('u', 'uint8');
  return expectAnswer(projectPlan([u], { n: op('neg', u.type, col(u)) }), [[{ u: 0 }, { u: 1 }]], { rows: [{ n: 0 }], letters: ['1 OVERFLOW'] });
});

test('a row whose integers overflow their type is a dead letter, and the next goes on', () =>
  expectAnswer(projectPlan([I, J], { s: op('add', INT8, col(I), col(J)) }), [[{ i: 100, j: 27 }, { i: 100, j: 28 }, { i: -100, j: -29 }, { i: null, j: 127 }]], {
    rows: [{ s: 127 }, { s: null }], letters: ['1 OVERFLOW', '2 OVERFLOW'], ledgers: [ledger(4, 0, 2, 0, 2)],
  }));
test('the least integer has no negative, no magnitude and no quotient by -1', () =>
  expectAnswer(projectPlan([I, J], { n: op('neg', INT8, col(I)), a: op('abs', INT8, col(I)), q: op('intDiv', INT8, col(I), col(J)) }),
    [[{ i: -127, j: -1 }, { i: -128, j: 1 }]], { rows: [{ n: 127, a: 127, q: 127 }], letters: ['1 OVERFLOW'] }));
test('int64 overflows at 2^63', () => {
  const [a, b] = [field('a', 'int64'), field('b', 'int64')];
  const top = 2n ** 63n - 1n;
  return expectAnswer(projectPlan([a, b], { s: op('add', a.type, col(a), col(b)), p: op('mul', a.type, col(a), col(b)) }),
    [[{ a: top, b: 1n }, { a: top, b: 0n }, { a: -top, b: -1n }, { a: 2n ** 32n, b: 2n ** 31n }, { a: 2n ** 31n, b: 2n ** 31n }]], {
      rows: [{ s: top, p: 0n }, { s: -top - 1n, p: top }, { s: 2n ** 32n, p: 2n ** 62n }], letters: ['0 OVERFLOW', '3 OVERFLOW'],
    });
});
test('floats overflow to infinity', () =>
  expectAnswer(projectPlan([X], { p: op('mul', FLOAT64, col(X), lit(10, FLOAT64)) }), [[{ x: 1.7e308 }]], { rows: [{ p: Infinity }], letters: [] }));
test('branches of case and coalesce that are not taken do not fault', () => {
  const [small] = [op('lt', BOOL, col(I), lit(100, INT8))];
  const doubled = op('add', INT8, col(I), col(I));
  return expectAnswer(projectPlan([I], {
    c: { op: 'case', type: INT8, nullable: true, branches: [{ when: small, then: col(I) }], otherwise: lit(-1, INT8) },
    d: { op: 'case', type: INT8, nullable: true, branches: [{ when: op('lt', BOOL, col(I), lit(60, INT8)), then: doubled }], otherwise: lit(0, INT8) },
    e: op('coalesce', INT8, col(I), doubled),
  }), [[{ i: 30 }, { i: 100 }, { i: 127 }, { i: null }]], {
    rows: [{ c: 30, d: 60, e: 30 }, { c: -1, d: 0, e: 100 }, { c: -1, d: 0, e: 127 }, { c: -1, d: 0, e: null }], letters: [],
  });
});
test('what stands behind the operand that decides an and or or is not computed', async () => {
  const fault = op('gt', BOOL, op('add', INT8, col(I), lit(100, INT8)), lit(0, INT8));
  const isSmall = op('lt', BOOL, col(I), lit(10, INT8));
  await expectAnswer(projectPlan([I], { a: op('and', BOOL, isSmall, fault), o: op('or', BOOL, isSmall, fault) }), [[{ i: 1 }, { i: 20 }, { i: 100 }]], {
    rows: [{ a: true, o: true }, { a: false, o: true }], letters: ['2 OVERFLOW'],
  });
  await expectAnswer(projectPlan([I], { a: op('and', BOOL, isSmall, fault) }), [[{ i: 100 }]], { rows: [{ a: false }], letters: [] });
  // The other way round it comes too late.
  await expectAnswer(projectPlan([I], { a: op('and', BOOL, fault, isSmall) }), [[{ i: 100 }]], { rows: [], letters: ['0 OVERFLOW'] });
});
test('a filter turns a row away before a later filter or column can fault on it', () => {
  const doubled = op('add', INT8, col(I), col(I));
  const plan = projectPlan([I], { d: doubled });
  const [branch] = plan.stages[0]!.branches;
  const small = filter(op('lt', BOOL, col(I), lit(60, INT8)));
  const guarded = onePlan({ ...plan.stages[0]!, branches: branch === undefined ? [] : [{ ...branch, steps: [small, ...branch.steps] }] });
  return expectAnswer(guarded, [[{ i: 100 }, { i: 4 }]], { rows: [{ d: 8 }], letters: [], ledgers: [ledger(2, 1, 1, 0, 0)] });
});
test('a projected column that nothing asks for cannot fault', () => {
  const steps: Step[] = [
    { kind: 'project', columns: [{ name: 'i', expression: col(I) }, { name: 'unused', expression: op('add', INT8, col(I), col(I)) }] },
  ];
  return expectAnswer(aggregatePlan({ schema: [I], steps, aggregates: [agg('n', 'count')] }), [[{ i: 100 }]], { rows: [{ n: 1n }], letters: [] });
});
test('three-valued logic', () => {
  const [p, q] = [field('p', 'bool'), field('q', 'bool')];
  return expectAnswer(projectPlan([p, q], { and: op('and', BOOL, col(p), col(q)), or: op('or', BOOL, col(p), col(q)), not: op('not', BOOL, col(p)) }),
    [[{ p: false, q: null }, { p: true, q: null }, { p: null, q: null }, { p: null, q: true }]], {
      rows: [{ and: false, or: null, not: true }, { and: null, or: true, not: false }, { and: null, or: null, not: null }, { and: null, or: true, not: null }],
    });
});
test('comparisons: NaN equals NaN and is greatest, -0 equals 0', () =>
  expectAnswer(projectPlan([X, Y], { eq: op('eq', BOOL, col(X), col(Y)), gt: op('gt', BOOL, col(X), col(Y)) }),
    [[{ x: NaN, y: NaN }, { x: NaN, y: Infinity }, { x: -0, y: 0 }, { x: 1, y: NaN }]],
    { rows: [{ eq: true, gt: false }, { eq: false, gt: true }, { eq: true, gt: false }, { eq: false, gt: false }] }));
test('decimals overflow at their precision', () => {
  const d = field('d', { kind: 'decimal', precision: 4, scale: 2 });
  return expectAnswer(projectPlan([d], { s: op('add', d.type, col(d), col(d)) }), [[{ d: '49.99' }, { d: '50.00' }, { d: '-0.05' }]], {
    rows: [{ s: '99.98' }, { s: '-0.10' }], letters: ['1 OVERFLOW'],
  });
});
test('text that is no number faults in a cast', () => {
  const t = field('t', 'utf8');
  return expectAnswer(projectPlan([t], { i: op('cast', INT8, col(t)) }), [[{ t: '12' }, { t: 'x' }, { t: '300' }, { t: null }]], {
    rows: [{ i: 12 }, { i: null }], letters: ['1 BAD_CAST', '2 BAD_CAST'],
  });
});
