import { MillraceError } from '../errors.js';
import type { Source } from '../connectors/source.js';
import { bareColumn, DraftStage, hasOperator, NO_OPERATOR, type Draft, type DraftBranch, type Operator } from './draft.js';
import { timeOfResults, type PlannedTime } from './event-time.js';
import { coerceTo } from './operators/coerce.js';
import type { NamedExpression, Step } from './plan.js';
import type { Field, Fields } from './types.js';
import type { TimeUnitName } from './window-plan.js';

/** A draft that takes further steps: an operator at its end completes its stage, and the next stage reads the results. */
export function openEnd(draft: Draft): Draft {
  if (!hasOperator(draft)) return draft;
  requireAnEnd(draft);
  return { ...draft, branches: [completed(draft)], operator: NO_OPERATOR, behind: null, takingBack: null };
}

/** Each operator makes one stage, however many pipelines go on behind it. */
const completedStages = new WeakMap<Operator, DraftBranch>();
/** The branch that reads the stage in which a draft ends. REQUIRES an operator. */
function completed(draft: Draft): DraftBranch {
  let reading = completedStages.get(draft.operator);
  if (reading === undefined) {
    const { branches, operator, carried, time } = timeBehind(draft);
    const output = [...draft.behind?.given ?? draft.fields, ...carried];
    reading = { side: 0, input: new DraftStage(branches, operator, output), schema: output, eventTime: time, steps: draft.behind?.steps ?? [] };
    completedStages.set(draft.operator, reading);
  }
  return reading;
}

/** The same, where something was made behind it already. */
export const openedStage = ({ operator }: Draft): DraftBranch | undefined => completedStages.get(operator);

/** The sources behind some branches, each once. */
export function sourcesOf({ branches }: Pick<Draft, 'branches'>, found: Set<Source> = new Set(), seen: Set<DraftStage> = new Set()): Set<Source> {
  for (const { input } of branches) {
    if (!(input instanceof DraftStage)) found.add(input);
    else if (!seen.has(input)) sourcesOf(input, found, seen.add(input));
  }
  return found;
}
/** Whether some of its rows are results of a stage. */
export const readsStages = ({ branches }: Pick<Draft, 'branches'>): boolean => branches.some(({ input }) => input instanceof DraftStage);

/** REQUIRES that a global window has results at all. */
export function requireAnEnd(draft: Draft): void {
  const { aggregate } = draft.operator;
  if (aggregate === null || aggregate.window.kind !== 'global' || aggregate.emit.earlyMs !== null) return;
  const endless = [...sourcesOf(draft)].find(source => !source.bounded);
  if (endless === undefined) return;
  throw new MillraceError('PLAN_INVALID', `${endless.name} never ends, so an aggregate over all of it has no result: add .window(tumbling(…)), or .emit({ early: '10s' }) for what there is so far.`);
}

/** The unit of the event time of all branches. `what` needs it. */
export function eventUnit(draft: Draft, what: string): TimeUnitName {
  const units = draft.branches.map(branch => {
    if (branch.eventTime !== null) return branch.eventTime.unit;
    if (!(branch.input instanceof DraftStage)) throw new MillraceError('PLAN_INVALID', `${what} need event time, and ${branch.input.name} has none: call .eventTime(column) right behind its stream().`);
    throw new MillraceError('PLAN_INVALID', `${what} need event time, and ${withoutTime(branch.input)} have none.`);
  });
  if (units.some(unit => unit !== units[0])) throw new MillraceError('PLAN_INVALID', 'The event times of a union count ms in one input and µs in another: cast them to one unit in the schemas.');
  return units[0]!;
}

/** REQUIRES of a stage that its results have no event time. */
function withoutTime({ operator: { aggregate }, branches }: DraftStage): string {
  if (aggregate !== null) return `results of ${aggregate.window.kind} windows`;
  const inner = branches.find(({ eventTime }) => eventTime === null)?.input;
  return inner instanceof DraftStage ? withoutTime(inner) : `rows of ${inner?.name}`;
}

interface TimeBehind {
  readonly branches: readonly DraftBranch[];
  readonly operator: Operator;
  /** A column added to what the operator gives, if any. */
  readonly carried: Fields;
  readonly time: PlannedTime | null;
}
/** Event time behind the operator: the last moment of a window, or the rows' own, in a column that is added where they have lost theirs. */
function timeBehind(draft: Draft): TimeBehind {
  const { branches, fields, operator } = draft;
  const { aggregate, join } = operator;
  if (join !== null) {
    const unit = eventUnit(draft, 'joins: rows');
    const field: Field = { name: unusedName(draft.behind?.given ?? fields), type: { kind: 'timestamp', unit }, nullable: false };
    const timed = { ...join, columns: [...join.columns, { kind: 'time' as const }] };
    return { branches, operator: { ...operator, join: timed }, carried: [field], time: { planned: timeOfResults(field.name, 0), unit } };
  }
  if (aggregate !== null) {
    const { window } = aggregate;
    const time = window.kind === 'global' || window.kind === 'count' ? null : { planned: timeOfResults('windowEnd', -1), unit: window.unit };
    return { branches, operator, carried: [], time };
  }
  if (branches.some(branch => branch.eventTime === null)) return { branches, operator, carried: [], time: null };
  const { planned: { column, shift }, unit } = branches[0]!.eventTime!;
  const kept = branches.every(branch => branch.eventTime!.planned.column === column && keepsColumn(branch.steps, column));
  if (kept) {
    // It may be one that an earlier stage has added, which the user's columns do not have.
    const carried = fields.some(({ name }) => name === column) ? [] : [{ ...timeField(branches[0]!), nullable: branches.some(branch => timeField(branch).nullable) }];
    return { branches, operator, carried, time: { planned: timeOfResults(column, shift), unit } };
  }
  const field: Field = { name: unusedName(fields), type: { kind: 'timestamp', unit }, nullable: branches.some(branch => timeField(branch).nullable) };
  return { branches: branches.map(branch => carrying(branch, field)), operator, carried: [field], time: { planned: timeOfResults(field.name, shift), unit } };
}

/** Whether a column of the input comes through all steps as it is. */
export const keepsColumn = (steps: readonly Step[], name: string): boolean =>
  steps.every(step => step.kind === 'filter' || step.columns.some(column => column.name === name && column.expression.op === 'column' && column.expression.name === name));

const timeField = ({ schema, eventTime }: DraftBranch): Field => schema.find(field => field.name === eventTime!.planned.column)!;

function unusedName(fields: Fields): string {
  let name = '$time';
  while (fields.some(field => field.name === name)) name += '$';
  return name;
}

/** The branch with its event time as a further column, through all projections. */
function carrying(branch: DraftBranch, field: Field): DraftBranch {
  let column: NamedExpression = { name: field.name, expression: coerceTo(bareColumn(timeField(branch)).expression, field.type) };
  const steps = branch.steps.map((step): Step => {
    if (step.kind === 'filter') return step;
    const columns = [...step.columns, column];
    column = bareColumn(field);
    return { kind: 'project', columns };
  });
  if (!steps.some(step => step.kind === 'project')) steps.push({ kind: 'project', columns: [...branch.schema.map(bareColumn), column] });
  return { ...branch, steps };
}
