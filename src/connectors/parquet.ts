import type { Fields } from '../plan/types.js';
import { FileOutput } from './file-output.js';
import { loadWriter } from './parquet-packages.js';
import { ParquetFile, ParquetReader } from './parquet-reader.js';
import { ParquetOutput } from './parquet-writer.js';
import type { ResultBatch, Sink } from './sink.js';
import type { Source, SourceContext, SourceReader } from './source.js';

class Parquet implements Source, Sink {
  readonly name: string;
  readonly bounded = true;
  readonly dictionaries = false;
  #file: FileOutput | null = null;
  #output: ParquetOutput | null = null;

  constructor(readonly path: string) {
    this.name = `parquet(${path})`;
  }

  async read(context: SourceContext): Promise<SourceReader> {
    const file = await ParquetFile.open(this.path, this.name);
    try {
      return await ParquetReader.start(file, context);
    } catch (error) {
      await file.handle.close();
      throw error;
    }
  }

  async open(fields: Fields): Promise<void> {
    const writer = await loadWriter();
    this.#file = new FileOutput(this.path, this.name, { compress: false });
    this.#output = new ParquetOutput(writer, this.#file, fields);
  }

  async write(batch: ResultBatch): Promise<void> { await this.#output!.write(batch); }
  async durable(): Promise<void> { await this.#file?.durable(); }
  async close(): Promise<void> { await this.#output?.close(); }
  async abort(): Promise<void> { await this.#output?.abort(); }
}

/**
 * A Parquet file, as a source or as a sink. Needs the packages hyparquet, for compressed files hyparquet-compressors, and to write
 * hyparquet-writer.
 *
 * Reading: only the columns of the schema, which must be in the file and flat. Integers may be declared wider or narrower (a value that
 * does not fit is an error), timestamps in another unit (rounded down), float32 as float64. Writing: zstd is read, Snappy is written;
 * a file is complete or not there.
 */
export function parquet(path: string): Source & Sink {
  return new Parquet(path);
}

/** The columns of a Parquet file. */
export async function parquetFields(path: string): Promise<Fields> {
  const file = await ParquetFile.open(path, `parquet(${path})`);
  try {
    return file.fields;
  } finally {
    await file.handle.close();
  }
}
