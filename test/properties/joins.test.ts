import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RunOptions } from '../../src/coordinator/job-types.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { difference } from '../oracle/compare.ts';
import { counted, feedsFor, type JoinData, joinOf, type JoinOptions, selfJoinOf } from '../oracle/generate-joins.ts';
import { planText, rowText } from '../oracle/print.ts';
import { runStages } from '../oracle/reference.ts';
import { inJobOrder } from '../support/graph-plans.ts';
import { ingestOf } from '../support/feeds.ts';
import { runInOrder } from '../support/in-order.ts';
import { foldRetractions } from '../support/changelog.ts';
import { joinPlan, keysOf } from '../support/join-plans.ts';
import { KERNELS, runsOf } from '../support/kernels.ts';
import { field, MS } from '../support/plans.ts';
import { Random } from '../support/random.ts';
import { hasEngine } from '../support/run-plan.ts';

/**
 * Joins: whatever the plan, the order of rows, the borders of batches and the number of workers, what was given out and not taken back is what
 * the reference says, nothing is taken back that is not there, the same rows are late, and the ledger balances. MILLRACE_RUNS and
 * MILLRACE_SEED draw more, or others.
 */
const RUNS = runsOf(40);
const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_240_229);

interface Case {
  readonly plan: Plan;
  readonly data: JoinData;
  readonly options: RunOptions & { readonly batchRows: number };
}
const options = fc.record({ workers: fc.constantFrom(1, 2, 3), batchRows: fc.constantFrom(1, 2, 7, 64, 65_536), kernels: fc.constant(KERNELS) });
const casesOf = (plans: fc.Arbitrary<Plan>, rows: (sides: number) => fc.Arbitrary<number>): fc.Arbitrary<Case> =>
  fc.tuple(plans, options).chain(([plan, chosen]) => feedsFor(plan, rows).map(data => ({ plan, data, options: chosen })));
/** The results of several sides multiply. */
const few = (sides: number): fc.Arbitrary<number> => fc.nat([120, 60, 40][sides - 2]!);
const joins = (of: Partial<JoinOptions> = {}): fc.Arbitrary<Plan> => joinOf({ mostSides: 4, depth: 1, windows: true, unions: true, changes: true, ...of });

interface Totals { late: number; results: number; retracted: number }
async function check({ plan, data, options: chosen }: Case, totals: Totals): Promise<void> {
  const expected = runStages(plan, ingestOf(data.feeds));
  const got = await runInOrder(plan, data.feeds, chosen);
  const ledgers = [...got.stats.sources, ...got.stats.stages].map(({ read, filtered, applied, late, deadLettered }) => ({ read, filtered, applied, late, deadLettered }));
  expect(ledgers).toEqual(inJobOrder(plan, expected.ledgers));
  const placeOf = (source: unknown, position: unknown): string => `${String(source)} ${String(position)}`;
  const nameOf = (branch: number): string => plan.stages[0]!.branches[branch]!.source.name;
  const letters = new Map(expected.letters.map(letter => [placeOf(nameOf(letter.source), letter.position), letter.reasons]));
  const places = expected.letters.map(letter => placeOf(nameOf(letter.source), letter.position));
  expect([...got.late, ...got.letters].map(({ source, position }) => placeOf(source, position)).sort()).toEqual(places.sort());
  for (const { source, position, reason } of [...got.late, ...got.letters]) expect(letters.get(placeOf(source, position))).toContain(reason);
  expect(difference(plan, expected, foldRetractions(plan, got.rows))).toBe(null);
  totals.late += got.late.length;
  totals.results += expected.rows.length;
  totals.retracted += (got.rows.length - expected.rows.length) / 2;
}

const report = ({ plan, data, options: chosen }: Case): string => [
  JSON.stringify(chosen), planText(plan), ...plan.stages.slice(1).map(stage => JSON.stringify(stage.aggregate)),
  ...ingestOf(data.feeds).slice(0, 60).map(item => `${item.branch}: ${'row' in item ? rowText(item.row) : 'end'}`),
].join('\n');

async function property(cases: fc.Arbitrary<Case>, numRuns: number): Promise<Totals> {
  console.info(`seed ${SEED}, ${numRuns} runs`);
  const totals: Totals = { late: 0, results: 0, retracted: 0 };
  const details = await fc.check(fc.asyncProperty(cases, one => check(one, totals)), { numRuns, seed: SEED, interruptAfterTimeLimit: 50_000 + RUNS * 450 });
  if (details.interrupted) console.warn(`only ${details.numRuns} of ${numRuns} runs in time`);
  if (details.failed) {
    const [smallest] = details.counterexample ?? [];
    throw new Error(`seed ${details.seed}, path ${details.counterexamplePath}: ${String(details.errorInstance)}\n${smallest === undefined ? '' : report(smallest)}`);
  }
  return totals;
}

