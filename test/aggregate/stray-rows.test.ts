import { describe, expect, test } from 'vitest';
import type { DataType, Row } from '../../src/plan/types.ts';
import { firingPlan, fold } from '../support/changelog.ts';
import { agg, aggregatePlan, col, field, MS, tumbling } from '../support/plans.ts';
import { Random } from '../support/random.ts';
import { cut, runEngine } from '../support/run-plan.ts';

/** Rows that are spread over many windows, a few in each: they go to the regions all together. */
const MINUTE = 60_000;
const ROWS = 6000;
const ACCEPT = 300 * MINUTE;

function rowsOf(keyOf: (key: number) => unknown, seed: number): Row[] {
  const random = new Random(seed);
  return Array.from({ length: ROWS }, (_, row) => {
    const at = 1000 * MINUTE + row * 200;
    return { id: keyOf(random.below(40)), value: BigInt(random.below(2000) - 1000), at: random.chance(0.5) ? at - random.below(ACCEPT) : at } as Row;
  });
}
/** A loop that knows nothing of the engine: count, sum and number of values per key and window. */
function expected(rows: readonly Row[]): string[] {
  const groups = new Map<string, [number, bigint]>();
  for (const { id, value, at } of rows) {
    const group = `${String(id)} ${Math.floor(Number(at) / MINUTE) * MINUTE}`;
    const [count, sum] = groups.get(group) ?? [0, 0n];
    groups.set(group, [count + 1, sum + (value as bigint)]);
  }
  return [...groups].map(([group, [count, sum]]) => `${group} ${count} ${sum}`).sort();
}

const KEYS: Record<string, [DataType, (key: number) => unknown]> = {
  'int64 keys, some null': [{ kind: 'int64' }, key => (key === 7 ? null : BigInt(key) << 33n)],
  'text keys': [{ kind: 'utf8' }, key => `key number ${key}`],
  'dictionary keys': [{ kind: 'dictionary', index: 'int32' }, key => `code ${key}`],
};

describe('rows of many windows', () => {
  test.each(Object.entries(KEYS))('%s', async (_name, [type, keyOf]) => {
    const [id, value, at] = [field('id', type), field('value', 'int64', false), field('at', MS, false)];
    const plan = aggregatePlan({
      schema: [id, value, at], keys: [id], time: { column: 'at', outOfOrderness: 0 }, window: tumbling(MINUTE),
      aggregates: [agg('rows', 'count'), agg('total', 'sum', col(value))],
    });
    const updating = firingPlan(plan, ACCEPT, { when: 'close', earlyMs: null });
    const rows = rowsOf(keyOf, 3);
    for (const batchRows of [ROWS, 500]) {
      const { rows: out, stats } = await runEngine(updating, [cut(rows, batchRows)], { workers: 2, heap: '128MiB', partitioner: 'hash', batchRows });
      expect(fold(updating, out).map(row => `${String(row['id'])} ${Number(row['windowStart'])} ${String(row['rows'])} ${String(row['total'])}`).sort()).toEqual(expected(rows));
      expect(stats.sources[0]).toMatchObject({ read: ROWS, applied: ROWS, late: 0 });
    }
  });
});
