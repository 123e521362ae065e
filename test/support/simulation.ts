import { RowReader } from '../../src/batch/row-reader.ts';
import type { Acknowledgements } from '../../src/coordinator/acknowledgements.ts';
import type { Emitter } from '../../src/coordinator/emitter.ts';
import type { Engine } from '../../src/coordinator/engine.ts';
import type { JobDescription, RunOptions } from '../../src/coordinator/job-types.ts';
import type { Inputs } from '../../src/coordinator/inputs.ts';
import { Schedule } from '../../src/coordinator/schedule.ts';
import type { Sequence } from '../../src/coordinator/sequence.ts';
import type { StageRun } from '../../src/coordinator/stage-run.ts';
import { StaticTables } from '../../src/coordinator/static-tables.ts';
import { CONTROL, CONTROL_BYTES, formatHeap, MORSEL_SLOTS, PAGE_BYTES, Word, word } from '../../src/heap/control.ts';
import { PageAllocator, PageUse } from '../../src/heap/page-allocator.ts';
import type { JoinLimits } from '../../src/join/join-stage.ts';
import { outputsOf, type Plan } from '../../src/plan/plan.ts';
import type { Row } from '../../src/plan/types.ts';
import { Chain } from '../../src/worker/chain.ts';
import { END_OF_TIME, NO_TIME } from '../../src/worker/lanes.ts';
import { Drain } from '../../src/worker/drain.ts';
import type { JobLayout } from '../../src/worker/job-layout.ts';
import { Morsel, TOKENS } from '../../src/worker/morsel.ts';
import { ScratchArena } from '../../src/worker/scratch-arena.ts';
import type { Kernels } from '../../native-free-kernels/load.ts';
import { VirtualClock } from './clock.ts';
import { testHeap } from './heap.ts';
import type { Random } from './random.ts';

/**
 * A whole job in one thread: the schedule, and several drains that take turns as a seed says. What really blocks is never begun before
 * it can go through: a morsel's second half waits until the chain has come to it. Besides turns between steps there are turns within
 * them: at any call of a kernel, while no lock is held, another actor may run, as if the thread had been preempted there.
 */
export interface Feed {
  /** The number of a source. */
  readonly branch: number;
  readonly partition?: number;
  /** null: the branch has ended; 'aside': the partition has, or is idle. */
  readonly rows: readonly Row[] | null | 'aside';
}
export interface Simulated {
  readonly rows: Row[];
  /** Of the sources, then of the later stages. */
  readonly ledgers: { read: number; filtered: number; applied: number; late: number; deadLettered: number }[];
  readonly late: string[];
  /** Pages of state and batches, and units of state, that are still taken at the end. */
  readonly left: readonly number[];
  readonly turns: number;
  readonly nested: number;
}

const MOST_IN_FLIGHT = 24;
const PAGES = 2048;
const base = testHeap(PAGES);
const { heap } = base;

/** Pages at both ends of the heap, which are all that most seeds use, are full of what no length, address or code can be. */
const DIRTY_BYTES = 16 << 20;
function clearHeap(pages: PageAllocator): void {
  heap.u8.fill(0, CONTROL, CONTROL + CONTROL_BYTES);
  formatHeap(heap);
  heap.u8.fill(0xa7, heap.u32[word(Word.firstPage)]! * PAGE_BYTES, DIRTY_BYTES);
  heap.u8.fill(0xa7, heap.u8.length - DIRTY_BYTES);
  pages.reset();
}

/** Sinks that only show that somebody takes what is set aside, in each output of a plan. */
function sinksFor(plan: Plan, unheard: boolean): object {
  const aside = unheard ? null : {};
  const [first, ...more] = outputsOf(plan).map(() => ({ sink: {}, deadLetters: aside, late: aside }));
  return { ...first, more };
}

/** Collects what the schedule gives out. */
class Collector {
  readonly rows: Row[] = [];
  readonly late: string[] = [];
  readonly hasRoom = true;
  readonly idle = true;
  private readonly reader: RowReader;
  constructor(plan: Plan) {
    this.reader = new RowReader(heap, plan.output);
  }
  result(_output: number, descriptor: number, release: () => void): void {
    this.rows.push(...this.reader.rows(descriptor));
    release();
  }
  letters(_stage: number, source: string, base: bigint, rejects: readonly { position: number; reason: string }[]): void {
    for (const { position, reason } of rejects) this.late.push(`${source} ${base + BigInt(position)} ${reason}`);
  }
}

/** Sources of a simulation begin at the beginning. */
const NOBODY_TOLD = { opened() {}, submitted() {}, settled() {}, reached() {} } as unknown as Acknowledgements;

/** Fires in one part or in as many as there are workers, whatever the size of the state. */
class SimulatedSchedule extends Schedule {
  random: Random | null = null;
  override get stateBytes(): number { return this.random?.chance(0.7) ? 2 ** 32 : 0; }
}

