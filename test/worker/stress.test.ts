import { createEngine, type Engine } from 'millrace';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Word, word } from '../../src/heap/control.ts';
import type { RunOptions } from '../../src/coordinator/job-types.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { Row } from '../../src/plan/types.ts';
import { rowText } from '../oracle/compare.ts';
import { KERNELS, runsOf } from '../support/kernels.ts';
import { agg, aggregatePlan, col, field, MS, tumbling } from '../support/plans.ts';
import { Random } from '../support/random.ts';
import { cut, runEngine } from '../support/run-plan.ts';

/** Real threads: whatever their number, the batches and the partitioner, the results are those of one worker. MILLRACE_RUNS and MILLRACE_SEED draw more, or others. */
const RUNS = runsOf(5);
const FIRST_SEED = Number(process.env['MILLRACE_SEED'] ?? 1);
const engines: Engine[] = [];
beforeAll(() => { for (const workers of [1, 2, 3]) engines.push(createEngine({ workers, kernels: KERNELS, heap: '192MiB' })); });
afterAll(async () => { await Promise.all(engines.map(engine => engine.close())); });

const [id, name, at, value] = [field('id', 'int64'), field('name', 'utf8'), field('at', MS, false), field('value', 'int64')] as const;
const schema = [id, name, at, value];
const aggregates = [
  agg('rows', 'count'), agg('total', 'sum', col(value)), agg('first', 'first', col(value)), agg('last', 'last', col(name)),
  agg('least', 'min', col(name)), agg('mean', 'mean', col(value)), agg('spread', 'variance', col(value)),
];

/** Half of the rows have one hot key; one row in ten is out of order. */
function rowsOf(random: Random, count: number, keys: number, speed: number): Row[] {
  let now = 0;
  return Array.from({ length: count }, () => {
    const key = random.chance(0.5) ? 0 : random.below(keys);
    now += random.below(speed);
    const time = Math.max(0, now - (random.chance(0.1) ? random.below(20 * speed) : 0));
    return { id: key % 9 === 8 ? null : BigInt(key), name: `name ${key}`, at: time, value: random.chance(0.1) ? null : BigInt(random.below(100_000)) * 10n ** 9n };
  });
}

interface Answer {
  readonly rows: string[];
  readonly ledgers: unknown;
  readonly late: string[];
}
async function answer(plan: Plan, batches: readonly (readonly Row[])[], options: RunOptions): Promise<Answer> {
  const names = plan.output.map(column => column.name);
  const { rows, stats, late } = await runEngine(plan, [batches], options);
  const { u32 } = (options.engine as unknown as { heap: { u32: Uint32Array } }).heap;
  expect([u32[word(Word.statePages)], u32[word(Word.batchPages)]]).toEqual([0, 0]);
  expect(stats.stateBytes).toBe(0);
  return {
    rows: rows.map(row => rowText(row, names)).sort(),
    ledgers: stats.sources.map(({ read, applied, late: behind, filtered, deadLettered }) => [read, applied, behind, filtered, deadLettered]),
    late: late.map(row => String(row['position'])).sort(),
  };
}

async function compare(plan: Plan, rows: readonly Row[], random: Random, note: string, least: number, most: number): Promise<void> {
  const batches = (): Row[][] => {
    const list: Row[][] = [];
    for (let from = 0; from < rows.length;) list.push(rows.slice(from, (from += least + random.below(most - least + 1))));
    return list;
  };
  const one = await answer(plan, cut(rows, 10_000), { engine: engines[0]! });
  for (const engine of engines.slice(1)) {
    for (const partitioner of ['hash', 'local', 'auto'] as const) {
      const many = await answer(plan, batches(), { engine, partitioner });
      expect(many.ledgers, note).toEqual(one.ledgers);
      expect(many.late, note).toEqual(one.late);
      expect(many.rows, `${note}, ${engine.workers} workers, ${partitioner}`).toEqual(one.rows);
    }
  }
}

test('tiny batches, hot keys, many windows', { timeout: 60_000 + RUNS * 10_000 }, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const random = new Random(seed);
    const keys = random.pick([[], [id], [name], [id, name]]);
    const plan = aggregatePlan({ schema, keys, aggregates, time: { column: 'at', outOfOrderness: random.pick([0, 10]) }, window: tumbling(random.pick([7, 100])) });
    await compare(plan, rowsOf(random, 700, random.pick([2, 50, 1000]), random.pick([2, 20])), random, `seed ${seed}`, 1, random.pick([1, 10, 50]));
  }
});

test.skipIf(KERNELS !== 'wasm')('windows with so many groups that workers share a close', { timeout: 60_000 }, async () => {
  const random = new Random(FIRST_SEED);
  const plan = aggregatePlan({ schema, keys: [id], aggregates, time: { column: 'at', outOfOrderness: 100_000 }, window: tumbling(200_000) });
  const rows = [...rowsOf(random, 90_000, 60_000, 8), ...rowsOf(random, 5000, 200, 8).map(row => ({ ...row, at: (row['at'] as number) + 700_000 }))];
  await compare(plan, rows, random, `seed ${FIRST_SEED}`, 500, 3000);
});
