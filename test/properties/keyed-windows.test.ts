import { expect, test } from 'vitest';
import { difference } from '../oracle/compare.ts';
import { runReference } from '../oracle/reference.ts';
import { fold, withoutVersion } from '../support/changelog.ts';
import { KERNELS, runsOf } from '../support/kernels.ts';
import { VirtualClock } from '../support/clock.ts';
import { aggregates, name, planOf, rowsOf, schema } from '../support/keyed-windows.ts';
import { aggregatePlan } from '../support/plans.ts';
import { Random } from '../support/random.ts';
import { cut, hasEngine, runEngine } from '../support/run-plan.ts';

/**
 * Sessions and count windows on real threads: whatever the borders of batches, the number of workers and the kernels, they are those of the
 * reference, and so are the late rows. MILLRACE_SEED and MILLRACE_RUNS draw others, or more.
 */
const FIRST_SEED = Number(process.env['MILLRACE_SEED'] ?? 1);
const RUNS = runsOf(20);

const SESSION = { kind: 'session', gap: 20, maxLength: null, unit: 'ms' } as const;

async function check(seed: number, count: number, sizes: readonly number[]): Promise<void> {
  const random = new Random(seed);
  let plan = planOf(random);
  // With several sources the order of rows is up to the job.
  while (plan.stages[0]!.branches.length > 1) plan = planOf(random);
  const rows = rowsOf(random, random.below(count), random.pick([1, 8, 300]), { now: 0 });
  const { window, accept, emit } = plan.stages[0]!.aggregate!;
  const options = { workers: random.pick([1, 2, 3]), batchRows: random.pick(sizes), kernels: random.pick(['wasm', 'wasm', 'typescript'] as const) };
  const note = `seed ${seed}, ${JSON.stringify(options)}, ${JSON.stringify({ window, accept, emit })}`;
  const final = withoutVersion(plan);
  const expected = runReference(final, rows.map(row => ({ branch: 0, row })));
  const got = await runEngine(plan, [cut(rows, options.batchRows)], { ...options, clock: new VirtualClock() });
  expect(got.late.map(row => Number(row['position'])).sort((a, b) => a - b), note).toEqual(expected.letters.map(letter => letter.position));
  const [{ read, filtered, applied, late, deadLettered }] = got.stats.sources as [typeof got.stats.sources[0]];
  expect([{ read, filtered, applied, late, deadLettered }], note).toEqual(expected.ledgers);
  expect(difference(final, expected, fold(plan, got.rows)), note).toBe(null);
}

test.skipIf(!hasEngine)('small batches', { timeout: 60_000 + RUNS * 500 }, async () => {
  console.info(`seeds ${FIRST_SEED} … ${FIRST_SEED + RUNS - 1}`);
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) await check(seed, 400, [1, 2, 7, 64, 1000]);
});

/** Once: kernels see one chunk at a time. */
test.skipIf(!hasEngine || KERNELS !== 'wasm')('batches of more chunks than go through the regions at once', { timeout: 120_000 }, async () => {
  const random = new Random(FIRST_SEED);
  const rows = Array.from({ length: 150_000 }, (_, row) => {
    const key = random.below(30_000);
    return { id: BigInt(key), name: `key ${key}`, at: Math.max(0, (row >> 4) - random.below(100)), value: BigInt(row % 1000), code: null };
  });
  for (const window of [SESSION, { kind: 'count', rows: 2 }] as const) {
    const plan = aggregatePlan({ schema, time: { column: 'at', outOfOrderness: 60 }, keys: [name], window, aggregates: aggregates.slice(0, 2) });
    const expected = runReference(plan, rows.map(row => ({ branch: 0, row })));
    const got = await runEngine(plan, [cut(rows, 140_000)], { workers: 3, batchRows: 140_000 });
    expect(got.late.length).toBe(expected.letters.length);
    expect(difference(plan, expected, got.rows)).toBe(null);
  }
});

test.skipIf(!hasEngine)('keys that come once leave nothing behind', async () => {
  // Each key has one row and is over 20 ms later: 400 are open at a time, and some thousands in what is in flight. All of them would take 60 MB.
  const rows = Array.from({ length: 200_000 }, (_, row) => ({ id: null, name: `visitor ${row}`, at: row / 20 | 0, value: 1n, code: null }));
  const plan = aggregatePlan({ schema, time: { column: 'at', outOfOrderness: 0 }, keys: [name], window: SESSION, aggregates });
  const got = await runEngine(plan, [cut(rows, 100)], { workers: 2, batchRows: 100 });
  expect(got.stats.emitted).toBe(200_000);
  expect(got.stats.peakStateBytes).toBeLessThan(12 << 20);
});
