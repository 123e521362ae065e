import type { Origin, PartitionEnd, SourceReader, SourceRows } from '../connectors/source.js';
import { MillraceError } from '../errors.js';
import { readsSource, type Branch } from '../plan/plan.js';
import { END_OF_TIME, later, NO_TIME } from '../worker/lanes.js';
import { type Morsel, MorselKind } from '../worker/morsel.js';
import type { Reject } from '../worker/rejects.js';
import type { Acknowledgements } from './acknowledgements.js';
import { Alignment } from './alignment.js';
import type { Clock } from './clock.js';
import type { Engine } from './engine.js';
import { Idleness } from './idleness.js';
import { Ingest } from './ingest.js';
import type { JobDescription, SourceStats } from './job-types.js';
import { Ledger } from './ledger.js';
import { Replay } from './replay.js';
import { comparedSources } from './compared-sources.js';
import type { SharedBlocks } from './shared-blocks.js';
import type { StageRun } from './stage-run.js';

/** One branch that reads a source. */
interface Reader {
  readonly stage: StageRun;
  readonly branch: number;
  readonly ledger: Ledger;
  /** What rows set aside are told by, by the number of the morsel. */
  readonly told: Map<number, Told>;
}
/** `rejects`: rows that did not make it into the batch. */
interface Told {
  readonly rejects: readonly Reject[];
  readonly origin: Origin | null;
}
const NOTHING: Told = { rejects: [], origin: null };
interface Places {
  readonly stage: StageRun;
  number: number;
}
/** A source, read once for all its readers. */
interface Input {
  readonly name: string;
  readonly planned: Branch;
  /** How far ahead of the clock event times may be, in their unit, of which a millisecond has so many; null: as far as they like. */
  readonly maxAhead: number | null;
  readonly perMs: number;
  readonly ingest: Ingest;
  readonly readers: readonly Reader[];
  /** How many readers each stage has. */
  readonly places: readonly Places[];
  /** Items that the first reader has not settled. */
  inFlight: number;
  /** The watermarks that partitions began with. */
  readonly floors: Map<number, bigint>;
  /** Where items on their way end, by the number of the morsel. */
  readonly ends: Map<number, bigint>;
}

/** What comes in: items of sources become morsels of the stages that read them; partitions come, fall silent and end; each reader has its ledger. */
export class Inputs {
  private readonly inputs: readonly Input[];
  private readonly byBranch: ReadonlyMap<StageRun, ReadonlyMap<number, Reader>>;
  private readonly idleness: Idleness;
  private readonly alignment: Alignment;
  private readonly replay: Replay;

  constructor(
    { heap, pages, kernels }: Engine,
    { plan, sources }: JobDescription,
    stages: readonly StageRun[],
    private readonly blocks: SharedBlocks,
    sharedBuffers: readonly SharedArrayBuffer[],
    private readonly clock: Clock,
    private readonly acknowledgements: Acknowledgements,
    wake: () => void,
  ) {
    const all = plan.stages.flatMap(({ branches }, stage) => branches.map((planned, branch) => ({ planned, stage: stages[stage]!, branch })));
    this.inputs = sources.map(({ name }, source) => {
      const reading = all.filter(({ planned: { from } }) => readsSource(from) && from.source === source);
      const readers = reading.map(({ stage, branch }, i): Reader => ({ stage, branch, ledger: new Ledger(reading.length === 1 ? name : `${name} #${i + 1}`), told: new Map() }));
      const { planned } = reading[0]!;
      const { maxAhead, perMs } = aheadOf(planned);
      return { name, planned, maxAhead, perMs, ingest: new Ingest(heap, pages, kernels, planned.source.schema, sharedBuffers), readers, places: placesOf(readers), inFlight: 0, floors: new Map(), ends: new Map() };
    });
    this.byBranch = new Map(stages.map(stage => [stage, new Map(this.inputs.flatMap(({ readers }) => readers.filter(reader => reader.stage === stage)).map(reader => [reader.branch, reader]))]));
    this.replay = new Replay(clock);
    const times = this.inputs.map(({ planned }) => planned.eventTime);
    this.idleness = new Idleness(clock, times.map(time => time?.idleAfterMs ?? null), wake);
    this.alignment = new Alignment(clock, source => this.standOf(source), times.map(time => time?.maxDrift ?? null), comparedSources(plan));
  }

