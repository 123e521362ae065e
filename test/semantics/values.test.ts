import { test } from 'vitest';
import { agg, aggregatePlan, col, expectAnswer, field, MS, projectPlan, tumbling, US } from '../support/plans.ts';

const cases: readonly [Parameters<typeof field>[1], readonly unknown[]][] = [
  ['bool', [true, false]],
  ['int8', [-128, 127]], ['int16', [-32768, 32767]], ['int32', [-2147483648, 2147483647]], ['int64', [-(2n ** 63n), 2n ** 63n - 1n, 9007199254740993n]],
  ['uint8', [255]], ['uint16', [65535]], ['uint32', [4294967295]], ['uint64', [2n ** 64n - 1n]],
  ['float32', [Math.fround(0.1), -0, NaN]], ['float64', [0.1, -0, NaN, -Infinity, 5e-324]],
  ['utf8', ['', 'é😀\u0000']], ['binary', [new Uint8Array(), new Uint8Array([0, 255])]],
  ['date', ['1969-12-31', '2024-02-29']], [MS, [0, -1, 1_709_209_923_004]], [US, [-1n, 1_709_209_923_004_005n]],
  [{ kind: 'decimal', precision: 5, scale: 2 }, ['-12.30', '0.00', '999.99', '-0.05']], [{ kind: 'decimal', precision: 18, scale: 0 }, ['999999999999999999']],
  [{ kind: 'dictionary', index: 'int32' }, ['a', '', 'a']],
];
for (const [kind, values] of cases) {
  test(`values of ${JSON.stringify(kind)} come out as they went in`, () => {
    const v = field('v', kind);
    const rows = [...values, null].map(x => ({ v: x as null }));
    return expectAnswer(projectPlan([v], { v: col(v) }), [rows], { rows, letters: [] });
  });
}

test('windows are columns windowStart and windowEnd, in the unit of event time', async () => {
  const ms = aggregatePlan({ schema: [field('at', MS, false)], time: { column: 'at', outOfOrderness: 0 }, window: tumbling(10), aggregates: [agg('n', 'count')] });
  await expectAnswer(ms, [[{ at: 25 }]], { rows: [{ windowStart: 20, windowEnd: 30, n: 1n }] });
  const us = aggregatePlan({ schema: [field('at', US, false)], time: { column: 'at', outOfOrderness: 0 }, window: tumbling(10, 'us'), aggregates: [agg('n', 'count')] });
  await expectAnswer(us, [[{ at: 25n }]], { rows: [{ windowStart: 20n, windowEnd: 30n, n: 1n }] });
});
test('a date as event time has windows in ms', () => {
  const plan = aggregatePlan({ schema: [field('at', 'date', false)], time: { column: 'at', outOfOrderness: 0 }, window: tumbling(86_400_000), aggregates: [agg('n', 'count')] });
  return expectAnswer(plan, [[{ at: '1970-01-02' }]], { rows: [{ windowStart: 86_400_000, windowEnd: 172_800_000, n: 1n }] });
});
