import { bareColumn, DraftStage, hasOperator, NO_OPERATOR, type Draft, type DraftBranch } from './draft.js';
import { withoutDictionaries } from './without-dictionaries.js';
import { openedStage, openEnd, requireAnEnd } from './stages.js';
import { sameType } from './schema.js';
import type { Fields } from './types.js';

/** The last stage of each of some drafts, one where two end in the same and where others go on behind what one ends in. */
export function endsOf(drafts: readonly Draft[]): DraftStage[] {
  for (const draft of drafts) requireAnEnd(draft);
  const opened = drafts.map(draft => (draft.behind === null ? draft : openEnd(draft)));
  const read = new Set<DraftStage>();
  for (const { branches } of opened) stagesOf(branches, read);
  const ends = new Map<unknown, DraftStage>();
  return opened.map(draft => {
    const key = hasOperator(draft) ? draft.operator : draft.branches;
    const end = ends.get(key) ?? endOf(draft, read);
    ends.set(key, end);
    return end;
  });
}

function stagesOf(branches: readonly DraftBranch[], found: Set<DraftStage>): void {
  for (const { input } of branches) {
    if (!(input instanceof DraftStage) || found.has(input)) continue;
    found.add(input);
    stagesOf(input.branches, found);
  }
}

function endOf(draft: Draft, read: ReadonlySet<DraftStage>): DraftStage {
  if (!hasOperator(draft)) {
    const { branches, operator, fields } = withoutDictionaries(draft);
    return new DraftStage(branches, operator, fields);
  }
  const reading = openedStage(draft);
  const stage = reading?.input as DraftStage | undefined;
  if (reading === undefined || stage === undefined || !read.has(stage)) return new DraftStage(draft.branches, draft.operator, draft.fields);
  if (sameFields(stage.output, draft.fields)) return stage;
  // Who goes on behind it needs its event time besides.
  return new DraftStage([{ ...reading, steps: [{ kind: 'project', columns: draft.fields.map(bareColumn) }] }], NO_OPERATOR, draft.fields);
}

const sameFields = (some: Fields, others: Fields): boolean =>
  some.length === others.length && some.every(({ name, type }, i) => name === others[i]!.name && sameType(type, others[i]!.type));
