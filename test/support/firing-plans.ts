import { changelogColumns, type Plan, resultFields, windowColumns } from '../../src/plan/plan.ts';
import type { Row } from '../../src/plan/types.ts';
import { rowText } from '../oracle/compare.ts';

/** A plan with other lateness and firing, and the columns that go with them. */
export function firingPlan(plan: Plan, accept: number, when: 'close' | 'final'): Plan {
  const stage = plan.stages[0]!;
  const aggregate = { ...stage.aggregate!, accept, emit: { when, earlyMs: null } };
  const output = resultFields(aggregate);
  const changelog = accept > 0 && when === 'close' ? 'updating' : 'append';
  return { ...plan, stages: [{ ...stage, aggregate, output }], output, changelog };
}

/** What somebody has who keeps the greatest version of each result and drops the deleted. Throws where a version comes twice. */
export function folded(plan: Plan, rows: readonly Row[]): Row[] {
  const aggregate = plan.stages[0]!.aggregate!;
  const identity = [...aggregate.keys, ...windowColumns(aggregate.window)].map(column => column.name);
  const changelog = changelogColumns(aggregate).map(column => column.name);
  const kept = new Map<string, Row>();
  for (const row of rows) {
    const key = rowText(row, identity);
    const known = kept.get(key);
    if (known?.['version'] === row['version'] && known !== undefined) throw new Error(`version ${String(row['version'])} of {${key}} comes twice`);
    if (known === undefined || (known['version'] as bigint) < (row['version'] as bigint)) kept.set(key, row);
  }
  return [...kept.values()].filter(row => row['deleted'] !== true).map(row => Object.fromEntries(Object.entries(row).filter(([name]) => !changelog.includes(name))));
}
