import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { firstStage, type Plan } from '../../src/plan/plan.ts';
import type { Row } from '../../src/plan/types.ts';
import { AggregateOverflow, type Entry } from './aggregates.ts';
import { difference } from './compare.ts';
import { Duck } from './duckdb.ts';
import { dataOf } from './generate-data.ts';
import { outputOf, planOf } from './generate-plans.ts';
import { planText } from './print.ts';
import { ALL_TYPES } from './generate-values.ts';
import { type Ingest, type ReferenceResult, runReference } from './reference.ts';
import { slackOf } from './slack.ts';
import { inDuckdb } from './sql.ts';

/** The reference answers as DuckDB does, wherever both can be asked: "where silent, as DuckDB". */

let duck: Duck;
beforeAll(async () => { duck = await Duck.open(); });
afterAll(() => duck.close());

const U = 2 ** -53;
/** DuckDB adds doubles one by one, and divides sums in the precision of its own. */
const duckSlack: typeof slackOf = (fn, input, entries: readonly Entry[]) => {
  const own = slackOf(fn, input, entries);
  if ((fn !== 'sum' && fn !== 'mean') || (own === null && fn === 'sum')) return own;
  const size = entries.reduce((a, e) => a + (e.cell === null ? 0 : Math.abs(Number(e.cell))), 0);
  return (own ?? 0) + 4 * entries.length * U * size;
};

/** DuckDB keeps the zero it saw first; the reference has rules for that, tested elsewhere. */
const unsigned = (rows: readonly Row[]): Row[] =>
  rows.map(row => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, typeof v === 'number' && v === 0 ? 0 : v])));
/** DuckDB refuses variances that are not finite. */
const hasUndefinedSpread = (plan: Plan, result: ReferenceResult): boolean => (plan.stages[0]!.aggregate?.aggregates ?? [])
  .some(a => /^(variance|stddev)/.test(a.fn) && result.rows.some(r => typeof r[a.name] === 'number' && !Number.isFinite(r[a.name])));

function runReferenceQuietly(plan: Plan, ingest: readonly Ingest[]): ReferenceResult['letters'] {
  try {
    return runReference(plan, ingest, { eager: true }).letters;
  } catch (error) {
    if (error instanceof AggregateOverflow) return [];
    throw error;
  }
}

/** The plan without the aggregates that DuckDB has not. */
function duckPlan(plan: Plan): Plan {
  const stage = firstStage(plan);
  if (stage.aggregate === null) return plan;
  const aggregates = stage.aggregate.aggregates.filter(inDuckdb);
  if (aggregates.length === 0) aggregates.push({ name: 'rows', fn: 'count', input: null, where: null, type: { kind: 'int64' }, nullable: false });
  const aggregate = { ...stage.aggregate, aggregates };
  const output = outputOf(aggregate);
  return { ...plan, stages: [{ ...stage, aggregate, output }], output };
}
const RUNS = Number(process.env['MILLRACE_RUNS'] ?? 150);
const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_240_229);

test('the reference and DuckDB agree', { timeout: 120_000 + RUNS * 100 }, async () => {
  const cases = planOf({ maxBranches: 1, depth: 2, types: ALL_TYPES }).map(duckPlan).chain(plan => dataOf(plan, fc.nat(40)).map(data => ({ plan, data })));
  await fc.assert(fc.asyncProperty(cases, async ({ plan, data }) => {
    let expected: ReferenceResult;
    try {
      expected = runReference(plan, data.ingest, { slack: duckSlack, eager: true });
    } catch (error) {
      if (!(error instanceof AggregateOverflow)) throw error;
      return;
    }
    fc.pre(!hasUndefinedSpread(plan, expected));
    const places = (reasons: readonly string[]): Set<number> =>
      new Set(expected.letters.filter(l => reasons.includes(l.reason)).map(l => l.position));
    const faulted = places(['OVERFLOW', 'BAD_CAST']);
    const actual = await duck.runPlan(plan, data.ingest, faulted, places(['BAD_ROW', 'BAD_TIME', 'NULL_IN_NON_NULL']));
    const [left, right] = plan.stages[0]!.aggregate === null ? [expected.rows, actual] : [unsigned(expected.rows), unsigned(actual)];
    expect(difference(plan, { ...expected, rows: left }, right), planText(plan)).toBe(null);
  }), { numRuns: RUNS, seed: SEED });
});

test('what the reference calls a fault, DuckDB refuses', { timeout: 120_000 + RUNS * 100 }, async () => {
  const cases = planOf({ maxBranches: 1, depth: 2, types: ALL_TYPES }).map(duckPlan).chain(plan => dataOf(plan, fc.nat(20)).map(data => ({ plan, data })));
  let refused = 0;
  const accepted: string[] = [];
  await fc.assert(fc.asyncProperty(cases, async ({ plan, data }) => {
    // Counting a column that cannot be null, DuckDB does not compute it.
    fc.pre(!(plan.stages[0]!.aggregate?.aggregates ?? []).some(a => a.fn === 'count'));
    const letter = runReferenceQuietly(plan, data.ingest).find(l => l.reason === 'OVERFLOW' || l.reason === 'BAD_CAST');
    if (letter === undefined) return;
    const one = data.ingest.slice(letter.position, letter.position + 1);
    const isRefused = await duck.runPlan(plan, one, new Set(), new Set()).then(() => false, () => true);
    if (isRefused) refused++;
    else accepted.push(`${letter.reason} in ${planText(plan)}`);
  }), { numRuns: RUNS, seed: SEED });
  expect(accepted.slice(0, 1)).toEqual([]);
  expect(refused).toBeGreaterThan(RUNS / 20);
});
