import { expect, test } from 'vitest';
import { difference, rowText } from '../oracle/compare.ts';
import { runStages } from '../oracle/reference.ts';
import { counted, dedupePlan, dedupePlanOf } from '../support/dedupe-plans.ts';
import { name, rowsOf } from '../support/keyed-windows.ts';
import { Random } from '../support/random.ts';
import { KERNELS, runsOf } from '../support/kernels.ts';
import { cut, hasEngine, runEngine } from '../support/run-plan.ts';

/**
 * De-duplication on real threads: whatever the borders of batches, the number of workers and the kernels, what is let through is what the
 * reference lets through, in the same order, and so are the late rows. MILLRACE_SEED and MILLRACE_RUNS draw others, or more.
 */
const FIRST_SEED = Number(process.env['MILLRACE_SEED'] ?? 1);
const RUNS = runsOf(40);

async function check(seed: number): Promise<{ late: number; dropped: number }> {
  const random = new Random(seed);
  const plan = dedupePlanOf(random, 1);
  const rows = rowsOf(random, random.below(400), random.pick([1, 8, 100]), { now: 0 });
  const options = { workers: random.pick([1, 2, 3]), batchRows: random.pick([1, 2, 7, 64, 1000]), kernels: random.pick(['wasm', 'wasm', 'typescript'] as const) };
  const note = `seed ${seed}, ${JSON.stringify(options)}, ${JSON.stringify(plan.stages.map(stage => stage.deduplicate))}`;
  const expected = runStages(plan, rows.map(row => ({ branch: 0, row })));
  const got = await runEngine(plan, [cut(rows, options.batchRows)], options);
  const counts = [...got.stats.sources, ...got.stats.stages].map(({ read, filtered, applied, late, deadLettered }) => ({ read, filtered, applied, late, deadLettered }));
  expect(counts, note).toEqual(expected.ledgers);
  expect(got.late.map(row => Number(row['position'])).sort((a, b) => a - b), note).toEqual(expected.letters.map(letter => letter.position));
  expect(difference(plan, expected, got.rows), note).toBe(null);
  if (plan.stages.at(-1)!.aggregate === null) {
    const names = plan.output.map(field => field.name);
    expect(got.rows.map(row => rowText(row, names)), note).toEqual(expected.rows.map(row => rowText(row, names)));
  }
  return { late: counts[0]!.late, dropped: counts[0]!.filtered };
}

test.skipIf(!hasEngine)('small batches', { timeout: 60_000 + RUNS * 500 }, async () => {
  console.info(`seeds ${FIRST_SEED} … ${FIRST_SEED + RUNS - 1}`);
  const totals = { late: 0, dropped: 0 };
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const { late, dropped } = await check(seed);
    totals.late += late;
    totals.dropped += dropped;
  }
  // The cases are worth something.
  expect(Math.min(totals.late, totals.dropped)).toBeGreaterThan(0);
});

const plain = dedupePlan([name], 20, 60);
const count = (name_: string, time: number, row: number): { id: bigint; name: string; at: number; value: bigint; code: null } => ({ id: BigInt(row), name: name_, at: time, value: BigInt(row % 1000), code: null });

/** Once: kernels see one chunk at a time. */
test.skipIf(!hasEngine || KERNELS !== 'wasm')('batches of more chunks than go through the regions at once', { timeout: 120_000 }, async () => {
  const random = new Random(FIRST_SEED);
  // Not by the naive reference, which looks at all rows for each.
  const through = new Map<string, number[]>();
  let [greatest, late] = [-Infinity, 0];
  const wanted: bigint[] = [];
  const rows = Array.from({ length: 400_000 }, (_, row) => count(`key ${random.below(30_000)}`, Math.max(0, (row >> 7) - random.below(100)), row));
  for (const row of rows) {
    const isLate = row.at + 20 < greatest - 60;
    greatest = Math.max(greatest, row.at);
    if (isLate && ++late) continue;
    const times = through.get(row.name) ?? [];
    if (times.some(time => Math.abs(time - row.at) <= 20)) continue;
    through.set(row.name, [...times, row.at]);
    wanted.push(row.id);
  }
  const got = await runEngine(plain, [cut(rows, 350_000)], { workers: 3, batchRows: 350_000 });
  expect(late).toBeGreaterThan(0);
  expect(got.late.length).toBe(late);
  expect(got.rows.map(row => row['id'])).toEqual(wanted);
  expect(got.stats.sources[0]).toMatchObject({ applied: wanted.length, filtered: rows.length - wanted.length - late });
});

test.skipIf(!hasEngine)('keys that come once leave nothing behind', async () => {
  // Each key has one row, and 2,000 are remembered at a time. All of them would take 12 MB.
  const rows = Array.from({ length: 200_000 }, (_, row) => count(`visitor ${row}`, row / 20 | 0, row));
  const got = await runEngine(counted(plain, 10), [cut(rows, 100)], { workers: 2, batchRows: 100 });
  expect(got.stats.sources[0]).toMatchObject({ applied: 200_000, filtered: 0 });
  const alone = await runEngine(plain, [cut(rows, 100)], { workers: 2, batchRows: 100 });
  expect(alone.stats.emitted).toBe(200_000);
  expect(alone.stats.peakStateBytes).toBeLessThan(3 << 20);
});

test.skipIf(!hasEngine)('late rows of new keys, and times of one key, leave nothing behind', async () => {
  const late = Array.from({ length: 100_000 }, (_, row) => (row % 100 === 0 ? count('clock', 1000 + row, row) : count(`late ${row}`, 0, row)));
  const hot = Array.from({ length: 200_000 }, (_, row) => count('hot', row * 30, row));
  // All the keys would take 8 MB, all the times 3 MB; of the times five are needed at a time.
  for (const [rows, applied, most] of [[late, 1000, 1 << 20], [hot, 200_000, 64 << 10]] as const) {
    const got = await runEngine(plain, [cut(rows, 100)], { workers: 2, batchRows: 100 });
    expect(got.stats.sources[0]).toMatchObject({ applied, filtered: 0 });
    expect(got.stats.peakStateBytes).toBeLessThan(most);
  }
});
