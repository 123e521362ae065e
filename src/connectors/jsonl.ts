import { MillraceError } from '../errors.js';
import type { Fields } from '../plan/types.js';
import { openInput, type InputTarget } from './file-input.js';
import { FileOutput, type OutputTarget } from './file-output.js';
import { jsonRows } from './json-row.js';
import { RecordReader } from './record-reader.js';
import type { ResultBatch, Sink } from './sink.js';
import type { Source, SourceContext, SourceReader } from './source.js';

/** Options of `jsonl`. */
export interface JsonlOptions {
  /** Bytes. As a source: a longer line ends the job. Default 8 MiB. */
  readonly maxRecordBytes?: number;
}

export const DEFAULT_MAX_RECORD_BYTES: number = 8 * 1024 * 1024;

export function targetName(format: string, target: InputTarget | OutputTarget): string {
  return `${format}(${target === '-' ? 'standard input/output' : typeof target === 'string' ? target : 'stream'})`;
}

const lastLineEnd = (bytes: Buffer, length: number): number => (length === 0 ? 0 : bytes.lastIndexOf(10, length - 1) + 1);

class JsonLines implements Source, Sink {
  readonly name: string;
  readonly bounded = true;
  readonly dictionaries = false;
  #output: FileOutput | null = null;

  constructor(readonly target: InputTarget | OutputTarget, readonly options: JsonlOptions) {
    this.name = targetName('jsonl', target);
    if (options.maxRecordBytes !== undefined && !(options.maxRecordBytes > 0)) {
      throw new MillraceError('BAD_OPTION', `${this.name}: maxRecordBytes must be above 0`);
    }
  }

  async read(context: SourceContext): Promise<SourceReader> {
    const input = await openInput(this.target as InputTarget, this.name);
    const maxRecordBytes = this.options.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES;
    return new RecordReader({ name: this.name, input, findRecordEnd: lastLineEnd, batchBytes: context.batchBytes, maxRecordBytes }, { kind: 'json' });
  }

  open(_fields: Fields): void {
    this.#output = new FileOutput(this.target as OutputTarget, this.name);
  }

  async write(batch: ResultBatch): Promise<void> {
    const output = this.#output!;
    const json = jsonRows(batch);
    for (let row = 0; row < batch.rows; row++) if (output.add(`${json(row)}\n`)) await output.flush();
    await output.flush();
  }

  async durable(): Promise<void> { await this.#output?.durable(); }
  async close(): Promise<void> { await this.#output?.close(); }
  async abort(): Promise<void> { await this.#output?.abort(); }
}

/**
 * JSON lines: one object a line, UTF-8. As a source it reads a path (`.gz` is decompressed), `-` for standard input, or a Readable;
 * as a sink it writes a path (complete or not there: `path.partial` until it is closed), `-` for standard output, or a Writable.
 *
 * Reading: members in any order, unknown ones are skipped, a missing one is null. Integers are exact; timestamps are ISO 8601 strings
 * or integers in the column's unit; decimals numbers or numeric strings; binary base64.
 * Writing: int64 and decimals as exact numbers, timestamps and dates as ISO 8601 strings, binary as base64, NaN and infinities as null.
 */
export function jsonl(target: InputTarget | OutputTarget, options: JsonlOptions = {}): Source & Sink {
  return new JsonLines(target, options);
}
