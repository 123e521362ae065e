import type { Data, RecordBatch } from 'apache-arrow';
import { arrow } from './arrow.js';
import { Validity } from './arrow-column.js';
import { decimalOfWords } from './arrow-numbers.js';
import { decimalText } from './decimal-text.js';

/** A row of an Arrow batch that did not become part of a heap batch. */
export interface BadRow {
  /** Its number in the Arrow batch. */
  readonly row: number;
  readonly reason: 'BAD_ROW' | 'NULL_IN_NON_NULL';
  readonly message: string;
  /** The row as JSON. */
  readonly text: string;
}

/** A row of an Arrow batch as JSON, for dead letters: integers beyond 2^53 as strings, dates and timestamps as the numbers they are stored as. */
export function rowText(batch: RecordBatch, row: number): string {
  const values = batch.schema.fields.map((field, column) => [field.name, jsonValue(batch.data.children[column]!, row)]);
  return JSON.stringify(Object.fromEntries(values), (_, value: unknown) =>
    typeof value === 'bigint' ? (Number.isSafeInteger(Number(value)) ? Number(value) : String(value)) : ArrayBuffer.isView(value) ? Array.from(value as Uint8Array) : value);
}

/** Not by Arrow's accessors where those lose digits (decimals) or throw (timestamps beyond 2^53). */
function jsonValue(data: Data, row: number): unknown {
  const { type, stride } = data;
  if (!new Validity(data).isValid(row)) return null;
  if (arrow.DataType.isDecimal(type)) {
    const value = decimalOfWords(data.values as Uint32Array, row * stride, stride);
    return type.scale >= 0 ? decimalText(value, type.scale) : `${value}e${-type.scale}`;
  }
  if (arrow.DataType.isTimestamp(type) || arrow.DataType.isDate(type)) return data.values[row];
  return new arrow.Vector([data]).get(row);
}
