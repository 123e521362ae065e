import { isUtf8 } from 'node:buffer';
import { MillraceError } from '../errors.js';
import type { Field, Fields } from '../plan/types.js';
import type { KafkaMessage } from './kafka-client.js';
import type { KafkaColumn } from './kafka-options.js';
import type { ColumnValues } from './source.js';

/** Gathers one column of the messages of a block. Its arrays are used again for the next block. */
export interface Gatherer {
  /** Why a message cannot be a row; null: it can. */
  complaint(message: KafkaMessage): { readonly reason: 'BAD_ROW' | 'NULL_IN_NON_NULL'; readonly message: string } | null;
  /** REQUIRES: no complaint. */
  add(message: KafkaMessage): void;
  /** The values added since the last time. Valid until the next is added. */
  take(): ColumnValues;
}

const TYPES: Readonly<Record<string, readonly string[]>> = {
  key: ['utf8', 'binary'], value: ['utf8', 'binary'], header: ['utf8', 'binary'], headers: ['utf8'], topic: ['utf8'],
  timestamp: ['timestamp', 'int64'], partition: ['int32', 'int64'], offset: ['int64'],
};
const kindOf = (column: KafkaColumn): string => (typeof column === 'string' ? column : 'header');

/** Refuses columns of a type that what they are made of does not have. */
export function checkColumns(name: string, fields: Fields, columns: Readonly<Record<string, KafkaColumn>>): void {
  for (const field of fields) {
    const column = columns[field.name];
    if (column === undefined) continue;
    const types = TYPES[kindOf(column)]!;
    if (!types.includes(field.type.kind)) throw new MillraceError('BAD_OPTION', `${name}: column '${field.name}' is the ${kindOf(column)} of a message, which is ${types.join(' or ')}, not ${field.type.kind}`);
  }
}

/** What a message says of a column, as JavaScript would: for decoders, whose rows are objects. */
export function valueOf(column: KafkaColumn, { type }: Field, { topic, partition }: Place, message: KafkaMessage): unknown {
  switch (column) {
    case 'topic': return topic;
    case 'partition': return partition;
    case 'offset': return BigInt(message.offset);
    case 'timestamp': return timeOf(type, message);
    default: {
      const bytes = bytesOf(column, message);
      return bytes === null || type.kind === 'binary' ? bytes : bytes.toString();
    }
  }
}

/** Where messages come from. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
}
export function gathererOf(field: Field, column: KafkaColumn, { topic, partition }: Place): Gatherer {
  switch (column) {
    case 'partition': return new Numbers(field, () => (field.type.kind === 'int64' ? BigInt(partition) : partition));
    case 'offset': return new Numbers(field, message => BigInt(message.offset));
    case 'timestamp': return new Numbers(field, message => timeOf(field.type, message));
    case 'topic': {
      const bytes = Buffer.from(topic);
      return new Bytes(field, 'topic', () => bytes);
    }
    default: return new Bytes(field, typeof column === 'string' ? column : `header '${column.header}'`, message => bytesOf(column, message));
  }
}

const timeOf = (type: Field['type'], { timestamp }: KafkaMessage): bigint => BigInt(timestamp) * (type.kind === 'timestamp' && type.unit === 'us' ? 1000n : 1n);
const asBytes = (value: Buffer | string): Buffer => (typeof value === 'string' ? Buffer.from(value) : value);
const asText = (value: Buffer | string): string => (typeof value === 'string' || isUtf8(value) ? String(value) : value.toString('base64'));

function bytesOf(column: KafkaColumn, message: KafkaMessage): Buffer | null {
  if (column === 'key') return message.key;
  if (column === 'value') return message.value;
  const headers = message.headers ?? {};
  if (typeof column === 'object') {
    const value = headers[column.header];
    const last = Array.isArray(value) ? value.at(-1) : value;
    return last === undefined || last === null ? null : asBytes(last);
  }
  const members = Object.entries(headers).map(([name, value]) => [name, value === undefined || value === null ? null : Array.isArray(value) ? value.map(asText) : asText(value)]);
  return Buffer.from(JSON.stringify(Object.fromEntries(members)));
}

const FIRST_ROWS = 1024;

class Numbers implements Gatherer {
  #values: Int32Array | BigInt64Array;
  #rows = 0;
  constructor({ type }: Field, private readonly read: (message: KafkaMessage) => number | bigint) {
    this.#values = type.kind === 'int32' ? new Int32Array(FIRST_ROWS) : new BigInt64Array(FIRST_ROWS);
  }
  complaint(): null {
    return null;
  }
  add(message: KafkaMessage): void {
    if (this.#rows === this.#values.length) {
      const old = this.#values;
      this.#values = old instanceof Int32Array ? new Int32Array(2 * this.#rows) : new BigInt64Array(2 * this.#rows);
      (this.#values as { set(values: unknown): void }).set(old);
    }
    this.#values[this.#rows++] = this.read(message) as never;
  }
  take(): ColumnValues {
    const values = this.#values.subarray(0, this.#rows);
    this.#rows = 0;
    return { kind: 'fixed', values, valid: null };
  }
}

class Bytes implements Gatherer {
  #offsets: Int32Array = new Int32Array(FIRST_ROWS + 1);
  #valid: Uint8Array = new Uint8Array(FIRST_ROWS);
  #bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_ROWS * 16);
  #rows = 0;
  #nulls = false;
  constructor(private readonly field: Field, private readonly what: string, private readonly read: (message: KafkaMessage) => Buffer | null) {}

  complaint(message: KafkaMessage): ReturnType<Gatherer['complaint']> {
    const { field, what } = this;
    const value = this.read(message);
    if (value === null) return field.nullable ? null : { reason: 'NULL_IN_NON_NULL', message: `column "${field.name}": the message has no ${what}, and the column is not nullable` };
    return field.type.kind === 'binary' || isUtf8(value) ? null : { reason: 'BAD_ROW', message: `column "${field.name}" (utf8): the ${what} is not UTF-8` };
  }
  add(message: KafkaMessage): void {
    const value = this.read(message);
    const start = this.#offsets[this.#rows]!;
    const end = start + (value?.length ?? 0);
    if (this.#rows === this.#valid.length) this.#grow();
    if (end > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], Math.max(end, 2 * this.#bytes.length));
    value?.copy(this.#bytes, start);
    this.#valid[this.#rows] = value === null ? 0 : 1;
    this.#nulls ||= value === null;
    this.#offsets[++this.#rows] = end;
  }
  take(): ColumnValues {
    const rows = this.#rows;
    const taken: ColumnValues = { kind: 'text', offsets: this.#offsets.subarray(0, rows + 1), bytes: this.#bytes, valid: this.#nulls ? this.#valid.subarray(0, rows) : null };
    this.#rows = 0;
    this.#nulls = false;
    return taken;
  }
  #grow(): void {
    const [offsets, valid] = [new Int32Array(2 * this.#rows + 1), new Uint8Array(2 * this.#rows)];
    offsets.set(this.#offsets);
    valid.set(this.#valid);
    this.#offsets = offsets;
    this.#valid = valid;
  }
}
