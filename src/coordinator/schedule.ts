import { allocateRegions } from '../aggregate/region-set.js';
import { decodeText } from '../batch/text-codec.js';
import type { SourceItem } from '../connectors/source.js';
import { MillraceError } from '../errors.js';
import { MAX_BRANCHES, resultGone, signal, STATE_UNIT, Word, word } from '../heap/control.js';
import { PageUse } from '../heap/page-allocator.js';
import { STAGE_BYTES } from '../heap/stage-block.js';
import { firstStage, stagePlan, type Plan } from '../plan/plan.js';
import { regionBitsFor, type JobLayout } from '../worker/job-layout.js';
import { laneMap, Lanes, MAX_LANES, type LaneMap } from '../worker/lanes.js';
import type { Morsel } from '../worker/morsel.js';
import { OutputQueue } from '../worker/queues.js';
import type { Reject } from '../worker/rejects.js';
import { SYSTEM_CLOCK, type Clock } from './clock.js';
import type { Emitter } from './emitter.js';
import type { Engine } from './engine.js';
import { Inputs } from './inputs.js';
import type { JobDescription, RunOptions, SourceStats, StageStats } from './job-types.js';
import { Ledger } from './ledger.js';
import { oneOf, positiveInteger } from './options.js';
import { StageRun, type Feed } from './stage-run.js';
import { requireSupported } from './supported.js';

/** Morsels in flight: enough that a worker finds the next one, few enough that memory and latency stay small. */
const MOST_IN_FLIGHT = 60;
/** State beyond which a firing is shared among the workers. */
const PARALLEL_FIRE_BYTES = 4 << 20;
/** Each has blocks of its own in the heap, and working memory in each worker. */
const MAX_STAGES = 16;
const HASH_SEED = 0x6d696c6c72616365n;

export interface BadRow {
  readonly source: string;
  readonly position: bigint;
  readonly message: string;
}

/** What is in flight and what comes next: credits for the sources, stages and what flows between them, results and rows set aside. */
export class Schedule {
  readonly plan: Plan;
  readonly layouts: readonly JobLayout[];
  readonly batchRows: number;
  private readonly stages: readonly StageRun[];
  private readonly inputs: Inputs;
  /** Of the stages behind the first. */
  private readonly later: readonly Ledger[];
  private readonly waiting: (() => void)[] = [];
  private readonly clock: Clock;
  private readonly timers = new Map<StageRun, unknown>();
  private reserved = 0;
  private ending = false;

  constructor(
    private readonly engine: Engine,
    job: JobDescription,
    options: RunOptions,
    private readonly emitter: Emitter,
  ) {
    this.plan = job.plan;
    requireSupported(this.plan);
    const { heap } = engine;
    const { branches } = firstStage(this.plan);
    if (branches.length > MAX_BRANCHES) throw new MillraceError('PLAN_INVALID', `a union has at most ${MAX_BRANCHES} sources, not ${branches.length}`);
    if (this.plan.stages.length > MAX_STAGES) throw new MillraceError('PLAN_INVALID', `a job has at most ${MAX_STAGES} stages, not ${this.plan.stages.length}`);
    this.batchRows = positiveInteger('batchRows', options.batchRows, 65_536);
    this.layouts = layoutsOf(engine, job, options);
    // A quarter of the heap is left to batches; the coordinator keeps to it by not reading.
    heap.u32[word(Word.stateLimitPages)] = Math.floor((heap.u32[word(Word.pages)]! - heap.u32[word(Word.userPages)]!) * 0.75);
    this.clock = options.clock ?? SYSTEM_CLOCK;
    this.stages = this.layouts.map(layout => new StageRun(engine, layout, feed => this.pass(layout.stage, feed)));
    for (const stage of this.stages) this.armEarly(stage);
    this.later = this.plan.stages.slice(1).map(stage => new Ledger(stage.branches[0]!.source.name));
    const { lanes, sharedBuffers } = this.layouts[0]!;
    this.inputs = new Inputs(engine, job, branches, lanes, sharedBuffers, this.clock, this.first.sequence, () => this.wake());
  }

