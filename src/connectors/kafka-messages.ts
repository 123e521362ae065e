import { MillraceError } from '../errors.js';
import { columnTexts, type ColumnText } from './column-text.js';
import { jsonRows, jsonText } from './json-row.js';
import type { KafkaRecord } from './kafka-client.js';
import type { KafkaSinkOptions } from './kafka-sink-options.js';
import type { ResultBatch } from './sink.js';

/** Which columns make what of a message: their places in a batch, -1 where none does. */
export interface MessageParts {
  readonly key: readonly number[];
  /** With a text that is the same for all, or the place of a column. */
  readonly headers: readonly (readonly [name: string, value: string | number])[];
  readonly timestamp: number;
  readonly deleted: number;
  /** null: JSON. */
  readonly format: Exclude<KafkaSinkOptions['format'], 'json' | undefined> | null;
}
/** Bytes of a message besides key, value and headers. */
const MESSAGE_BYTES = 32;

/** The rows of a batch as messages. `name`: of the sink, for errors. */
export function* messagesOf(name: string, batch: ResultBatch, { key, headers, timestamp, deleted, format }: MessageParts): Generator<KafkaRecord> {
  const texts = columnTexts(batch);
  const keyOf = keyReader(key.map(index => texts[index]!));
  const headersOf = headerReader(headers, texts);
  const valueOf = format === null ? jsonRows(batch, texts) : formatted(name, format, batch);
  const isDeleted = (row: number): boolean => deleted >= 0 && texts[deleted]!.text(row) === 'true';
  const timeOf = timestamp < 0 ? null : texts[timestamp]!;
  for (let row = 0; row < batch.rows; row++) {
    const time = timeOf === null || timeOf.isNull(row) ? undefined : String(Date.parse(timeOf.text(row)));
    yield { key: keyOf(row), value: isDeleted(row) ? null : valueOf(row), headers: headersOf(row), ...(time === undefined ? {} : { timestamp: time }) };
  }
}

function formatted(name: string, format: NonNullable<MessageParts['format']>, batch: ResultBatch): (row: number) => string | Buffer | null {
  const rows = batch.toRows();
  return row => {
    try {
      const value = format(rows[row]!);
      return typeof value === 'string' || value === null ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    } catch (error) {
      throw new MillraceError('SINK_FAILED', `${name}: format threw: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  };
}

/** The key of a row: null where there is none, or a single column that is null. */
function keyReader(columns: readonly ColumnText[]): (row: number) => string | null {
  if (columns.length === 0) return () => null;
  if (columns.length === 1) return row => (columns[0]!.isNull(row) ? null : columns[0]!.text(row));
  const parts = columns.map(column => ({ isNull: column.isNull, text: jsonText(column) }));
  return row => `[${parts.map(({ isNull, text }) => (isNull(row) ? 'null' : text(row))).join(',')}]`;
}
function headerReader(headers: MessageParts['headers'], texts: readonly ColumnText[]): (row: number) => Record<string, string> {
  const fixed = Object.fromEntries(headers.filter(([, value]) => typeof value === 'string')) as Record<string, string>;
  const columns = headers.flatMap(([name, value]) => (typeof value === 'number' ? [{ name, column: texts[value]! }] : []));
  if (columns.length === 0) return () => fixed;
  return row => {
    const all = { ...fixed };
    for (const { name, column } of columns) if (!column.isNull(row)) all[name] = column.text(row);
    return all;
  };
}
/** About how many bytes a message takes in a request. */
export function bytesOf({ key, value, headers }: KafkaRecord): number {
  let bytes = MESSAGE_BYTES + (key === null ? 0 : Buffer.byteLength(key)) + (value === null ? 0 : Buffer.byteLength(value));
  for (const name in headers) bytes += name.length + Buffer.byteLength(headers[name]!) + 4;
  return bytes;
}
