import { MillraceError } from '../errors.js';
import { hasOperator, type Draft } from './draft.js';

/** Several drafts in one: the branches of all, in order. REQUIRES of each that it has no operator at its end. */
export function mergeDrafts(drafts: readonly Draft[]): Draft {
  for (const draft of drafts) if (draft.stages.length > 0 || hasOperator(draft)) throw new MillraceError('PLAN_INVALID', 'union and join take pipelines without aggregates, top, dedupe and joins: those go behind it.');
  const [first, ...others] = drafts;
  for (const other of others) if (other.deadLetters !== null && other.deadLetters !== first!.deadLetters) throw new MillraceError('PLAN_INVALID', 'A union or join has one sink for dead letters: name it behind.');
  return { ...first!, branches: drafts.flatMap(draft => draft.branches) };
}
