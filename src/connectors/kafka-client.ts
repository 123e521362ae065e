import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError, type ErrorCode } from '../errors.js';
import { wholeAnswers } from './kafka-sockets.js';

/** What is used of a client with the interface of KafkaJS: `Kafka` of the package kafkajs, or another that looks like it. */
export interface KafkaClient {
  producer(config: Record<string, unknown>): KafkaProducer;
  consumer(config: Record<string, unknown>): KafkaConsumer;
  admin(config?: Record<string, unknown>): KafkaAdmin;
}
export interface KafkaProducer {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  send(record: { topic: string; acks?: number; compression?: number; messages: KafkaRecord[] }): Promise<unknown>;
}
/** A message on its way out. */
export interface KafkaRecord {
  readonly key: string | Buffer | null;
  readonly value: string | Buffer | null;
  readonly headers?: Record<string, string | Buffer>;
  readonly timestamp?: string;
}
/** A message that was read. Offsets and timestamps (ms) are decimal digits. */
export interface KafkaMessage {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp: string;
  readonly offset: string;
  readonly headers?: Record<string, Buffer | string | (Buffer | string)[] | undefined>;
}
export interface KafkaBatch {
  readonly batch: { readonly topic: string; readonly partition: number; readonly messages: KafkaMessage[]; lastOffset(): string };
  resolveOffset(offset: string): void;
  heartbeat(): Promise<void>;
  isRunning(): boolean;
  isStale(): boolean;
}
interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}
export interface KafkaConsumer {
  readonly events: Readonly<Record<string, string>>;
  on(event: never, listener: (event: { payload: never }) => void): unknown;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  subscribe(subscription: { topics: string[]; fromBeginning?: boolean }): Promise<void>;
  run(config: { autoCommit: boolean; eachBatchAutoResolve: boolean; eachBatch: (payload: KafkaBatch) => Promise<void> }): Promise<void>;
  seek(to: TopicPartition & { offset: string }): void;
  pause(topics: { topic: string; partitions: number[] }[]): void;
  commitOffsets(offsets: (TopicPartition & { offset: string; metadata: string | null })[]): Promise<void>;
}
export interface KafkaAdmin {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  listTopics(): Promise<string[]>;
  createTopics(options: { topics: { topic: string; numPartitions?: number; replicationFactor?: number }[]; waitForLeaders?: boolean }): Promise<boolean>;
  fetchTopicMetadata(options: { topics: string[] }): Promise<{ topics: { name: string; partitions: { partitionId: number }[] }[] }>;
  fetchTopicOffsets(topic: string): Promise<{ partition: number; high: string; low: string }[]>;
  fetchTopicOffsetsByTimestamp(topic: string, timestamp: number): Promise<{ partition: number; offset: string }[]>;
  fetchOffsets(options: { groupId: string; topics: string[] }): Promise<{ topic: string; partitions: { partition: number; offset: string; metadata: string | null }[] }[]>;
}

/** How to reach Kafka: either a client of your own, or what to make one of with the package kafkajs. */
export interface KafkaConnection {
  /** A client with the interface of KafkaJS, such as `new Kafka({ brokers: ['localhost:9092'] })`. Its logging and its retries are yours. */
  readonly client?: object;
  /** Instead of a client: addresses `host:port`. Needs the package kafkajs. */
  readonly brokers?: readonly string[];
  /** With `brokers`: the name that the brokers see. Default 'millrace'. */
  readonly clientId?: string;
  /** With `brokers`: true, or options of `tls.connect`. Default: not encrypted. */
  readonly ssl?: boolean | object;
  /** With `brokers`: mechanism and credentials, as KafkaJS takes them. Default: none. */
  readonly sasl?: object;
  /** For so many ms brokers that cannot be reached are tried again, at the start and in the middle; then the job fails. Default 60,000. */
  readonly outageMs?: number;
}
export const DEFAULT_OUTAGE_MS = 60_000;

type Package = { Kafka: new (config: object) => object };

/** The client of a connection. */
export async function clientOf({ client, brokers, clientId, ssl, sasl, outageMs }: KafkaConnection): Promise<KafkaClient> {
  if (client !== undefined) return client as KafkaClient;
  const { Kafka } = await kafkajs();
  // Its logger would write to standard output, what failed included; what matters arrives as an error.
  return new Kafka({ clientId: clientId ?? 'millrace', brokers: [...brokers!], ssl, sasl, logLevel: 0, connectionTimeout: 3000, socketFactory: wholeAnswers(), retry: retriesFor(outageMs ?? DEFAULT_OUTAGE_MS) }) as KafkaClient;
}
async function kafkajs(): Promise<Package> {
  try {
    const loaded = await import('kafkajs') as unknown as Package & { default?: Package };
    return loaded.default ?? loaded;
  } catch (cause) {
    throw new MillraceError('MISSING_PACKAGE', 'millrace/kafka with brokers needs the package kafkajs: npm install kafkajs, or give a client', { cause });
  }
}

