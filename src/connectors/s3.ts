import { MillraceError } from '../errors.js';
import { deliveryLimits, type RetryOptions } from './delivery/options.js';
import { CONTENT_TYPES } from './parts/encoder.js';
import { rolledSettings, type RolledOptions } from './parts/roll-options.js';
import { RolledSink } from './parts/rolled-sink.js';
import type { S3ClientConfig, S3Sender } from './s3-client.js';
import { S3Storage } from './s3-storage.js';
import type { Sink } from './sink.js';

export type { S3Sender } from './s3-client.js';
export type { RetryOptions } from './delivery/options.js';
export type { RolledOptions, RollOptions } from './parts/roll-options.js';

/** Options of `s3`. */
export interface S3Options extends RolledOptions {
  readonly bucket: string;
  /** In front of every key, as it is: end it with `/` for a folder. For this sink alone. Default: nothing. */
  readonly prefix?: string;
  /** An `S3Client` of the package @aws-sdk/client-s3, which stays yours. Default: one is made. */
  readonly client?: S3Sender;
  /** What the client is made of, where none is given. Default: what the package finds in the environment. */
  readonly connection?: S3ClientConfig;
  /** Bytes of a part of an upload; a smaller object is written in one request. 5 MiB (what S3 takes) or more. Default 8,388,608: 8 MiB. */
  readonly partBytes?: number;
  /** How requests that failed are tried again. */
  readonly retry?: RetryOptions;
}

const DEFAULT_PART_BYTES = 8 * 2 ** 20;
const LEAST_PART_BYTES = 5 * 2 ** 20;
/** What S3 takes of one upload. */
const MOST_PARTS = 10_000;

/**
 * Results as objects of a bucket of S3, or of anything that speaks its protocol: JSON lines, CSV, Arrow or Parquet, one object after another
 * or one for each window. An object is there when it is complete; uploads of a job that failed are aborted.
 *
 *     await pipeline.to(s3({ bucket: 'reports', prefix: 'minutes/', format: 'parquet', roll: { by: 'window' } })).run();
 */
export function s3(options: S3Options): Sink {
  const { bucket, prefix = '', client, connection = {}, partBytes = DEFAULT_PART_BYTES, retry = {} } = options;
  const name = `s3(${String(bucket)}/${prefix})`;
  const wrong = (message: string): never => {
    throw new MillraceError('BAD_OPTION', `${name}: ${message}`);
  };
  if (typeof bucket !== 'string' || bucket === '') wrong('bucket must be the name of a bucket');
  if (client !== undefined && options.connection !== undefined) wrong('give client or connection, not both');
  if (client !== undefined && typeof client.send !== 'function') wrong('client must be an S3Client of @aws-sdk/client-s3');
  if (!(Number.isSafeInteger(partBytes) && partBytes >= LEAST_PART_BYTES)) wrong('partBytes must be a whole number of at least 5,242,880');
  const settings = rolledSettings(name, options);
  if (settings.limits.bytes > partBytes * MOST_PARTS) wrong(`roll.bytes must be at most ${MOST_PARTS.toLocaleString('en')} times partBytes`);
  const place = { bucket, prefix, contentType: CONTENT_TYPES[settings.format], partBytes, retry: deliveryLimits(name, { retry }).retry };
  return new RolledSink(new S3Storage(name, place, client === undefined ? { connection } : { client }), settings);
}
