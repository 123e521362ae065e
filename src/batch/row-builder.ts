import type { Allocator, Heap } from '../heap/heap.js';
import type { Fields } from '../plan/types.js';
import { packBytes } from './bitmap.js';
import type { ColumnWriter } from './column-writer.js';
import { DictionaryBuilder } from './dictionary-builder.js';
import { allocateBatch, getColumn, setColumn, setNulls } from './heap-batch.js';
import { ColumnWord } from './layout.js';
import { typeText } from './storage.js';
import { expectation, writerFor } from './value-rules.js';

const FIRST_CAPACITY_ROWS = 1024;
const SHOWN_CHARACTERS = 80;

/** For each field its growing dictionary, or null where it is no dictionary column. One set serves all batches of a source. */
export const dictionariesFor = (fields: Fields, heap: Heap, allocator: Allocator): (DictionaryBuilder | null)[] =>
  fields.map(field => field.type.kind === 'dictionary' ? new DictionaryBuilder(heap, allocator, field.type.index, field.name) : null);

/**
 * Checks JavaScript rows against a schema and writes those that fit as batches. Accepted: for integers whole numbers or bigints in
 * range (an int64 from a number must be a safe integer); for timestamps a Date, an ISO 8601 string (UTC unless it says otherwise), or a
 * number or bigint in the column's unit; for decimals a string, a number (as its shortest text reads) or a bigint; for dates
 * 'YYYY-MM-DD' or a Date at midnight UTC; strings for utf8 and dictionaries; Uint8Array for binary. null, undefined and missing are
 * null. What would have to be rounded or cut (but for float32) is refused. Columns that the schema does not have are ignored.
 */
export class RowBuilder {
  private readonly names: string[];
  private readonly writers: ColumnWriter[];
  /** One byte per row where the column is nullable, else null. */
  private readonly valid: (Uint8Array | null)[];
  private capacity = 0;
  private count = 0;
  /** Why the last refused row was refused. */
  lastReason: 'BAD_ROW' | 'NULL_IN_NON_NULL' = 'BAD_ROW';

  constructor(private readonly fields: Fields, private readonly heap: Heap, private readonly allocator: Allocator, dictionaries: readonly (DictionaryBuilder | null)[]) {
    this.names = fields.map(field => field.name);
    this.writers = fields.map((field, column) => writerFor(field.type, dictionaries[column] ?? null));
    this.valid = fields.map(field => field.nullable ? new Uint8Array(0) : null);
    this.grow(FIRST_CAPACITY_ROWS);
  }

  get rows(): number {
    return this.count;
  }
  /** Bytes of text and binary data gathered so far. */
  get bytes(): number {
    let sum = 0;
    for (const writer of this.writers) sum += writer.bytes(this.count);
    return sum;
  }

  /** Adds a row and returns null, or leaves it out and returns why, in words. Throws TYPE_MISMATCH if a dictionary's index is used up. */
  append(row: unknown): string | null {
    if (typeof row !== 'object' || row === null || Array.isArray(row)) return this.refuse(`a row must be an object, not ${shown(row)}`);
    if (this.count === this.capacity) this.grow(this.capacity * 2);
    const at = this.count;
    const { names, writers, valid } = this;
    for (let column = 0; column < names.length; column++) {
      const value = (row as Record<string, unknown>)[names[column]!];
      const marks = valid[column]!;
      if (value === null || value === undefined) {
        if (marks === null) return this.refuseNull(column);
        marks[at] = 0;
        writers[column]!.writeNull(at);
      } else {
        if (!writers[column]!.write(at, value)) return this.refuseValue(column, value);
        if (marks !== null) marks[at] = 1;
      }
    }
    this.count++;
    return null;
  }

  private refuse(message: string): string {
    this.lastReason = 'BAD_ROW';
    return message;
  }
  private refuseNull(column: number): string {
    this.lastReason = 'NULL_IN_NON_NULL';
    return `column '${this.names[column]}' is null or missing, and not nullable`;
  }
  private refuseValue(column: number, value: unknown): string {
    const { name, type } = this.fields[column]!;
    return this.refuse(`column '${name}' (${typeText(type)}) cannot be ${shown(value)}: expected ${expectation(type)}`);
  }

  private grow(capacity: number): void {
    this.capacity = capacity;
    for (const writer of this.writers) writer.grow(capacity);
    this.valid.forEach((marks, column) => {
      if (marks === null) return;
      const larger = new Uint8Array(capacity);
      larger.set(marks);
      this.valid[column] = larger;
    });
  }

  /** Writes the rows as one batch in the heap and starts anew. On HEAP_FULL the rows are kept: free something and call it again. */
  finish(): { descriptor: number; rows: number } {
    const { heap, count } = this;
    const needs = this.writers.map((writer, column) => ({ nulls: this.valid[column] !== null, bytes: writer.bytes(count) }));
    const descriptor = allocateBatch(heap, this.allocator, this.fields, count, needs);
    try {
      this.writers.forEach((writer, column) => this.write(writer, descriptor, column));
    } catch (error) {
      this.allocator.free(descriptor);
      throw error;
    }
    this.count = 0;
    return { descriptor, rows: count };
  }

  private write(writer: ColumnWriter, descriptor: number, column: number): void {
    const { heap, count } = this;
    const values = getColumn(heap, descriptor, column, ColumnWord.values);
    const dictionary = writer.copy(heap, values, getColumn(heap, descriptor, column, ColumnWord.offsets), count);
    setColumn(heap, descriptor, column, ColumnWord.dictionary, dictionary);
    const marks = this.valid[column];
    if (marks) setNulls(heap, descriptor, column, count - packBytes(marks, count, heap.u8, getColumn(heap, descriptor, column, ColumnWord.validity)));
  }
}

/** A value for an error message, short and in one line. */
export function shown(value: unknown): string {
  let text: string;
  if (typeof value === 'string') text = JSON.stringify(value.length > SHOWN_CHARACTERS ? value.slice(0, SHOWN_CHARACTERS) : value);
  else if (typeof value === 'bigint') text = `${value}n`;
  else if (value instanceof Date) text = Number.isNaN(value.getTime()) ? 'an invalid Date' : value.toISOString();
  else if (Array.isArray(value)) text = `an array of ${value.length}`;
  else if (value instanceof Uint8Array) text = `${value.length} bytes`;
  else if (typeof value === 'object' && value !== null) text = 'an object';
  else text = String(value);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}
