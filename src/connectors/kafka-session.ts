import { MillraceError } from '../errors.js';
import { cannotSplit } from '../plan/splitting.js';
import type { BlockPlan } from './kafka-block.js';
import { clientOf, DEFAULT_OUTAGE_MS, within, type KafkaAdmin, type KafkaBatch } from './kafka-client.js';
import { holding, KafkaGroup, type GroupListener } from './kafka-group.js';
import { Lane } from './kafka-lane.js';
import { KAFKA_DEFAULTS, readFailure, type KafkaOptions } from './kafka-options.js';
import { KafkaReading } from './kafka-reading.js';
import { KafkaTopics, metadataOf, placeKey, type Position } from './kafka-topics.js';
import type { SourceContext } from './source.js';

const BEHIND_TOO_OFTEN = 3;
/** So long a member of a group that must not be shared waits for one that came to leave again. */
const NEWCOMER_LEAVES_MS = 20_000;

interface Place {
  readonly topic: string;
  readonly partition: number;
}

/** A consumer and what it knows from one reading to the next: several readings of a job share it, one after another, as partitions change hands. */
export class KafkaSession implements GroupListener {
  /** The first error ends it. */
  error: MillraceError | null = null;
  private readonly group: KafkaGroup;
  private readonly numbers = new Map<string, number>();
  /** Of partitions that were ours without a break: how far they were delivered. */
  private told = new Map<string, Position>();
  private starts = new Map<string, bigint>();
  private bounds = new Map<string, { low: bigint; high: bigint }>();
  private assignment: readonly Place[] | null = null;
  private reading: KafkaReading | null = null;
  private isFirst = true;
  private closed = false;
  private wakes: (() => void)[] = [];

  private constructor(
    readonly name: string,
    private readonly options: KafkaOptions,
    private readonly admin: KafkaAdmin,
    private readonly topics: KafkaTopics,
    group: (listener: GroupListener) => KafkaGroup,
    private readonly outageMs: number,
  ) {
    this.group = group(this);
  }

  static async open(name: string, options: KafkaOptions): Promise<KafkaSession> {
    const outageMs = options.outageMs ?? DEFAULT_OUTAGE_MS;
    const client = await clientOf(options);
    const admin = client.admin();
    const topics = new KafkaTopics(name, options, admin, outageMs);
    const session = new KafkaSession(name, options, admin, topics, listener => new KafkaGroup(name, client, options, outageMs, listener), outageMs);
    try {
      await within(outageMs, admin.connect()).catch((error: unknown) => {
        throw readFailure(name, options, 'cannot reach the brokers', error);
      });
      await topics.find();
      session.numberPartitions();
      session.bounds = await topics.bounds();
      session.starts = await topics.starts(options.from ?? 'earliest', session.bounds);
      await session.group.join([...topics.partitions.keys()]);
    } catch (error) {
      await session.close();
      throw error;
    }
    return session;
  }

  /** Begins a reading of the partitions that are ours: waits until the group has said which. */
  async read(context: SourceContext, plan: BlockPlan): Promise<KafkaReading> {
    for (;;) {
      await within(this.outageMs, this.until(() => this.assignment !== null)).catch((error: unknown) => {
        throw readFailure(this.name, this.options, `the group '${this.options.groupId}' does not answer`, error);
      });
      if (this.error !== null) throw this.error;
      const assignment = this.assignment!;
      await this.checkShare(assignment, context);
      if (assignment !== this.assignment) continue;
      const positions = await this.positions(assignment);
      if (assignment !== this.assignment) continue;
      const lanes = assignment.map(place => this.laneOf(place, positions.get(placeKey(place.topic, place.partition))!, plan));
      for (const lane of lanes) this.told.set(placeKey(lane.topic, lane.partition), lane.start);
      this.isFirst = false;
      this.reading = new KafkaReading(this, lanes, plan, this.options.until !== undefined);
      this.wake();
      return this.reading;
    }
  }

