import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../errors.js';
import type { Fields } from '../plan/types.js';
import { asking, clientOf, DEFAULT_OUTAGE_MS, errorType, kafkaFailure, retriesFor, within, type KafkaAdmin, type KafkaClient, type KafkaProducer, type KafkaRecord } from './kafka-client.js';
import { bytesOf, messagesOf, type MessageParts } from './kafka-messages.js';
import { checkOptions, COMPRESSION, type KafkaSinkOptions } from './kafka-sink-options.js';
import type { ResultBatch, Sink } from './sink.js';

const DEFAULTS = { batchRows: 5000, batchBytes: 768 * 1024 };

class KafkaSink implements Sink {
  readonly accepts = 'updating';
  readonly name: string;
  readonly #options: KafkaSinkOptions;
  readonly #limits: { rows: number; bytes: number };
  #opened: { readonly producer: KafkaProducer; readonly parts: MessageParts } | null = null;

  constructor(options: KafkaSinkOptions) {
    checkOptions(options);
    this.#options = options;
    this.name = `kafka(${options.topic})`;
    this.#limits = { rows: options.batchRows ?? DEFAULTS.batchRows, bytes: options.batchBytes ?? DEFAULTS.batchBytes };
  }

  async open(fields: Fields): Promise<void> {
    const { key = [], headers = {}, timestamp, deletes, format } = this.#options;
    const revised = fields.some(({ name, type }) => name === 'version' && type.kind === 'int64');
    if (fields.some(({ name, type, nullable }) => name === 'retracted' && type.kind === 'bool' && !nullable)) throw this.#refused('these results are taken back by rows that are equal to them, which have no key: aggregate them first, or say mode: \'final\' in the join');
    if (revised && key.length === 0) throw this.#refused('these results are revised: give the key that tells which revision belongs to which, such as key: [\'campaign\', \'windowStart\']');
    const place = (what: string, name: string): number => this.#placeOf(fields, what, name);
    const columns = {
      key: key.map(name => place('key', name)),
      headers: Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : place(`headers.${name}`, value.column)] as const),
      timestamp: timestamp === undefined ? -1 : place('timestamp', timestamp),
      deleted: deletes === 'tombstone' ? fields.findIndex(({ name, type }) => name === 'deleted' && type.kind === 'bool') : -1,
    };
    if (columns.timestamp >= 0 && fields[columns.timestamp]!.type.kind !== 'timestamp') throw this.#refused(`timestamp: '${timestamp}' is no timestamp`);
    if (deletes === 'tombstone' && key.length === 0) throw this.#refused('a tombstone needs a key');
    const outageMs = this.#options.outageMs ?? DEFAULT_OUTAGE_MS;
    const client = await clientOf(this.#options);
    await this.#checkTopic(client, outageMs);
    // One request is under way at a time, so retries keep the order; acks from all replicas in sync are what idempotence asks for.
    const producer = client.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false, retry: retriesFor(outageMs) });
    this.#opened = { producer, parts: { ...columns, format: format === undefined || format === 'json' ? null : format } };
    await this.#ask('cannot connect', within(outageMs, producer.connect()));
  }

  #refused(message: string): MillraceError {
    return new MillraceError('BAD_OPTION', `${this.name}: ${message}`);
  }
  #placeOf(fields: Fields, what: string, name: string): number {
    const place = fields.findIndex(field => field.name === name);
    if (place < 0) throw this.#refused(`${what}: the results have no column '${name}'; they have ${fields.map(field => `'${field.name}'`).join(', ')}`);
    return place;
  }

  async #checkTopic(client: KafkaClient, outageMs: number): Promise<void> {
    const { topic, createTopic } = this.#options;
    const admin = client.admin();
    await this.#ask('cannot reach the brokers', within(outageMs, admin.connect()));
    try {
      if (createTopic !== undefined) await this.#create(admin, createTopic);
      await asking(outageMs, () => admin.fetchTopicMetadata({ topics: [topic] }));
    } catch (error) {
      if (errorType(error) === 'UNKNOWN_TOPIC_OR_PARTITION') throw this.#refused('there is no such topic; create it, or say createTopic: { partitions: … }');
      throw this.#failed('cannot look at the topic', error);
    } finally {
      await admin.disconnect().catch(() => {});
    }
  }
  /** A new topic is known to all brokers a little later, and KafkaJS's own waiting for that gives up at the first that does not know it. */
  async #create(admin: KafkaAdmin, { partitions, replicationFactor }: { partitions: number; replicationFactor?: number }): Promise<void> {
    const { topic } = this.#options;
    const made = await admin.createTopics({ topics: [{ topic, numPartitions: partitions, replicationFactor: replicationFactor ?? -1 }], waitForLeaders: false });
    if (made) await waitForTopic(admin, topic);
  }

  async write(batch: ResultBatch): Promise<void> {
    const { topic, compression } = this.#options;
    const { producer, parts } = this.#opened!;
    let messages: KafkaRecord[] = [];
    let bytes = 0;
    const send = async (): Promise<void> => {
      await this.#ask(`cannot write ${messages.length.toLocaleString('en')} messages`, producer.send({ topic, acks: -1, compression: COMPRESSION[compression ?? 'none'], messages }));
      messages = [];
      bytes = 0;
    };
    for (const message of messagesOf(this.name, batch, parts)) {
      const size = bytesOf(message);
      if (messages.length === this.#limits.rows || (messages.length > 0 && bytes + size > this.#limits.bytes)) await send();
      messages.push(message);
      bytes += size;
    }
    if (messages.length > 0) await send();
  }

  async #ask<T>(what: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw this.#failed(what, error);
    }
  }
  #failed(what: string, error: unknown): MillraceError {
    const { topic, createTopic } = this.#options;
    return kafkaFailure('SINK_FAILED', `${this.name}: ${what}`, error, `WRITE on the topic '${topic}'${createTopic === undefined ? '' : ', and CREATE to make it'}`);
  }

  /** All was acknowledged by then. */
  async close(): Promise<void> {
    await this.#ask('cannot disconnect', this.#opened?.producer.disconnect() ?? Promise.resolve());
  }
  /** What was written stays, as far as the job had come. */
  async abort(): Promise<void> {
    await this.#opened?.producer.disconnect().catch(() => {});
  }
}

async function waitForTopic(admin: KafkaAdmin, topic: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      if (topics[0]!.partitions.length > 0) return;
    } catch (error) {
      if (!['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE'].includes(errorType(error))) throw error;
    }
    await sleep(50);
  }
}

/**
 * A topic of Kafka, as a sink: each result is a message, JSON unless said otherwise. The producer is idempotent: what it sends again after a lost
 * answer is not there twice.
 *
 *     await pipeline.to(kafkaSink({ brokers: ['localhost:9092'], topic: 'minutes', key: ['campaign'] })).run();
 */
export function kafkaSink(options: KafkaSinkOptions): Sink & { readonly accepts: 'updating' } {
  return new KafkaSink(options);
}
