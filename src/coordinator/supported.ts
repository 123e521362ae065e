import { MillraceError } from '../errors.js';
import { readsSource, type Plan, type Stage } from '../plan/plan.js';

/** Refuses what can be planned and not be run yet. */
export function requireSupported(plan: Plan): void {
  const what = unsupported(plan);
  if (what !== null) throw new MillraceError('PLAN_INVALID', `${what} not supported yet`);
}

function unsupported({ stages }: Plan): string | null {
  return stages.map(unsupportedStage).find(what => what !== null) ?? null;
}
function unsupportedStage({ branches, deduplicate }: Stage, _index: number, stages: readonly Stage[]): string | null {
  // Results of windows come in no particular order, so which of them is the first would be up to chance.
  if (deduplicate !== null && branches.some(({ from }) => !readsSource(from) && stages[from.stage]!.deduplicate === null)) return 'dedupe behind a window is';
  return null;
}