export function checkConnection(what: string, { client, brokers, clientId, ssl, sasl, outageMs }: KafkaConnection): void {
  const wrong = (message: string): never => {
    throw new MillraceError('BAD_OPTION', `${what}: ${message}`);
  };
  if ((client === undefined) === (brokers === undefined)) wrong('give either client, a Kafka of kafkajs or something like it, or brokers, such as [\'localhost:9092\']');
  if (client !== undefined) {
    const { producer, consumer, admin } = client as Partial<KafkaClient>;
    if (![producer, consumer, admin].every(method => typeof method === 'function')) wrong('client must have producer(), consumer() and admin(), as Kafka of kafkajs has');
    if (clientId !== undefined || ssl !== undefined || sasl !== undefined) wrong('clientId, ssl and sasl go with brokers; a client of your own has them already');
  }
  if (brokers !== undefined && !(Array.isArray(brokers) && brokers.length > 0 && brokers.every(broker => typeof broker === 'string' && broker !== ''))) wrong('brokers must be a list of addresses, such as [\'localhost:9092\']');
  positive(what, { outageMs });
}

/** Refuses options that are there and no positive whole numbers. */
export function positive(what: string, options: Readonly<Record<string, number | undefined>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0)) throw new MillraceError('BAD_OPTION', `${what}: ${name} must be a positive whole number`);
  }
}

/** The innermost error that says something: KafkaJS wraps what happened in errors about retrying. */
interface ClientError {
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
  readonly name?: unknown;
  readonly type?: unknown;
  readonly code?: unknown;
  readonly retriable?: unknown;
}
function originOf(error: unknown): ClientError {
  let origin = (typeof error === 'object' && error !== null ? error : { message: String(error) }) as ClientError;
  for (;;) {
    const inner: unknown = Array.isArray(origin.errors) ? origin.errors[0] : origin.cause;
    if (origin.type !== undefined || typeof inner !== 'object' || inner === null || !('message' in inner)) return origin;
    origin = inner;
  }
}
/** The word that Kafka has for what happened, such as UNKNOWN_TOPIC_OR_PARTITION; empty where it has none. */
export function errorType(error: unknown): string {
  const { type, code } = originOf(error);
  return typeof type === 'string' ? type : typeof code === 'string' ? code : '';
}

/**
 * An error of a client may tell how to connect, or hold messages: only its kind and its first line are told, without passwords.
 * `permissions`: what the user must be allowed to do, told where that seems to be lacking.
 */
export function kafkaFailure(code: ErrorCode, what: string, error: unknown, permissions?: string): MillraceError {
  if (error instanceof MillraceError) return error;
  const text = String(originOf(error).message ?? '').split('\n')[0]!
    .replaceAll(/\b(\w+:\/\/)[^\s@/]*@/g, '$1…@').replaceAll(/\b((?:password|secret|token)["']?\s*[=:]\s*)\S+/gi, '$1…').slice(0, 300);
  const type = errorType(error);
  // KafkaJS finds no coordinator of a group that it may not read, and does not say why.
  const lacks = type.endsWith('AUTHORIZATION_FAILED') ? 'needs' : originOf(error).name === 'KafkaJSGroupCoordinatorNotFound' ? 'may lack' : null;
  const told = `${text}${type === '' ? '' : ` (${type})`}${permissions === undefined || lacks === null ? '' : `: the user ${lacks} ${permissions}`}`;
  return new MillraceError(code, `${what}: ${told}`, { cause: new Error(told) });
}

/** A promise's value; after `ms` an error instead: a client that gets no answer may try for ever. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([promise, new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer for ${ms.toLocaleString('en')} ms`)), ms);
    })]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks again, for so long, where what went wrong passes, as the client says of its errors: by itself it does not for every question. */
export async function asking<T>(ms: number, question: () => Promise<T>): Promise<T> {
  const until = Date.now() + ms;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    try {
      return await within(Math.max(1, until - Date.now()), question());
    } catch (error) {
      if (originOf(error).retriable !== true || errorType(error) === 'UNKNOWN_TOPIC_OR_PARTITION' || Date.now() + waitMs > until) throw error;
    }
    await sleep(waitMs);
  }
}

const FIRST_WAIT_MS = 250, LONGEST_WAIT_MS = 5000;
/** How often to try, from a quarter of a second on up to five seconds apart, so that an outage may last so long. */
export function retriesFor(outageMs: number): { initialRetryTime: number; maxRetryTime: number; retries: number } {
  let [retries, waited, next] = [0, 0, FIRST_WAIT_MS];
  for (; waited < outageMs; retries++) {
    waited += next;
    next = Math.min(next * 2, LONGEST_WAIT_MS);
  }
  return { initialRetryTime: FIRST_WAIT_MS, maxRetryTime: LONGEST_WAIT_MS, retries };
}
