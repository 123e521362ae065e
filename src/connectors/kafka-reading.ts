import type { BlockPlan } from './kafka-block.js';
import type { KafkaBatch } from './kafka-client.js';
import { holding } from './kafka-group.js';
import type { Lane } from './kafka-lane.js';
import type { KafkaSession } from './kafka-session.js';
import { placeKey, type Position } from './kafka-topics.js';
import type { Delivered, ResumedPartition, SourceItem, SourceReader } from './source.js';

/** So long a block that is not full waits for more: each item costs workers and this thread as much as a thousand messages. */
const GROWING_MS = 20;

/**
 * One reading, of partitions that are ours while it lasts. The client pushes batches and the engine pulls items: a batch goes into the block of its partition,
 * and while that is full the client is held back, which reads nothing more by then.
 */
export class KafkaReading implements SourceReader {
  readonly partitions: readonly number[];
  readonly resumed: readonly ResumedPartition[];
  private readonly byPlace: ReadonlyMap<string, Lane>;
  /** With something to take, those first that have waited longest. */
  private readonly waiting = new Set<Lane>();
  /** With something that may become more yet, until the timer ends. */
  private readonly growing = new Set<Lane>();
  private timer: NodeJS.Timeout | null = null;
  private restarts = false;
  private answeredRestart = false;
  private giveBack: (() => void) | null = null;
  private wakes: (() => void)[] = [];
  private taken: (() => void)[] = [];
  private read = 0;

  /** `keep`: what to do with the session when the reading is over. */
  constructor(
    private readonly session: KafkaSession,
    readonly lanes: readonly Lane[],
    private readonly plan: BlockPlan,
    private readonly isBounded: boolean,
  ) {
    this.partitions = lanes.map(({ number }) => number);
    this.resumed = lanes.flatMap(({ number: partition, start: { offset, readTo, closedTo } }) => (readTo > offset || closedTo !== null ? [{ partition, offset, readTo, closedTo }] : []));
    this.byPlace = new Map(lanes.map(lane => [placeKey(lane.topic, lane.partition), lane]));
  }
  /** Called when the reading is closed: whether the session goes on. */
  onClose: (goesOn: boolean) => Promise<void> = () => Promise.resolve();

  /** All that it is to read was fetched. */
  get isRead(): boolean {
    return this.lanes.every(lane => lane.isRead);
  }
  laneOf(topic: string, partition: number): Lane | undefined {
    return this.byPlace.get(placeKey(topic, partition));
  }

  /** Takes in a batch, as there is room for it. */
  async gather(lane: Lane, payload: KafkaBatch, heartbeat: () => Promise<void>): Promise<void> {
    const { batch } = payload;
    const { messages } = batch;
    const [first, last] = [Number(messages[0]!.offset), Number(messages.at(-1)!.offset)];
    const counted = last - first + 1 === messages.length ? first : Number.NaN;
    for (let index = 0; index < messages.length;) {
      if (lane.isFull) await holding(this.untilTaken(), heartbeat);
      // What is left of it is read again where reading goes on.
      if (this.restarts || this.session.isOver || !payload.isRunning()) return;
      if (this.plan.decode === null) index = lane.gather(messages, index, counted);
      else if (await lane.decode(messages[index]!)) index++;
      this.offer(lane);
    }
    lane.skipTo(Number(batch.lastOffset()) + 1);
    this.offer(lane);
    if (lane.isRead) this.session.pause(lane);
    payload.resolveOffset(batch.lastOffset());
    this.wake();
  }

  /** Has the engine take what was gathered, at once or in a while. */
  private offer(lane: Lane): void {
    if (!lane.hasRows || this.waiting.has(lane)) return;
    if (lane.isRipe) {
      this.growing.delete(lane);
      this.waiting.add(lane);
      return this.wake();
    }
    this.growing.add(lane);
    this.timer ??= setTimeout(() => {
      this.timer = null;
      for (const grown of this.growing) this.waiting.add(grown);
      this.growing.clear();
      this.wake();
    }, GROWING_MS);
  }

  async next(): Promise<SourceItem | null> {
    this.giveBack?.();
    this.giveBack = null;
    for (;;) {
      if (this.session.error !== null) throw this.session.error;
      if (this.restarts) {
        this.answeredRestart = true;
        return { kind: 'restart' };
      }
      const item = this.take() ?? this.end();
      if (item !== undefined) return item;
      await new Promise<void>(resolve => this.wakes.push(resolve));
    }
  }

  private take(): SourceItem | undefined {
    const [lane] = this.waiting;
    if (lane === undefined) return undefined;
    this.waiting.delete(lane);
    const { item, done } = lane.take();
    this.giveBack = done;
    this.read++;
    for (const resolve of this.taken.splice(0)) resolve();
    return item;
  }
  /** Of bounded input: a partition that has ended, or null where all have. */
  private end(): SourceItem | null | undefined {
    if (!this.isBounded) return undefined;
    const lane = this.lanes.find(({ ended, isRead, hasRows }) => !ended && isRead && !hasRows);
    if (lane !== undefined) lane.ended = true;
    if (this.lanes.every(({ ended }) => ended)) return null;
    return lane === undefined ? undefined : { kind: 'partitionEnd', partition: lane.number };
  }

  async delivered({ closedTo, partitions }: Delivered): Promise<void> {
    const told = new Map(partitions.map(one => [one.partition, one]));
    await this.session.deliver(new Map(this.lanes.map(({ topic, partition, number, start }): [string, Position] => {
      const { offset, readTo } = told.get(number) ?? { offset: null, readTo: start.readTo };
      const from = offset ?? start.offset;
      return [placeKey(topic, partition), { offset: from, readTo: readTo > from ? readTo : from, closedTo }];
    })));
  }

  /** The partitions are no longer ours, or not all there are. */
  restart(): void {
    this.restarts = true;
    clearTimeout(this.timer ?? undefined);
    for (const resolve of this.taken.splice(0)) resolve();
    this.wake();
  }
  wake(): void {
    for (const resolve of this.wakes.splice(0)) resolve();
  }

  close(): Promise<void> {
    this.restart();
    return this.onClose(this.answeredRestart && !this.session.isOver);
  }

  private untilTaken(): Promise<void> {
    if (this.restarts) return Promise.resolve();
    return new Promise(resolve => this.taken.push(resolve));
  }
}