  /** A source is being read. REQUIRES: it has given no item. */
  opened(source: number, reader: SourceReader): void {
    const { partitions = [0], resumed = [] } = reader;
    const { name, readers, floors } = this.inputs[source]!;
    // Several would note positions one after another, and between two of them a job may die.
    if (this.inputs.length === 1 && readers.length === 1) this.acknowledgements.opened(source, name, reader);
    this.replay.resumed(source, resumed);
    for (const { partition, closedTo } of resumed) if (closedTo !== null) floors.set(partition, closedTo);
    for (const { stage, branch } of readers) {
      const lane = (partition: number): number => this.laneOf(source, stage, branch, partition);
      stage.sequence.chain.declare(branch, partitions.map(lane), new Map([...floors].map(([partition, floor]) => [lane(partition), floor])));
    }
    for (const partition of partitions) this.idleness.heard(source, partition);
  }

  /** Whether every reader of a source has a place for one more item, with at most so many morsels in each stage. */
  hasPlaces(source: number, most: number): boolean {
    return this.inputs[source]!.places.every(({ stage, number }) => stage.taken + number <= most);
  }
  /** Whether that is so of any. */
  haveSomePlaces(most: number): boolean {
    return this.inputs.some((_, source) => this.hasPlaces(source, most));
  }
  /** Keeps the places for an item. REQUIRES that there are. */
  reserve(source: number): void {
    for (const { stage, number } of this.inputs[source]!.places) stage.reserved += number;
  }
  unreserve(source: number): void {
    for (const { stage, number } of this.inputs[source]!.places) stage.reserved -= number;
  }

  /** Whether a source is held because it is ahead of the others. */
  isHeld(source: number): boolean {
    return this.alignment.holds(source, this.inputs[source]!.inFlight);
  }
  /** Time in which a source may not be read does not make it idle. */
  waits(source: number): void {
    this.idleness.hold(source);
  }
  mayRead(source: number): void {
    this.idleness.release(source);
  }

  /** REQUIRES: places. */
  submit(source: number, item: SourceRows | PartitionEnd): void {
    const input = this.inputs[source]!;
    const partition = item.partition ?? 0;
    if (item.kind === 'partitionEnd') {
      this.idleness.ended(source, partition);
      return this.aside(source, partition);
    }
    input.inFlight++;
    const [first, ...others] = input.readers as [Reader, ...Reader[]];
    let filled: Uint32Array | null = null;
    this.acknowledgements.submitted(source, item, first.stage.sequence.number);
    if (item.next !== undefined) input.ends.set(first.stage.sequence.number, item.next);
    let told = NOTHING;
    first.stage.sequence.submit(first.branch, this.laneOf(source, first.stage, first.branch, partition), morsel => {
      told = { rejects: input.ingest.fill(morsel, item), origin: item.origin ?? null };
      morsel.latest = this.latestFor(input);
      morsel.floor = input.floors.get(partition) ?? NO_TIME;
      morsel.again = this.replay.isAgain(source, partition, item.next) ? 1 : 0;
      if (others.length > 0) filled = this.shared(morsel, input.readers.length);
      this.tell(first, told);
    });
    for (const reader of others) {
      reader.stage.sequence.submit(reader.branch, this.laneOf(source, reader.stage, reader.branch, partition), morsel => {
        morsel.setWords(filled!);
        this.tell(reader, told);
      });
    }
    // Whether there are rows in a text only a worker sees; an item is a sign of life.
    this.idleness.heard(source, partition);
  }
  end(source: number): void {
    this.idleness.ended(source);
    this.pass(source, MorselKind.branchEnd, 0);
    for (const { stage } of this.inputs[source]!.readers) stage.branchEnds();
  }
  /** Has a partition step aside. REQUIRES: places. */
  aside(source: number, partition: number): void {
    this.pass(source, MorselKind.aside, partition);
  }
  /** Has partitions that have fallen idle step aside, as far as there are places. Returns whether there were any. */
  idle(): boolean {
    if (!this.idleness.hasDue) return false;
    const room = Math.min(...this.inputs.flatMap(({ places }) => places.map(({ stage, number }) => Math.floor(stage.room / number))));
    const due = this.idleness.due(room);
    for (const { branch: source, partition } of due) this.aside(source, partition);
    return due.length > 0;
  }

  /** Enters a morsel that is done, and returns the rows that ingestion had set aside and where it comes from. REQUIRES: its branch reads a source. */
  settle(stage: StageRun, source: number, morsel: Morsel, number: number): Told {
    const reader = this.byBranch.get(stage)!.get(morsel.branch)!;
    reader.ledger.add(morsel);
    if (reader === this.inputs[source]!.readers[0]) this.settleItem(source, stage, morsel, number);
    const told = reader.told.get(number) ?? NOTHING;
    reader.told.delete(number);
    return told;
  }
  nameOf(source: number): string {
    return this.inputs[source]!.name;
  }

