import { MillraceError } from '../errors.js';
import { checkConnection, positive, type KafkaConnection } from './kafka-client.js';

export const COMPRESSION = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const;

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

export function checkOptions(options: KafkaSinkOptions): void {
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
