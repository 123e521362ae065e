import { expect } from 'vitest';
import type { RunOptions } from '../../src/coordinator/job-types.ts';
import type { CallOp, Expression, LiteralExpression } from '../../src/plan/expression-tree.ts';
import { type AggregateCall, type AggregateFunction, type Branch, type EventTime, type Plan, type Stage, type Step, type Top, type Window, windowColumns } from '../../src/plan/plan.ts';
import type { DataType, Field, Fields, Row } from '../../src/plan/types.ts';
import { difference } from '../oracle/compare.ts';
import { type Ledger, runReference } from '../oracle/reference.ts';
import { cut, hasEngine, runEngine } from './run-plan.ts';

/** Plans written by hand, for tests that pin one rule each. */

export const field = (name: string, kind: Exclude<DataType['kind'], 'timestamp' | 'decimal' | 'dictionary'> | DataType, nullable = true): Field =>
  ({ name, type: typeof kind === 'string' ? { kind } : kind, nullable });
export const MS: DataType = { kind: 'timestamp', unit: 'ms' };
export const US: DataType = { kind: 'timestamp', unit: 'us' };

export const col = (f: Field): Expression => ({ op: 'column', name: f.name, type: f.type, nullable: f.nullable });
export const lit = (value: LiteralExpression['value'], type: DataType): Expression => ({ op: 'literal', value, type, nullable: value === null });
export const op = (name: CallOp, type: DataType, ...args: Expression[]): Expression => ({ op: name, type, nullable: true, args });
export const filter = (predicate: Expression): Step => ({ kind: 'filter', predicate });

const FLOAT64: DataType = { kind: 'float64' };
function resultType(fn: AggregateFunction, input: Expression | null): DataType {
  if (fn === 'count' || input === null) return { kind: 'int64' };
  if (fn === 'mean' || fn.startsWith('variance') || fn.startsWith('stddev')) return FLOAT64;
  if (fn !== 'sum') return input.type;
  if (input.type.kind === 'decimal') return { kind: 'decimal', precision: 18, scale: input.type.scale };
  return input.type.kind.startsWith('float') ? FLOAT64 : { kind: 'int64' };
}
export const agg = (name: string, fn: AggregateFunction, input: Expression | null = null, where: Expression | null = null): AggregateCall =>
  ({ name, fn, input, where, type: resultType(fn, input), nullable: fn !== 'count' });

/** An aggregate of several inputs, or with options. */
export const aggOf = (name: string, fn: AggregateFunction, input: Expression, rest: Partial<AggregateCall> = {}): AggregateCall => ({ ...agg(name, fn, input), ...rest });

export const tumbling = (size: number, unit: 'ms' | 'us' = 'ms'): Window => ({ kind: 'tumbling', size, offset: 0, unit });
interface PlanParts {
  readonly schema: Fields;
  readonly time?: { readonly column: string; readonly outOfOrderness: number };
  readonly steps?: readonly Step[];
  readonly keys?: readonly Field[];
  readonly window?: Window;
  readonly aggregates: readonly AggregateCall[];
  readonly branches?: number;
}
/** How the engine knew event time before it had options. */
export const timeOf = (time: { readonly column: string; readonly outOfOrderness: number }): EventTime =>
  ({ ...time, shift: 0, watermark: null, idleAfterMs: null, maxDrift: null, maxAhead: null });
export const onePlan = (stage: Pick<Stage, 'branches' | 'aggregate' | 'output'> & Partial<Stage>, tables: Plan['tables'] = []): Plan =>
  ({ version: 2, stages: [{ join: null, deduplicate: null, top: null, ...stage }], tables, output: stage.output, changelog: 'append' });