  private laneOf({ topic, partition }: Place, start: Position, plan: BlockPlan): Lane {
    const key = placeKey(topic, partition);
    const end = this.options.until === undefined ? Infinity : Number(this.bounds.get(key)?.high ?? 0);
    return new Lane(topic, partition, this.numbers.get(key)!, start, end, plan, `kafka(${topic})[${partition}]`);
  }

  /** Refuses a part of the partitions where results would be parts. Who comes leaves at once, and who was there waits for that: then the assignment is another one. */
  private async checkShare(assignment: readonly Place[], { job }: SourceContext): Promise<void> {
    const isKnown = assignment.every(({ topic, partition }) => this.numbers.has(placeKey(topic, partition)));
    if (!isKnown || assignment.length < this.topics.count) await this.lookAgain();
    if (assignment.length >= this.topics.count || job === undefined) return;
    const reason = cannotSplit(job.plan, job.source, this.options.partitionedBy ?? []);
    if (reason === null) return;
    if (!this.isFirst) await within(NEWCOMER_LEAVES_MS, this.until(() => this.assignment !== assignment)).catch(() => {});
    if (this.assignment === assignment && !this.isOver) throw new MillraceError('BAD_OPTION', `${this.name}: the group '${this.options.groupId}' has other members, which read some of the partitions, and results would be parts: ${reason}. Group by what the topic is partitioned by and name that in partitionedBy, or use a group of its own`);
  }

  /** Where to take up what is ours. */
  private async positions(assignment: readonly Place[]): Promise<Map<string, Position>> {
    const ignores = this.isFirst && this.options.committed === 'ignore';
    const committed = ignores ? new Map<string, Position>() : await this.topics.committed();
    const found = new Map(assignment.map(({ topic, partition }) => {
      const key = placeKey(topic, partition);
      const start = this.starts.get(key) ?? 0n;
      return [key, this.told.get(key) ?? committed.get(key) ?? { offset: start, readTo: start, closedTo: null }];
    }));
    // Others may have read and committed messages that came since we looked.
    const isBehind = ([key, { offset }]: [string, Position]): boolean => offset > (this.bounds.get(key)?.high ?? offset);
    const ends = [...found].some(isBehind) ? await this.topics.bounds() : this.bounds;
    for (const [key, { offset }] of found) {
      const { low, high } = ends.get(key) ?? { low: offset, high: offset };
      if (offset < low) throw new MillraceError('SOURCE_FAILED', `${this.name}: messages of ${key} from offset ${offset} to ${low} are gone, and were not read to the end: keep them for longer than windows are open and the job may be down. To begin without them use another group, or committed: 'ignore'`);
      if (offset > high) throw new MillraceError('SOURCE_FAILED', `${this.name}: the group has committed offset ${offset} of ${key}, which ends at ${high}: the topic was made anew, or lost messages. Use another group, or committed: 'ignore'`);
    }
    await this.noteStarts([...found].filter(([key]) => !this.told.has(key) && !committed.has(key)));
    return found;
  }

  /** A member that takes over before anything was delivered must begin where we did. */
  private async noteStarts(positions: readonly (readonly [string, Position])[]): Promise<void> {
    if (positions.length > 0) await this.commit(new Map(positions));
  }

  private async lookAgain(): Promise<void> {
    await this.topics.find();
    this.numberPartitions();
    for (const [key, bounds] of await this.topics.bounds()) {
      // What came to be behind the start is read from its first message on, and has no end in a bounded reading that knew nothing of it.
      if (!this.starts.has(key)) this.starts.set(key, bounds.low);
      this.bounds.set(key, this.options.until === undefined ? bounds : this.bounds.get(key) ?? { low: 0n, high: 0n });
    }
  }

  private numberPartitions(): void {
    for (const [topic, partitions] of this.topics.partitions) for (const partition of partitions) {
      const key = placeKey(topic, partition);
      if (!this.numbers.has(key)) this.numbers.set(key, this.numbers.size);
    }
    const most = this.options.maxPartitions ?? KAFKA_DEFAULTS.maxPartitions;
    if (this.numbers.size > most) throw new MillraceError('BAD_OPTION', `${this.name}: there are ${this.numbers.size} partitions, and maxPartitions is ${most}`);
  }

