import type { AggregateFunction, AggregateOptions } from '../../src/plan/plan.ts';
import type { DataType } from '../../src/plan/types.ts';
import { aggregate, type Entry } from './aggregates.ts';
import { isFloat } from './cells.ts';

/** Unit roundoff of a double. */
const U = 2 ** -53;
const SMALLEST = 2 ** -1074;

/**
 * By how much a result may differ from the exact one (docs/semantics.md, "Float sums"); null: not at all.
 *
 * Sums are in double-double: u·|s| + n·2^-104·Σ|x|, and once more u·|s| for the rounding of the reference. Variances are merged with
 * the formulas of Welford and Chan, whose error is n·u·√(Σx²·S) for a sum of squared deviations S (Chan, Golub, LeVeque 1983), of
 * values that were rounded to doubles first.
 */
export function slackOf(fn: AggregateFunction, input: DataType | null, entries: readonly Entry[], options: AggregateOptions = {}): number | null {
  if (input === null) return null;
  if (fn === 'quantile' || fn === 'approxCountDistinct') return sketchSlack(fn, input, entries, options);
  const spread = fn.startsWith('variance') || fn.startsWith('stddev');
  if (!spread && !((fn === 'sum' || fn === 'mean') && isFloat(input))) return null;
  const scale = input.kind === 'decimal' ? 10 ** input.scale : 1;
  const values = entries.flatMap(e => (e.cell === null ? [] : [Number(e.cell) / scale]));
  const n = values.length;
  if (n === 0 || !values.every(Number.isFinite)) return 0;
  if (!spread) {
    const slack = 2 * U * Math.abs(values.reduce((a, b) => a + b, 0)) + n * (2 ** -104 + n * U * 2 ** -52) * sumOf(values, Math.abs);
    return (fn === 'mean' ? slack / n + 2 * U * Math.abs(sumOf(values, x => x)) / n : slack) + SMALLEST;
  }
  const mean = sumOf(values, x => x) / n;
  const squares = sumOf(values, x => x * x);
  const deviation = sumOf(values, x => (x - mean) ** 2);
  const divisor = fn === 'variance' || fn === 'stddev' ? Math.max(1, n - 1) : n;
  const variance = deviation / divisor;
  const slack = 8 * (n + 1) * U * (Math.sqrt(squares) * Math.sqrt(deviation) + (n + 1) * U * squares) / divisor;
  if (fn.startsWith('variance')) return slack + SMALLEST;
  return Math.sqrt(variance + slack) - Math.sqrt(Math.max(0, variance - slack)) + 4 * U * Math.sqrt(variance) + SMALLEST;
}

/** So many different values HyperLogLog counts exactly. */
const EXACT_COUNT = 128n;
/** The accuracy of DDSketch, and six standard errors of HyperLogLog. */
function sketchSlack(fn: 'quantile' | 'approxCountDistinct', input: DataType, entries: readonly Entry[], options: AggregateOptions): number | null {
  const exact = aggregate(fn, input, input, entries, options);
  if (typeof exact === 'bigint') return exact <= EXACT_COUNT ? null : 6 * 1.04 / 64 * Number(exact);
  return exact === null || !Number.isFinite(exact) ? 0 : (options.accuracy ?? 0) * (1 + 1e-9) * Math.abs(Number(exact)) + SMALLEST;
}
const sumOf = (values: readonly number[], of: (x: number) => number): number => values.reduce((a, x) => a + of(x), 0);
