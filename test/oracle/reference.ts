import type { Expression } from '../../src/plan/expression-tree.ts';
import type { Aggregate, Branch, Plan } from '../../src/plan/plan.ts';
import type { Row, Value } from '../../src/plan/types.ts';
import { aggregate, type Entry } from './aggregates.ts';
import { cellAt, readRow } from './read-row.ts';
import { Watermarks } from './watermark.ts';
import { slackOf } from './slack.ts';
import { Deduplication } from './dedupe.ts';
import { Joining } from './joins.ts';
import { Ranking } from './top.ts';
import { Grouping } from './grouping.ts';
import { type Cell, keyCell, type FaultReason, mapAll, RowFault, valueOfCell } from './cells.ts';
import { type Columns, type Environment, evaluate, holds, type Udf } from './evaluate.ts';

/**
 * One step of the ingest sequence: a row of a branch (a dead letter if it is later than `latest`), the end of its input, or of one of its
 * partitions, or the moment from which that counts as idle. What has ended or is idle does not hold the watermark back.
 */
export type Ingest =
  | { readonly branch: number; readonly partition?: number; readonly row: unknown; readonly latest?: bigint }
  | { readonly branch: number; readonly end: true }
  | { readonly branch: number; readonly partition?: number; readonly aside: true };
export interface Ledger { read: number; filtered: number; applied: number; late: number; deadLettered: number }
/** `reasons`: of a row with several faults, any of which may be named. */
export interface Letter { readonly source: number; readonly position: number; readonly reason: FaultReason | 'LATE'; readonly reasons: readonly string[] }
export interface ReferenceResult {
  readonly rows: Row[];
  /** For every row, by how much an aggregate of floats may differ from the exact answer given here. */
  readonly slack: Readonly<Record<string, number>>[];
  readonly ledgers: Ledger[];
  /** Dead letters and late rows, in ingest order. */
  readonly letters: Letter[];
}

export interface ReferenceOptions {
  /** By `module#name`. */
  readonly udfs?: ReadonlyMap<string, Udf>;
  /** Computes every column of a projection and every operand of `and` and `or`, needed or not: for DuckDB's sake. */
  readonly eager?: boolean;
  /** What float aggregates may differ by; default: what the engine promises. */
  readonly slack?: typeof slackOf;
}


/** Runs a plan one row at a time, in ingest order. Throws AggregateOverflow where the job must fail. */
export function runReference(plan: Plan, ingest: readonly Ingest[], options: ReferenceOptions = {}): ReferenceResult {
  const udfs = options.udfs ?? new Map<string, Udf>();
  const rows: Row[] = [];
  const letters: Letter[] = [];
  const { branches, join, aggregate: spec, deduplicate, top } = plan.stages[0]!;
  const joining = join && new Joining(join);
  const seen = deduplicate && new Deduplication(deduplicate);
  const ranking = top === null ? null : new Ranking(top, plan.output);
  const grouping = spec === null ? null : new Grouping(spec);
  const ledgers = branches.map((): Ledger => ({ read: 0, filtered: 0, applied: 0, late: 0, deadLettered: 0 }));
  const positions = branches.map(() => 0);
  const watermarks = new Watermarks(branches);
  for (const item of ingest) {
    const branch = at(branches, item.branch);
    if ('end' in item) watermarks.end(item.branch);
    if ('aside' in item) watermarks.aside(item.branch, item.partition ?? 0);
    if (!('row' in item)) continue;
    const ledger = at(ledgers, item.branch);
    const position = positions[item.branch]!++;
    ledger.read++;
    const watermark = watermarks.before(item.branch, item.partition ?? 0);
    try {
      const { cells, time } = readRow(item.row, branch);
      if (time !== null && item.latest !== undefined && time > item.latest) throw new RowFault('FUTURE_TIME', 'event time');
      if (time !== null) watermarks.row(item.branch, item.partition ?? 0, cells, time);
      const env = { tables: plan.tables, udfs, eager: options.eager ?? false };
      const passed = applySteps(branch, cells, env);
      if (passed === null) {
        ledger.filtered++;
      } else if (joining !== null) {
        const verdict = joining.judge(branch.side, { ...env, row: passed }, time!, watermark, { source: item.branch, position });
        ledger[verdict]++;
        if (verdict === 'late') letters.push({ source: item.branch, position, reason: 'LATE', reasons: ['LATE'] });
      } else if (ranking !== null) {
        ranking.add({ ...env, row: passed }, time);
        ledger.applied++;
      } else if (seen !== null) {
        const own = { ...env, row: passed };
        const [keys = [], given = []] = mapAll([seen.keys.map(key => () => evaluate(key, own)), plan.output.map(f => () => cellAt(passed, f.name))], list => mapAll(list, cell => cell()));
        const verdict = seen.judge(keys.map(keyCell), time!, watermark);
        ledger[verdict]++;
        if (verdict === 'applied') rows.push(valuesOf(plan, given));
        if (verdict === 'late') letters.push({ source: item.branch, position, reason: 'LATE', reasons: ['LATE'] });
      } else if (spec === null || grouping === null) {
        rows.push(valuesOf(plan, mapAll(plan.output, f => cellAt(passed, f.name))));
        ledger.applied++;
      } else {
        const isLate = !applyRow(spec, { ...env, row: passed }, { time, source: item.branch, position }, watermark, grouping);
        ledger[isLate ? 'late' : 'applied']++;
        if (isLate) letters.push({ source: item.branch, position, reason: 'LATE', reasons: ['LATE'] });
      }
    } catch (error) {
      if (!(error instanceof RowFault)) throw error;
      ledger.deadLettered++;
      letters.push({ source: item.branch, position, reason: error.reason, reasons: error.reasons });
    }
  }
  for (const cells of joining?.results() ?? ranking?.best ?? []) rows.push(valuesOf(plan, cells));
  if (spec === null || grouping === null) return { rows, slack: rows.map(() => ({})), ledgers, letters };
  return { ...finish(plan, spec, grouping, options.slack ?? slackOf), ledgers, letters };
}

