import { setTimeout as sleep } from 'node:timers/promises';
import { within, type KafkaBatch, type KafkaClient, type KafkaConsumer } from './kafka-client.js';
import { KAFKA_DEFAULTS, readFailure, type KafkaOptions } from './kafka-options.js';
import { placeKey } from './kafka-topics.js';
import type { MillraceError } from '../errors.js';

/** Who is told what happens in the group. */
export interface GroupListener {
  /** The partitions that are ours now, as `placeKey`s; `rejoined`: they are those of before, and the client has forgotten how far it had read. */
  assigned(places: readonly { topic: string; partition: number }[], rejoined: boolean): void;
  /** Messages of a partition. The client reads no more of any partition until the promise settles; what it rejects with goes to the client. */
  batch(payload: KafkaBatch, heartbeat: () => Promise<void>): Promise<void>;
  /** A batch of which nothing is for readers: markers of transactions, and messages of those that were given up. */
  skipped(topic: string, partition: number, lastOffset: number): void;
  /** The consumer has ended for good. */
  failed(error: MillraceError): void;
}
const HEARTBEAT_MS = 3000;
const CLOSE_MS = 5000;
const TRY_AGAIN_MS = 1000;
/** A member that has not joined has nothing to leave. */
const CLOSE_UNJOINED_MS = 250;
/** What a commit that came at the wrong moment fails with: partitions have changed hands, or are about to, and their next reading is told anew. */
const OUT_OF_TURN = /REBALANCE|GENERATION|UNKNOWN_MEMBER|NOT_COORDINATOR|COORDINATOR_NOT_AVAILABLE|COORDINATOR_LOAD/;

/** A member of a consumer group, over a client with the interface of KafkaJS. */
export class KafkaGroup {
  private consumer: KafkaConsumer;
  private topics: string[] = [];
  private known: string | null = null;
  private aliveAt: number = Date.now();
  private closing: Promise<void> | null = null;

  constructor(
    private readonly name: string,
    private readonly client: KafkaClient,
    private readonly options: KafkaOptions,
    private readonly outageMs: number,
    private readonly listener: GroupListener,
  ) {
    this.consumer = this.made();
  }

  private made(): KafkaConsumer {
    const { groupId, fetchBytes, maxWaitMs, sessionTimeoutMs, rebalanceTimeoutMs } = { ...KAFKA_DEFAULTS, ...this.options };
    const perFetch = fetchBytes ?? KAFKA_DEFAULTS.fetchBytes;
    const consumer = this.client.consumer({
      groupId, maxBytesPerPartition: perFetch, maxBytes: Math.max(10 * 2 ** 20, perFetch), maxWaitTimeInMs: maxWaitMs, sessionTimeout: sessionTimeoutMs, rebalanceTimeout: rebalanceTimeoutMs,
      heartbeatInterval: Math.min(HEARTBEAT_MS, Math.floor(sessionTimeoutMs / 3)), metadataMaxAge: 30_000, allowAutoTopicCreation: false,
      // By itself the client would try for ever.
      retry: { initialRetryTime: 250, maxRetryTime: 3000, retries: 5, restartOnFailure: () => Promise.resolve(!this.hasDoneWith(consumer) && Date.now() - this.aliveAt < this.outageMs) },
    });
    this.listen(consumer);
    return consumer;
  }
  private hasDoneWith(consumer: KafkaConsumer): boolean {
    return this.closing !== null || consumer !== this.consumer;
  }

  /** Joins the group. What goes wrong from then on is told to the listener. */
  async join(topics: readonly string[]): Promise<void> {
    this.topics = [...topics];
    try {
      await this.subscribe();
    } catch (error) {
      throw readFailure(this.name, this.options, 'cannot reach the brokers', error);
    }
    this.run();
  }

