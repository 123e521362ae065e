import type { Expression } from '../../src/plan/expression-tree.ts';
import type { Join } from '../../src/plan/join-plan.ts';
import type { Plan } from '../../src/plan/plan.ts';
import type { DataType, Fields } from '../../src/plan/types.ts';
import { valueText } from './compare.ts';

/** Plans and rows in a form that a reader of a failed test can take in. `?`: nullable. */

const typeText = (type: DataType): string =>
  (type.kind === 'decimal' ? `decimal(${type.precision},${type.scale})` : type.kind === 'timestamp' ? `timestamp[${type.unit}]` : type.kind);
const typed = (e: { type: DataType; nullable: boolean }): string => typeText(e.type) + (e.nullable ? '?' : '');
export const fieldsText = (fields: Fields): string => fields.map(f => `${f.name} ${typed(f)}`).join(', ');

export function expressionText(e: Expression): string {
  const list = (args: readonly Expression[]): string => args.map(expressionText).join(', ');
  switch (e.op) {
    case 'column': return e.name;
    case 'literal': return `${JSON.stringify(e.value)}:${typeText(e.type)}`;
    case 'in': return `${e.negated ? 'notIn' : 'in'}(${expressionText(e.arg)}, ${JSON.stringify(e.values)})`;
    case 'case': return `case(${e.branches.map(b => `${expressionText(b.when)} => ${expressionText(b.then)}`).join('; ')}; else ${expressionText(e.otherwise)}):${typed(e)}`;
    case 'lookup': return `lookup(${expressionText(e.arg)}, ${e.table}.${e.column}):${typed(e)}`;
    case 'udf': return `${e.name}(${list(e.args)}):${typed(e)}`;
    default: return `${e.op}(${list(e.args)}):${typed(e)}`;
  }
}
function joinText({ sides, ...rest }: Join): string[] {
  return [
    `join ${JSON.stringify({ ...rest, columns: rest.columns.length })}`,
    ...sides.map((side, i) => `  side ${i}: ${side.match}${side.keepsUnmatched ? ', keeps unmatched' : ''}, ${side.before} before, ${side.after} after, by ${side.keys.map(key => expressionText(key.expression)).join(', ')}`),
  ];
}
export function planText(plan: Plan): string {
  const lines = plan.stages[0]!.branches.flatMap(b => [
    `source ${b.source.name}${b.side > 0 ? ` of side ${b.side}` : ''}: ${fieldsText(b.source.schema)}${b.eventTime === null ? '' : `; time ${b.eventTime.column} - ${b.eventTime.outOfOrderness}`}`,
    ...b.steps.map(s => (s.kind === 'filter' ? `  filter ${expressionText(s.predicate)}` : `  project ${s.columns.map(c => `${c.name} = ${expressionText(c.expression)}`).join(', ')}`)),
  ]);
  for (const [i, t] of plan.tables.entries()) lines.push(`table ${i}: ${fieldsText([t.key])} ${JSON.stringify(t.keys)} -> ${fieldsText(t.columns)} ${JSON.stringify(t.values)}`);
  if (plan.stages[0]!.join !== null) lines.push(...joinText(plan.stages[0]!.join));
  if (plan.stages[0]!.aggregate !== null) {
    const { keys, window, aggregates } = plan.stages[0]!.aggregate;
    lines.push(`group by ${keys.map(k => `${k.name} = ${expressionText(k.expression)}`).join(', ')} window ${JSON.stringify(window)}`);
    for (const a of aggregates) {
      lines.push(`  ${a.name} ${typed(a)} = ${a.fn}(${[a.input, ...(a.more ?? [])].map(e => (e === null ? '' : expressionText(e))).join(', ')}${a.options === undefined ? '' : ` ${JSON.stringify(a.options)}`})${a.where === null ? '' : ` where ${expressionText(a.where)}`}`);
    }
  }
  return [...lines, `output ${fieldsText(plan.output)}`].join('\n');
}
export const rowText = (row: unknown): string =>
  (typeof row === 'object' && row !== null ? Object.entries(row).map(([k, v]) => `${k} ${valueText(v)}`).join(', ') : String(row));