export interface SimulationOptions {
  readonly workers: number;
  readonly kernels: 'wasm' | 'twins';
  /** Per worker. `auto` lets each go over from local to hash on its own, so that any mixture may occur. */
  readonly partitioners: readonly NonNullable<RunOptions['partitioner']>[];
  /** How likely another actor runs at a kernel's call. */
  readonly preemption: number;
  /** Number of the first morsel. */
  readonly firstSequence?: number;
  /** Of each source. */
  readonly partitions?: number;
  readonly joinLimits?: JoinLimits | undefined;
  /** Nobody takes what is set aside. */
  readonly unheard?: boolean;
}

export function simulate(plan: Plan, feeds: readonly Feed[], random: Random, options: SimulationOptions): Simulated {
  return new Simulation(plan, feeds, random, options).run();
}

class Simulation {
  private readonly pages = new PageAllocator(heap);
  private readonly collector: Collector;
  private readonly schedule: SimulatedSchedule;
  private readonly drains: Drain[];
  private readonly running = new Set<number>();
  private readonly model: ChainModel | null;
  private readonly lockWords: number[];
  private readonly clock = new VirtualClock();
  private readonly early: boolean;
  private readonly stages: number;
  private fed = 0;
  private nested = 0;
  private scheduling = false;

  constructor(plan: Plan, private readonly feeds: readonly Feed[], private readonly random: Random, private readonly options: SimulationOptions) {
    clearHeap(this.pages);
    this.stages = plan.stages.length;
    this.early = plan.stages.some(({ aggregate }) => aggregate !== null && aggregate.emit.earlyMs !== null);
    this.collector = new Collector(plan);
    const { workers } = options;
    const kernels = base[options.kernels];
    const job = { plan, sources: sourcesOf(plan).map(source => ({ ...source, partitions: options.partitions ?? 1 })), ...sinksFor(plan, options.unheard ?? false) } as unknown as JobDescription;
    this.schedule = new SimulatedSchedule({ heap, pages: this.pages, kernels, workers, staticTables: new StaticTables(heap, kernels, this.pages.for(PageUse.user)) } as unknown as Engine, job, { partitioner: options.partitioners[0]!, clock: this.clock }, this.collector as unknown as Emitter, NOBODY_TOLD);
    this.schedule.random = random;
    const { layouts } = this.schedule;
    const isPlain = plan.stages.every(({ branches }, stage) => branches.every(({ from }, branch) => (stage === 0 ? 'source' in from && from.source === branch : !('source' in from))));
    this.model = isPlain ? new ChainModel(plan, layouts[0]!, options.firstSequence ?? 0) : null;
    if (options.firstSequence) this.sequence.startAt(options.firstSequence);
    this.lockWords = layouts.flatMap(lockWordsOf);
    this.drains = Array.from({ length: workers }, (_, worker) => {
      const scratch = new ScratchArena(this.pages, heap);
      const own = layouts.map((layout): JobLayout => ({ ...layout, partitioner: options.partitioners[worker]! }));
      return new Drain({ heap, kernels: this.preempting(kernels, worker), pages: this.pages, scratch }, own, worker, () => () => null, options.joinLimits);
    });
  }

  run(): Simulated {
    const limit = 400 + this.feeds.length * 200 * this.stages;
    let turns = 0;
    for (; !this.done; turns++) {
      if (turns > limit) throw new Error(`no end after ${turns} turns: ${this.drains.map(drain => drain.pending).join(', ')}, ${this.fed} of ${this.feeds.length} fed`);
      this.turn();
    }
    const { u32 } = heap;
    return {
      rows: this.collector.rows,
      late: this.collector.late,
      ledgers: [...this.schedule.ledgers, ...this.schedule.stageStats()].map(({ read, filtered, applied, late, deadLettered }) => ({ read, filtered, applied, late, deadLettered })),
      left: [u32[word(Word.statePages)]!, u32[word(Word.batchPages)]!, u32[word(Word.stateUnits)]!],
      turns, nested: this.nested,
    };
  }

  private get sequence(): Sequence {
    return (this.schedule as unknown as { first: StageRun }).first.sequence;
  }
  private get done(): boolean {
    return this.fed === this.feeds.length && this.drains.every(drain => drain.pending === 'none') && this.schedule.idle;
  }

  /** One actor, picked at random among those that may run, does one thing. */
  private turn(): void {
    const actor = this.random.below(this.drains.length + 2);
    if (actor === this.drains.length) this.feed();
    else if (actor > this.drains.length) this.coordinate();
    else this.drive(actor);
  }

  private coordinate(): void {
    if (this.scheduling) return;
    if (this.early && this.random.chance(0.3)) this.clock.advance(this.random.below(20));
    this.schedule.advance();
  }

  private feed(): void {
    if (this.scheduling || this.fed === this.feeds.length) return;
    const { branch, rows, partition = 0 } = this.feeds[this.fed]!;
    if (!(this.schedule as unknown as { inputs: Inputs }).inputs.hasPlaces(branch, MOST_IN_FLIGHT)) return;
    this.scheduling = true;
    this.model?.add(branch, partition, rows);
    if (rows === null) this.schedule.submitEnd(branch);
    else if (rows === 'aside') this.schedule.submitAside(branch, partition);
    else this.schedule.submit(branch, { kind: 'rows', rows, partition });
    this.fed++;
    this.scheduling = false;
  }

