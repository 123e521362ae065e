import type { Plan } from '../../src/plan/plan.ts';
import type { Row, Value } from '../../src/plan/types.ts';
import type { ReferenceResult } from './reference.ts';

/** A value with its JavaScript type and the sign of zero: equal text means the same value. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (typeof value === 'number') return `number ${Object.is(value, -0) ? '-0' : String(value)}`;
  return `${typeof value} ${typeof value === 'string' ? JSON.stringify(value) : String(value)}`;
}
export const rowText = (row: Row, names: readonly string[]): string => names.map(n => `${n}: ${valueText(row[n])}`).join(', ');

/**
 * The first difference between results and the reference, as multisets of rows; null if there is none. Columns with a slack (float
 * aggregates) may differ by that much, all others not at all, type and sign of zero included.
 */
export function difference(plan: Plan, expected: ReferenceResult, actual: readonly Row[]): string | null {
  const loose = new Set(expected.slack.flatMap(s => Object.keys(s)));
  const names = plan.output.map(f => f.name);
  const strict = names.filter(n => !loose.has(n));
  if (actual.length !== expected.rows.length) return `${actual.length} rows instead of ${expected.rows.length}: ${extra(names, expected.rows, actual)}`;
  const missing = new Map<string, number[]>();
  for (const [i, row] of expected.rows.entries()) {
    const key = rowText(row, strict);
    const same = missing.get(key);
    if (same === undefined) missing.set(key, [i]);
    else same.push(i);
  }
  for (const row of actual) {
    const wrongNames = Object.keys(row).filter(n => !names.includes(n));
    if (wrongNames.length > 0) return `unexpected columns ${wrongNames.join(', ')}`;
    const candidates = missing.get(rowText(row, strict)) ?? [];
    // From the end: equal rows may be many, and taking the last one out costs nothing.
    const at = candidates.findLastIndex(i => [...loose].every(n => near(expected.rows[i]?.[n] ?? null, row[n] ?? null, expected.slack[i]?.[n] ?? 0)));
    if (at < 0) {
      const close = candidates.map(i => rowText(expected.rows[i] ?? {}, names)).join(' or ') || extra(names, actual, expected.rows);
      return `got {${rowText(row, names)}} instead of {${close}}`;
    }
    candidates.splice(at, 1);
  }
  return null;
}

/** A row of `b` that `a` lacks, or the other way round. */
function extra(names: readonly string[], a: readonly Row[], b: readonly Row[]): string {
  const left = new Set(a.map(r => rowText(r, names)));
  const right = new Set(b.map(r => rowText(r, names)));
  const more = [...right].find(t => !left.has(t));
  return more !== undefined ? `{${more}}` : `lacks {${[...left].find(t => !right.has(t)) ?? 'a duplicate'}}`;
}

function near(expected: Value, actual: Value, slack: number): boolean {
  if (valueText(expected) === valueText(actual)) return true;
  const isNumber = (value: Value): value is number | bigint => typeof value === 'number' || typeof value === 'bigint';
  return isNumber(expected) && isNumber(actual) && Math.abs(Number(expected) - Number(actual)) <= slack;
}
