import { allocateRegions, leastDue } from '../aggregate/region-set.js';
import { decodeText } from '../batch/text-codec.js';
import type { SourceItem } from '../connectors/source.js';
import { MillraceError } from '../errors.js';
import { FIRE, MAX_BRANCHES, signal, STATE_UNIT, Word, word } from '../heap/control.js';
import { PageUse } from '../heap/page-allocator.js';
import { firstStage } from '../plan/plan.js';
import { Chain } from '../worker/chain.js';
import { END_OF_TIME, Lanes, laneMap, MAX_LANES, NO_TIME } from '../worker/lanes.js';
import { regionBitsFor, type JobLayout } from '../worker/job-layout.js';
import type { Morsel } from '../worker/morsel.js';
import { Task, TaskQueue } from '../worker/queues.js';
import type { Reject } from '../worker/rejects.js';
import { SYSTEM_CLOCK } from './clock.js';
import type { Emitter } from './emitter.js';
import type { Engine } from './engine.js';
import { Inputs } from './inputs.js';
import type { JobDescription, RunOptions, SourceStats } from './job-types.js';
import type { Ledger } from './ledger.js';
import { oneOf, positiveInteger } from './options.js';
import { Sequence } from './sequence.js';
import { requireSupported } from './supported.js';

/** Morsels in flight: enough that a worker finds the next one, few enough that memory and latency stay small. */
const MOST_IN_FLIGHT = 60;
/** State beyond which a firing is shared among the workers. */
const PARALLEL_FIRE_BYTES = 4 << 20;
const HASH_SEED = 0x6d696c6c72616365n;

export interface BadRow {
  readonly source: string;
  readonly position: bigint;
  readonly message: string;
}

/** What is in flight and what comes next: morsels in the order of ingestion, the watermark, the firing of windows. */
export class Schedule {
  readonly layout: JobLayout;
  readonly batchRows: number;
  private readonly sequence: Sequence;
  private readonly inputs: Inputs;
  private readonly waiting: (() => void)[] = [];
  private reserved = 0;
  private watermark: bigint = NO_TIME;
  private firedUpTo: bigint = NO_TIME;
  private firingParts = 0;

  constructor(
    private readonly engine: Engine,
    job: JobDescription,
    options: RunOptions,
    private readonly emitter: Emitter,
  ) {
    const { heap, pages, workers } = engine;
    const { plan } = job;
    requireSupported(plan);
    const { branches } = firstStage(plan);
    if (branches.length > MAX_BRANCHES) throw new MillraceError('PLAN_INVALID', `a union has at most ${MAX_BRANCHES} sources, not ${branches.length}`);
    this.batchRows = positiveInteger('batchRows', options.batchRows, 65_536);
    const regionBits = regionBitsFor(workers);
    const regions = allocateRegions(heap, pages, regionBits);
    const sharedBuffers = [...new Set(job.sources.flatMap(source => source.sharedBuffers?.() ?? []))];
    const lanes = lanesOf(job);
    const chain = pages.allocate(Lanes.bytes(lanes), PageUse.scratch);
    this.layout = { plan, workers, chain, lanes, partitioner: oneOf('partitioner', options.partitioner, ['auto', 'hash', 'local'] as const), regions, regionBits, hashSeed: HASH_SEED, sharedBuffers };
    // A quarter of the heap is left to batches; the coordinator keeps to it by not reading.
    heap.u32[word(Word.stateLimitPages)] = Math.floor((heap.u32[word(Word.pages)]! - heap.u32[word(Word.userPages)]!) * 0.75);
    this.sequence = new Sequence(heap, new Chain(heap, chain, lanes));
    this.sequence.chain.reset();
    this.inputs = new Inputs(engine, job, branches, lanes, sharedBuffers, options.clock ?? SYSTEM_CLOCK, this.sequence, () => this.wake());
  }

  /** Nothing is in flight and nothing is firing. */
  get idle(): boolean {
    const final = firstStage(this.layout.plan).aggregate === null || this.firedUpTo === END_OF_TIME || !this.ending;
    return this.sequence.length === 0 && this.reserved === 0 && this.firingParts === 0 && final;
  }
  private ending = false;
  private get counts(): boolean {
    return firstStage(this.layout.plan).aggregate?.window.kind === 'count';
  }