  /** Nothing is in flight and nothing is firing. */
  get idle(): boolean {
    return this.reserved === 0 && this.stages.every(stage => stage.isQuiet && (stage.ended || !this.ending));
  }

  get switchedToHash(): boolean {
    return this.layouts[0]!.partitioner === 'hash' || Atomics.load(this.engine.heap.i32, word(Word.switchedToHash)) !== 0;
  }
  get currentWatermark(): bigint {
    return this.first.watermark;
  }
  get stateBytes(): number {
    return this.engine.heap.u32[word(Word.stateUnits)]! * STATE_UNIT;
  }
  get peakStateBytes(): number {
    return this.engine.heap.u32[word(Word.statePeakUnits)]! * STATE_UNIT;
  }

  get ledgers(): readonly Ledger[] {
    return this.inputs.ledgers;
  }
  sourceStats(): SourceStats[] {
    return this.inputs.stats();
  }
  stageStats(): StageStats[] {
    return this.later.map(ledger => ledger.counts());
  }
  noteProgress(branch: number, progress: SourceStats['progress']): void {
    this.ledgers[branch]!.progress = progress;
  }

  /** The reader of a branch is there, with these partitions. REQUIRES: the branch has had no item. */
  opened(branch: number, partitions: readonly number[] = [0]): void {
    this.inputs.opened(branch, partitions);
  }