  private async subscribe(): Promise<void> {
    const { consumer } = this;
    await within(this.outageMs, consumer.connect());
    // Where a job begins is decided elsewhere; this is where the client goes when what it asks for is gone.
    await within(this.outageMs, consumer.subscribe({ topics: this.topics, fromBeginning: true }));
  }
  private run(): void {
    const { consumer } = this;
    // What is asked before, the client asks again by itself, or says that it cannot.
    hear(consumer, 'REQUEST_TIMEOUT', () => this.hasDoneWith(consumer) || void this.renew());
    void consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: payload => (this.hasDoneWith(consumer) ? Promise.resolve() : this.handle(payload)) })
      .catch((error: unknown) => this.hasDoneWith(consumer) || this.listener.failed(readFailure(this.name, this.options, `cannot join the group '${this.options.groupId}'`, error)));
  }

  /**
   * Goes on with a new consumer. A connection that has not answered in time may never do so again, and the client would go on asking over it: it is half open,
   * or the client takes what it reads for the rest of an answer that was cut off.
   */
  private async renew(): Promise<void> {
    const old = this.consumer;
    const next = (this.consumer = this.made());
    // Members that are there no more hold up those that come.
    await within(CLOSE_MS, old.disconnect()).catch(() => {});
    while (this.closing === null) {
      try {
        await this.subscribe();
        break;
      } catch (error) {
        if (Date.now() - this.aliveAt >= this.outageMs) return this.listener.failed(readFailure(this.name, this.options, 'cannot reach the brokers', error));
        await sleep(TRY_AGAIN_MS);
      }
    }
    if (this.closing === null) this.run();
    else this.endAgain(next);
  }

  seek(topic: string, partition: number, offset: number): void {
    this.consumer.seek({ topic, partition, offset: String(offset) });
  }
  pause(topic: string, partition: number): void {
    this.consumer.pause([{ topic, partitions: [partition] }]);
  }

  /** Returns whether it was noted; false where the group is being rebalanced. Throws what would fail again. */
  async commit(offsets: { topic: string; partition: number; offset: string; metadata: string }[]): Promise<boolean> {
    try {
      await this.consumer.commitOffsets(offsets);
      return true;
    } catch (error) {
      const failure = readFailure(this.name, this.options, 'cannot commit', error);
      if (OUT_OF_TURN.test(failure.message) || Date.now() - this.aliveAt < this.outageMs && !/AUTHORIZATION/.test(failure.message)) return false;
      throw failure;
    }
  }

  /** Leaves the group, in bounded time. */
  close(): Promise<void> {
    return (this.closing ??= within(this.known === null ? CLOSE_UNJOINED_MS : CLOSE_MS, this.consumer.disconnect()).catch(() => {}));
  }
  /** A client that is told to end while it connects or joins, or between two attempts, goes on: it is told once more. */
  private endAgain(consumer: KafkaConsumer): void {
    setImmediate(() => void consumer.disconnect().catch(() => {}));
  }

  private listen(consumer: KafkaConsumer): void {
    const { listener } = this;
    hear(consumer, 'FETCH', () => (this.aliveAt = Date.now()));
    hear(consumer, 'GROUP_JOIN', ({ memberAssignment }: { memberAssignment: Record<string, number[]> }) => {
      if (this.hasDoneWith(consumer)) return this.endAgain(consumer);
      this.aliveAt = Date.now();
      const places = Object.entries(memberAssignment).flatMap(([topic, partitions]) => partitions.map(partition => ({ topic, partition })));
      const key = places.map(({ topic, partition }) => placeKey(topic, partition)).sort().join('\n');
      const rejoined = this.known === key;
      this.known = key;
      listener.assigned(places, rejoined);
    });
    hear(consumer, 'START_BATCH_PROCESS', ({ topic, partition, batchSize, lastOffset }: { topic: string; partition: number; batchSize: number; lastOffset: string }) => {
      if (batchSize === 0 && !this.hasDoneWith(consumer)) listener.skipped(topic, partition, Number(lastOffset));
    });
    hear(consumer, 'CRASH', ({ error, restart }: { error: unknown; restart: boolean }) => {
      if (this.hasDoneWith(consumer)) return this.endAgain(consumer);
      if (!restart) listener.failed(readFailure(this.name, this.options, 'the consumer has ended', error));
    });
  }

  private handle(payload: KafkaBatch): Promise<void> {
    this.aliveAt = Date.now();
    return this.listener.batch(payload, async () => {
      await payload.heartbeat();
      this.aliveAt = Date.now();
    });
  }
}

/** What a consumer tells of itself; not every client tells of all. */
function hear(consumer: KafkaConsumer, event: string, heard: (payload: never) => void): void {
  if (consumer.events[event] !== undefined) consumer.on(consumer.events[event] as never, ({ payload }) => heard(payload));
}

/** Waits for a promise, with a heartbeat every second: a member that says nothing is thrown out. */
export async function holding(promise: Promise<void>, heartbeat: () => Promise<void>): Promise<void> {
  let done = false;
  const until = promise.then(() => (done = true));
  const ended = new AbortController();
  while (!done) {
    await Promise.race([until, sleep(1000, undefined, { signal: ended.signal }).catch(() => {})]);
    if (!done) await heartbeat();
  }
  ended.abort();
}
