import { MillraceError } from '../errors.js';
import { bareColumn, fieldsOf, withStep, type Draft } from './draft.js';
import type { Expression } from './expression-tree.js';
import { coalesce } from './operators/choice.js';
import { Bare, coerceTo, literal } from './operators/coerce.js';
import { logic } from './operators/comparison.js';
import { RETRACTED } from './join-plan.js';
import { DELETED, type NamedExpression } from './plan.js';
import { UTF8 } from './type-rules.js';
import type { Field } from './types.js';

/** What is special about streams whose rows are revised: a row must keep what tells it, and must not vanish without a word. */

export const isUpdating = (draft: Draft): boolean => draft.results?.changelog === 'updating';

/** REQUIRES rows that come once. */
export function requireFinal(draft: Draft, where: string): void {
  if (draft.results?.changelog === 'retracting') throw new MillraceError('PLAN_INVALID', `${where} cannot stand behind a join whose rows may be taken back: say mode: 'final' in the join, and each row comes once.`);
  requireNotRevised(draft, where);
}
/** REQUIRES rows that are not replaced by others; they may be taken back. */
export function requireNotRevised(draft: Draft, where: string): void {
  if (!isUpdating(draft)) return;
  throw new MillraceError('PLAN_INVALID', `${where} cannot stand behind results that are revised: each revision would count as a row. Say .emit('final') behind the aggregate, and each result comes once.`);
}

/** A projection of a stream with revisions or retractions: what tells them must stay. */
export function withIdentity(draft: Draft, columns: readonly NamedExpression[], where: string): readonly NamedExpression[] {
  if (draft.results?.changelog === 'retracting') return withMark(columns, where);
  if (isUpdating(draft)) requireIdentity(draft, columns, where);
  return columns;
}
/** Whether a row is taken back goes with it through every projection. */
function withMark(columns: readonly NamedExpression[], where: string): readonly NamedExpression[] {
  const mark = bareColumn(RETRACTED);
  const own = columns.find(({ name }) => name === mark.name);
  if (own === undefined) return [...columns, mark];
  if (own.expression.op === 'column' && own.expression.name === mark.name) return columns;
  throw new MillraceError('PLAN_INVALID', `${where}: the column ${mark.name} says that a row is taken back; give yours another name.`);
}
function requireIdentity(draft: Draft, columns: readonly NamedExpression[], where: string): void {
  const kept = columns.filter(({ name, expression }) => expression.op === 'column' && expression.name === name).map(column => column.name);
  const lost = draft.results!.identity.filter(name => !kept.includes(name));
  if (lost.length === 0) return;
  throw new MillraceError('PLAN_INVALID', `${where}: the results are revised, and ${lost.join(', ')} ${lost.length === 1 ? 'tells' : 'tell'} which row is which: keep ${lost.length === 1 ? 'it' : 'them'} unchanged, or say .emit('final') behind the aggregate.`);
}

/** A result that no longer meets the condition was given out perhaps: so it is not left out, it comes as deleted, with nulls. */
export function filterRevised(draft: Draft, predicate: Expression): Draft {
  const { results, fields } = draft;
  const identity = results!.identity.includes('deleted') ? results!.identity : [...results!.identity, 'deleted'];
  if (identity !== results!.identity && fields.some(field => field.name === 'deleted')) throw new MillraceError('PLAN_INVALID', 'filter: a column is called deleted already; behind a filter of revised results a column of that name says that a row has vanished. Give yours another name.');
  const failed = logic('not', [predicate.nullable ? coalesce([predicate, new Bare(false)]) : predicate]);
  const deleted = identity === results!.identity ? logic('or', [bareColumn(DELETED).expression, failed]) : failed;
  const first = identity.map(name => (name === 'deleted' ? { name, expression: deleted } : bareColumn(fields.find(field => field.name === name)!)));
  const others = fields.filter(field => !identity.includes(field.name));
  const marked = withStep(draft, { kind: 'project', columns: [...first, ...others.map(bareColumn)] });
  const columns = [...fieldsOf(first).map(bareColumn), ...others.map(nullWhereDeleted)];
  return { ...withStep(marked, { kind: 'project', columns }, fieldsOf(columns)), results: { ...results!, identity } };
}

function nullWhereDeleted(field: Field): NamedExpression {
  const { expression } = bareColumn(field);
  const value = field.type.kind === 'dictionary' ? coerceTo(expression, UTF8) : expression;
  const branches = [{ when: bareColumn(DELETED).expression, then: literal(null, value.type) }];
  return { name: field.name, expression: { op: 'case', type: value.type, nullable: true, branches, otherwise: value } };
}
