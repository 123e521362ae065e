import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../errors.js';
import type { Fields } from '../plan/types.js';
import { columnTexts, type ColumnText } from './column-text.js';
import { jsonRows, jsonText } from './json-row.js';
import { checkConnection, clientOf, DEFAULT_OUTAGE_MS, errorType, kafkaFailure, positive, retriesFor, within, type KafkaAdmin, type KafkaClient, type KafkaConnection, type KafkaProducer, type KafkaRecord } from './kafka-client.js';
import type { ResultBatch, Sink } from './sink.js';

const COMPRESSION = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;

/** Options of `kafkaSink`. */
export interface KafkaSinkOptions extends KafkaConnection {
  readonly topic: string;
  /**
   * The result columns that make the key of a message, which decides its partition: of one column its text, of several a JSON array. Default: none, and
   * messages are spread; results that are revised need one.
   */
  readonly key?: readonly string[];
  /** What the value of a message is: 'json' (default), an object with all columns; or a function of the row, whose null is a tombstone. */
  readonly format?: 'json' | ((row: Readonly<Record<string, unknown>>) => string | Uint8Array | null);
  /** Headers of every message: texts as they are, or `{ column: 'name' }` for the text of a column. Default: none. */
  readonly headers?: Readonly<Record<string, string | { readonly column: string }>>;
  /** A timestamp column whose value becomes the message's timestamp. Default: the time of sending. */
  readonly timestamp?: string;
  /** 'none' (default), 'gzip', or one whose codec was added to the client: 'snappy', 'lz4', 'zstd'. */
  readonly compression?: keyof typeof COMPRESSION;
  /** Of results that can be taken back (they have a column `deleted`): 'value' (default) writes them like any, 'tombstone' writes a message without value. */
  readonly deletes?: 'value' | 'tombstone';
  /** Makes the topic if it is not there. Default: a topic that is not there is refused. */
  readonly createTopic?: { readonly partitions: number; readonly replicationFactor?: number };
  /** The most messages of a request. Default 5,000. */
  readonly batchRows?: number;
  /** A request gets no more messages once they have so many bytes: brokers take 1 MiB unless told otherwise. Default 768 KiB. */
  readonly batchBytes?: number;
}

const DEFAULTS = { batchRows: 5000, batchBytes: 768 * 1024 };
/** Of a message, besides key, value and headers. */
const MESSAGE_BYTES = 32;

/** Which columns make what of a message; indexes into the batch's fields. */
interface Opened {
  readonly producer: KafkaProducer;
  readonly key: readonly number[];
  readonly headers: readonly (readonly [name: string, value: string | number])[];
  readonly timestamp: number;
  readonly deleted: number;
}

class KafkaSink implements Sink {
  readonly accepts = 'updating';
  readonly name: string;
  readonly #options: KafkaSinkOptions;
  readonly #limits: { rows: number; bytes: number };
  #opened: Opened | null = null;

  constructor(options: KafkaSinkOptions) {
    checkOptions(options);
    this.#options = options;
    this.name = `kafka(${options.topic})`;
    this.#limits = { rows: options.batchRows ?? DEFAULTS.batchRows, bytes: options.batchBytes ?? DEFAULTS.batchBytes };
  }

