import type { RecordBatch } from 'apache-arrow';
import type { ResultBatch } from '../connectors/sink.js';
import { MillraceError } from '../errors.js';
import type { Heap } from '../heap/heap.js';
import type { Fields, Row } from '../plan/types.js';
import { ArrowWriter } from './arrow-writer.js';
import { batchRowCount, getColumn } from './heap-batch.js';
import { ColumnWord } from './layout.js';
import { RowReader } from './row-reader.js';
import { columnIndex, numericView, storageOf, typeText } from './storage.js';

/** Gives the batches of one schema to a sink. Readers are made once, and only if the sink asks for what they read. */
export class ResultBatches {
  private reader: RowReader | null = null;
  private writer: ArrowWriter | null = null;
  constructor(readonly heap: Heap, readonly fields: Fields) {}

  of(descriptor: number): ResultBatch {
    return new HeapResultBatch(this, descriptor);
  }
  rows(descriptor: number): Row[] {
    return (this.reader ??= new RowReader(this.heap, this.fields)).rows(descriptor);
  }
  arrow(descriptor: number): RecordBatch {
    return (this.writer ??= new ArrowWriter(this.heap, this.fields)).batch(descriptor);
  }
}

class HeapResultBatch implements ResultBatch {
  readonly fields: Fields;
  readonly rows: number;
  readonly heap: Heap;
  constructor(private readonly batches: ResultBatches, readonly descriptor: number) {
    this.heap = batches.heap;
    this.fields = batches.fields;
    this.rows = batchRowCount(batches.heap, descriptor);
  }

  toRows(): Row[] {
    return this.batches.rows(this.descriptor);
  }
  toArrow(): RecordBatch {
    return this.batches.arrow(this.descriptor);
  }

  /** Dictionary columns give their codes. Throws UNKNOWN_COLUMN; TYPE_MISMATCH for bool, utf8 and binary, which are not of fixed width. */
  values(name: string): ArrayLike<number> | ArrayLike<bigint> {
    const { heap } = this.batches;
    const column = columnIndex(this.fields, name);
    if (column < 0) throw new MillraceError('UNKNOWN_COLUMN', `the result has no column '${name}'; it has ${this.fields.map(field => field.name).join(', ')}`);
    const { type } = this.fields[column]!;
    const storage = storageOf(type);
    if (storage === 'bits' || storage === 'bytes') throw new MillraceError('TYPE_MISMATCH', `column '${name}' is ${typeText(type)} and has no values of fixed width: use toRows() or toArrow()`);
    return numericView(heap, storage, getColumn(heap, this.descriptor, column, ColumnWord.values), this.rows);
  }
}
