import { decodeText } from '../batch/text-codec.js';
import type { PartitionEnd, SourceReader, SourceRows } from '../connectors/source.js';
import { signal, STATE_UNIT, Word, word } from '../heap/control.js';
import { versionsBefore } from '../heap/stage-block.js';
import { joinBytes, joinName } from '../join/join-memory.js';
import { firstStage, outputsOf, readsSource, type Input, type Plan } from '../plan/plan.js';
import type { JobLayout } from '../worker/job-layout.js';
import type { Morsel } from '../worker/morsel.js';
import { OutputQueue } from '../worker/queues.js';
import type { Reject } from '../worker/rejects.js';
import { SYSTEM_CLOCK, type Clock } from './clock.js';
import type { Emitter } from './emitter.js';
import type { Engine } from './engine.js';
import type { Acknowledgements } from './acknowledgements.js';
import { Inputs } from './inputs.js';
import type { JobDescription, JobStats, RunOptions, SourceStats, StageStats } from './job-types.js';
import { layoutsOf } from './layouts.js';
import { Ledger } from './ledger.js';
import { positiveInteger } from './options.js';
import { Pace } from './pace.js';
import { SharedBlocks } from './shared-blocks.js';
import { StageRun, type Feed } from './stage-run.js';

/** State beyond which a firing is shared among the workers. */
const PARALLEL_FIRE_BYTES = 4 << 20;

export interface BadRow {
  readonly source: string;
  readonly position: bigint;
  readonly message: string;
}
/** A branch of a stage. `ledger`: what became of the rows that it read of a stage before; null: it reads a source. */
interface Branch {
  readonly from: Input;
  readonly ledger: Ledger | null;
}
/** Who takes what a stage gives on. */
interface Takers {
  readonly readers: readonly { readonly stage: StageRun; readonly branch: number }[];
  /** Outputs of the job that it is. */
  readonly outputs: readonly number[];
}

/** What is in flight and what comes next: credits for the sources, stages and what flows between them, results and rows set aside. */
export class Schedule {
  readonly plan: Plan;
  readonly layouts: readonly JobLayout[];
  readonly batchRows: number;
  private readonly stages: readonly StageRun[];
  private readonly branches: readonly (readonly Branch[])[];
  private readonly takers: readonly Takers[];
  private readonly inputs: Inputs;
  private readonly blocks: SharedBlocks;
  private readonly waiting: (() => void)[] = [];
  private readonly clock: Clock;
  private readonly pace: Pace;
  private readonly timers = new Map<StageRun, unknown>();
  private reserved = 0;

  constructor(
    private readonly engine: Engine,
    job: JobDescription,
    options: RunOptions,
    private readonly emitter: Emitter,
    private readonly acknowledgements: Acknowledgements,
  ) {
    this.plan = job.plan;
    const { heap } = engine;
    this.batchRows = positiveInteger('batchRows', options.batchRows, 65_536);
    this.layouts = layoutsOf(engine, job, options);
    // A quarter of the heap is left to batches; the coordinator keeps to it by not reading.
    heap.u32[word(Word.stateLimitPages)] = Math.floor((heap.u32[word(Word.pages)]! - heap.u32[word(Word.userPages)]!) * 0.75);
    this.clock = options.clock ?? SYSTEM_CLOCK;
    this.pace = new Pace(heap, this.clock, this.plan.stages.every(({ branches, aggregate }) => aggregate !== null || !branches.some(({ from }) => readsSource(from))));
    this.stages = this.layouts.map(layout => new StageRun(engine, layout, feed => this.pass(layout.stage, feed)));
    for (const stage of this.stages) this.armEarly(stage);
    this.branches = this.plan.stages.map(({ branches }, stage) => branches.map(({ from, source: { name } }) => ({ from, ledger: readsSource(from) ? null : new Ledger(from.stage === stage - 1 ? name : `${name}, in stage ${stage}`) })));
    this.takers = this.stages.map((_, number) => ({
      readers: this.branches.flatMap((branches, stage) => branches.flatMap(({ from }, branch) => (!readsSource(from) && from.stage === number ? [{ stage: this.stages[stage]!, branch }] : []))),
      outputs: outputsOf(this.plan).flatMap(({ stage }, output) => (stage === number ? [output] : [])),
    }));
    this.blocks = new SharedBlocks(engine.pages);
    this.inputs = new Inputs(engine, job, this.stages, this.blocks, this.layouts[0]!.sharedBuffers, this.clock, acknowledgements, () => this.wake());
  }

