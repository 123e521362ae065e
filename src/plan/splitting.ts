import { readsSource, type Branch, type NamedExpression, type Plan, type Stage } from './plan.js';

/** Which column of the source each column is, unchanged. */
type Unchanged = ReadonlyMap<string, string>;

/**
 * Why several processes must not share the rows of a source by `columns` (all rows with equal values in these go to one process): the first operator
 * whose groups could be in several; null: each of its groups is whole in one.
 */
export function cannotSplit(plan: Plan, source: number, columns: readonly string[]): string | null {
  const outputs: Unchanged[] = [];
  for (const [number, stage] of plan.stages.entries()) {
    const inputs = stage.branches.map(branch => behindSteps(branch, source, outputs));
    if (inputs.includes(null)) return 'the job reads another source besides, which each process would read as a whole';
    const input = common(inputs as Unchanged[]);
    const groups = groupsOf(stage);
    if (typeof groups === 'string') return `${groups} is a matter of all rows`;
    if (groups !== null) {
      const found = new Set(groups.map(name => input.get(name)));
      const missing = columns.filter(column => !found.has(column));
      if (columns.length === 0 || missing.length > 0) {
        return `${plan.stages.length > 1 ? `stage ${number + 1} ` : 'it '}has groups by ${groups.length === 0 ? 'nothing' : groups.map(name => `'${name}'`).join(', ')}, `
          + (columns.length === 0 ? 'and partitionedBy does not say what decides the partition of a row' : `without ${missing.map(name => `'${name}'`).join(', ')}, which decides the partition`);
      }
    }
    outputs.push(behindOperator(stage, input));
  }
  return null;
}

function behindSteps({ from, source: { schema }, steps }: Branch, source: number, outputs: readonly Unchanged[]): Unchanged | null {
  if (readsSource(from) && from.source !== source) return null;
  let known: Unchanged = readsSource(from) ? new Map(schema.map(({ name }) => [name, name])) : outputs[from.stage]!;
  for (const step of steps) if (step.kind === 'project') known = renamed(step.columns, known);
  return known;
}
const renamed = (columns: readonly NamedExpression[], known: Unchanged): Unchanged =>
  new Map(columns.flatMap(({ name, expression }) => (expression.op === 'column' && known.has(expression.name) ? [[name, known.get(expression.name)!] as const] : [])));
const common = ([first, ...others]: readonly Unchanged[]): Unchanged =>
  new Map([...first!].filter(([name, column]) => others.every(other => other.get(name) === column)));

/** The columns that each group of a stage has in common; null: it has none, each row is by itself. A text: what is no matter of groups. */
function groupsOf({ join, deduplicate, aggregate, top }: Stage): readonly string[] | string | null {
  if (join !== null) return 'a join';
  if (top !== null) return top.n === null ? null : top.per;
  const keys = (aggregate ?? deduplicate)?.keys;
  return keys === undefined ? null : keys.flatMap(({ expression }) => (expression.op === 'column' ? [expression.name] : []));
}
const behindOperator = ({ aggregate }: Stage, input: Unchanged): Unchanged => (aggregate === null ? input : renamed(aggregate.keys, input));