  get switchedToHash(): boolean {
    return this.layout.partitioner === 'hash' || Atomics.load(this.engine.heap.i32, word(Word.switchedToHash)) !== 0;
  }
  get currentWatermark(): bigint {
    return this.watermark;
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
    return this.sequence.length + this.reserved < MOST_IN_FLIGHT && this.emitter.hasRoom
      && (u32[word(Word.batchPages)]! < u32[word(Word.pages)]! >>> 3 || (this.sequence.length === 0 && this.emitter.idle));
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

  /** Takes in what workers have finished and starts the firing that it allows; `ended`: no more input will come. Returns the first bad row seen. */
  advance(ended: boolean): BadRow | null {
    const bad = this.complete();
    if (this.inputs.idle(this.sequence.room - this.reserved)) this.wake();
    this.emitter.collect();
    // Room comes from finished morsels, but also from a sink that has taken results.
    if (this.hasRoom) this.wakeReaders();
    this.ending = ended;
    this.advanceFiring(ended && this.sequence.length === 0 && this.reserved === 0);
    return bad;
  }

  /** Settles finished morsels, in the order of ingestion. */
  private complete(): BadRow | null {
    let bad: BadRow | null = null;
    this.sequence.settle((morsel, number) => {
      const own = this.inputs.settle(morsel, number);
      this.watermark = morsel.after;
      this.emitter.results(morsel.token, morsel.outputs);
      const first = this.settleRejects(morsel, own);
      bad ??= first;
      this.freeMorsel(morsel);
    });
    return bad;
  }

  private settleRejects(morsel: Morsel, own: readonly Reject[]): BadRow | null {
    const { heap } = this.engine;
    const theirs = morsel.rejects ? JSON.parse(decodeText(heap.u8, morsel.rejects, morsel.rejectBytes)) as Reject[] : [];
    const all = [...own, ...theirs].sort((a, b) => a.position - b.position);
    if (all.length === 0) return null;
    const source = this.ledgers[morsel.branch]!.name;
    this.emitter.letters(source, morsel.basePosition, all);
    const first = all.find(reject => reject.reason !== 'LATE');
    return first ? { source, position: morsel.basePosition + BigInt(first.position), message: `${first.reason}: ${first.message}` } : null;
  }

  private freeMorsel(morsel: Morsel): void {
    const { pages } = this.engine;
    if (morsel.owned) pages.free(morsel.descriptor);
    if (morsel.rejects) pages.free(morsel.rejects);
    if (morsel.linesAddress) pages.free(morsel.linesAddress);
  }

  private advanceFiring(final: boolean): void {
    if (firstStage(this.layout.plan).aggregate === null) return;
    const { heap } = this.engine;
    if (this.firingParts > 0) {
      if (Atomics.load(heap.i32, word(Word.fireDone)) < this.firingParts) return;
      this.firingParts = 0;
    }
    const { regions, regionBits } = this.layout;
    // The watermark is at the end of time only by the end of all branches, of which the last morsels may not be settled yet.
    const upTo = final ? END_OF_TIME : this.watermark === END_OF_TIME ? this.firedUpTo : this.watermark;
    // A window that is full is due at once, event time or not.
    if (final ? this.firedUpTo === END_OF_TIME : (upTo === NO_TIME && !this.counts) || leastDue(heap, regions, regionBits) > upTo) return;
    this.firedUpTo = upTo;
    this.firingParts = this.stateBytes > PARALLEL_FIRE_BYTES ? this.layout.workers : 1;
    heap.i64[FIRE] = upTo;
    Atomics.store(heap.i32, word(Word.fireDone), 0);
    for (let part = 0; part < this.firingParts; part++) TaskQueue.push(heap, Task.fire, (this.firingParts << 8) | part);
  }
}

function lanesOf({ sources }: JobDescription): ReturnType<typeof laneMap> {
  const lanes = laneMap(sources.map(source => positiveInteger(`partitions of ${source.name}`, source.partitions, 1)));
  if (lanes.count > MAX_LANES) throw new MillraceError('PLAN_INVALID', `the sources of a job have at most ${MAX_LANES} partitions together, not ${lanes.count}`);
  return lanes;
}