  /** Waits until the branch may have one more morsel in flight, and reserves its place. Ends early, with a place, when `stopped`. */
  async credit(branch: number, stopped: () => boolean): Promise<void> {
    while (!stopped() && !(this.hasRoom && !this.inputs.isHeld(branch))) {
      this.inputs.waits(branch);
      await new Promise<void>(resolve => this.waiting.push(resolve));
    }
    this.inputs.mayRead(branch);
    this.reserved++;
  }
  returnCredit(): void {
    this.reserved--;
    this.wakeReaders();
  }
  /** The job has ended. */
  stop(): void {
    for (const timer of this.timers.values()) this.clock.clear(timer);
    this.inputs.stop();
  }
  wakeReaders(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
  /** Has the pump look again. */
  wake(): void {
    signal(this.engine.heap, Word.wake);
  }

  private get hasRoom(): boolean {
    const { u32 } = this.engine.heap;
    return this.first.sequence.length + this.reserved < MOST_IN_FLIGHT && this.emitter.hasRoom
      && (u32[word(Word.batchPages)]! < u32[word(Word.pages)]! >>> 3 || (this.stages.every(stage => stage.isQuiet) && this.emitter.idle));
  }

  /** Queues an item for the workers. REQUIRES: a credit. */
  submit(branch: number, item: SourceItem): void {
    this.inputs.submit(branch, item);
    if (item.kind === 'partitionEnd') this.wake();
  }
  /** A branch has ended: it no longer holds the watermark back. REQUIRES: a credit. */
  submitEnd(branch: number): void {
    this.inputs.end(branch);
    this.wake();
  }
  /** A partition is idle. REQUIRES: a free slot. */
  submitAside(branch: number, partition: number): void {
    this.inputs.aside(branch, partition);
    this.wake();
  }

  /** Takes in what workers have finished and starts the firings that it allows; `ended`: no more input will come. Returns the first bad row seen. */
  advance(ended: boolean): BadRow | null {
    let bad: BadRow | null = null;
    this.ending = ended;
    if (ended && this.reserved === 0) this.first.end();
    if (this.inputs.idle(this.first.sequence.room - this.reserved)) this.wake();
    for (const [index, stage] of this.stages.entries()) {
      stage.take();
      stage.settle((morsel, number) => {
        if (morsel.outputs > 0) this.collect();
        const own = index === 0 ? this.inputs.settle(morsel, number) : [];
        if (index > 0) this.later[index - 1]!.add(morsel);
        const first = this.settleRejects(index, morsel, own);
        bad ??= first;
        this.freeMorsel(index, morsel);
      });
      if (!stage.hasFired) continue;
      this.collect();
      stage.advance(() => (this.stateBytes > PARALLEL_FIRE_BYTES ? this.engine.workers : 1));
    }
    this.collect();
    // Room comes from finished morsels, but also from a sink that has taken results.
    if (this.hasRoom) this.wakeReaders();
    return bad;
  }

  /** Has a stage give out what it has so far, time and again, where it is asked to. */
  private armEarly(stage: StageRun): void {
    if (stage.earlyMs === null) return;
    this.timers.set(stage, this.clock.setTimer(stage.earlyMs, () => {
      stage.fireEarly();
      this.armEarly(stage);
      this.wake();
    }));
  }

  private get first(): StageRun {
    return this.stages[0]!;
  }
  /** Takes what workers have put out. */
  private collect(): void {
    for (let output = OutputQueue.pop(this.engine.heap); output !== null; output = OutputQueue.pop(this.engine.heap)) this.stages[output.stage]!.output(output);
  }
  /** What a stage gives on goes to the next, and the results of the last to the sink. */
  private pass(from: number, feed: Feed): void {
    const behind = this.stages[from + 1];
    if (behind) behind.feed(feed);
    else if (typeof feed === 'object' && 'descriptor' in feed) this.emitter.result(feed.descriptor);
  }

  private settleRejects(stage: number, morsel: Morsel, own: readonly Reject[]): BadRow | null {
    const { heap } = this.engine;
    const theirs = morsel.rejects ? JSON.parse(decodeText(heap.u8, morsel.rejects, morsel.rejectBytes)) as Reject[] : [];
    const all = [...own, ...theirs].sort((a, b) => a.position - b.position);
    if (all.length === 0) return null;
    const source = (stage === 0 ? this.ledgers[morsel.branch]! : this.later[stage - 1]!).name;
    this.emitter.letters(source, morsel.basePosition, all);
    const first = all.find(reject => reject.reason !== 'LATE');
    return first ? { source, position: morsel.basePosition + BigInt(first.position), message: `${first.reason}: ${first.message}` } : null;
  }

  private freeMorsel(stage: number, morsel: Morsel): void {
    const { heap, pages } = this.engine;
    if (morsel.owned) pages.free(morsel.descriptor);
    if (morsel.rejects) pages.free(morsel.rejects);
    if (morsel.linesAddress) pages.free(morsel.linesAddress);
    if (stage === 0 || !morsel.owned) return;
    resultGone(heap);
    signal(heap, Word.room);
  }
}

/** Makes the blocks of each stage. */
function layoutsOf({ heap, pages, workers, staticTables }: Engine, job: JobDescription, options: RunOptions): JobLayout[] {
  const { plan, sources } = job;
  const partitioner = oneOf('partitioner', options.partitioner, ['auto', 'hash', 'local'] as const);
  const sharedBuffers = [...new Set(sources.flatMap(source => source.sharedBuffers?.() ?? []))];
  const regionBits = regionBitsFor(workers);
  const tables = staticTables.of(plan);
  return plan.stages.map(({ join, aggregate, deduplicate }, stage) => {
    const lanes = stage === 0 ? sourceLanes(job) : laneMap([1]);
    const block = pages.allocate(STAGE_BYTES + Lanes.bytes(lanes), PageUse.scratch);
    heap.u8.fill(0, block, block + STAGE_BYTES);
    const regions = join === null && aggregate === null && deduplicate === null ? 0 : allocateRegions(heap, pages, regionBits, workers);
    return { plan: stagePlan(plan, stage), tables, stage, isLast: stage === plan.stages.length - 1, block, lanes, workers, partitioner, regions, regionBits, hashSeed: HASH_SEED, sharedBuffers };
  });
}

function sourceLanes({ sources }: JobDescription): LaneMap {
  const lanes = laneMap(sources.map(source => positiveInteger(`partitions of ${source.name}`, source.partitions, 1)));
  if (lanes.count > MAX_LANES) throw new MillraceError('PLAN_INVALID', `the sources of a job have at most ${MAX_LANES} partitions together, not ${lanes.count}`);
  return lanes;
}
