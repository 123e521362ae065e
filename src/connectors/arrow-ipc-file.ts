import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Fields } from '../plan/types.js';
import { IpcEncoder } from './ipc-encoder.js';
import { OutputPlace } from './output-place.js';
import type { ResultBatch, Sink } from './sink.js';

/** The disk is given so many bytes at a time while the next are made, so that the end need not wait for all of them. */
const SYNC_BYTES = 4 * 2 ** 20;

/** Options of `arrowIpcFile`. */
export interface ArrowIpcFileOptions {
  /** 'file' (default), which can be read at any place, or 'stream', which is read from its beginning. */
  readonly format?: 'file' | 'stream';
}

/**
 * Results as an Arrow IPC file. It is written beside its place (`PATH.partial`) and moved there when all is written: a failed job leaves
 * what was there before.
 */
export function arrowIpcFile(path: string, options: ArrowIpcFileOptions = {}): Sink {
  return new IpcFile(path, options.format ?? 'file');
}

class IpcFile implements Sink {
  readonly name: string;
  private place: OutputPlace | null = null;
  private file: FileHandle | null = null;
  private encoder: IpcEncoder | null = null;
  private unsynced = 0;
  private syncing: Promise<void> | null = null;
  private syncFailure: unknown = null;

  constructor(private readonly path: string, private readonly format: 'file' | 'stream') {
    this.name = `arrowIpcFile(${basename(path)})`;
  }

  async open(fields: Fields): Promise<void> {
    this.place = new OutputPlace(this.path, this.name);
    this.file = await open(this.place.writtenPath, 'w');
    this.encoder = new IpcEncoder(fields, this.format);
    this.unsynced = 0;
    this.syncFailure = null;
    await this.flush();
  }

  async write(batch: ResultBatch): Promise<void> {
    this.encoder!.add(batch);
    await this.flush();
  }

  private async flush(): Promise<void> {
    this.unsynced += await writeAll(this.file!, this.encoder!.takePieces());
    if (this.unsynced >= SYNC_BYTES && this.syncing === null && this.place!.isFile) this.beginSync();
  }

  /** What it fails with, nobody is told again: it is kept for the end. */
  private beginSync(): void {
    this.unsynced = 0;
    this.syncing = this.file!.datasync()
      .catch((error: unknown) => { this.syncFailure ??= error; })
      .finally(() => { this.syncing = null; });
  }

  async durable(): Promise<void> {
    await this.place?.durable;
  }

  async close(): Promise<void> {
    this.encoder!.finish();
    await this.flush();
    await this.syncing;
    if (this.syncFailure !== null) throw this.syncFailure;
    if (this.place!.isFile) await this.file!.sync();
    await this.file!.close();
    this.file = null;
    await this.place!.complete();
    this.place = null;
  }

  async abort(): Promise<void> {
    const { file, place } = this;
    this.file = null;
    this.place = null;
    await file?.close().catch(() => undefined);
    await place?.discard();
  }
}

/** Writes pieces of memory as they lie, in one call as a rule. Returns how many bytes they have. */
async function writeAll(file: FileHandle, pieces: readonly Uint8Array[]): Promise<number> {
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  if (bytes === 0) return 0;
  const { bytesWritten } = await file.writev(pieces);
  // A disk that is nearly full takes less; what is left fails, or goes on.
  if (bytesWritten < bytes) await file.writeFile(Buffer.concat(pieces).subarray(bytesWritten));
  return bytes;
}
