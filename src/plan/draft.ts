import type { Source } from '../connectors/source.js';
import { MillraceError } from '../errors.js';
import { ColumnNode, columnExpression, used } from './column-node.js';
import { columnOf, type Expression } from './expression-tree.js';
import { recorded } from './recording.js';
import type { PlannedTime } from './event-time.js';
import type { TakingBack } from './retraction.js';
import type { Changelog, NamedExpression, Stage, Step, Window } from './plan.js';
import { rowOf } from './row.js';
import { sameType } from './schema.js';
import { unknownColumn } from './suggest.js';
import { describeValue } from './type-builders.js';
import type { Sink } from '../connectors/sink.js';
import type { Field, Fields } from './types.js';
import { walk } from './walk.js';

/** A pipeline being built: immutable, each call of the user makes the next one. */
export interface Draft {
  /** The stage in the making: `operator` is what its branches end in. A step behind an operator begins the next stage, which reads this one. */
  readonly branches: readonly DraftBranch[];
  readonly operator: Operator;
  /** What follows the operator as soon as its stage is complete; null: nothing. */
  readonly behind: Behind | null;
  /** Of an aggregate over rows that may be taken back: what its states are for. */
  readonly takingBack: TakingBack | null;
  /** The columns behind all of it. */
  readonly fields: Fields;
  /** null: rows of sources. */
  readonly results: Results | null;
  readonly deadLetters: Sink | null;
  readonly late: Sink | null;
  /** Rules of the optimiser that are turned off. */
  readonly without: readonly string[];
}
export interface DraftBranch {
  /** See `Branch`. */
  readonly catchesUp?: number;
  readonly side: number;
  readonly input: Source | DraftStage;
  readonly schema: Fields;
  readonly eventTime: PlannedTime | null;
  readonly steps: readonly Step[];
}
/**
 * A stage that is complete. Stages and sources are known by identity: a pipeline that is used twice leads to the same ones, and so they
 * are in the plan once. Numbers come last (`number-stages.ts`).
 */
export class DraftStage {
  constructor(readonly branches: readonly DraftBranch[], readonly operator: Operator, readonly output: Fields) {}
}
export type Operator = Pick<Stage, 'join' | 'deduplicate' | 'aggregate' | 'top'>;
export const NO_OPERATOR: Operator = { join: null, deduplicate: null, aggregate: null, top: null };
/** Steps that an operator brings with it, and the columns that it gives to them. */
export interface Behind {
  readonly given: Fields;
  readonly steps: readonly Step[];
}
/** What is known of the rows behind an aggregate or a join. */
export interface Results {
  /** null: rows of a join. */
  readonly window: Window | null;
  readonly changelog: Changelog;
  /** The columns that steps may not change: in an updating stream those that tell which result a row revises. */
  readonly identity: readonly string[];
}

export const hasOperator = ({ operator }: Draft): boolean => Object.values(operator).some(part => part !== null);

/** The same step behind every branch, with the columns it leaves. REQUIRES: no operator. */
export const withStep = (draft: Draft, step: Step, fields: Fields = draft.fields): Draft =>
  ({ ...draft, branches: draft.branches.map(branch => ({ ...branch, steps: [...branch.steps, step] })), fields });

export const fieldsOf = (columns: readonly NamedExpression[]): Fields =>
  columns.map(({ name, expression: { type, nullable } }) => ({ name, type, nullable }));
export const bareColumn = (field: Field): NamedExpression => ({ name: field.name, expression: columnOf(field) });

/** Runs a callback that returns one expression. */
export function recordOne(draft: Draft, where: string, callback: unknown): Expression {
  const row = rowOf(draft.fields, where);
  const found: Expression[] = [];
  recorded(where, asCallback(callback, where), [row], result => found.push(columnExpression(result, where)));
  checkColumns(found[0]!, draft.fields, where);
  return found[0]!;
}

/** Runs a callback that returns named things, `read` takes them apart. */
export function recordNamed<Item>(rows: readonly object[], where: string, callback: unknown, read: (value: unknown, name: string) => Item): Item[] {
  const items: Item[] = [];
  recorded(where, asCallback(callback, where), rows, result => {
    const isObject = typeof result === 'object' && result !== null && !Array.isArray(result) && !(result instanceof ColumnNode);
    if (!isObject) throw new MillraceError('PLAN_INVALID', `${where}: its callback returns an object of named columns, such as row => ({ id: row.id }), got ${result instanceof ColumnNode ? 'one column' : describeValue(result)}.`);
    for (const [name, value] of Object.entries(result)) items.push(read(value, name));
  });
  return items;
}
export function recordColumns({ fields }: Pick<Draft, 'fields'>, where: string, callback: unknown): NamedExpression[] {
  return recordOver([rowOf(fields, where)], fields, where, callback);
}
/** Named columns over several rows, whose columns together are `fields`. */
export function recordOver(rows: readonly object[], fields: Fields, where: string, callback: unknown): NamedExpression[] {
  return recordNamed(rows, where, callback, (value, name) => {
    const expression = value instanceof ColumnNode ? used(value) : columnExpression(value, `${where}: ${name}`);
    checkColumns(expression, fields, where);
    return { name, expression };
  });
}
type Callback = (...rows: readonly object[]) => unknown;
function asCallback(callback: unknown, where: string): Callback {
  if (typeof callback === 'function') return callback as Callback;
  throw new MillraceError('PLAN_INVALID', `${where} takes a callback, such as row => …, got ${describeValue(callback)}.`);
}

/** A column of another pipeline's row may have come in from outside of the callback. */
export function checkColumns(expression: Expression, fields: Fields, where: string): void {
  walk(expression, part => {
    if (part.op !== 'column') return;
    const field = fields.find(known => known.name === part.name);
    if (field === undefined) throw unknownColumn(part.name, fields.map(known => known.name), where);
    if (!sameType(field.type, part.type) || (field.nullable && !part.nullable)) {
      throw new MillraceError('PLAN_INVALID', `${where}: ${part.name} comes from the row of another callback; use the row that this callback gets.`);
    }
  });
}

export function requireNames(names: readonly string[], where: string): void {
  if (names.length === 0) throw new MillraceError('PLAN_INVALID', `${where} needs at least one column.`);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new MillraceError('PLAN_INVALID', `${where} names the column ${twice} twice.`);
  if (names.includes('')) throw new MillraceError('PLAN_INVALID', `${where}: a column needs a name.`);
}
export function fieldNamed(fields: Fields, name: string, where: string): Field {
  const field = fields.find(known => known.name === name);
  if (field === undefined) throw unknownColumn(String(name), fields.map(known => known.name), where);
  return field;
}
