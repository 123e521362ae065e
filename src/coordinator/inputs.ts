import type { SourceItem } from '../connectors/source.js';
import { MillraceError } from '../errors.js';
import type { Branch } from '../plan/plan.js';
import { END_OF_TIME, later, NO_TIME, type LaneMap } from '../worker/lanes.js';
import { type Morsel, MorselKind } from '../worker/morsel.js';
import type { Reject } from '../worker/rejects.js';
import { Alignment } from './alignment.js';
import type { Clock } from './clock.js';
import type { Engine } from './engine.js';
import { Idleness } from './idleness.js';
import { Ingest } from './ingest.js';
import type { JobDescription, SourceStats } from './job-types.js';
import { Ledger } from './ledger.js';
import type { Sequence } from './sequence.js';

/** What comes in: items of sources become morsels in the sequence; partitions come, fall silent and end; each source has its ledger. */
export class Inputs {
  readonly ledgers: readonly Ledger[];
  private readonly ingests: readonly Ingest[];
  private readonly idleness: Idleness;
  private readonly alignment: Alignment;
  private readonly inFlight: number[];
  /** Rows that did not make it into the batch, by the number of the morsel. */
  private readonly rejects = new Map<number, readonly Reject[]>();

  constructor(
    { heap, pages, kernels }: Engine,
    { sources }: JobDescription,
    private readonly branches: readonly Branch[],
    private readonly lanes: LaneMap,
    sharedBuffers: readonly SharedArrayBuffer[],
    private readonly clock: Clock,
    private readonly sequence: Sequence,
    wake: () => void,
  ) {
    this.ingests = branches.map(branch => new Ingest(heap, pages, kernels, branch.source.schema, sharedBuffers));
    this.ledgers = sources.map(source => new Ledger(source.name));
    this.idleness = new Idleness(clock, branches.map(branch => branch.eventTime?.idleAfterMs ?? null), wake);
    this.alignment = new Alignment(clock, sequence.chain.lanes, branches.map(branch => branch.eventTime?.maxDrift ?? null));
    this.inFlight = branches.map(() => 0);
  }

  /** The reader of a branch is there, with these partitions. REQUIRES: the branch has had no item. */
  opened(branch: number, partitions: readonly number[]): void {
    this.sequence.chain.declare(branch, partitions.map(partition => this.laneOf(branch, partition)));
    for (const partition of partitions) this.idleness.heard(branch, partition);
  }

  /** Whether a branch is held because it is ahead of the others. */
  isHeld(branch: number): boolean {
    return this.alignment.holds(branch, this.inFlight[branch]!);
  }
  /** Time in which a branch may not read does not make it idle. */
  waits(branch: number): void {
    this.idleness.hold(branch);
  }
  mayRead(branch: number): void {
    this.idleness.release(branch);
  }

  submit(branch: number, item: SourceItem): void {
    const partition = item.partition ?? 0;
    const lane = this.laneOf(branch, partition);
    this.inFlight[branch]!++;
    if (item.kind === 'partitionEnd') {
      this.idleness.ended(branch, partition);
      this.sequence.pass(MorselKind.aside, branch, lane);
      return;
    }
    this.sequence.submit(branch, lane, morsel => {
      const rejects = this.ingests[branch]!.fill(morsel, item);
      if (rejects.length > 0) this.rejects.set(this.sequence.number, rejects);
      morsel.latest = this.latestFor(branch);
    });
    // Whether there are rows in a text only a worker sees; an item is a sign of life.
    this.idleness.heard(branch, partition);
  }
  end(branch: number): void {
    this.inFlight[branch]!++;
    this.idleness.ended(branch);
    this.sequence.pass(MorselKind.branchEnd, branch, this.laneOf(branch, 0));
  }
  /** Has a partition step aside. REQUIRES: a free slot. */
  aside(branch: number, partition: number): void {
    this.inFlight[branch]!++;
    this.sequence.pass(MorselKind.aside, branch, this.laneOf(branch, partition));
  }
  /** Has partitions that have fallen idle step aside, at most so many. Returns whether there were any. */
  idle(most: number): boolean {
    const due = this.idleness.due(most);
    for (const { branch, partition } of due) this.aside(branch, partition);
    return due.length > 0;
  }

  /** Enters a morsel that is done, and returns the rows that ingestion had set aside. */
  settle(morsel: Morsel, number: number): readonly Reject[] {
    this.ledgers[morsel.branch]!.add(morsel);
    this.inFlight[morsel.branch]!--;
    const rejects = this.rejects.get(number) ?? [];
    this.rejects.delete(number);
    return rejects;
  }

  stats(): SourceStats[] {
    const { lanes } = this.sequence.chain;
    return this.ledgers.map((ledger, branch) => {
      const watermark = lanes.leastOfBranch(branch) ?? lanes.ofBranch(branch).reduce((greatest, lane) => later(greatest, lanes.watermarkOf(lane)), NO_TIME);
      return ledger.stats({ watermark: watermark === NO_TIME ? null : watermark, idle: this.idleness.idleOf(branch), heldMs: this.alignment.heldMs(branch) });
    });
  }
  stop(): void {
    this.idleness.stop();
  }

  private laneOf(branch: number, partition: number): number {
    const { first, count } = this.lanes;
    const most = (first[branch + 1] ?? count) - first[branch]!;
    if (Number.isInteger(partition) && partition >= 0 && partition < most) return first[branch]! + partition;
    throw new MillraceError('SOURCE_FAILED', `the source ${this.ledgers[branch]!.name} has a partition ${partition}, but says that there are at most ${most}`);
  }
  /** The latest event time that is taken now. */
  private latestFor(branch: number): bigint {
    const { eventTime, source } = this.branches[branch]!;
    if (eventTime === null || eventTime.maxAhead === null) return END_OF_TIME;
    const type = source.schema.find(field => field.name === eventTime.column)!.type;
    return BigInt(Math.floor(this.clock.now())) * (type.kind === 'timestamp' && type.unit === 'us' ? 1000n : 1n) + BigInt(eventTime.maxAhead);
  }
}
