import { compileAggregate, type CompiledAggregate } from '../aggregate/compile.js';
import { keyModeOf, type KeyMode } from '../aggregate/keys.js';
import { firstStage, type Plan } from '../plan/plan.js';
import type { LaneMap } from './lanes.js';
import { MillraceError } from '../errors.js';

/** What every thread of a job is told at its start; plain data. */
export interface JobLayout {
  readonly plan: Plan;
  readonly workers: number;
  readonly partitioner: 'auto' | 'hash' | 'local';
  /** Address of the headers of `2 ** regionBits` regions. */
  readonly regions: number;
  readonly regionBits: number;
  readonly hashSeed: bigint;
  /** Address of the chain's block, and the lanes in it. */
  readonly chain: number;
  readonly lanes: LaneMap;
  /** The user's own memory that morsels of kind `shared` are copied from. */
  readonly sharedBuffers: readonly SharedArrayBuffer[];
}

/** A layout as it is sent to a thread: the plan as text, since cloning a large static table object by object takes longer than parsing it. */
export type JobMessage = Omit<JobLayout, 'plan'> & { readonly plan: string };
export const toMessage = (job: JobLayout): JobMessage => ({ ...job, plan: JSON.stringify(job.plan) });
export const fromMessage = (message: JobMessage): JobLayout => ({ ...message, plan: JSON.parse(message.plan) as Plan });

export interface AggregateLayout {
  readonly compiled: CompiledAggregate;
  readonly keyMode: KeyMode;
}

const MOST_KEYS = 63;

/** Each thread derives the same layout of cells from the plan. */
export function aggregateLayout(plan: Plan): AggregateLayout | null {
  const { aggregate, branches } = firstStage(plan);
  if (aggregate === null) return null;
  const { keys } = aggregate;
  if (keys.length > MOST_KEYS) throw new MillraceError('PLAN_INVALID', `a group has at most ${MOST_KEYS} key columns, not ${keys.length}`);
  const keyMode = keyModeOf(keys.map(key => key.expression), branches);
  const dense = keyMode === 'none' || keyMode === 'dense';
  return { keyMode, compiled: compileAggregate(aggregate, dense) };
}

/** More regions than workers, so that two seldom want the same one. */
export const regionBitsFor = (workers: number): number => 32 - Math.clz32(workers * 8 - 1);
