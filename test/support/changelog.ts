import type { Plan } from '../../src/plan/plan.ts';
import type { Row, Value } from '../../src/plan/types.ts';
import { valueText } from '../oracle/compare.ts';

/**
 * What a changelog amounts to: of the rows of each group and window, the one with the greatest version, without that. Throws where the log breaks a
 * promise: a version that does not grow, or a second row of a group and window from a plan that appends.
 */
export function fold(plan: Plan, rows: readonly Row[]): Row[] {
  const { aggregate } = plan.stages.at(-1)!;
  const names = aggregate === null ? [] : [...aggregate.keys.map(key => key.name), 'windowStart', 'windowEnd'];
  const last = new Map<string, Row>();
  for (const row of rows) {
    const key = names.map(name => valueText(row[name] as Value)).join(' ');
    const before = last.get(key);
    if (before !== undefined && plan.changelog === 'append') throw new Error(`two rows of ${key} from a plan that appends`);
    if (before !== undefined && !((row['version'] as bigint) > (before['version'] as bigint))) throw new Error(`version ${String(row['version'])} of ${key} after ${String(before['version'])}`);
    last.set(key, row);
  }
  return [...last.values()].map(({ version: _version, ...row }): Row => row);
}

/** A plan whose results do not have what tells their revisions apart, as the reference gives them. */
export function withoutVersion(plan: Plan): Plan {
  const plain = <T extends { readonly output: Plan['output'] }>(from: T): T => ({ ...from, output: from.output.filter(({ name }) => name !== 'version') });
  return plain({ ...plan, stages: plan.stages.map(plain) });
}