  private drive(worker: number): void {
    const drain = this.drains[worker]!;
    if (this.running.has(worker) || drain.pending === 'waits') return;
    this.running.add(worker);
    if (drain.pending === 'ready') {
      this.model?.check();
      drain.finish();
    } else drain.begin();
    this.running.delete(worker);
  }

  /** Kernels at whose calls another actor may come in between. */
  private preempting(kernels: Kernels, worker: number): Kernels {
    const preempt = (): void => {
      if (!this.running.has(worker) || !this.random.chance(this.options.preemption) || this.lockWords.some(at => heap.u32[at] !== 0)) return;
      this.nested++;
      this.turn();
    };
    return Object.fromEntries(Object.entries(kernels).map(([name, kernel]) => [name, (...args: never[]) => {
      preempt();
      return (kernel as (...args: never[]) => unknown)(...args);
    }])) as unknown as Kernels;
  }
}

/** By their numbers. */
function sourcesOf(plan: Plan): { readonly name: string }[] {
  const sources: { readonly name: string }[] = [];
  for (const { from, source } of plan.stages.flatMap(({ branches }) => branches)) if ('source' in from) sources[from.source] = source;
  return sources;
}

const REGION_WORDS = 64;
const lockWordsOf = ({ regions, regionBits, block, lanes }: JobLayout): number[] => [
  word(Word.pageLock), new Chain(heap, block, lanes).lockWord, word(Word.outputLock),
  ...Array.from({ length: 1 << regionBits }, (_, region) => (regions >>> 2) + region * REGION_WORDS),
];

interface ModelLane { branch: number; watermark: bigint; takesPart: boolean }
interface Said { before: bigint; ownBefore: bigint; others: bigint; after: bigint; basePosition: bigint }

/** What the chain must say of every morsel, worked out as they are fed. */
class ChainModel {
  private readonly chain: Chain;
  private readonly block: number;
  private readonly lanes: ModelLane[][];
  private readonly rows: bigint[];
  private readonly ended = new Set<number>();
  private readonly expected: Said[] = [];
  private job = NO_TIME;

  constructor(private readonly plan: Plan, { block, lanes }: JobLayout, private readonly first: number) {
    this.chain = new Chain(heap, block, lanes);
    this.block = block;
    const { branches } = plan.stages[0]!;
    const most = lanes.count / branches.length;
    this.lanes = branches.map((_, branch) => Array.from({ length: most }, (_lane, partition) => ({ branch, watermark: NO_TIME, takesPart: partition === 0 })));
    this.rows = branches.map(() => 0n);
  }

  add(branch: number, partition: number, rows: Feed['rows']): void {
    const own = this.lanes[branch]![partition]!;
    const [before, ownBefore, basePosition, others] = [this.job, own.watermark, this.rows[branch]!, this.least(own)];
    if (rows === null) {
      this.ended.add(branch);
      for (const lane of this.lanes[branch]!) lane.takesPart = false;
    } else if (rows === 'aside') own.takesPart = false;
    else for (const row of rows) this.read(own, row);
    const least = this.least(null);
    const moves = this.lanes.flat().some(lane => lane.takesPart) || this.ended.size === this.lanes.length;
    if (moves && least > this.job) this.job = least;
    this.expected.push({ before, ownBefore, others, after: this.job, basePosition });
  }

  private read(own: ModelLane, row: Row): void {
    const time = this.plan.stages[0]!.branches[own.branch]!.eventTime;
    this.rows[own.branch]!++;
    if (time === null) return;
    own.takesPart = true;
    const stated = time.watermark === null ? BigInt(row[time.column] as number) - BigInt(time.outOfOrderness) : row[time.watermark] === null ? NO_TIME : BigInt(row[time.watermark] as number);
    if (stated > own.watermark) own.watermark = stated;
  }

  /** Every morsel in flight that the chain has come to. */
  check(): void {
    for (let index = Math.max(0, this.expected.length - MORSEL_SLOTS); index < this.expected.length; index++) {
      const morsel = new Morsel(heap, this.block, (this.first + index) % MORSEL_SLOTS);
      if (morsel.token !== ((this.first + index) % TOKENS) + 1 || !this.chain.reached(morsel)) continue;
      const { before, ownBefore, others, after, basePosition } = morsel;
      const said: Said = { before, ownBefore, others, after, basePosition };
      const wrong = Object.entries(this.expected[index]!).find(([name, value]) => said[name as keyof Said] !== value);
      if (wrong) throw new Error(`morsel ${index}: of ${wrong[0]} the chain says ${said[wrong[0] as keyof Said]} instead of ${wrong[1]}`);
    }
  }

  private least(except: ModelLane | null): bigint {
    return this.lanes.flat().filter(lane => lane !== except && lane.takesPart).reduce((least, { watermark }) => (watermark < least ? watermark : least), END_OF_TIME);
  }
}
