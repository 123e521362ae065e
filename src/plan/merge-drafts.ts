import { MillraceError } from '../errors.js';
import type { Sink } from '../connectors/sink.js';
import { NO_OPERATOR, type Draft } from './draft.js';

/**
 * Several drafts in one: the branches of all, in order, and the columns of the first. What they share stays shared, since branches
 * refer to their sources and stages themselves. REQUIRES of each that it has no operator at its end (`openEnd`).
 */
export function mergeDrafts(drafts: readonly Draft[], where: string): Draft {
  return {
    branches: drafts.flatMap(draft => draft.branches),
    operator: NO_OPERATOR,
    behind: null,
    takingBack: null,
    fields: drafts[0]!.fields,
    results: null,
    deadLetters: onlySink(drafts.map(draft => draft.deadLetters), 'dead letters', where),
    late: onlySink(drafts.map(draft => draft.late), 'late rows', where),
    without: [...new Set(drafts.flatMap(draft => draft.without))],
  };
}

function onlySink(given: readonly (Sink | null)[], what: string, where: string): Sink | null {
  const sinks = [...new Set(given)].filter(sink => sink !== null);
  if (sinks.length < 2) return sinks[0] ?? null;
  throw new MillraceError('PLAN_INVALID', `${where} takes pipelines with one sink for ${what} among them, not ${sinks.map(sink => sink.name).join(' and ')}: name one behind it.`);
}