test.skipIf(!hasEngine)('small batches', { timeout: 60_000 + RUNS * 500 }, async () => {
  const { late, results, retracted } = await property(casesOf(joins(), few), RUNS);
  // The cases are worth something.
  if (RUNS >= 40) expect(Math.min(late, results, retracted)).toBeGreaterThan(RUNS / 2);
});

test.skipIf(!hasEngine)('a table that changes', { timeout: 60_000 + RUNS * 500 }, async () => {
  const { late, results } = await property(casesOf(joins({ asOf: true }), few), RUNS);
  if (RUNS >= 40) expect(Math.min(late, results)).toBeGreaterThan(RUNS / 2);
});

test.skipIf(!hasEngine)('a stream joined with itself, which is read once', { timeout: 60_000 + RUNS * 500 }, async () => {
  const { results } = await property(casesOf(selfJoinOf({ mostSides: 3, depth: 0, windows: true }), sides => fc.nat([60, 25][sides - 2]!)), Math.ceil(RUNS / 2));
  expect(results).toBeGreaterThan(RUNS / 4);
});

test.skipIf(!hasEngine)('an aggregate over what was joined', { timeout: 60_000 + RUNS * 500 }, async () => {
  const { results } = await property(casesOf(joins({ changes: false }).filter(({ changelog }) => changelog === 'append').chain(counted), few), Math.ceil(RUNS / 2));
  expect(results).toBeGreaterThan(RUNS / 4);
});

/** Many keys, most of them gone soon, and one that is hot for some time. */
const KINDS = [
  { match: 'inner', keepsUnmatched: false, mode: 'eager' }, { match: 'optional', keepsUnmatched: true, mode: 'eager' }, { match: 'optional', keepsUnmatched: true, mode: 'final' },
  { match: 'count', keepsUnmatched: false, mode: 'eager' }, { match: 'anti', keepsUnmatched: false, mode: 'final' },
] as const;
test.skipIf(!hasEngine || KERNELS !== 'wasm').each(KINDS)('batches that cross chunks, state that grows and is forgotten: $match, $mode, $keepsUnmatched', { timeout: 60_000 }, async ({ match, keepsUnmatched, mode }) => {
  const random = new Random(SEED);
  const schema = [field('id', 'int64'), field('name', 'utf8'), field('at', MS, false)];
  const plan = joinPlan({ sides: [{ schema, keys: keysOf(schema[0]!) }, { schema, keys: keysOf(schema[0]!), within: [5, 40], match, keepsUnmatched }], mode, accept: 60 });
  let now = 0;
  const sizes = [17_000, 300, 4_000, 17_000, 100, 9_000].slice(0, KERNELS === 'wasm' ? 6 : 3);
  const feeds = sizes.map((length, i) => ({
    branch: i % 2,
    rows: Array.from({ length }, (_row, row) => {
      now += Number(row % 40 === 0);
      const id = random.chance(0.001) ? null : random.chance(0.01) ? 0n : BigInt(now + random.below(200));
      return { id, name: random.chance(0.1) ? null : 'x'.repeat(random.below(30)), at: Math.max(0, now - random.below(100)) };
    }),
  }));
  const expected = runStages(plan, ingestOf(feeds));
  const got = await runInOrder(plan, feeds, { workers: 3, batchRows: 30_000, kernels: KERNELS });
  expect(got.stats.sources.map(({ read, filtered, applied, late, deadLettered }) => ({ read, filtered, applied, late, deadLettered }))).toEqual(expected.ledgers);
  expect(difference(plan, expected, foldRetractions(plan, got.rows))).toBe(null);
  expect(expected.rows.length).toBeGreaterThan(1000);
});

test.skipIf(!hasEngine)('rows that are complete leave nothing behind', { timeout: 60_000 }, async () => {
  const schema = [field('id', 'int64'), field('at', MS, false)];
  const plan = joinPlan({ sides: [{ schema, keys: keysOf(schema[0]!) }, { schema, keys: keysOf(schema[0]!), within: [0, 40], match: 'optional' }], mode: 'final' });
  // Each key has one row on the left and every second one on the right; some 4,000 are kept at a time, and up to 60 batches that are on their way, in blocks of their size: 5 to 10 MB, as threads come to run. All would take 40 MB.
  const rows = (branch: number, batch: number): object[] => Array.from({ length: 1000 }, (_, i) => batch * 1000 + i).filter(n => branch === 0 || n % 2 === 0).map(n => ({ id: BigInt(n), at: Math.floor(n / 50) }));
  const feeds = Array.from({ length: 800 }, (_, i) => ({ branch: i % 2, rows: rows(i % 2, i >> 1) }));
  const got = await runInOrder(plan, feeds, { workers: 2, batchRows: 1000, kernels: KERNELS });
  expect(got.stats.emitted).toBe(400_000);
  expect(got.rows.filter(row => row['s1_id'] === row['s0_id']).length).toBe(200_000);
  expect(got.stats.peakStateBytes).toBeLessThan(16 << 20);
});
