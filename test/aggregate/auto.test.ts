import { describe, expect, test } from 'vitest';
import type { RunOptions } from '../../src/coordinator/job-types.ts';
import { agg, aggregatePlan, col, field, MS, tumbling } from '../support/plans.ts';
import { cut, runEngine } from '../support/run-plan.ts';

/** What `auto` picks, as the stats of a job tell it. */
const [id, at, code] = [field('id', 'int64', false), field('at', MS, false), field('code', { kind: 'dictionary', index: 'int32' }, false)];
const ROWS = 60_000;

async function strategy(keys: number, key = id, idOf: ((row: number) => number) | null = null, options: RunOptions = {}, late = false): Promise<{ partitioner: string | null; groups: number }> {
  const plan = aggregatePlan({
    schema: [id, at, code], keys: [key], aggregates: [agg('rows', 'count'), agg('total', 'sum', col(id))],
    ...(idOf ? { window: tumbling(late ? 2000 : 1000), time: { column: 'at', outOfOrderness: late ? 5000 : 0 } } : {}),
  });
  const rows = Array.from({ length: ROWS }, (_, row) => ({ id: BigInt(idOf ? idOf(row) : (row * 7919) % keys), at: late && row % 20 === 0 ? Math.max(0, row - 3000) : row, code: `code ${row % keys}` }));
  const { stats, rows: out } = await runEngine(plan, [cut(rows, late ? 2000 : 5000)], { workers: 2, heap: '128MiB', ...options });
  return { partitioner: stats.partitioner, groups: out.length };
}

describe('auto', () => {
  test('stays local for few keys', async () => expect(await strategy(100)).toEqual({ partitioner: 'local', groups: 100 }));
  test('goes over to hash for many keys', async () => expect(await strategy(50_000)).toEqual({ partitioner: 'hash', groups: 50_000 }));
  test('stays local for many keys over all windows, but few in each', async () => {
    // 100 keys in each window of 1,000 rows, and others in the next.
    expect(await strategy(6000, id, row => Math.floor(row / 1000) * 100 + (row % 100))).toEqual({ partitioner: 'local', groups: 6000 });
  });
  test('stays local where, besides, a few rows of each batch come late', async () => {
    const { partitioner } = await strategy(6000, id, row => Math.floor(row / 1000) * 100 + (row % 100), {}, true);
    expect(partitioner).toBe('local');
  });
  test('goes over to hash where windows are small, too, if no two rows share a group', async () => {
    expect(await strategy(50_000, id, row => (row * 7919) % 50_000)).toEqual({ partitioner: 'hash', groups: ROWS });
  });
  test('stays local for codes of a dictionary, which need no hashing', async () => expect(await strategy(30_000, code)).toEqual({ partitioner: 'local', groups: 30_000 }));
  test('does as it is told', async () => {
    expect(await strategy(50_000, id, null, { partitioner: 'local' })).toEqual({ partitioner: 'local', groups: 50_000 });
    expect(await strategy(100, id, null, { partitioner: 'hash' })).toEqual({ partitioner: 'hash', groups: 100 });
  });
});
