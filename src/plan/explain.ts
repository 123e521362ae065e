import { changelogColumns, changelogOf, readsSource, type Aggregate, type AggregateCall, type Branch, type Changelog, type EventTime, type Plan, type Stage, type Step } from './plan.js';
import { explainJoin } from './explain-join.js';
import { RETRACTED } from './join-plan.js';
import { explainWindow } from './explain-window.js';
import { printCall } from './print-call.js';
import { printExpression, printName } from './print-expression.js';
import { fieldText } from './schema.js';
import { line, more, namedText } from './explain-lines.js';
import { formatTime } from './format-time.js';
import type { Fields } from './types.js';
import type { TimeUnitName } from './window-plan.js';

/** The stages of a plan, one a line, in the order in which rows pass them. */
export function explainPlan(plan: Plan): string {
  const lines = isChain(plan) ? plan.stages.flatMap(stage => explainStage(stage)) : explainGraph(plan);
  plan.tables.forEach((table, i) => lines.push(line(`table ${i}`, `${table.keys.length} rows: ${[table.key, ...table.columns].map(fieldText).join(', ')}`)));
  if (plan.outputs === undefined) lines.push(line('output', plan.output.map(fieldText).join(', ')), ...explainChangelog(plan.output, plan.changelog));
  for (const [i, { stage, fields, changelog }] of plan.outputs?.entries() ?? []) {
    lines.push(line(`output ${i}`, `of stage ${stage}: ${fields.map(fieldText).join(', ')}`), ...explainChangelog(fields, changelog));
  }
  return `${lines.join('\n')}\n`;
}
function explainChangelog(fields: Fields, changelog: Changelog): string[] {
  if (changelog === 'append') return [];
  if (changelog === 'retracting') return [more('revised', `a row may be taken back by one that is equal, but ${RETRACTED.name}`)];
  return [more('revised', `rows replace each other: ${fields.some(field => field.name === 'deleted') ? 'the greatest version counts, and nothing where it is deleted' : 'the greatest version counts'}`)];
}

/** Whether each stage reads just the one before, the first one sources, each of them once, and the last one is the result. */
const isChain = ({ stages, outputs }: Plan): boolean => outputs === undefined && stages.every(({ branches }, index) =>
  (index === 0 ? new Set(branches.map(({ from }) => (readsSource(from) ? from.source : null))).size === branches.length : branches.length === 1)
  && branches.every(({ from }) => (index === 0 ? readsSource(from) : !readsSource(from) && from.stage === index - 1)));

/** Stages by their numbers, with an empty line behind each. */
function explainGraph({ stages }: Plan): string[] {
  const seen = new Set<number>();
  return stages.flatMap((stage, index) => [`stage ${index}`, ...explainStage(stage, seen), '']);
}

/** The plan as it runs and, where rules have made another of it, as it was written. */
export function explainBoth(written: Plan, run: Plan, rules: readonly string[]): string {
  if (JSON.stringify(written) === JSON.stringify(run)) return explainPlan(run);
  return `as written\n\n${explainPlan(written)}\nas it runs, by ${rules.join(' and ')}\n\n${explainPlan(run)}`;
}

/** `seen`: sources that were named, in a graph. */
function explainStage({ branches, join, deduplicate, aggregate, top }: Stage, seen: Set<number> | null = null): string[] {
  const lines = branches.flatMap((branch, i) => [...explainBranch(branch, seen), ...(i < branches.length - 1 ? [''] : [])]);
  const unit = branches.map(timeUnit)[0]!;
  if (join !== null) lines.push('', ...explainJoin(join, branches, unit));
  else if (branches.length > 1) lines.push('', line('union', `of ${branches.length} branches`));
  if (deduplicate !== null) lines.push(line('dedupe', deduplicate.keys.map(namedText).join(', ')), more('within', `${formatTime(deduplicate.within, unit)} of a row read before`));
  if (aggregate !== null) lines.push(...explainAggregate(aggregate, unit));
  if (top?.by === null) lines.push(line('sort', 'by event time, then by all columns'));
  else if (top !== null) {
    lines.push(line('top', `${top.n} with the ${top.descending ? 'greatest' : 'least'} ${printExpression(top.by)}`));
    lines.push(more('of each', [...branches[0]!.eventTime === null ? [] : ['window'], ...top.per.map(printName)].join(', ') || 'nothing: one list'));
  }
  return lines;
}

