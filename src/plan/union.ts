import { MillraceError } from '../errors.js';
import { coerceTo, mismatch } from './operators/coerce.js';
import { bareColumn, type Draft, type DraftBranch } from './draft.js';
import { mergeDrafts } from './merge-drafts.js';
import type { NamedExpression } from './plan.js';
import { fieldText, sameType, typeName } from './schema.js';
import { UTF8 } from './type-rules.js';
import { openEnd } from './stages.js';
import type { Field, Fields } from './types.js';

/** One draft with the branches of all. They must have the same columns, by name and type; the order and null-ness of the first win. */
export function unionOf(given: readonly Draft[]): Draft {
  const drafts = given.map(openEnd);
  const [first, ...others] = drafts as [Draft, ...Draft[]];
  for (const other of others) requireSameNames(first.fields, other.fields);
  const fields = first.fields.map(field => unionField(field, others.map(other => other.fields.find(same => same.name === field.name)!)));
  return mergeDrafts(drafts.map(draft => ({ ...draft, branches: draft.branches.map(branch => inOrder(branch, draft.fields, fields)), fields })), 'union');
}

function requireSameNames(fields: Fields, others: Fields): void {
  const names = (list: Fields): string => list.map(field => field.name).sort().join(', ');
  if (names(fields) === names(others)) return;
  throw new MillraceError('PLAN_INVALID', `union takes pipelines with the same columns; one has (${fields.map(fieldText).join(', ')}), another (${others.map(fieldText).join(', ')}). Use .select() or .map() first.`);
}

function unionField(field: Field, others: readonly Field[]): Field {
  const nullable = field.nullable || others.some(other => other.nullable);
  const different = others.find(other => !sameType(other.type, field.type));
  if (different === undefined) return { ...field, nullable };
  // Dictionaries with codes of different widths hold the same text.
  if ([field, ...others].every(({ type }) => type.kind === 'dictionary')) return { ...field, type: UTF8, nullable };
  throw mismatch(`union: the column ${field.name} is ${typeName(field.type)} in one pipeline and ${typeName(different.type)} in another. Cast one with .with().`);
}

/** Adds the projection that brings a branch into the common form, where it needs one. */
function inOrder(branch: DraftBranch, from: Fields, to: Fields): DraftBranch {
  if (to.every((field, i) => from[i]!.name === field.name && sameType(from[i]!.type, field.type))) return branch;
  const columns = to.map((field): NamedExpression => {
    const { name, expression } = bareColumn(from.find(own => own.name === field.name)!);
    return { name, expression: coerceTo(expression, field.type) };
  });
  return { ...branch, steps: [...branch.steps, { kind: 'project', columns }] };
}
