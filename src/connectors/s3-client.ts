import { MillraceError } from '../errors.js';
import { LOST_CODES } from './delivery/network.js';

/** The only file that names the optional package behind `millrace/s3`. */
export type S3Package = typeof import('@aws-sdk/client-s3');
export type { S3ClientConfig } from '@aws-sdk/client-s3';

/** What is used of a client: `S3Client` or `S3` of the package @aws-sdk/client-s3. */
export interface S3Sender {
  send(command: never, options?: { readonly abortSignal?: AbortSignal }): Promise<unknown>;
  destroy?(): void;
}

export async function loadS3(): Promise<S3Package> {
  try {
    return await import('@aws-sdk/client-s3');
  } catch (cause) {
    throw new MillraceError('MISSING_PACKAGE', 'millrace/s3 needs the package @aws-sdk/client-s3: npm install @aws-sdk/client-s3', { cause });
  }
}

interface S3Failure {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: unknown };
}
const asFailure = (error: unknown): S3Failure => (typeof error === 'object' && error !== null ? error : { message: error });

/** Errors that pass though their status does not say so, and errors without one. */
const PASSING = ['TimeoutError', 'NetworkingError', 'RequestTimeout', 'RequestTimeTooSkewed', 'ThrottlingException', 'SlowDown', 'OperationAborted', 'IncompleteBody'];

/** Whether a request may succeed the next time: the server was not reached, is overloaded, or had a fault of its own. */
export function isTransientS3(error: unknown): boolean {
  const { name, code, $metadata } = asFailure(error);
  const status = $metadata?.httpStatusCode;
  if (typeof code === 'string' && LOST_CODES.includes(code)) return true;
  if (typeof name === 'string' && PASSING.includes(name)) return true;
  // 501: what a server does not know it will not know the next time.
  return typeof status === 'number' && (status === 429 || (status >= 500 && status !== 501));
}

export const statusOf = (error: unknown): number | null => {
  const status = asFailure(error).$metadata?.httpStatusCode;
  return typeof status === 'number' ? status : null;
};
export const nameOf = (error: unknown): string => String(asFailure(error).name ?? '');

/** Only the name and the first line are told: an error of the client holds its request and the answer. */
export function describeS3(error: unknown): string {
  const { name, message } = asFailure(error);
  const text = String(message ?? '').split('\n')[0]!.replaceAll(/\b(\w+:\/\/)[^\s@/]*@/g, '$1…@').slice(0, 300);
  return typeof name === 'string' && name !== 'Error' && name !== text ? `${name}: ${text}` : text;
}