function explainBranch(branch: Branch, seen: Set<number> | null): string[] {
  const { source, from, eventTime, steps } = branch;
  const lines = explainInput(branch, seen);
  if (readsSource(from)) seen?.add(from.source);
  lines.push(more('columns', source.schema.map(fieldText).join(', ')));
  if (eventTime !== null) lines.push(more('time', readsSource(from) ? explainTime(eventTime, timeUnit(branch)) : shiftedColumn(eventTime, timeUnit(branch))));
  return [...lines, ...steps.map(explainStep)];
}
function explainInput({ source: { name }, from }: Branch, seen: Set<number> | null): string[] {
  if (readsSource(from)) return [line('source', seen?.has(from.source) ? `${name}, read once for all its uses` : name)];
  return seen === null ? ['', line('then', name)] : [line('reads', name)];
}
function timeUnit({ source, eventTime }: Branch): TimeUnitName {
  const type = source.schema.find(field => field.name === eventTime?.column)?.type;
  return type?.kind === 'timestamp' ? type.unit : 'ms';
}
const shiftedColumn = ({ column, shift }: EventTime, unit: TimeUnitName): string => (shift === 0 ? printName(column) : `${printName(column)} less ${-shift} ${unit === 'us' ? 'µs' : 'ms'}`);
function explainTime({ column, outOfOrderness, watermark, idleAfterMs, maxDrift, maxAhead }: EventTime, unit: TimeUnitName): string {
  const order = outOfOrderness === 0 ? 'in order' : `out of order by up to ${formatTime(outOfOrderness, unit)}`;
  return [
    printName(column),
    watermark === null ? order : `watermark from ${printName(watermark)}`,
    ...maxAhead === null ? [] : [`at most ${formatTime(maxAhead, unit)} ahead of the clock`],
    ...idleAfterMs === null ? [] : [`idle after ${formatTime(idleAfterMs, 'ms')}`],
    ...maxDrift === null ? [] : [`at most ${formatTime(maxDrift, unit)} ahead of other inputs`],
  ].join(', ');
}

function explainStep(step: Step): string {
  if (step.kind === 'filter') return line('filter', printExpression(step.predicate));
  return line('project', step.columns.map(namedText).join(', '));
}

function explainAggregate(aggregate: Aggregate, unit: TimeUnitName): string[] {
  const { keys, window, aggregates, accept } = aggregate;
  const lines = [line('aggregate', aggregates.map(callText).join(', ') || 'distinct keys')];
  lines.push(more('by', keys.map(namedText).join(', ') || 'nothing: one group'));
  lines.push(more('window', explainWindow(window)));
  if (accept > 0) lines.push(more('late', `rows are accepted for ${formatTime(accept, unit)} after the end of a window`));
  const emits = explainEmit(aggregate);
  return emits === null ? lines : [...lines, more('emits', emits)];
}
/** null: once, at the close of the window, which goes without saying. */
function explainEmit(aggregate: Aggregate): string | null {
  const { accept, emit: { when, earlyMs } } = aggregate;
  if (changelogOf(aggregate) === 'append') return when === 'final' ? 'once, when no more rows are accepted' : null;
  const times = [...earlyMs === null ? [] : [`every ${formatTime(earlyMs, 'ms')} so far`], 'at the close', ...accept > 0 ? ['for each late row'] : []];
  return `${times.join(', ')}, with a ${changelogColumns(aggregate).map(field => field.name).join(' and ')}`;
}
function callText(call: AggregateCall): string {
  const filter = call.where === null ? '' : ` FILTER (WHERE ${printExpression(call.where)})`;
  return `${printCall(call)}${filter} AS ${printName(call.name)}`;
}
