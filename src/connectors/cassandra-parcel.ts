import type { ColumnText } from './column-text.js';
import { bytesReader } from './cassandra-types.js';
import type { Parcel } from './delivery/delivery.js';
import type { ResultBatch } from './sink.js';

/** Rows for one statement: for each its values, as the protocol has them. */
export interface CassandraParcel extends Parcel {
  /** Name of the statement. */
  readonly kind: string;
  readonly values: readonly Values[];
}
export type Values = readonly (Buffer | null)[];

/** Rows of a batch as values, cut into parcels. `columns`: of the results, with the type of the table's column; `constants` follow in each row. */
export function* parcels(
  batch: ResultBatch, texts: readonly ColumnText[], kind: string, chosen: readonly number[],
  columns: readonly { readonly index: number; readonly type: string }[], constants: Values, parcelRows: number,
): Generator<CassandraParcel> {
  const read = columns.map(({ index, type }) => ({ isNull: texts[index]!.isNull, bytes: bytesReader(batch, index, texts[index]!, type) }));
  for (let from = 0; from < chosen.length; from += parcelRows) {
    const values = chosen.slice(from, from + parcelRows).map(row => [...read.map(({ isNull, bytes }) => (isNull(row) ? null : bytes(row))), ...constants]);
    yield { rows: values.length, kind, values };
  }
}

/** A parcel in the local log: its kind, how many columns it has, and each value with its length in front, -1 for null. */
export function encodeParcel({ kind, values }: CassandraParcel): Uint8Array {
  const head = Buffer.from(JSON.stringify({ kind, columns: values[0]?.length ?? 0 }));
  const pieces: Buffer[] = [int32(head.length), head];
  for (const row of values) {
    for (const value of row) pieces.push(int32(value === null ? -1 : value.length), ...(value === null ? [] : [value]));
  }
  return Buffer.concat(pieces);
}
export function decodeParcel(bytes: Uint8Array): CassandraParcel {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 4 + buffer.readInt32BE(0);
  const { kind, columns } = JSON.parse(buffer.toString('utf8', 4, at)) as { kind: string; columns: number };
  const values: (Buffer | null)[][] = [];
  while (at < buffer.length) {
    const row: (Buffer | null)[] = [];
    for (let column = 0; column < columns; column++) {
      const length = buffer.readInt32BE(at);
      at += 4;
      row.push(length < 0 ? null : buffer.subarray(at, at + length));
      at += Math.max(0, length);
    }
    values.push(row);
  }
  return { rows: values.length, kind, values };
}
function int32(value: number): Buffer {
  const buffer = Buffer.allocUnsafe(4);
  buffer.writeInt32BE(value);
  return buffer;
}

/** Tells values apart. */
export const identity = (values: Values): string => values.map(value => (value === null ? '-' : `${value.length}:${value.toString('latin1')}`)).join('');
