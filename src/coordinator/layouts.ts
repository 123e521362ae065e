import { allocateRegions } from '../aggregate/region-set.js';
import { MillraceError } from '../errors.js';
import { MAX_BRANCHES } from '../heap/control.js';
import { PageUse } from '../heap/page-allocator.js';
import { STAGE_BYTES } from '../heap/stage-block.js';
import { readsSource, stagePlan, type Branch } from '../plan/plan.js';
import { regionBitsFor, type JobLayout } from '../worker/job-layout.js';
import { laneMap, Lanes, MAX_LANES, type LaneMap } from '../worker/lanes.js';
import type { Engine } from './engine.js';
import type { JobDescription, RunOptions } from './job-types.js';
import { asidesOf } from './letters.js';
import { endsAtBadRow, oneOf, positiveInteger } from './options.js';

/** Each has blocks of its own in the heap, and working memory in each worker. */
const MAX_STAGES = 16;
/** Branches of one stage that may read the same source: an item of it takes a place for each. */
const MAX_READERS = 16;
const HASH_SEED = 0x6d696c6c72616365n;

/** Makes the blocks of each stage. */
export function layoutsOf({ heap, pages, workers, staticTables }: Engine, job: JobDescription, options: RunOptions): JobLayout[] {
  const { plan, sources } = job;
  const partitioner = oneOf('partitioner', options.partitioner, ['auto', 'hash', 'local'] as const);
  const sharedBuffers = [...new Set(sources.flatMap(source => source.sharedBuffers?.() ?? []))];
  const tables = staticTables.of(plan);
  const asides = asidesOf(job);
  const stopsAtBadRow = endsAtBadRow(options);
  if (plan.stages.length > MAX_STAGES) throw new MillraceError('PLAN_INVALID', `a job has at most ${MAX_STAGES} stages, not ${plan.stages.length}`);
  return plan.stages.map(({ branches, join, aggregate, deduplicate }, stage) => {
    const lanes = lanesOf(branches, job);
    const block = pages.allocate(STAGE_BYTES + Lanes.bytes(lanes), PageUse.scratch);
    heap.u8.fill(0, block, block + STAGE_BYTES);
    const regionBits = regionBitsFor(workers, aggregate);
    const regions = join === null && aggregate === null && deduplicate === null ? 0 : allocateRegions(heap, pages, regionBits, workers);
    return { plan: stagePlan(plan, stage), tables, stage, block, lanes, workers, partitioner, regions, regionBits, hashSeed: HASH_SEED, sharedBuffers, heard: { late: asides[stage]!.late.size > 0, bad: stopsAtBadRow || asides[stage]!.deadLetters.size > 0 } };
  });
}

/** A lane for each partition of a source, and one for each stage that is read. */
function lanesOf(branches: readonly Branch[], { sources }: JobDescription): LaneMap {
  if (branches.length > MAX_BRANCHES) throw new MillraceError('PLAN_INVALID', `a union has at most ${MAX_BRANCHES} inputs, not ${branches.length}`);
  const read = branches.flatMap(({ from }) => (readsSource(from) ? [sources[from.source]!] : []));
  const often = read.find(source => read.filter(other => other === source).length > MAX_READERS);
  if (often !== undefined) throw new MillraceError('PLAN_INVALID', `at most ${MAX_READERS} inputs of one union or join may be the same source, but ${often.name} is more`);
  const lanes = laneMap(branches.map(({ from }) => (readsSource(from) ? partitionsOf(sources[from.source]!) : 1)), branches.map(({ from }) => (readsSource(from) ? from.source : from)));
  if (lanes.count > MAX_LANES) throw new MillraceError('PLAN_INVALID', `the sources of a job have at most ${MAX_LANES} partitions together, not ${lanes.count}`);
  return lanes;
}
const partitionsOf = ({ name, partitions }: JobDescription['sources'][number]): number => positiveInteger(`partitions of ${name}`, partitions, 1);
