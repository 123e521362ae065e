import type { Plan } from '../plan.js';
import { dropNarrowing } from './drop-narrowing.js';
import { pruneColumns } from './prune-columns.js';

/**
 * One way to make a plan cheaper that does not change its results. There is none that joins or reorders filters: a row that one
 * filter turns away must not be faulted by the next.
 */
export interface OptimiserRule {
  readonly name: string;
  apply(plan: Plan): Plan;
}
/** In the order in which they are applied. */
export const OPTIMISER_RULES: readonly OptimiserRule[] = [pruneColumns, dropNarrowing];
