import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import type { RecordBatch, RecordBatchWriter } from 'apache-arrow';
import { arrow, arrowSchema } from '../batch/arrow.js';
import { UnifiedDictionary } from '../batch/unified-dictionary.js';
import type { Fields } from '../plan/types.js';
import { OutputPlace } from './output-place.js';
import type { ResultBatch, Sink } from './sink.js';

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

/** Keeps the pieces of encoded batches until they are written; they are views of the heap, so that must be before the batch is given back. */
class Pieces extends arrow.AsyncByteQueue<Uint8Array> {
  pieces: Uint8Array[] = [];
  override write(piece: ArrayBufferLike | ArrayBufferView): void {
    this.pieces.push(ArrayBuffer.isView(piece) ? new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength) : new Uint8Array(piece));
  }
}

class IpcFile implements Sink {
  readonly name: string;
  private place: OutputPlace | null = null;
  private file: FileHandle | null = null;
  private pieces = new Pieces();
  private writer: RecordBatchWriter | null = null;
  private schema = arrowSchema([]);
  private dictionaries: (UnifiedDictionary | null)[] = [];

  constructor(private readonly path: string, private readonly format: 'file' | 'stream') {
    this.name = `arrowIpcFile(${basename(path)})`;
  }

  async open(fields: Fields): Promise<void> {
    this.place = new OutputPlace(this.path, this.name);
    this.file = await open(this.place.writtenPath, 'w');
    this.pieces = new Pieces();
    this.schema = arrowSchema(fields);
    this.dictionaries = fields.map(field => field.type.kind === 'dictionary' ? new UnifiedDictionary() : null);
    this.writer = this.format === 'file' ? new arrow.RecordBatchFileWriter() : new arrow.RecordBatchStreamWriter();
    this.writer.reset(this.pieces, this.schema);
    await this.flush();
  }

  async write(batch: ResultBatch): Promise<void> {
    this.writer!.write(this.unified(batch.toArrow()));
    await this.flush();
  }

  private unified(batch: RecordBatch): RecordBatch {
    const children = batch.data.children.map((child, column) => this.dictionaries[column]?.unify(child) ?? child);
    return new arrow.RecordBatch(this.schema, arrow.makeData({ type: new arrow.Struct(this.schema.fields), length: batch.numRows, nullCount: 0, children }));
  }

  private async flush(): Promise<void> {
    const pieces = this.pieces.pieces.splice(0);
    if (pieces.length > 0) await this.file!.writeFile(Buffer.concat(pieces));
  }

  async close(): Promise<void> {
    this.writer!.finish();
    await this.flush();
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
