import { bareColumn, withStep, type Draft } from './draft.js';
import { coerceTo } from './operators/coerce.js';
import type { NamedExpression } from './plan.js';
import { UTF8 } from './type-rules.js';

/** Codes of one branch's dictionary say nothing about another's: where branches meet, text takes their place. */
export function withoutDictionaries(draft: Draft): Draft {
  if (draft.branches.length === 1 || draft.fields.every(field => field.type.kind !== 'dictionary')) return draft;
  const columns = draft.fields.map(bareColumn).map(asText);
  const fields = draft.fields.map(field => (field.type.kind === 'dictionary' ? { ...field, type: UTF8 } : field));
  return withStep(draft, { kind: 'project', columns }, fields);
}
export const asText = ({ name, expression }: NamedExpression): NamedExpression =>
  ({ name, expression: expression.type.kind === 'dictionary' ? coerceTo(expression, UTF8) : expression });
