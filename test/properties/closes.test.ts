import { expect, test } from 'vitest';
import { agg, aggregatePlan, field, MS, tumbling } from '../support/plans.ts';
import { cut, hasEngine, runEngine } from '../support/run-plan.ts';

/** Closing a window while others are written and closed: every group comes out once, with all of its rows. */

const [AT, K] = [field('at', MS, false), field('k', 'int32', false)];
const counts = (size: number, outOfOrderness: number, keyed: boolean) => aggregatePlan({
  schema: [AT, K], keys: keyed ? [K] : [], time: { column: 'at', outOfOrderness }, window: tumbling(size), aggregates: [agg('n', 'count')],
});

for (const keyed of [false, true]) {
  test.skipIf(!hasEngine)(`a close for almost every batch${keyed ? ', by key' : ''}`, async () => {
    const rows = Array.from({ length: 3_000 }, (_, i) => ({ at: i * 100, k: i % 7 }));
    const got = await runEngine(counts(100, 0, keyed), [cut(rows, 3)], { workers: 2, partitioner: 'local', batchRows: 3 });
    expect(got.rows.map(r => `${Number(r['windowStart'])} ${Number(r['n'])}`).sort()).toEqual(rows.map(r => `${r.at} 1`).sort());
  });
}

for (const partitioner of ['auto', 'hash', 'local'] as const) {
  test.skipIf(!hasEngine)(`workers share the close of large windows: ${partitioner}`, async () => {
    const [windows, keys] = [5, 60_000];
    const rows = Array.from({ length: windows * keys }, (_, i) => ({ at: Math.floor(i / keys) * 1_000, k: i % keys }));
    const got = await runEngine(counts(1_000, 1e9, true), [cut(rows, 3_000)], { workers: 3, partitioner, batchRows: 3_000 });
    const wrong = got.rows.filter(r => r['n'] !== 1n);
    expect([got.rows.length, wrong.length]).toEqual([windows * keys, 0]);
  });
}
