import type { Fields } from '../../plan/types.js';
import { csvHeader, csvLines } from '../csv-lines.js';
import { IpcEncoder } from '../ipc-encoder.js';
import { jsonRows } from '../json-row.js';
import { loadWriter } from '../parquet-packages.js';
import { ParquetOutput } from '../parquet-writer.js';
import type { ResultBatch } from '../sink.js';

/** A format of files. */
export type PartFormat = 'jsonl' | 'csv' | 'arrow' | 'parquet';
export const PART_FORMATS: readonly PartFormat[] = ['jsonl', 'csv', 'arrow', 'parquet'];
export const CONTENT_TYPES: Readonly<Record<PartFormat, string>> = {
  jsonl: 'application/jsonl', csv: 'text/csv; charset=utf-8', arrow: 'application/vnd.apache.arrow.file', parquet: 'application/vnd.apache.parquet',
};

/** Turns results into the bytes of one file. What it keeps of a batch behind the `take` that follows is copied. */
export interface Encoder {
  /** Rows of a batch, in ascending order. */
  add(batch: ResultBatch, rows: readonly number[]): Promise<void> | void;
  /** Bytes that are ready, which are the caller's then. */
  take(): Uint8Array;
  /** No more rows will come; `take` gives the rest. */
  finish(): Promise<void> | void;
}

/** Makes encoders, one for each file. Throws MISSING_PACKAGE where Parquet's is not installed. */
export async function encoders(format: PartFormat, fields: Fields, name: string): Promise<() => Encoder> {
  switch (format) {
    case 'jsonl': return () => new LineEncoder('', jsonRows);
    case 'csv': return () => new LineEncoder(`${csvHeader(fields, ',')}\n`, batch => csvLines(batch, ','));
    case 'arrow': return () => new IpcEncoder(fields, 'file');
    case 'parquet': {
      const library = await loadWriter();
      return () => new ParquetEncoder(library, name, fields);
    }
  }
}

/** A line for each row. */
class LineEncoder implements Encoder {
  constructor(private text: string, private readonly lines: (batch: ResultBatch) => (row: number) => string) {}

  add(batch: ResultBatch, rows: readonly number[]): void {
    const line = this.lines(batch);
    for (const row of rows) this.text += `${line(row)}\n`;
  }
  take(): Uint8Array {
    const bytes = Buffer.from(this.text);
    this.text = '';
    return bytes;
  }
  finish(): void {}
}

class ParquetEncoder implements Encoder {
  private readonly output: ParquetOutput;
  private pieces: Uint8Array[] = [];

  constructor(library: Awaited<ReturnType<typeof loadWriter>>, name: string, fields: Fields) {
    const done = async (): Promise<void> => {};
    const write = async (bytes: Uint8Array): Promise<void> => { this.pieces.push(bytes); };
    this.output = new ParquetOutput(library, { name, write, close: done, abort: done }, fields);
  }

  add(batch: ResultBatch, rows: readonly number[]): Promise<void> {
    return this.output.write(batch, rows);
  }
  take(): Uint8Array {
    return Buffer.concat(this.pieces.splice(0));
  }
  finish(): Promise<void> {
    return this.output.close();
  }
}
