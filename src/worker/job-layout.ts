import { compileAggregate, type CompiledAggregate } from '../aggregate/compile.js';
import { keyModeOf, type KeyMode } from '../aggregate/keys.js';
import { firstStage, stagePlan, type Plan } from '../plan/plan.js';
import type { LaneMap } from './lanes.js';
import { MillraceError } from '../errors.js';

/** What every thread is told of one stage of a job at its start; plain data. */
export interface JobLayout {
  /** Of this stage alone. */
  readonly plan: Plan;
  readonly stage: number;
  /** Whether its results are the job's. */
  readonly isLast: boolean;
  /** Address of the block of `heap/stage-block.ts`. */
  readonly block: number;
  readonly lanes: LaneMap;
  readonly workers: number;
  readonly partitioner: 'auto' | 'hash' | 'local';
  /** Address of the headers of `2 ** regionBits` regions. */
  readonly regions: number;
  readonly regionBits: number;
  readonly hashSeed: bigint;
  /** The user's own memory that morsels of kind `shared` are copied from. */
  readonly sharedBuffers: readonly SharedArrayBuffer[];
}

/** Layouts as they are sent to a thread: the plan as text, since cloning a large static table object by object takes longer than parsing it. */
export interface JobMessage {
  readonly plan: string;
  readonly stages: readonly Omit<JobLayout, 'plan'>[];
}
export const toMessage = (plan: Plan, stages: readonly JobLayout[]): JobMessage =>
  ({ plan: JSON.stringify(plan), stages: stages.map(({ plan: _plan, ...stage }) => stage) });
export function fromMessage({ plan, stages }: JobMessage): { plan: Plan; stages: JobLayout[] } {
  const whole = JSON.parse(plan) as Plan;
  return { plan: whole, stages: stages.map(stage => ({ ...stage, plan: stagePlan(whole, stage.stage) })) };
}

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
