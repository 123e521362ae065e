import type { Plan } from '../../src/plan/plan.ts';

export interface Progress {
  /** Greatest valid event time read so far, also of rows that a filter dropped later; null before the first. */
  maxTime: bigint | null;
  ended: boolean;
}

/** Null: minus infinity. A branch without rows holds it there, one that has ended does not count. */
export function watermarkOf(plan: Plan, states: readonly Progress[]): bigint | null {
  let least: bigint | null = null;
  for (const [i, state] of states.entries()) {
    if (state.ended) continue;
    if (state.maxTime === null) return null;
    const own = state.maxTime - BigInt(plan.stages[0]!.branches[i]?.eventTime?.outOfOrderness ?? 0);
    if (least === null || own < least) least = own;
  }
  return least;
}
