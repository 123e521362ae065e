import { compileAggregate, KEY_BYTES, type CompiledAggregate } from '../aggregate/compile.js';
import { keyModeOf, type KeyMode } from '../aggregate/keys.js';
import { columnOf, type Expression } from '../plan/expression-tree.js';
import { firstStage, stagePlan, type Aggregate, type Plan } from '../plan/plan.js';
import { isAssembled } from '../window/assigner.js';
import type { LaneMap } from './lanes.js';
import { MillraceError } from '../errors.js';
import type { StaticTableData } from '../expression/loaded-table.js';

/** What every thread is told of one stage of a job at its start; plain data. */
export interface JobLayout {
  /** Of this stage alone. */
  readonly plan: Plan;
  /** By their numbers in the plan. */
  readonly tables: readonly StaticTableData[];
  readonly stage: number;
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
  readonly heard: Heard;
}
/** What is told of rows that are set aside; of others it is enough to count them. */
export interface Heard {
  /** Some sink takes the late ones. */
  readonly late: boolean;
  /** Some sink takes those that are dead letters, or the first of them ends the job. */
  readonly bad: boolean;
}

/** Layouts as they are sent to a thread: the plan as text, since cloning objects takes longer than parsing them. Static tables are in the heap. */
export interface JobMessage {
  readonly plan: string;
  readonly tables: JobLayout['tables'];
  readonly stages: readonly Omit<JobLayout, 'plan' | 'tables'>[];
}
export const toMessage = (plan: Plan, stages: readonly JobLayout[]): JobMessage =>
  ({ plan: JSON.stringify({ ...plan, tables: [] }), tables: stages[0]!.tables, stages: stages.map(({ plan: _plan, tables: _tables, ...stage }) => stage) });
export function fromMessage({ plan, tables, stages }: JobMessage): { plan: Plan; stages: JobLayout[] } {
  const whole = JSON.parse(plan) as Plan;
  return {
    plan: whole,
    // Named one by one: a spread would make a hidden class for each job, and code compiled for the last one would be thrown away.
    stages: stages.map(({ stage, block, lanes, workers, partitioner, regions, regionBits, hashSeed, sharedBuffers, heard }) => ({
      plan: stagePlan(whole, stage), tables, stage, block, lanes, workers, partitioner, regions, regionBits, hashSeed, sharedBuffers, heard,
    })),
  };
}

export interface AggregateLayout {
  readonly compiled: CompiledAggregate;
  readonly keyMode: KeyMode;
}

const MOST_KEYS = 63;

/** What a stage keeps by key, or null where it keeps nothing. Each thread derives the same layout of cells from the plan. */
export function stateLayout(plan: Plan): AggregateLayout | null {
  const { aggregate, deduplicate, branches } = firstStage(plan);
  const keys = (aggregate ?? deduplicate)?.keys;
  if (keys === undefined) return null;
  if (keys.length > MOST_KEYS) throw new MillraceError('PLAN_INVALID', `a group has at most ${MOST_KEYS} key columns, not ${keys.length}`);
  const keyMode = keyModeOf(keys.map(key => key.expression), branches);
  if (aggregate === null) return { keyMode, compiled: withoutStates(keys.map(key => key.expression), plan.output.map(columnOf)) };
  const dense = keyMode === 'none' || keyMode === 'dense';
  return { keyMode, compiled: compileAggregate(aggregate, dense) };
}

/** A row is needed whole: its keys, and what it gives on. */
const withoutStates = (keys: readonly Expression[], columns: readonly Expression[]): CompiledAggregate =>
  ({ inputs: [...keys, ...columns], zone: -1, keyCount: keys.length, states: [], finishers: [], cellBytes: KEY_BYTES });

/** More regions than workers, so that two seldom want the same one. */
const REGIONS_PER_WORKER = 8;
/** Where windows are assembled of many slices, a region has a table for each of them: what a table costs, of however few groups, then weighs more. */
const REGIONS_PER_WORKER_ASSEMBLED = 4;
/** So it is where many windows are held for late rows: there is a table for each of them, for which there is the less room, and rows come for many at once. */
const REGIONS_PER_WORKER_LATE = 2;
const MANY_WINDOWS = 16;

/** How many bits of a hash tell the region of a key. */
export function regionBitsFor(workers: number, aggregate: Aggregate | null): number {
  return 32 - Math.clz32(workers * (aggregate === null ? REGIONS_PER_WORKER : regionsPerWorker(aggregate)) - 1);
}
function regionsPerWorker({ window, accept }: Aggregate): number {
  if (window.kind === 'tumbling' && accept >= MANY_WINDOWS * window.size) return REGIONS_PER_WORKER_LATE;
  return isAssembled(window) ? REGIONS_PER_WORKER_ASSEMBLED : REGIONS_PER_WORKER;
}
