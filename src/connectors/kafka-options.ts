import { MillraceError } from '../errors.js';
import { checkConnection, kafkaFailure, positive, type KafkaConnection, type KafkaMessage } from './kafka-client.js';

/** What a message has besides what is in its value; `{ header: 'name' }`: the value of one header. */
export type KafkaColumn = 'key' | 'value' | 'headers' | 'timestamp' | 'partition' | 'offset' | 'topic' | { readonly header: string };

/** Makes rows of bytes: Avro, Protobuf and the like. It runs on the thread of the caller, and costs an object for each message. */
export interface KafkaDecoder {
  /** The columns of a message as an object; null: the message is no row. What it throws is the reason of a dead letter. May answer later, as a schema registry does. */
  decode(value: Buffer, message: KafkaMessage): Readonly<Record<string, unknown>> | null | Promise<Readonly<Record<string, unknown>> | null>;
}

/** Where to begin partitions that the group has not committed. Offsets: by topic, then by partition; the first message for those not named. */
export type KafkaStart = 'earliest' | 'latest' | { readonly timestamp: number | Date } | { readonly offsets: Readonly<Record<string, Readonly<Record<number, number | bigint | string>>>> };

/** Options of `kafka`. */
export interface KafkaOptions extends KafkaConnection {
  /** A topic, several, or a pattern that names must match as a whole; those there are when the job starts. */
  readonly topic: string | readonly string[] | RegExp;
  /** The consumer group, whose committed offsets say where a job takes up again. A group for each job. */
  readonly groupId: string;
  /** What values are: 'json' (default), an object with the columns; 'raw', nothing but bytes; or a decoder. */
  readonly format?: 'json' | 'raw' | KafkaDecoder | KafkaDecoder['decode'];
  /** Column of the schema → what of a message it is. Default: none; with 'raw' those that have such a name. */
  readonly columns?: Readonly<Record<string, KafkaColumn>>;
  /** Default 'earliest'. */
  readonly from?: KafkaStart;
  /** 'resume' (default): partitions that the group has committed go on there. 'ignore': the first reading of a run begins at `from` in any case. */
  readonly committed?: 'resume' | 'ignore';
  /** 'latest': the input ends where the partitions ended when the job started. Default: it has no end. */
  readonly until?: 'latest';
  /**
   * Columns that decide in which partition a row is, such as those its producers made the key of. Several processes may share a group only where every
   * group of the job has all of them among its keys. Default: none, and a second member of the group ends the job.
   */
  readonly partitionedBy?: readonly string[];
  /** The most partitions of all topics together. Default 256. */
  readonly maxPartitions?: number;
  /** A longer value is a dead letter. Bytes; default 8 MiB. */
  readonly maxMessageBytes?: number;
  /** The most bytes of a partition that are fetched at once. Default 256 KiB: of more, the garbage collector copies what the client makes. */
  readonly fetchBytes?: number;
  /** How long a broker waits for messages before it answers that there are none. Default 250 ms. */
  readonly maxWaitMs?: number;
  /** A member that is silent for so long has left the group. Default 30,000 ms. */
  readonly sessionTimeoutMs?: number;
  /** How long members may take to come back when the group is rebalanced. Default 60,000 ms. */
  readonly rebalanceTimeoutMs?: number;
}

export const KAFKA_DEFAULTS: Readonly<Record<'maxPartitions' | 'maxMessageBytes' | 'fetchBytes' | 'maxWaitMs' | 'sessionTimeoutMs' | 'rebalanceTimeoutMs', number>> = {
  maxPartitions: 256, maxMessageBytes: 8_388_608, fetchBytes: 262_144, maxWaitMs: 250, sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 60_000,
};
const COLUMNS = ['key', 'value', 'headers', 'timestamp', 'partition', 'offset', 'topic'] as const;

/** What columns are of a message. With 'raw' names mean what they say. */
export const columnsOf = ({ columns, format }: KafkaOptions): Readonly<Record<string, KafkaColumn>> =>
  columns ?? (format === 'raw' ? Object.fromEntries(COLUMNS.map(name => [name, name])) : {});

/** What went wrong at a source, and what its user must be allowed to do. */
export function readFailure(name: string, { topic, groupId }: KafkaOptions, what: string, error: unknown): MillraceError {
  const topics = topic instanceof RegExp ? `the topics that match ${String(topic)}` : typeof topic === 'string' ? `the topic '${topic}'` : `the topics ${topic.map(one => `'${one}'`).join(', ')}`;
  return kafkaFailure('SOURCE_FAILED', `${name}: ${what}`, error, `READ on ${topics} and on the group '${groupId}'`);
}

export function checkKafkaOptions(options: KafkaOptions): void {
  checkConnection('kafka', options);
  const { topic, groupId, format, columns, from, committed, until, partitionedBy, maxPartitions, maxMessageBytes, fetchBytes, maxWaitMs, sessionTimeoutMs, rebalanceTimeoutMs } = options;
  const wrong = (message: string): never => {
    throw new MillraceError('BAD_OPTION', `kafka: ${message}`);
  };
  const isName = (value: unknown): boolean => typeof value === 'string' && value !== '';
  const isNames = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every(isName);
  if (!(isName(topic) || isNames(topic) || topic instanceof RegExp)) wrong('topic must be the name of a topic, a list of names or a pattern');
  if (!isName(groupId)) wrong('groupId must be the name of a consumer group');
  if (format !== undefined && format !== 'json' && format !== 'raw' && typeof format !== 'function' && typeof format?.decode !== 'function') wrong('format must be \'json\', \'raw\', a function of the bytes or something with decode()');
  for (const [name, column] of Object.entries(columns ?? {})) {
    if (typeof column === 'string' ? !COLUMNS.includes(column) : !isName(column?.header)) wrong(`columns.${name} must be one of ${COLUMNS.join(', ')}, or { header: 'name' }`);
  }
  if (from !== undefined) checkStart(from, wrong);
  if (committed !== undefined && committed !== 'resume' && committed !== 'ignore') wrong('committed must be \'resume\' or \'ignore\'');
  if (until !== undefined && until !== 'latest') wrong('until must be \'latest\'');
  if (partitionedBy !== undefined && !isNames(partitionedBy)) wrong('partitionedBy must name columns, such as [\'campaign\']');
  positive('kafka', { maxPartitions, maxMessageBytes, fetchBytes, maxWaitMs, sessionTimeoutMs, rebalanceTimeoutMs });
}

function checkStart(from: KafkaStart, wrong: (message: string) => never): void {
  if (from === 'earliest' || from === 'latest') return;
  if (typeof from === 'object' && 'timestamp' in from && Number.isFinite(Number(from.timestamp))) return;
  if (typeof from !== 'object' || !('offsets' in from)) wrong('from must be \'earliest\', \'latest\', { timestamp } or { offsets }');
  for (const [topic, offsets] of Object.entries((from as { offsets: object }).offsets)) {
    for (const [partition, offset] of Object.entries(offsets as object)) if (!/^\d+$/.test(String(offset))) wrong(`from.offsets: partition ${partition} of ${topic} needs an offset from 0 on`);
  }
}