  /** Notes positions for all partitions given that are still ours, in one step. */
  async deliver(positions: ReadonlyMap<string, Position>): Promise<void> {
    const ours = new Map([...positions].filter(([key]) => this.told.has(key)));
    for (const [key, position] of ours) this.told.set(key, position);
    await this.commit(ours);
  }
  private async commit(positions: ReadonlyMap<string, Position>): Promise<void> {
    if (positions.size === 0) return;
    await this.group.commit([...positions].map(([key, position]) => {
      const slash = key.lastIndexOf('/');
      return { topic: key.slice(0, slash), partition: Number(key.slice(slash + 1)), offset: String(position.offset), metadata: metadataOf(position) };
    }));
  }

  // What the group tells.

  assigned(places: readonly Place[], rejoined: boolean): void {
    if (rejoined && this.assignment !== null) {
      for (const lane of this.reading?.lanes ?? []) this.seek(lane);
      return;
    }
    const keys = new Set(places.map(({ topic, partition }) => placeKey(topic, partition)));
    this.told = new Map([...this.told].filter(([key]) => keys.has(key)));
    this.assignment = places;
    this.reading?.restart();
    this.reading = null;
    this.wake();
  }

  async batch(payload: KafkaBatch, heartbeat: () => Promise<void>): Promise<void> {
    const { batch } = payload;
    if (this.reading === null) await holding(this.until(() => this.reading !== null), heartbeat);
    const { reading } = this;
    const lane = reading?.laneOf(batch.topic, batch.partition);
    if (reading === null || lane === undefined || this.isOver || payload.isStale()) return;
    const first = Number(batch.messages[0]!.offset);
    if (!lane.aligned && first !== lane.position) return this.seek(lane);
    lane.aligned = true;
    // The same batch again is nothing new. Again and again, it is what the client went to because our place is gone.
    if (Number(batch.lastOffset()) >= lane.position) lane.behind = 0;
    else if (++lane.behind < BEHIND_TOO_OFTEN) return;
    else throw this.fail(new MillraceError('SOURCE_FAILED', `${this.name}: messages of ${batch.topic}[${batch.partition}] went back from offset ${lane.position} to ${first}: the topic was made anew, or lost messages`));
    await reading.gather(lane, payload, heartbeat);
    // There is nothing more to fetch: a request for that would only have `close` wait for its answer.
    if (reading.isRead) await holding(this.until(() => this.reading !== reading), heartbeat);
  }
  skipped(topic: string, partition: number, lastOffset: number): void {
    const lane = this.reading?.laneOf(topic, partition);
    if (lane?.aligned !== true || lane.isFull) return;
    lane.skipTo(lastOffset + 1);
    this.reading!.wake();
  }
  failed(error: MillraceError): void {
    this.fail(error);
  }

  private fail(error: MillraceError): MillraceError {
    this.error ??= error;
    this.reading?.wake();
    this.wake();
    return this.error;
  }

  private seek(lane: Lane): void {
    lane.aligned = true;
    this.group.seek(lane.topic, lane.partition, lane.position);
  }
  /** The partition has ended: nothing more of it is fetched. */
  pause({ topic, partition }: Lane): void {
    this.group.pause(topic, partition);
  }

  get isOver(): boolean {
    return this.error !== null || this.closed;
  }
  /** Settles once something is so, or the session is over. */
  private async until(what: () => boolean): Promise<void> {
    while (!what() && !this.isOver) await new Promise<void>(resolve => this.wakes.push(resolve));
  }
  private wake(): void {
    for (const resolve of this.wakes.splice(0)) resolve();
  }

  async close(): Promise<void> {
    this.closed = true;
    this.reading?.restart();
    // The client must know that it ends before a batch that is held is let go: it would fetch the next.
    const left = this.group.close();
    this.wake();
    await Promise.all([left, this.admin.disconnect().catch(() => {})]);
  }
}
