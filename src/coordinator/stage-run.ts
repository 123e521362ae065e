import { lingering } from '../aggregate/keyed-window.js';
import { leastDue } from '../aggregate/region-set.js';
import { signal, Word } from '../heap/control.js';
import { fireWord, settledWord, StageWord, stageWord } from '../heap/stage-block.js';
import { behindWatermark } from '../plan/join-plan.js';
import { firstStage, readsSource, type Branch } from '../plan/plan.js';
import { isAssembled } from '../window/assigner.js';
import { Chain } from '../worker/chain.js';
import type { JobLayout } from '../worker/job-layout.js';
import { END_OF_TIME, NO_TIME, type LaneMap } from '../worker/lanes.js';
import { MorselKind, type Morsel } from '../worker/morsel.js';
import { Task, TaskQueue, type Output } from '../worker/queues.js';
import type { Engine } from './engine.js';
import { Sequence } from './sequence.js';

/** Results of stages before that are its morsels at a time: sources that it reads, too, wait behind these. */
const MOST_FED = 48;

/** What a stage gives on to all that read it: a result batch, the watermark behind all that it has given, its end. */
export type Feed = { readonly descriptor: number } | { readonly statement: bigint } | 'end';

/**
 * One stage as the coordinator runs it: its morsels in order, its watermark, the firing of its windows. Results of an earlier stage are
 * its morsels as they lie in the heap; those of sources are given to the sequence by `Inputs`.
 */
export class StageRun {
  readonly sequence: Sequence;
  watermark: bigint = NO_TIME;
  /** All that this watermark allows was given on. */
  givenUpTo: bigint = NO_TIME;
  /** Places in the sequence that are kept for items of sources that are being read. */
  reserved = 0;
  private firedUpTo: bigint = NO_TIME;
  private firingParts = 0;
  private firings = 0n;
  private earlyDue = false;
  private stated: bigint = NO_TIME;
  /** Results of morsels before all of the earlier ones are done. */
  private readonly early = new Map<number, number[]>();
  private readonly waiting: { readonly branch: number; readonly feed: Feed }[] = [];
  private readonly branches: readonly Branch[];
  private openBranches: number;
  /** Morsels in flight that came of stages before. */
  private fed = 0;
  private hasEnded = false;

  /** Of each branch, what is added to the watermarks that its input states. */
  private readonly catchesUp: readonly bigint[];

  constructor(
    private readonly engine: Engine,
    private readonly layout: JobLayout,
    /** Takes what the stage gives on, in order. */
    private readonly next: (feed: Feed) => void,
  ) {
    const { branches } = firstStage(layout.plan);
    this.branches = branches;
    this.openBranches = branches.length;
    this.catchesUp = branches.map(({ catchesUp = 0 }) => BigInt(catchesUp));
    this.sequence = new Sequence(engine.heap, layout.block, new Chain(engine.heap, layout.block, layout.lanes));
    this.sequence.chain.reset();
    engine.heap.i64[settledWord(layout.block)] = NO_TIME;
  }

  /** Versions count on from here. REQUIRES: nothing has fired. */
  countFrom(version: bigint): void {
    this.firings = version;
  }

  get lanes(): LaneMap {
    return this.layout.lanes;
  }
  /** Places of the sequence that are taken or kept. */
  get taken(): number {
    return this.sequence.length + this.reserved;
  }
  /** Places that are neither. */
  get room(): number {
    return this.sequence.room - this.reserved;
  }

  /** Nothing is on its way through it. */
  get isQuiet(): boolean {
    return this.sequence.length === 0 && this.waiting.length === 0 && this.firingParts === 0;
  }
  /** Nothing more comes out of it, unless something comes in. */
  get isIdle(): boolean {
    return this.isQuiet && (this.hasEnded || this.openBranches > 0);
  }

  /** How often it gives out what it has so far, in ms; null: not before windows close. */
  get earlyMs(): number | null {
    return firstStage(this.layout.plan).aggregate?.emit.earlyMs ?? null;
  }
  /** It is time to. */
  fireEarly(): void {
    this.earlyDue = true;
  }

  feed(branch: number, feed: Feed): void {
    this.waiting.push({ branch, feed });
  }

  /** Begins what was fed, as far as there are slots. Returns whether there was any. */
  take(): boolean {
    const { heap } = this.engine;
    const count = Math.min(this.waiting.length, this.room, MOST_FED - this.fed);
    if (count <= 0) return false;
    this.fed += count;
    for (const { branch, feed } of this.waiting.splice(0, count)) {
      const lane = this.lanes.first[branch]!;
      if (feed === 'end') {
        this.sequence.pass(MorselKind.branchEnd, branch, lane);
        this.branchEnds();
      } else if ('statement' in feed) this.sequence.pass(MorselKind.statement, branch, lane, feed.statement + this.catchesUp[branch]!);
      else {
        this.sequence.submit(branch, lane, morsel => {
          morsel.kind = MorselKind.batch;
          morsel.descriptor = feed.descriptor;
          morsel.owned = 1;
          morsel.rows = BigInt(heap.u32[feed.descriptor >>> 2]!);
          morsel.latest = END_OF_TIME;
        });
      }
    }
    // Workers that wait for room may work on these.
    signal(heap, Word.room);
    return true;
  }