  /** Nothing is in flight and nothing is firing. */
  get idle(): boolean {
    return this.reserved === 0 && this.stages.every(stage => stage.isIdle);
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

  /** Of each branch that reads a source, by source. */
  get ledgers(): readonly Ledger[] {
    return this.inputs.ledgers;
  }
  sourceStats(): SourceStats[] {
    return this.inputs.stats();
  }
  stageStats(): StageStats[] {
    return this.branches.flat().flatMap(({ ledger }) => (ledger === null ? [] : [ledger.counts()]));
  }
  joinStats(): JobStats['joins'] {
    return this.layouts.flatMap(({ stage, plan, block }) => {
      const { join } = firstStage(plan);
      return join === null ? [] : [{ stage, name: joinName(join), stateBytes: joinBytes(this.engine.heap, block) }];
    });
  }
  /** Versions are those of this incarnation. REQUIRES: no source was opened. */
  begin(incarnation: number): void {
    for (const stage of this.stages) stage.countFrom(versionsBefore(incarnation));
  }
  /** Counts on from an earlier life of the job. */
  carry({ ledgers, branches }: Schedule): void {
    this.ledgers.forEach((ledger, index) => ledger.carry(ledgers[index]!));
    this.branches.forEach((own, stage) => own.forEach(({ ledger }, branch) => ledger?.carry(branches[stage]![branch]!.ledger!)));
  }
  noteProgress(source: number, progress: SourceStats['progress']): void {
    this.inputs.noteProgress(source, progress);
  }

  /** The reader of a source is there. REQUIRES: it has given no item. */
  opened(source: number, reader: SourceReader): void {
    this.inputs.opened(source, reader);
  }

  /** Waits until one more item of a source may be in flight, and reserves its places. Ends early, with places, when `stopped`. */
  async credit(source: number, stopped: () => boolean): Promise<void> {
    while (!stopped() && !this.mayRead(source)) {
      this.inputs.waits(source);
      await new Promise<void>(resolve => this.waiting.push(resolve));
    }
    this.reserve(source);
  }
  /** As `credit`, where there is no need to wait; else returns false. */
  tryCredit(source: number): boolean {
    const may = this.mayRead(source);
    if (may) this.reserve(source);
    return may;
  }
  private mayRead(source: number): boolean {
    return this.hasRoom && this.inputs.hasPlaces(source, this.pace.mostInFlight) && !this.inputs.isHeld(source);
  }
  private reserve(source: number): void {
    this.inputs.mayRead(source);
    this.inputs.reserve(source);
    this.reserved++;
  }
  returnCredit(source: number): void {
    this.inputs.unreserve(source);
    this.reserved--;
    this.wakeReaders();
  }
  /** The job has ended. */
  stop(): void {
    for (const timer of this.timers.values()) this.clock.clear(timer);
    this.inputs.stop();
  }
  wakeReaders(): void {
    if (this.waiting.length > 0) for (const resolve of this.waiting.splice(0)) resolve();
  }
  /** Has the pump look again. */
  wake(): void {
    signal(this.engine.heap, Word.wake);
  }

  /** Whether there is memory for more to read. */
  private get hasRoom(): boolean {
    const { u32 } = this.engine.heap;
    return this.emitter.hasRoom
      && (u32[word(Word.batchPages)]! < u32[word(Word.pages)]! >>> 3 || (this.stages.every(stage => stage.isQuiet) && this.emitter.idle));
  }

  /** Queues an item for the workers. REQUIRES: a credit. */
  submit(source: number, item: SourceRows | PartitionEnd): void {
    this.inputs.submit(source, item);
    if (item.kind === 'partitionEnd') this.wake();
  }
  /** A source has ended: it no longer holds the watermark back. REQUIRES: a credit. */
  submitEnd(source: number): void {
    this.inputs.end(source);
    this.wake();
  }
  /** A partition is idle. REQUIRES: free slots. */
  submitAside(source: number, partition: number): void {
    this.inputs.aside(source, partition);
    this.wake();
  }

  /** Takes in what workers have finished and starts the firings that it allows. Returns the first bad row seen. */
  advance(): BadRow | null {
    let bad: BadRow | null = null;
    if (this.inputs.idle()) this.wake();
    for (const [index, stage] of this.stages.entries()) {
      const settle = (morsel: Morsel, number: number): void => {
        if (morsel.outputs > 0) this.collect();
        const first = this.settleMorsel(index, morsel, number);
        bad ??= first;
        this.freeMorsel(index, morsel);
      };
      stage.take();
      // Workers may have done all that was begun, and then nobody would ring for what waits.
      do stage.settle(settle); while (stage.take());
      // Until all rows are back that windows had, these have a part of them.
      if (!stage.hasFired || this.inputs.isReplaying) continue;
      this.collect();
      stage.advance(() => (this.stateBytes > PARALLEL_FIRE_BYTES ? this.engine.workers : 1));
    }
    this.collect();
    this.pace.look();
    if (!this.inputs.isReplaying) this.acknowledgements.reached(this.first.givenUpTo);
    // Room comes from finished morsels, but also from a sink that has taken results.
    if (this.hasRoom && this.inputs.haveSomePlaces(this.pace.mostInFlight)) this.wakeReaders();
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
  /** What a stage gives on goes to all that read it, and its results to the sinks where they are the job's. */
  private pass(from: number, feed: Feed): void {
    const { readers, outputs } = this.takers[from]!;
    if (typeof feed === 'object' && 'descriptor' in feed) {
      const { descriptor } = feed;
      this.blocks.share(descriptor, readers.length + outputs.length);
      for (const output of outputs) this.emitter.result(output, descriptor, () => this.releaseResult(from, descriptor));
    }
    for (const { stage, branch } of readers) stage.feed(branch, feed);
  }
  private releaseResult(from: number, descriptor: number): void {
    if (this.blocks.release(descriptor)) this.stages[from]!.resultGone();
  }

  /** Enters a morsel that is done, and gives on the rows that were set aside of it. */
  private settleMorsel(stage: number, morsel: Morsel, number: number): BadRow | null {
    const { heap } = this.engine;
    const { from, ledger } = this.branches[stage]![morsel.branch]!;
    ledger?.add(morsel);
    if (readsSource(from) && morsel.hasData) this.pace.note();
    const told = readsSource(from) ? this.inputs.settle(this.stages[stage]!, from.source, morsel, number) : null;
    if (!morsel.rejects && !told?.rejects.length) return null;
    const theirs = morsel.rejects ? JSON.parse(decodeText(heap.u8, morsel.rejects, morsel.rejectBytes)) as Reject[] : [];
    const origin = told?.origin;
    const all = [...told?.rejects ?? [], ...theirs].map(reject => (origin ? { ...reject, at: reject.at ?? origin.positionOf(reject.position) } : reject))
      .sort((a, b) => Number((a.at ?? 0n) - (b.at ?? 0n)) || a.position - b.position);
    if (all.length === 0 || morsel.again) return null;
    const source = origin?.source ?? (readsSource(from) ? this.inputs.nameOf(from.source) : ledger!.name);
    this.emitter.letters(stage, source, morsel.basePosition, all);
    const first = all.find(reject => reject.reason !== 'LATE');
    return first ? { source, position: first.at ?? morsel.basePosition + BigInt(first.position), message: `${first.reason}: ${first.message}` } : null;
  }

  private freeMorsel(stage: number, morsel: Morsel): void {
    const { heap, pages } = this.engine;
    const { from } = this.branches[stage]![morsel.branch]!;
    if (morsel.rejects) pages.free(morsel.rejects);
    if (morsel.linesAddress) this.blocks.release(morsel.linesAddress);
    if (morsel.common && morsel.textAddress) this.blocks.release(morsel.textAddress);
    if (!morsel.owned) return;
    if (readsSource(from)) {
      this.blocks.release(morsel.descriptor);
      return;
    }
    this.releaseResult(from.stage, morsel.descriptor);
    signal(heap, Word.room);
  }
}
