import { typeText } from '../batch/storage.js';
import { ColumnWord, columnWord } from '../batch/layout.js';
import type { Heap } from '../heap/heap.js';
import type { DataType } from '../plan/types.js';
import type { ColumnText } from './column-text.js';
import type { ResultBatch } from './sink.js';

/** What Cassandra calls our types, which of its columns hold every value of one, and the bytes of a value as its protocol has them. */

/** The type of a column that is made for a field. */
export function cassandraType(type: DataType): string {
  switch (type.kind) {
    case 'bool': return 'boolean';
    case 'int8': return 'tinyint';
    case 'int16': case 'uint8': return 'smallint';
    case 'int32': case 'uint16': return 'int';
    case 'int64': case 'uint32': return 'bigint';
    case 'uint64': return 'varint';
    case 'float32': return 'float';
    case 'float64': return 'double';
    case 'utf8': case 'dictionary': return 'text';
    case 'binary': return 'blob';
    case 'date': return 'date';
    // Its timestamps have milliseconds: microseconds since 1970 need a number.
    case 'timestamp': return type.unit === 'ms' ? 'timestamp' : 'bigint';
    case 'decimal': return 'decimal';
  }
}

const INTEGERS = ['tinyint', 'smallint', 'int', 'bigint', 'varint'];

/** Whether a column holds every value of a type exactly. */
export function holds(column: string, type: DataType): boolean {
  const own = cassandraType(type);
  if (column === own) return true;
  if (/^u?int/.test(type.kind)) return INTEGERS.indexOf(column) >= INTEGERS.indexOf(own);
  if (type.kind === 'float32') return column === 'double';
  return (type.kind === 'utf8' || type.kind === 'dictionary') && column === 'varchar';
}
/** What `holds` wants, in words. */
export const wanted = (type: DataType): string => `${cassandraType(type)}, which holds every ${typeText(type)}`;

/** An integer as two's complement of so many bytes, most significant first. REQUIRES: it fits. */
export function integerBytes(value: bigint, bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  let rest = value;
  for (let i = bytes - 1; i >= 0; i--) {
    buffer[i] = Number(rest & 255n);
    rest >>= 8n;
  }
  return buffer;
}
/** The shortest two's complement. */
export function varintBytes(value: bigint): Buffer {
  let bytes = 1;
  while (value < -(1n << BigInt(bytes * 8 - 1)) || value >= 1n << BigInt(bytes * 8 - 1)) bytes++;
  return integerBytes(value, bytes);
}
/** An unscaled value with its scale in front. */
export function decimalBytes(unscaled: bigint, scale: number): Buffer {
  const head = Buffer.allocUnsafe(4);
  head.writeInt32BE(scale);
  return Buffer.concat([head, varintBytes(unscaled)]);
}
/** 64 bits. */
export const bigintBytes = (value: bigint): Buffer => integerBytes(value, 8);

const FIXED: Readonly<Record<string, number>> = { tinyint: 1, smallint: 2, int: 4 };

/** The bytes of a column's values, for a column of the table of type `column`. REQUIRES: `holds`; not null. */
export function bytesReader(batch: Pick<ResultBatch, 'descriptor' | 'heap'>, index: number, { field: { type }, text }: ColumnText, column: string): (row: number) => Buffer {
  const { heap } = batch;
  const values = heap.u32[columnWord(batch.descriptor, index) + ColumnWord.values]!;
  const long = (row: number): bigint => heap.i64[(values >>> 3) + row]!;
  switch (type.kind) {
    case 'bool': return row => Buffer.of(text(row) === 'true' ? 1 : 0);
    case 'float32': case 'float64': return floatReader(text, column === 'float');
    case 'utf8': case 'dictionary': return row => Buffer.from(text(row));
    case 'binary': return row => Buffer.from(text(row), 'base64');
    case 'date': return row => uint32Bytes(heap.i32[(values >>> 2) + row]! + 2 ** 31);
    case 'decimal': return row => decimalBytes(long(row), type.scale);
    case 'timestamp': return lanesReader(heap, values);
    case 'int64': return column === 'varint' ? row => varintBytes(long(row)) : lanesReader(heap, values);
    default: return integerReader(text, column);
  }
}

function floatReader(text: (row: number) => string, single: boolean): (row: number) => Buffer {
  return row => {
    const buffer = Buffer.allocUnsafe(single ? 4 : 8);
    if (single) buffer.writeFloatBE(Number(text(row)));
    else buffer.writeDoubleBE(Number(text(row)));
    return buffer;
  };
}
function integerReader(text: (row: number) => string, column: string): (row: number) => Buffer {
  if (column === 'varint') return row => varintBytes(BigInt(text(row)));
  if (column === 'bigint') return row => bigintBytes(BigInt(text(row)));
  const bytes = FIXED[column]!;
  return row => {
    const buffer = Buffer.allocUnsafe(bytes);
    buffer.writeIntBE(Number(text(row)), 0, bytes);
    return buffer;
  };
}
/** 64 bits as they lie in the heap, in two lanes. */
function lanesReader({ i32, u32 }: Heap, values: number): (row: number) => Buffer {
  const word = values >>> 2;
  return row => {
    const buffer = Buffer.allocUnsafe(8);
    buffer.writeInt32BE(i32[word + row * 2 + 1]!, 0);
    buffer.writeUInt32BE(u32[word + row * 2]!, 4);
    return buffer;
  };
}
function uint32Bytes(value: number): Buffer {
  const buffer = Buffer.allocUnsafe(4);
  buffer.writeUInt32BE(value);
  return buffer;
}