  /** Settles the morsels that are done, in order: `each` enters them, before their results go on. */
  settle(each: (morsel: Morsel, number: number) => void): void {
    const { engine: { heap }, layout: { block }, branches } = this;
    this.sequence.settle((morsel, number) => {
      if (!readsSource(branches[morsel.branch]!.from)) this.fed--;
      each(morsel, number);
      this.watermark = morsel.after;
      Atomics.store(heap.i64, settledWord(block), morsel.after);
      if (morsel.outputs === 0) return;
      const { token } = morsel;
      for (const descriptor of this.early.get(token) ?? []) this.giveOn(descriptor);
      this.early.delete(token);
    });
  }

  /** A result that a worker has put out. */
  output({ descriptor, morsel, index }: Output): void {
    if (morsel === 0) return this.next({ descriptor });
    const known = this.early.get(morsel) ?? [];
    known[index] = descriptor;
    this.early.set(morsel, known);
  }

  /** One of its inputs has ended; behind the last of them all that is left comes out. */
  branchEnds(): void {
    this.openBranches--;
  }

  /** A result of it is gone. */
  resultGone(): void {
    Atomics.sub(this.engine.heap.i32, stageWord(this.layout.block, StageWord.results), 1);
  }
  /** A result of a morsel. Only now it counts as one that goes away by itself: it was waiting for the morsels before. */
  private giveOn(descriptor: number): void {
    Atomics.add(this.engine.heap.i32, stageWord(this.layout.block, StageWord.results), 1);
    this.next({ descriptor });
  }

  /** Whether the firing in progress, if any, is done. */
  get hasFired(): boolean {
    return Atomics.load(this.engine.heap.i32, stageWord(this.layout.block, StageWord.fireDone)) >= this.firingParts;
  }

  /** Goes on to the next firing that the watermark allows, in `parts`. REQUIRES: the last one has fired, and its results were put out. */
  advance(parts: () => number): void {
    this.firingParts = 0;
    const final = this.openBranches === 0 && this.isQuiet;
    // The watermark is at the end of time only by the end of all branches, of which the last morsels may not be settled yet.
    const upTo = final ? END_OF_TIME : this.watermark === END_OF_TIME ? this.firedUpTo : this.watermark;
    if (this.hasDue(upTo)) return this.fire(upTo, this.assembles ? this.layout.workers : parts(), false);
    if (this.earlyDue) return this.fire(upTo, this.assembles ? this.layout.workers : parts(), true);
    if (upTo !== END_OF_TIME) this.givenUpTo = upTo;
    this.state(upTo);
    if (!final || this.hasEnded) return;
    this.hasEnded = true;
    this.next('end');
  }

  private hasDue(upTo: bigint): boolean {
    const { join, aggregate, deduplicate, top } = firstStage(this.layout.plan);
    if (join === null && aggregate === null && deduplicate === null && top === null) return false;
    // A window that is full is due at once, event time or not.
    if (upTo === NO_TIME && aggregate?.window.kind !== 'count') return false;
    if (upTo === END_OF_TIME) return this.firedUpTo !== END_OF_TIME;
    if (top !== null) return upTo > this.firedUpTo && this.engine.heap.u32[stageWord(this.layout.block, StageWord.state)] !== 0;
    return leastDue(this.engine.heap, this.layout.regions, this.layout.regionBits) <= upTo;
  }

  /** What parts have assembled stays with them: then there are always as many. */
  private get assembles(): boolean {
    const { aggregate } = firstStage(this.layout.plan);
    return aggregate !== null && isAssembled(aggregate.window);
  }

  private fire(upTo: bigint, parts: number, early: boolean): void {
    const { heap } = this.engine;
    const { block } = this.layout;
    this.firedUpTo = upTo;
    this.firingParts = firstStage(this.layout.plan).top === null ? parts : 1;
    this.earlyDue &&= !early;
    heap.i64.set([upTo, ++this.firings, early ? 1n : 0n], fireWord(block));
    Atomics.store(heap.i32, stageWord(block, StageWord.fireDone), 0);
    // Rows wait for it: with all morsels of the queue before it there would be twice as many.
    if (firstStage(this.layout.plan).join?.asOf) return TaskQueue.pushUrgent(heap, block, this.firingParts);
    for (let part = 0; part < this.firingParts; part++) TaskQueue.push(heap, block, Task.fire, (this.firingParts << 8) | part);
  }

  /**
   * Tells the stage behind how far it has come: all windows with an end up to here have been given on. What `dedupe` lets through may be
   * `within` behind the watermark, and is not late behind it, or it would depend on the borders of batches what is.
   */
  private state(upTo: bigint): void {
    const { branches, join, aggregate, deduplicate } = firstStage(this.layout.plan);
    const lingers = aggregate === null ? 0n : lingering(aggregate.window, branches);
    const behind = join !== null ? behindWatermark(join) : deduplicate?.within ?? (aggregate?.emit.when === 'final' ? aggregate.accept : 0);
    const statement = upTo - BigInt(behind) - lingers;
    if (upTo === NO_TIME || upTo === END_OF_TIME || statement <= this.stated) return;
    this.stated = statement;
    this.next({ statement });
  }
}
