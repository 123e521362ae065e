import type { Aggregate, AggregateCall, Branch, NamedExpression, Plan, Step } from './plan.js';
import { printCall } from './print-call.js';
import { printExpression, printName } from './print-expression.js';
import { fieldText } from './schema.js';
import { formatTime } from './format-time.js';

/** The stages of a plan, one a line, in the order in which rows pass them. */
export function explainPlan(plan: Plan): string {
  const lines = plan.branches.flatMap((branch, i) => [...explainBranch(branch), ...(i < plan.branches.length - 1 ? [''] : [])]);
  if (plan.branches.length > 1) lines.push('', line('union', `of ${plan.branches.length} branches`));
  if (plan.aggregate !== null) lines.push(...explainAggregate(plan.aggregate));
  plan.tables.forEach((table, i) => lines.push(line(`table ${i}`, `${table.keys.length} rows: ${[table.key, ...table.columns].map(fieldText).join(', ')}`)));
  lines.push(line('output', plan.output.map(fieldText).join(', ')));
  return `${lines.join('\n')}\n`;
}

const LABEL_WIDTH = 12;
const line = (label: string, text: string): string => `${label.padEnd(LABEL_WIDTH)}${text}`;
const more = (label: string, text: string): string => line(`  ${label}`, text);

function explainBranch({ source, eventTime, steps }: Branch): string[] {
  const lines = [line('source', source.name), more('columns', source.schema.map(fieldText).join(', '))];
  if (eventTime !== null) {
    const type = source.schema.find(field => field.name === eventTime.column)?.type;
    const unit = type?.kind === 'timestamp' ? type.unit : 'ms';
    const order = eventTime.outOfOrderness === 0 ? 'in order' : `out of order by up to ${formatTime(eventTime.outOfOrderness, unit)}`;
    lines.push(more('time', `${printName(eventTime.column)}, ${order}`));
  }
  return [...lines, ...steps.map(explainStep)];
}

function explainStep(step: Step): string {
  if (step.kind === 'filter') return line('filter', printExpression(step.predicate));
  return line('project', step.columns.map(namedText).join(', '));
}
function namedText({ name, expression }: NamedExpression): string {
  const text = printExpression(expression);
  return text === printName(name) ? text : `${text} AS ${printName(name)}`;
}

function explainAggregate({ keys, window, aggregates }: Aggregate): string[] {
  const lines = [line('aggregate', aggregates.map(callText).join(', ') || 'distinct keys')];
  lines.push(more('by', keys.map(namedText).join(', ') || 'nothing: one group'));
  if (window.kind === 'global') lines.push(more('window', 'global, closed at the end of input'));
  else {
    const offset = window.offset === 0 ? '' : `, offset ${formatTime(window.offset, window.unit)}`;
    lines.push(more('window', `tumbling ${formatTime(window.size, window.unit)}${offset}`));
  }
  return lines;
}
function callText(call: AggregateCall): string {
  const filter = call.where === null ? '' : ` FILTER (WHERE ${printExpression(call.where)})`;
  return `${printCall(call)}${filter} AS ${printName(call.name)}`;
}
