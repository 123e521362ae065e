import { test } from 'vitest';
import { agg, aggregatePlan, expectAnswer, field, ledger, tumbling, US } from '../support/plans.ts';

test('a row whose window has a border beyond 64 bits is a dead letter', async () => {
  const [id, at] = [field('id', 'int64', false), field('at', US, false)];
  const plan = aggregatePlan({ schema: [id, at], keys: [id], aggregates: [agg('rows', 'count')], time: { column: 'at', outOfOrderness: 5 }, window: tumbling(1000, 'us') });
  const [least, most] = [-(2n ** 63n), 2n ** 63n - 1n];
  const times = [least, least + 1n, -9223372036854775000n, -9223372036854774001n, 0n, 9223372036854774999n, most, most - 100n];
  await expectAnswer(plan, [times.map(time => ({ id: 1n, at: time }))], {
    rows: [
      { id: 1n, windowStart: -9223372036854775000n, windowEnd: -9223372036854774000n, rows: 2n },
      { id: 1n, windowStart: 0n, windowEnd: 1000n, rows: 1n },
      { id: 1n, windowStart: 9223372036854774000n, windowEnd: 9223372036854775000n, rows: 1n },
    ],
    ledgers: [ledger(8, 0, 4, 0, 4)],
    letters: ['0 OVERFLOW', '1 OVERFLOW', '6 OVERFLOW', '7 OVERFLOW'],
  });
});
