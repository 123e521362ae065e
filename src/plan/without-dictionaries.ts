import { bareColumn, fieldsOf, withStep, type Draft } from './draft.js';
import { coerceTo } from './operators/coerce.js';
import type { NamedExpression } from './plan.js';
import { UTF8 } from './type-rules.js';

/** Codes of one branch's dictionary say nothing about another's: where branches meet, text takes their place. */
export const withoutDictionaries = (draft: Draft): Draft => (draft.branches.length === 1 ? draft : asTexts(draft));
/** Text in the place of all codes. */
export function asTexts(draft: Draft): Draft {
  if (draft.fields.every(field => field.type.kind !== 'dictionary')) return draft;
  const columns = draft.fields.map(bareColumn).map(asText);
  return withStep(draft, { kind: 'project', columns }, fieldsOf(columns));
}
export const asText = ({ name, expression }: NamedExpression): NamedExpression =>
  ({ name, expression: expression.type.kind === 'dictionary' ? coerceTo(expression, UTF8) : expression });
