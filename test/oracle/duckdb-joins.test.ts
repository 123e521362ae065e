import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ingestOf } from '../support/feeds.ts';
import { difference } from './compare.ts';
import { Duck } from './duckdb.ts';
import { feedsFor, joinOf } from './generate-joins.ts';
import { planText } from './print.ts';
import { runReference } from './reference.ts';

/** The reference joins as DuckDB does, and takes the same rows to be late. */

let duck: Duck;
beforeAll(async () => { duck = await Duck.open(); });
afterAll(() => duck.close());

const RUNS = Number(process.env['MILLRACE_RUNS'] ?? 100);
const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_240_229);

test('the reference and DuckDB find the same versions', { timeout: 120_000 + RUNS * 200 }, async () => {
  const cases = joinOf({ mostSides: 2, depth: 0, unions: true, asOf: true }).chain(plan => feedsFor(plan, () => fc.nat(80)).map(data => ({ plan, data })));
  const totals = { late: 0, found: 0, missing: 0 };
  await fc.assert(fc.asyncProperty(cases, async ({ plan, data }) => {
    const ingest = ingestOf(data.feeds);
    const expected = runReference(plan, ingest);
    expect(difference(plan, expected, await duck.runJoin(plan, ingest)), planText(plan)).toBe(null);
    totals.late += expected.ledgers.reduce((sum, { late }) => sum + late, 0);
    const found = expected.rows.filter(row => row['s1_at'] !== null).length;
    totals.found += found;
    totals.missing += expected.rows.length - found;
  }), { numRuns: RUNS, seed: SEED });
  expect(Math.min(totals.late, totals.found, totals.missing)).toBeGreaterThan(RUNS);
});

test('the reference and DuckDB join alike', { timeout: 120_000 + RUNS * 200 }, async () => {
  const cases = joinOf({ mostSides: 4, depth: 0, windows: true, unions: true })
    .chain(plan => feedsFor(plan, sides => fc.nat(sides === 2 ? 60 : Math.ceil(90 / sides))).map(data => ({ plan, data })));
  const totals = { late: 0, results: 0 };
  const kinds = new Map<string, number>();
  await fc.assert(fc.asyncProperty(cases, async ({ plan, data }) => {
    const ingest = ingestOf(data.feeds);
    const expected = runReference(plan, ingest);
    const actual = await duck.runJoin(plan, ingest);
    expect(difference(plan, expected, actual), planText(plan)).toBe(null);
    totals.late += expected.ledgers.reduce((sum, { late }) => sum + late, 0);
    totals.results += actual.length;
    const { sides, window } = plan.stages[0]!.join!;
    for (const { match, keepsUnmatched } of sides.slice(1)) {
      const kind = `${match}${keepsUnmatched ? ' and unmatched' : ''}${window === null ? '' : ' in windows'}`;
      kinds.set(kind, (kinds.get(kind) ?? 0) + actual.length);
    }
  }), { numRuns: RUNS, seed: SEED });
  // The cases are worth something.
  expect(Math.min(totals.late, totals.results)).toBeGreaterThan(RUNS);
  expect([...kinds].filter(([, results]) => results > 0).length).toBeGreaterThanOrEqual(8);
});