  async open(fields: Fields): Promise<void> {
    const { key = [], headers = {}, timestamp, deletes } = this.#options;
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
    this.#opened = { producer, key: columns.key, headers: columns.headers, timestamp: columns.timestamp, deleted: columns.deleted };
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
      await within(outageMs, admin.fetchTopicMetadata({ topics: [topic] }));
    } catch (error) {
      if (errorType(error) === 'UNKNOWN_TOPIC_OR_PARTITION') throw this.#refused('there is no such topic; create it, or say createTopic: { partitions: … }');
      throw kafkaFailure('SINK_FAILED', `${this.name}: cannot look at the topic`, error);
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
    const { producer } = this.#opened!;
    let messages: KafkaRecord[] = [];
    let bytes = 0;
    const send = async (): Promise<void> => {
      await this.#ask(`cannot write ${messages.length.toLocaleString('en')} messages`, producer.send({ topic, acks: -1, compression: COMPRESSION[compression ?? 'none'], messages }));
      messages = [];
      bytes = 0;
    };
    for (const message of this.#messages(batch)) {
      const size = bytesOf(message);
      if (messages.length === this.#limits.rows || (messages.length > 0 && bytes + size > this.#limits.bytes)) await send();
      messages.push(message);
      bytes += size;
    }
    if (messages.length > 0) await send();
  }

  *#messages(batch: ResultBatch): Generator<KafkaRecord> {
    const { key, headers, timestamp, deleted } = this.#opened!;
    const { format } = this.#options;
    const texts = columnTexts(batch);
    const keyOf = keyReader(key.map(index => texts[index]!));
    const headersOf = headerReader(headers, texts);
    const rows = typeof format === 'function' ? batch.toRows() : null;
    const json = jsonRows(batch, texts);
    const valueOf = (row: number): string | Buffer | null => {
      if (deleted >= 0 && texts[deleted]!.text(row) === 'true') return null;
      if (rows === null) return json(row);
      const value = this.#encode(format as Exclude<typeof format, 'json' | undefined>, rows[row]!);
      return typeof value === 'string' || value === null ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    };
    const timeOf = timestamp < 0 ? null : texts[timestamp]!;
    for (let row = 0; row < batch.rows; row++) {
      const time = timeOf === null || timeOf.isNull(row) ? undefined : String(Date.parse(timeOf.text(row)));
      yield { key: keyOf(row), value: valueOf(row), headers: headersOf(row), ...(time === undefined ? {} : { timestamp: time }) };
    }
  }
  #encode(format: (row: Readonly<Record<string, unknown>>) => string | Uint8Array | null, row: Readonly<Record<string, unknown>>): string | Uint8Array | null {
    try {
      return format(row);
    } catch (error) {
      throw new MillraceError('SINK_FAILED', `${this.name}: format threw: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }

  async #ask<T>(what: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw kafkaFailure('SINK_FAILED', `${this.name}: ${what}`, error);
    }
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

/** The key of a row: null where there is none, or a single column that is null. */
function keyReader(columns: readonly ColumnText[]): (row: number) => string | null {
  if (columns.length === 0) return () => null;
  if (columns.length === 1) return row => (columns[0]!.isNull(row) ? null : columns[0]!.text(row));
  const parts = columns.map(column => ({ isNull: column.isNull, text: jsonText(column) }));
  return row => `[${parts.map(({ isNull, text }) => (isNull(row) ? 'null' : text(row))).join(',')}]`;
}
function headerReader(headers: Opened['headers'], texts: readonly ColumnText[]): (row: number) => Record<string, string> {
  const fixed = Object.fromEntries(headers.filter(([, value]) => typeof value === 'string')) as Record<string, string>;
  const columns = headers.flatMap(([name, value]) => (typeof value === 'number' ? [{ name, column: texts[value]! }] : []));
  if (columns.length === 0) return () => fixed;
  return row => {
    const all = { ...fixed };
    for (const { name, column } of columns) if (!column.isNull(row)) all[name] = column.text(row);
    return all;
  };
}
function bytesOf({ key, value, headers }: KafkaRecord): number {
  let bytes = MESSAGE_BYTES + (key === null ? 0 : Buffer.byteLength(key)) + (value === null ? 0 : Buffer.byteLength(value));
  for (const name in headers) bytes += name.length + Buffer.byteLength(headers[name]!) + 4;
  return bytes;
}

function checkOptions(options: KafkaSinkOptions): void {
  checkConnection('kafkaSink', options);
  const { topic, key, format, headers, compression, deletes, createTopic, batchRows, batchBytes } = options;
  const wrong = (message: string): never => {
    throw new MillraceError('BAD_OPTION', `kafkaSink: ${message}`);
  };
  if (typeof topic !== 'string' || topic === '') wrong('topic must be the name of a topic');
  if (key !== undefined && !(Array.isArray(key) && key.length > 0 && key.every(name => typeof name === 'string'))) wrong('key must name result columns, such as [\'campaign\']');
  if (format !== undefined && format !== 'json' && typeof format !== 'function') wrong('format must be \'json\' or a function of the row');
  for (const [name, value] of Object.entries(headers ?? {})) if (typeof value !== 'string' && typeof value?.column !== 'string') wrong(`headers.${name} must be a text or { column: 'name' }`);
  if (compression !== undefined && !(compression in COMPRESSION)) wrong(`compression must be one of ${Object.keys(COMPRESSION).join(', ')}`);
  if (deletes !== undefined && deletes !== 'value' && deletes !== 'tombstone') wrong('deletes must be \'value\' or \'tombstone\'');
  positive('kafkaSink', { batchRows, batchBytes, 'createTopic.partitions': createTopic?.partitions, 'createTopic.replicationFactor': createTopic?.replicationFactor });
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
