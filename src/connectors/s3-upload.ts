import type { PartOutput } from './parts/storage.js';
import { nameOf, type S3Package } from './s3-client.js';
import type { S3Place, S3Storage } from './s3-storage.js';

interface Target {
  readonly Bucket: string;
  readonly Key: string;
}

/** One object on its way: in one request where it is small, else in parts, which nobody sees before the last request. */
export class S3Upload implements PartOutput {
  private buffered: Uint8Array[] = [];
  private bufferedBytes = 0;
  private totalBytes = 0;
  private uploadId: string | null = null;
  private readonly parts: { PartNumber: number; ETag: string | undefined }[] = [];
  /** The part before, which may still be on its way while the next is filled. */
  private sending: Promise<void> = Promise.resolve();

  constructor(private readonly storage: S3Storage, private readonly library: S3Package, private readonly target: Target, private readonly place: S3Place) {}

  async write(bytes: Uint8Array): Promise<void> {
    this.buffered.push(bytes);
    this.bufferedBytes += bytes.length;
    this.totalBytes += bytes.length;
    if (this.bufferedBytes >= this.place.partBytes) await this.sendPart();
  }

  private takeBuffered(): Uint8Array {
    this.bufferedBytes = 0;
    return Buffer.concat(this.buffered.splice(0));
  }

  private async sendPart(): Promise<void> {
    await this.sending;
    const Body = this.takeBuffered();
    if (this.uploadId === null) {
      const { UploadId } = await this.storage.request('begin an upload', new this.library.CreateMultipartUploadCommand({ ...this.target, ContentType: this.place.contentType })) as { UploadId: string };
      this.uploadId = UploadId;
    }
    const PartNumber = this.parts.length + 1;
    const part = { PartNumber, ETag: undefined as string | undefined };
    this.parts.push(part);
    const command = new this.library.UploadPartCommand({ ...this.target, UploadId: this.uploadId, PartNumber, Body });
    this.sending = this.storage.request(`write ${this.target.Key}`, command).then(answer => { part.ETag = (answer as { ETag?: string }).ETag; });
    this.sending.catch(() => {});
  }

  async complete(): Promise<void> {
    const { target, library, place } = this;
    if (this.uploadId === null) {
      await this.storage.request(`write ${target.Key}`, new library.PutObjectCommand({ ...target, Body: this.takeBuffered(), ContentType: place.contentType }));
      return;
    }
    if (this.bufferedBytes > 0) await this.sendPart();
    await this.sending;
    try {
      await this.storage.request(`complete ${target.Key}`, new library.CompleteMultipartUploadCommand({ ...target, UploadId: this.uploadId, MultipartUpload: { Parts: this.parts } }));
    } catch (error) {
      if (nameOf((error as Error).cause) !== 'NoSuchUpload' || !await this.isThere()) throw error;
    }
    this.uploadId = null;
  }

  /** An attempt whose answer was lost may have completed it; the next then finds no such upload. */
  private async isThere(): Promise<boolean> {
    const { ContentLength } = await this.storage.request('look for an object', new this.library.HeadObjectCommand(this.target)) as { ContentLength?: number };
    return ContentLength === this.totalBytes;
  }

  async discard(): Promise<void> {
    this.buffered = [];
    await this.sending.catch(() => {});
    if (this.uploadId === null) return;
    try {
      await this.storage.lastRequest(new this.library.AbortMultipartUploadCommand({ ...this.target, UploadId: this.uploadId }));
    } catch {
      process.emitWarning(`${this.storage.name}: the upload of ${this.target.Key} could not be aborted; its parts take room until a rule of the bucket removes them.`, { code: 'MILLRACE_UPLOAD_KEPT' });
    }
  }
}
