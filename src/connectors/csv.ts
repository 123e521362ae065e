import { MillraceError } from '../errors.js';
import type { Fields } from '../plan/types.js';
import { csvHeader, csvLines } from './csv-lines.js';
import { csvRecordEnd, csvRecordFields } from './csv-records.js';
import { openInput, type InputTarget } from './file-input.js';
import { FileOutput, type OutputTarget } from './file-output.js';
import { DEFAULT_MAX_RECORD_BYTES, targetName } from './jsonl.js';
import { RecordReader, type RecordReaderOptions } from './record-reader.js';
import type { ResultBatch, Sink } from './sink.js';
import type { Source, SourceContext, SourceItem, SourceReader, TextFormat } from './source.js';

/** Options of `csv`. */
export interface CsvOptions {
  /** One ASCII character. Default ','. */
  readonly delimiter?: string;
  /**
   * As a source: true (default) where the first record names the columns; else the names, for input without such a record.
   * As a sink: whether to write the names; a list counts as false.
   */
  readonly header?: boolean | readonly string[];
  /** Bytes. As a source: a longer record ends the job. Default 8 MiB. */
  readonly maxRecordBytes?: number;
}

/** For each field of a record the column of the schema it belongs to, or -1. */
function mapColumns(name: string, names: readonly string[], schema: Fields): number[] {
  for (const { name: column } of schema) {
    const count = names.filter(each => each === column).length;
    if (count === 0) throw new MillraceError('BAD_FILE', `${name}: has no column "${column}"; it has ${names.map(each => `"${each}"`).join(', ')}`);
    if (count > 1) throw new MillraceError('BAD_FILE', `${name}: has ${count} columns "${column}"; rename them, or name all columns with the option \`header\``);
  }
  return names.map(each => schema.findIndex(field => field.name === each));
}

/** Reads the header, then hands on the rest as it is. */
class CsvReader extends RecordReader {
  #header: boolean;

  constructor(options: RecordReaderOptions, readonly delimiter: string, readonly schema: Fields, names: readonly string[] | null) {
    const columns = names === null ? [] : mapColumns(options.name, names, schema);
    super(options, { kind: 'csv', delimiter, columns });
    this.#header = names === null;
  }

  override async next(): Promise<SourceItem | null> {
    if (!this.#header) return super.next();
    const bytes = await this.nextRecords();
    if (bytes === null) throw new MillraceError('BAD_FILE', `${this.options.name}: is empty, where a header is expected; name the columns with the option \`header\` if it has none`);
    const { fields, end } = csvRecordFields(bytes, this.delimiter);
    this.format = { kind: 'csv', delimiter: this.delimiter, columns: mapColumns(this.options.name, fields, this.schema) } satisfies TextFormat;
    this.#header = false;
    return end < bytes.length ? { kind: 'text', bytes: bytes.subarray(end), format: this.format } : super.next();
  }
}

class Csv implements Source, Sink {
  readonly name: string;
  readonly bounded = true;
  readonly dictionaries = false;
  readonly #delimiter: string;
  #output: FileOutput | null = null;

  constructor(readonly target: InputTarget | OutputTarget, readonly options: CsvOptions) {
    this.name = targetName('csv', target);
    this.#delimiter = options.delimiter ?? ',';
    if (!/^[\t !#-*/:-@[-`{-~,|]$/.test(this.#delimiter)) {
      throw new MillraceError('BAD_OPTION', `${this.name}: the delimiter must be one ASCII character, and no letter, digit, quote, sign, point or line end; it is ${JSON.stringify(this.#delimiter)}`);
    }
    if (options.maxRecordBytes !== undefined && !(options.maxRecordBytes > 0)) {
      throw new MillraceError('BAD_OPTION', `${this.name}: maxRecordBytes must be above 0`);
    }
  }

  async read(context: SourceContext): Promise<SourceReader> {
    const header = this.options.header ?? true;
    if (header === false) throw new MillraceError('BAD_OPTION', `${this.name}: without a header record, name the columns: { header: ['a', 'b'] }`);
    const input = await openInput(this.target as InputTarget, this.name);
    const options = {
      name: this.name, input, findRecordEnd: csvRecordEnd(this.#delimiter), batchBytes: context.batchBytes,
      maxRecordBytes: this.options.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES,
    };
    try {
      return new CsvReader(options, this.#delimiter, context.schema, header === true ? null : header);
    } catch (error) {
      await input.close();
      throw error;
    }
  }

  open(fields: Fields): void {
    this.#output = new FileOutput(this.target as OutputTarget, this.name);
    if ((this.options.header ?? true) === true) this.#output.add(`${csvHeader(fields, this.#delimiter)}\n`);
  }

  async write(batch: ResultBatch): Promise<void> {
    const output = this.#output!;
    const line = csvLines(batch, this.#delimiter);
    for (let row = 0; row < batch.rows; row++) if (output.add(`${line(row)}\n`)) await output.flush();
    await output.flush();
  }

  async durable(): Promise<void> { await this.#output?.durable(); }
  async close(): Promise<void> { await this.#output?.close(); }
  async abort(): Promise<void> { await this.#output?.abort(); }
}

/**
 * Comma-separated values (RFC 4180), UTF-8. Targets as for `jsonl`. Every column of the schema must be in the header.
 *
 * Reading: an empty field is null, but in quotes it is the empty text for utf8 and binary columns. Empty lines are skipped, unless
 * records have one field only. Spaces around numbers, times and booleans are cut. Writing: null is an empty field, the empty text `""`;
 * NaN and infinities by name.
 */
export function csv(target: InputTarget | OutputTarget, options: CsvOptions = {}): Source & Sink {
  return new Csv(target, options);
}