export function aggregatePlan({ schema, time, steps = [], keys = [], window = { kind: 'global' }, aggregates, branches = 1 }: PlanParts): Plan {
  const eventTime = time === undefined ? null : timeOf(time);
  return onePlan({
    branches: Array.from({ length: branches }, (_, i) => ({ source: { name: `s${i}`, schema }, side: 0, from: { source: i }, eventTime, steps })),
    aggregate: { keys: keys.map(k => ({ name: k.name, expression: col(k) })), window, aggregates, accept: 0, emit: { when: 'close', earlyMs: null } },
    output: [...keys, ...windowColumns(window), ...aggregates.map(({ name, type, nullable }) => ({ name, type, nullable }))],
  });
}
/** The results of one plan are the rows of another: `behind` gives that, with the results' columns as its schema. Event time is the last moment of the window. */
export function followedBy(plan: Plan, behind: (schema: Fields) => Plan): Plan {
  const from = plan.stages.length - 1;
  const next = behind(plan.output).stages[0]!;
  const branches = next.branches.map((branch): Branch => {
    const eventTime = plan.output.some(({ name }) => name === 'windowEnd') ? { ...timeOf({ column: 'windowEnd', outOfOrderness: 0 }), shift: -1 } : null;
    return { ...branch, source: { ...branch.source, name: `stage ${plan.stages.length}` }, from: { stage: from }, eventTime };
  });
  return { ...plan, stages: [...plan.stages, { ...next, branches }], output: next.output };
}
/** Ranks the results of a plan. */
export function topOf(plan: Plan, top: Top): Plan {
  return followedBy(plan, columns => onePlan({ branches: aggregatePlan({ schema: columns, aggregates: [] }).stages[0]!.branches, aggregate: null, top, output: columns }));
}
/** Emits expressions of every row. */
export function projectPlan(schema: Fields, columns: Readonly<Record<string, Expression>>): Plan {
  const list = Object.entries(columns);
  return onePlan({
    aggregate: null,
    branches: [{ source: { name: 's0', schema }, side: 0, from: { source: 0 }, eventTime: null, steps: [{ kind: 'project', columns: list.map(([name, expression]) => ({ name, expression })) }] }],
    output: list.map(([name, e]) => ({ name, type: e.type, nullable: e.nullable })),
  });
}

export interface Expected {
  /** In any order. */
  readonly rows: readonly Row[];
  readonly ledgers?: readonly Ledger[];
  /** `position reason`, of the first source. */
  readonly letters?: readonly string[];
}
const VARIANTS: readonly RunOptions[] = [
  { workers: 1, batchRows: 65_536 }, { workers: 2, batchRows: 2, partitioner: 'hash' },
  { workers: 2, batchRows: 1, partitioner: 'local' },
];

/** Both the reference and the engine, in every variant, give what is expected. `sources[i]`: the rows of the i-th branch, read in turn. */
export async function expectAnswer(plan: Plan, sources: readonly (readonly unknown[])[], expected: Expected): Promise<void> {
  const reference = runReference(plan, sources.flatMap((rows, branch) => rows.map(row => ({ branch, row }))));
  const exact = { ...reference, rows: [...expected.rows], slack: expected.rows.map(() => ({})) };
  const letters = (expected.letters ?? []).map(l => `s0 ${l}`).sort();
  expect(difference(plan, exact, reference.rows)).toBe(null);
  if (expected.ledgers !== undefined) expect(reference.ledgers).toEqual(expected.ledgers);
  if (expected.letters !== undefined) expect(reference.letters.map(l => `s${l.source} ${l.position} ${l.reason}`).sort()).toEqual(letters);
  if (!hasEngine) return;
  for (const options of VARIANTS) {
    const got = await runEngine(plan, sources.map(rows => cut(rows, options.batchRows ?? 1)), options);
    const note = JSON.stringify(options);
    expect(difference(plan, exact, got.rows), note).toBe(null);
    const ledgers = got.stats.sources.map(({ read, filtered, applied, late, deadLettered }) => ({ read, filtered, applied, late, deadLettered }));
    expect(ledgers, note).toEqual(reference.ledgers);
    const all = [...got.letters, ...got.late].map(r => `${String(r['source'])} ${String(r['position'])} ${String(r['reason'])}`).sort();
    if (expected.letters !== undefined) expect(all, note).toEqual(letters);
  }
}
export const ledger = (read: number, filtered: number, applied: number, late: number, deadLettered: number): Ledger => ({ read, filtered, applied, late, deadLettered });
