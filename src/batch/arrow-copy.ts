import type { Data, RecordBatch, Vector } from 'apache-arrow';
import { arrow } from './arrow.js';

type Buffers = [unknown, unknown, unknown];

/** Copies record batches into private memory; chunks of dictionaries once, so that equal dictionaries stay the same object. */
export class ArrowCopier {
  private readonly chunks = new WeakMap<Data, Data>();
  private readonly vectors = new WeakMap<Vector, Vector>();

  copy(batch: RecordBatch): RecordBatch {
    const children = batch.data.children.map(child => this.data(child));
    const type = batch.data.type;
    return new arrow.RecordBatch(batch.schema, arrow.makeData({ type, length: batch.numRows, nullCount: 0, children }));
  }

  private data(data: Data): Data {
    const dictionary = data.dictionary === undefined ? undefined : this.dictionary(data.dictionary);
    const copies = [data.valueOffsets, data.values, data.nullBitmap].map((buffer: { slice(): unknown } | undefined) => buffer?.slice()) as Buffers;
    return new arrow.Data(data.type, data.offset, data.length, data.nullCount, copies as never, data.children.map(child => this.data(child)), dictionary);
  }

  private dictionary(vector: Vector): Vector {
    let copy = this.vectors.get(vector);
    if (copy === undefined) {
      copy = new arrow.Vector(vector.data.map(chunk => this.chunk(chunk)));
      this.vectors.set(vector, copy);
    }
    return copy;
  }

  private chunk(chunk: Data): Data {
    let copy = this.chunks.get(chunk);
    if (copy === undefined) {
      copy = this.data(chunk);
      this.chunks.set(chunk, copy);
    }
    return copy;
  }
}
