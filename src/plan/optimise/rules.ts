import { MillraceError } from '../../errors.js';
import { checkOptions } from '../duration.js';
import type { Plan } from '../plan.js';
import { describeValue } from '../type-builders.js';
import { countChanges } from './count-changes.js';
import { countPairs } from './count-pairs.js';
import { dropNarrowing } from './drop-narrowing.js';
import { pruneColumns } from './prune-columns.js';
import { pushFilters } from './push-filters.js';

/**
 * One way to make a plan cheaper that does not change its results. There is none that joins or reorders conditions that may fault: a row
 * that one filter turns away must not be faulted by the next.
 */
export interface OptimiserRule {
  readonly name: keyof OptimiserSwitches;
  /** Whether `explain` shows the plan before it, too, where it has changed anything. */
  readonly isShown: boolean;
  apply(plan: Plan): Plan;
}
/** What `.optimise()` takes: `false` turns a rule off. Default: all are on. */
export interface OptimiserSwitches {
  /** Conditions on one side of a join are checked before it. */
  readonly pushFilters?: boolean;
  /** Pairs of a join that are only counted are counted in the join. */
  readonly countPairs?: boolean;
  /** Numbers of matches come as changes, one a match, where only their sums are wanted. */
  readonly countChanges?: boolean;
  /** Columns that nothing needs are not read, computed or kept. */
  readonly pruneColumns?: boolean;
  /** Projections that only leave columns out are left out themselves. */
  readonly dropNarrowing?: boolean;
}
/** In the order in which they are applied. */
export const OPTIMISER_RULES: readonly OptimiserRule[] = [pushFilters, countPairs, countChanges, pruneColumns, dropNarrowing];

/** The rules that are off after `switches`. */
export function switchedOff(before: readonly string[], switches: unknown): string[] {
  checkOptions(switches, OPTIMISER_RULES.map(rule => rule.name), 'optimise');
  const off = new Set(before);
  for (const [name, on] of Object.entries(switches as OptimiserSwitches)) {
    if (typeof on !== 'boolean') throw new MillraceError('BAD_OPTION', `optimise: ${name} is true or false, got ${describeValue(on)}.`);
    if (on) off.delete(name);
    else off.add(name);
  }
  return [...off];
}
