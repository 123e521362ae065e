import type { RecordBatch, RecordBatchWriter } from 'apache-arrow';
import { arrow, arrowSchema } from '../batch/arrow.js';
import { UnifiedDictionary } from '../batch/unified-dictionary.js';
import type { Fields } from '../plan/types.js';
import type { ResultBatch } from './sink.js';

/** Keeps the pieces of encoded batches until they are taken. */
class Pieces extends arrow.AsyncByteQueue<Uint8Array> {
  pieces: Uint8Array[] = [];
  override write(piece: ArrayBufferLike | ArrayBufferView): void {
    this.pieces.push(ArrayBuffer.isView(piece) ? new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength) : new Uint8Array(piece));
  }
}

/** Results as the bytes of one Arrow IPC file or stream. */
export class IpcEncoder {
  private readonly pieces = new Pieces();
  private readonly writer: RecordBatchWriter;
  private readonly schema: ReturnType<typeof arrowSchema>;
  private readonly dictionaries: readonly (UnifiedDictionary | null)[];

  constructor(fields: Fields, format: 'file' | 'stream') {
    this.schema = arrowSchema(fields);
    this.dictionaries = fields.map(field => field.type.kind === 'dictionary' ? new UnifiedDictionary() : null);
    this.writer = format === 'file' ? new arrow.RecordBatchFileWriter() : new arrow.RecordBatchStreamWriter();
    this.writer.reset(this.pieces, this.schema);
  }

  /** Rows of a batch in ascending order; without them, all. */
  add(batch: ResultBatch, rows?: readonly number[]): void {
    const all = this.unified(batch.toArrow());
    if (rows === undefined || rows.length === batch.rows) this.writer.write(all);
    else for (const [from, to] of runsOf(rows)) this.writer.write(all.slice(from, to));
  }

  private unified(batch: RecordBatch): RecordBatch {
    const children = batch.data.children.map((child, column) => this.dictionaries[column]?.unify(child) ?? child);
    return new arrow.RecordBatch(this.schema, arrow.makeData({ type: new arrow.Struct(this.schema.fields), length: batch.numRows, nullCount: 0, children }));
  }

  /** What was encoded since: views of the batches, to be written or copied before these are given back. */
  takePieces(): Uint8Array[] {
    return this.pieces.pieces.splice(0);
  }
  /** The same as a copy. */
  take(): Uint8Array {
    return Buffer.concat(this.takePieces());
  }

  finish(): void {
    this.writer.finish();
  }
}

/** Ascending numbers as pairs [from, to). */
function runsOf(rows: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const row of rows) {
    const last = runs.at(-1);
    if (last?.[1] === row) last[1]++;
    else runs.push([row, row + 1]);
  }
  return runs;
}
