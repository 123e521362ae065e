import { RETRACTED } from '../../src/plan/join-plan.ts';
import { changelogColumns, changelogOf, resultFields, windowColumns, type Emit, type Plan } from '../../src/plan/plan.ts';
import type { Row } from '../../src/plan/types.ts';
import { rowText } from '../oracle/compare.ts';

/** A plan of one stage with other lateness and firing, and the columns that go with them. */
export function firingPlan(plan: Plan, accept: number, emit: Emit): Plan {
  const stage = plan.stages[0]!;
  const aggregate = { ...stage.aggregate!, accept, emit };
  const output = resultFields(aggregate);
  return { ...plan, stages: [{ ...stage, aggregate, output }], output, changelog: changelogOf(aggregate) };
}

/**
 * What somebody has who keeps the last version of each result and drops the deleted, without the columns that tell revisions. Throws where the log
 * breaks a promise: a version that does not grow, a second row of a result from a plan that appends, a deleted row that says something.
 */
export function fold(plan: Plan, rows: readonly Row[]): Row[] {
  const aggregate = plan.stages.at(-1)!.aggregate!;
  const identity = [...aggregate.keys, ...windowColumns(aggregate.window)].map(column => column.name);
  const changelog = changelogColumns(aggregate).map(column => column.name);
  for (const row of rows) if (row['deleted'] === true && aggregate.aggregates.some(({ name }) => row[name] !== null)) throw new Error(`a deleted row of {${rowText(row, identity)}} has values`);
  return lastVersions(rows, identity, plan.changelog === 'append').map(row => Object.fromEntries(Object.entries(row).filter(([name]) => !changelog.includes(name))));
}

/** The last version of each result, without the deleted. Throws where a version does not grow or, in what appends, a result comes twice. */
export function lastVersions(rows: readonly Row[], identity: readonly string[], appends: boolean = false): Row[] {
  const last = new Map<string, Row>();
  for (const row of rows) {
    const key = rowText(row, identity);
    const before = last.get(key);
    if (before !== undefined && appends) throw new Error(`two rows of {${key}} from a plan that appends`);
    if (before !== undefined && !((row['version'] as bigint) > (before['version'] as bigint))) throw new Error(`version ${String(row['version'])} of {${key}} after ${String(before['version'])}`);
    last.set(key, row);
  }
  return [...last.values()].filter(row => row['deleted'] !== true);
}

/** A plan whose results do not have what tells their revisions apart, as the reference gives them. */
export function withoutVersion(plan: Plan): Plan {
  const stages = plan.stages.map(stage => {
    const changelog = stage.aggregate === null ? [] : changelogColumns(stage.aggregate);
    return { ...stage, output: stage.output.filter(({ name }) => !changelog.some(column => column.name === name)) };
  });
  return { ...plan, stages, output: stages.at(-1)!.output };
}

/**
 * What somebody has in the end who takes back what is taken back. Throws where something is taken back that is not there at the time.
 * The rows are in the order in which they were given out.
 */
export function foldRetractions(plan: Plan, rows: readonly Row[]): Row[] {
  if (plan.stages.at(-1)!.join?.mode === 'changes') return rows.flatMap(row => oneByOne(plan, row));
  if (plan.changelog !== 'retracting') return [...rows];
  const names = plan.output.map(({ name }) => name).filter(name => name !== RETRACTED.name);
  const there = new Map<string, Row[]>();
  for (const row of rows) {
    const text = rowText(row, names);
    const same = there.get(text) ?? [];
    there.set(text, same);
    if (row[RETRACTED.name] !== true) same.push(row);
    else if (same.pop() === undefined) throw new Error(`{${text}} is taken back and was not there`);
  }
  return [...there.values()].flat();
}

/** A change of numbers as the row that has come, if it is new, and a row for each match, as the reference has them. */
function oneByOne(plan: Plan, row: Row): Row[] {
  const { join, output } = plan.stages.at(-1)!;
  const counts = output.filter((_, i) => join!.columns[i]!.kind === 'count').map(({ name }) => name);
  const none = { ...row, isNew: false, ...Object.fromEntries(counts.map(name => [name, 0n])) };
  return [...row['isNew'] === true ? [{ ...none, isNew: true }] : [], ...counts.flatMap(name => Array.from({ length: Number(row[name]) }, () => ({ ...none, [name]: 1n })))];
}