/**
 * Runs a plan of several stages: the results of each are rows of those that read it. `branch` of the ingest is the number of a source, whose
 * rows go to each branch that reads it, one row after another. The ledgers are those of all stages, one after another.
 */
export function runStages(plan: Plan, ingest: readonly Ingest[], options: ReferenceOptions = {}): ReferenceResult {
  const results: ReferenceResult[] = [];
  for (const stage of plan.stages) {
    const earlier = stage.branches.flatMap(({ from }, branch): Ingest[] => ('source' in from ? [] : results[from.stage]!.rows.map(row => ({ branch, row }))));
    const readers = stage.branches.map(({ from }) => ('source' in from ? from.source : -1));
    const read = ingest.flatMap(item => readers.flatMap((source, branch): Ingest[] => (source === item.branch ? [{ ...item, branch }] : [])));
    results.push(runReference({ ...plan, stages: [stage], output: stage.output }, [...earlier, ...read], options));
  }
  return { ...results.at(-1)!, ledgers: results.flatMap(({ ledgers }) => ledgers), letters: results.flatMap(({ letters }) => letters) };
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`no element ${index}`);
  return item;
}
const valuesOf = (plan: Plan, cells: readonly Cell[]): Row =>
  Object.fromEntries(plan.output.map((f, i): [string, Value] => [f.name, valueOfCell(at(cells, i), f.type)]));

/** Null: filtered. A column of a projection is computed when a later filter or the result asks for it. */
function applySteps(branch: Branch, source: Columns, env: Omit<Environment, 'row'>): Columns | null {
  let row = source;
  for (const step of branch.steps) {
    if (step.kind === 'filter') {
      if (!holds(step.predicate, { ...env, row })) return null;
      continue;
    }
    const from = { ...env, row };
    const expressions = new Map(step.columns.map(c => [c.name, c.expression]));
    row = { get: name => {
      const expression = expressions.get(name);
      return expression === undefined ? undefined : evaluate(expression, from);
    } };
    if (env.eager) row = new Map(step.columns.map(c => [c.name, evaluate(c.expression, from)]));
  }
  return row;
}

/** False: late. A row whose keys or inputs fault is a dead letter even if it is late. */
function applyRow(spec: Aggregate, env: Environment, place: Omit<Entry, 'cell' | 'more'>, watermark: bigint | null, grouping: Grouping): boolean {
  const of = (expression: Expression | null): Cell => (expression === null ? null : evaluate(expression, env));
  const lists = [
    spec.keys.map(key => key.expression),
    [spec.window.kind === 'calendar' ? spec.window.zoneColumn : null],
    ...spec.aggregates.map(({ where, input, more }) => [where, input, ...(more ?? [])]),
  ];
  const [keyCells = [], [zone] = [], ...inputs] = mapAll(lists, list => mapAll(list, of));
  const keys = keyCells.map(keyCell);
  const entries = spec.aggregates.map(({ where }, i): Entry | null => {
    const [condition, cell = null, ...more] = inputs[i]!;
    return where === null || condition === true ? { ...place, cell, more } : null;
  });
  return grouping.add({ keys, entries, time: place.time, zone: typeof zone === 'string' ? zone : null }, watermark);
}

/** Without keys and windows there is one group, rows or not. */
function finish(plan: Plan, spec: Aggregate, grouping: Grouping, slackFor: typeof slackOf): Pick<ReferenceResult, 'rows' | 'slack'> {
  const all = grouping.groups();
  if (all.length === 0 && spec.keys.length === 0 && spec.window.kind === 'global') {
    all.push({ keys: [], window: [], entries: spec.aggregates.map(() => []) });
  }
  const rows = all.map(group => valuesOf(plan, [
    ...group.keys,
    ...group.window,
    ...spec.aggregates.map((a, i) => aggregate(a.fn, a.input?.type ?? null, a.type, at(group.entries, i), a.options)),
  ]));
  const slack = all.map(group => Object.fromEntries(spec.aggregates.flatMap((a, i): [string, number][] => {
    const allowed = slackFor(a.fn, a.input?.type ?? null, at(group.entries, i), a.options);
    return allowed === null ? [] : [[a.name, allowed]];
  })));
  return { rows, slack };
}
