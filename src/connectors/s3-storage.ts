import { MillraceError } from '../errors.js';
import { Attempts, GaveUp } from './delivery/attempts.js';
import type { RetryLimits } from './delivery/options.js';
import type { PartOutput, PartStorage } from './parts/storage.js';
import { describeS3, isTransientS3, loadS3, nameOf, statusOf, type S3ClientConfig, type S3Package, type S3Sender } from './s3-client.js';
import { S3Upload } from './s3-upload.js';

/** How long the end of a failed job may take to abort an upload, in ms. */
const ABORT_WITHIN_MS = 10_000;

export interface S3Place {
  readonly bucket: string;
  /** In front of every key. */
  readonly prefix: string;
  readonly contentType: string;
  readonly partBytes: number;
  readonly retry: RetryLimits;
}

/** Objects of a bucket. Every request is tried again while its failure may pass. */
export class S3Storage implements PartStorage {
  private library!: S3Package;
  private client!: S3Sender;
  private attempts: Attempts;
  private ended = new AbortController();

  /** `client`: the caller's, or how to make one. */
  constructor(readonly name: string, private readonly place: S3Place, private readonly given: { readonly client: S3Sender } | { readonly connection: S3ClientConfig }) {
    this.attempts = new Attempts(place.retry, isTransientS3);
  }

  async open(): Promise<void> {
    this.ended = new AbortController();
    this.attempts = new Attempts(this.place.retry, isTransientS3);
    this.library = await loadS3();
    // It is tried again here, with the sink's waits.
    this.client = 'client' in this.given ? this.given.client : new this.library.S3Client({ maxAttempts: 1, ...this.given.connection });
    const { bucket } = this.place;
    try {
      await this.request('look for the bucket', new this.library.HeadBucketCommand({ Bucket: bucket }));
    } catch (error) {
      const status = statusOf((error as Error).cause);
      if (status === 404) throw new MillraceError('BAD_OPTION', `${this.name}: there is no bucket ${bucket}`);
      // Whoever may write need not be allowed to look.
      if (status !== 403) throw error;
    }
  }

  get retries(): number {
    return this.attempts.retries;
  }

  async create(path: string): Promise<PartOutput> {
    return new S3Upload(this, this.library, { Bucket: this.place.bucket, Key: this.place.prefix + path }, this.place);
  }

  async list(prefix: string): Promise<string[]> {
    const keys: string[] = [];
    let from: string | undefined;
    do {
      const page = await this.request('list objects', new this.library.ListObjectsV2Command({ Bucket: this.place.bucket, Prefix: this.place.prefix + prefix, ContinuationToken: from })) as
        { Contents?: { Key?: string }[]; NextContinuationToken?: string };
      for (const { Key } of page.Contents ?? []) if (Key !== undefined) keys.push(Key.slice(this.place.prefix.length));
      from = page.NextContinuationToken;
    } while (from !== undefined);
    return keys;
  }

  async remove(paths: readonly string[]): Promise<void> {
    for (const path of paths) await this.request('remove an object', new this.library.DeleteObjectCommand({ Bucket: this.place.bucket, Key: this.place.prefix + path }));
  }

  /** Sends a command until it is answered. Throws SINK_FAILED or SINK_UNREACHABLE, whose cause has the name and the status of the last failure. */
  async request(what: string, command: object): Promise<unknown> {
    try {
      return await this.attempts.until(signal => this.client.send(command as never, { abortSignal: signal }), this.ended.signal);
    } catch (error) {
      if (error instanceof MillraceError) throw error;
      const gaveUp = error instanceof GaveUp;
      const cause = gaveUp ? error.cause : error;
      const tried = gaveUp ? ` after ${error.attempts} attempts in ${(error.waitedMs / 1000).toFixed(1)} s` : '';
      const told = Object.assign(new Error(describeS3(cause)), { name: nameOf(cause), $metadata: { httpStatusCode: statusOf(cause) } });
      throw new MillraceError(gaveUp ? 'SINK_UNREACHABLE' : 'SINK_FAILED', `${this.name}: cannot ${what}${tried}: ${describeS3(cause)}`, { cause: told });
    }
  }

  /** One that is sent also behind `stop`, and gives up soon. */
  async lastRequest(command: object): Promise<void> {
    const limit = AbortSignal.timeout(ABORT_WITHIN_MS);
    await new Attempts(this.place.retry, isTransientS3).until(signal => this.client.send(command as never, { abortSignal: signal }), limit, ABORT_WITHIN_MS / 2);
  }

  stop(): void {
    this.ended.abort(new MillraceError('CANCELLED', `${this.name}: the job has ended`));
  }

  close(): void {
    if (!('client' in this.given)) this.client?.destroy?.();
  }
}
