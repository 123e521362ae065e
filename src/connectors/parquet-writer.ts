import { ColumnWord, columnWord } from '../batch/layout.js';
import type { Heap } from '../heap/heap.js';
import type { DataType, Field, Fields } from '../plan/types.js';
import { columnTexts, type ColumnText } from './column-text.js';
import type { FileOutput } from './file-output.js';
import type { HyparquetWriter, SchemaElement } from './parquet-packages.js';
import type { ResultBatch } from './sink.js';

/** Rows are collected into row groups of about this many. */
const GROUP_ROWS = 100_000;

function physical(type: DataType): Omit<SchemaElement, 'name' | 'repetition_type'> {
  switch (type.kind) {
    case 'bool': return { type: 'BOOLEAN' };
    case 'float32': return { type: 'FLOAT' };
    case 'float64': return { type: 'DOUBLE' };
    case 'utf8': case 'dictionary': return { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } };
    case 'binary': return { type: 'BYTE_ARRAY' };
    case 'date': return { type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } };
    case 'timestamp': return {
      type: 'INT64', converted_type: type.unit === 'ms' ? 'TIMESTAMP_MILLIS' : 'TIMESTAMP_MICROS',
      logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: type.unit === 'ms' ? 'MILLIS' : 'MICROS' },
    };
    case 'decimal': return {
      type: 'INT64', converted_type: 'DECIMAL', precision: type.precision, scale: type.scale,
      logical_type: { type: 'DECIMAL', precision: type.precision, scale: type.scale },
    };
    case 'int32': return { type: 'INT32' };
    case 'int64': return { type: 'INT64' };
    default: {
      const bits = Number(/\d+/.exec(type.kind)![0]);
      const converted = `${type.kind.startsWith('i') ? '' : 'U'}INT_${bits}` as NonNullable<SchemaElement['converted_type']>;
      // No logical type: the library writes its bit width as an i32 where the format has an i8, and other readers refuse the file.
      return { type: bits === 64 ? 'INT64' : 'INT32', converted_type: converted };
    }
  }
}

type Cell = number | bigint | boolean | string | Uint8Array | null;

/** One value of a column as the writer wants it. */
function cellReader(heap: Heap, descriptor: number, column: number, field: Field, text: ColumnText): (row: number) => Cell {
  const word = columnWord(descriptor, column);
  const values = heap.u32[word + ColumnWord.values]!;
  switch (field.type.kind) {
    case 'bool': return row => text.text(row) === 'true';
    case 'int8': return row => heap.i8[values + row]!;
    case 'int16': return row => heap.i16[(values >>> 1) + row]!;
    case 'int32': case 'date': return row => heap.i32[(values >>> 2) + row]!;
    case 'uint8': return row => heap.u8[values + row]!;
    case 'uint16': return row => heap.u16[(values >>> 1) + row]!;
    case 'uint32': return row => heap.u32[(values >>> 2) + row]!;
    case 'int64': case 'timestamp': case 'decimal': return row => heap.i64[(values >>> 3) + row]!;
    case 'uint64': return row => heap.u64[(values >>> 3) + row]!;
    case 'float32': return row => heap.f32[(values >>> 2) + row]!;
    case 'float64': return row => heap.f64[(values >>> 3) + row]!;
    case 'utf8': case 'dictionary': return text.text;
    case 'binary': {
      const offsets = heap.u32[word + ColumnWord.offsets]! >>> 2;
      // A copy: the batch is gone before the row group is written.
      return row => heap.u8.slice(values + heap.i32[offsets + row]!, values + heap.i32[offsets + row + 1]!);
    }
  }
}

/** Where the bytes of a file go. */
type ByteOutput = Pick<FileOutput, 'name' | 'close' | 'abort'> & { write(bytes: Uint8Array): Promise<void> };

/** A Parquet file being written, row group by row group. */
export class ParquetOutput {
  readonly #file: ByteOutput;
  readonly #fields: Fields;
  readonly #writer: InstanceType<HyparquetWriter['ParquetWriter']>;
  #columns: Cell[][];

  /** `file`: where its bytes go. */
  constructor(library: HyparquetWriter, file: ByteOutput, fields: Fields) {
    this.#file = file;
    this.#fields = fields;
    this.#columns = fields.map(() => []);
    const bytes = new library.ByteWriter();
    const flush = (): Promise<void> => {
      const chunk = new Uint8Array(bytes.buffer.slice(0, bytes.index));
      bytes.index = 0;
      return this.#file.write(chunk);
    };
    this.#writer = new library.ParquetWriter({
      writer: Object.assign(bytes, { flush, finish: flush }), createdBy: 'millrace',
      schema: [
        { name: 'root', num_children: fields.length },
        ...fields.map(({ name: column, type, nullable }) => ({ name: column, repetition_type: nullable ? 'OPTIONAL' as const : 'REQUIRED' as const, ...physical(type) })),
      ],
    });
  }

  /** All rows of a batch, or those that are listed. */
  async write(batch: ResultBatch, rows?: readonly number[]): Promise<void> {
    const texts = columnTexts(batch);
    for (const [index, field] of this.#fields.entries()) {
      const read = cellReader(batch.heap, batch.descriptor, index, field, texts[index]!);
      const column = this.#columns[index]!;
      const push = (row: number): unknown => column.push(texts[index]!.isNull(row) ? null : read(row));
      if (rows === undefined) for (let row = 0; row < batch.rows; row++) push(row);
      else for (const row of rows) push(row);
    }
    if ((this.#columns[0]?.length ?? 0) >= GROUP_ROWS) await this.#writeGroup();
  }

  async #writeGroup(): Promise<void> {
    const columns = this.#columns;
    this.#columns = this.#fields.map(() => []);
    await this.#writer.write({ columnData: this.#fields.map(({ name }, index) => ({ name, data: columns[index]! })), rowGroupSize: GROUP_ROWS * 2 });
  }

  async close(): Promise<void> {
    if ((this.#columns[0]?.length ?? 0) > 0) await this.#writeGroup();
    await this.#writer.finish();
    await this.#file.close();
  }

  abort(): Promise<void> { return this.#file.abort(); }
}
