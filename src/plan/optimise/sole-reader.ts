import { outputsOf, readsSource, type Branch, type Plan } from '../plan.js';

/** Who reads a stage, where that is one branch alone: what others read or are given, too, must stay as it is. */
export function soleReader(plan: Plan, stage: number): { readonly stage: number; readonly branch: number; readonly planned: Branch } | null {
  const readers = plan.stages.flatMap(({ branches }, at) => branches.flatMap((planned, branch) => (!readsSource(planned.from) && planned.from.stage === stage ? [{ stage: at, branch, planned }] : [])));
  return readers.length !== 1 || outputsOf(plan).some(output => output.stage === stage) ? null : readers[0]!;
}