  /** Rows that were read before are being read once more, and some have not come yet. */
  get isReplaying(): boolean {
    return this.replay.isGoingOn;
  }

  get ledgers(): readonly Ledger[] {
    return this.inputs.flatMap(({ readers }) => readers.map(({ ledger }) => ledger));
  }
  noteProgress(source: number, progress: SourceStats['progress']): void {
    for (const { ledger } of this.inputs[source]!.readers) ledger.progress = progress;
  }
  stats(): SourceStats[] {
    return this.inputs.flatMap(({ readers }, source) => readers.map(({ stage, branch, ledger }, reader) => {
      const { lanes } = stage.sequence.chain;
      const watermark = lanes.leastOfBranch(branch) ?? lanes.ofBranch(branch).reduce((greatest, lane) => later(greatest, lanes.watermarkOf(lane)), NO_TIME);
      return ledger.stats({ again: reader > 0, watermark: watermark === NO_TIME ? null : watermark, idle: this.idleness.idleOf(source), heldMs: this.alignment.heldMs(source) });
    }));
  }
  stop(): void {
    this.idleness.stop();
  }

  private settleItem(source: number, stage: StageRun, morsel: Morsel, number: number): void {
    const input = this.inputs[source]!;
    input.inFlight--;
    const partition = morsel.lane - stage.lanes.first[morsel.branch]!;
    if (morsel.kind === MorselKind.branchEnd) return this.replay.ended(source);
    if (morsel.kind === MorselKind.aside) return this.replay.ended(source, partition);
    const next = input.ends.get(number);
    if (next === undefined) return;
    input.ends.delete(number);
    this.replay.applied(source, partition, next);
    this.acknowledgements.settled(source, partition, number, morsel.greatest);
  }

  /** A morsel without data, for each reader. */
  private pass(source: number, kind: MorselKind, partition: number): void {
    const { readers } = this.inputs[source]!;
    this.inputs[source]!.inFlight++;
    for (const { stage, branch } of readers) stage.sequence.pass(kind, branch, this.laneOf(source, stage, branch, partition));
  }
  /** What the other readers' morsels have of the first. */
  private shared(morsel: Morsel, readers: number): Uint32Array {
    morsel.common = 1;
    for (const address of [morsel.textAddress, morsel.owned ? morsel.descriptor : 0, morsel.linesAddress]) if (address !== 0) this.blocks.share(address, readers);
    return morsel.words();
  }
  private tell({ stage, told }: Reader, given: Told): void {
    if (given.rejects.length > 0 || given.origin !== null) told.set(stage.sequence.number, given);
  }

  /** The least watermark of the partitions of a source that take part, as its first reader has it. */
  private standOf(source: number): bigint | null {
    const { stage, branch } = this.inputs[source]!.readers[0]!;
    return stage.sequence.chain.lanes.leastOfBranch(branch);
  }
  private laneOf(source: number, stage: StageRun, branch: number, partition: number): number {
    const { first, count } = stage.lanes;
    const most = (first[branch + 1] ?? count) - first[branch]!;
    if (Number.isInteger(partition) && partition >= 0 && partition < most) return first[branch]! + partition;
    throw new MillraceError('SOURCE_FAILED', `the source ${this.nameOf(source)} has a partition ${partition}, but says that there are at most ${most}`);
  }
  /** The latest event time that is taken now. */
  private latestFor({ perMs, maxAhead }: Input): bigint {
    return maxAhead === null ? END_OF_TIME : BigInt(Math.floor(this.clock.now()) * perMs + maxAhead);
  }
}

function aheadOf({ eventTime, source }: Branch): Pick<Input, 'maxAhead' | 'perMs'> {
  const type = source.schema.find(field => field.name === eventTime?.column)?.type;
  return { maxAhead: eventTime?.maxAhead ?? null, perMs: type?.kind === 'timestamp' && type.unit === 'us' ? 1000 : 1 };
}

function placesOf(readers: readonly Reader[]): Places[] {
  const places: Places[] = [];
  for (const { stage } of readers) {
    const known = places.find(place => place.stage === stage);
    if (known) known.number++;
    else places.push({ stage, number: 1 });
  }
  return places;
}
