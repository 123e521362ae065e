import type { Data, RecordBatch, Schema } from 'apache-arrow';
import type { Kernels } from '../../native-free-kernels/load.js';
import { MillraceError } from '../errors.js';
import type { Allocator, Heap } from '../heap/heap.js';
import type { Field, Fields } from '../plan/types.js';
import { arrow, mismatch } from './arrow.js';
import { importBytes } from './arrow-bytes.js';
import { importCodes } from './arrow-codes.js';
import { Validity, type ColumnImport, type ColumnTarget } from './arrow-column.js';
import { importNumbers } from './arrow-numbers.js';
import { rowText, type BadRow } from './bad-row.js';
import { copyBits, countBits } from './bitmap.js';
import type { DictionaryBuilder } from './dictionary-builder.js';
import { allocateBatch, bitmapBytes, getColumn, setColumn, setNulls } from './heap-batch.js';
import { ColumnWord } from './layout.js';
import { removeRows } from './remove-rows.js';

export interface ArrowResult {
  readonly descriptor: number;
  /** Rows in the heap batch: those of the Arrow batch without the bad ones. */
  readonly rows: number;
  /** Ascending by row; almost always empty. */
  readonly bad: readonly BadRow[];
}

/** What is known of one Arrow schema: for each of our fields its place there, and how to convert it; null where the column is missing. */
export interface ColumnPlan {
  readonly place: number;
  readonly convert: ColumnImport;
}

/**
 * Copies Arrow record batches into the heap, columns found by name. Accepted where nothing is lost: the same type, narrower integers and
 * floats, any unit of timestamp and date that converts exactly, any scale of decimal likewise, all layouts of strings and bytes,
 * dictionaries of any index type for dictionary and utf8 columns. Values that do not convert, and nulls in non-nullable columns, are bad
 * rows. One reader per source: dictionaries are unified across its batches.
 */
export class ArrowReader {
  private last: { schema: Schema; plan: readonly (ColumnPlan | null)[] } | null = null;
  /** By column and, as text, Arrow type. They outlive plans: what they know of a dictionary costs a look at each of its entries. */
  private readonly codeImports = new Map<string, ColumnImport>();

  constructor(
    private readonly heap: Heap, private readonly kernels: Kernels, private readonly allocator: Allocator,
    private readonly fields: Fields, private readonly dictionaries: readonly (DictionaryBuilder | null)[],
  ) {}

  /** Throws TYPE_MISMATCH or UNKNOWN_COLUMN if the schemas do not fit, HEAP_FULL, BATCH_TOO_LARGE. */
  read(batch: RecordBatch): ArrowResult {
    const { heap, fields } = this;
    const plan = this.plan(batch.schema);
    const rows = batch.numRows;
    const columns = plan.map(column => column === null ? null : batch.data.children[column.place]!);
    const needs = fields.map((field, index) => {
      const data = columns[index]!;
      if (data === null) return { nulls: true, bytes: 0 };
      const { convert } = plan[index]!;
      return { nulls: field.nullable && (this.hasNulls(data) || convert.addsNulls?.(data) === true), bytes: convert.bytes(data, rows) };
    });
    const descriptor = allocateBatch(heap, this.allocator, fields, rows, needs);
    const bad = new Map<number, Omit<BadRow, 'text'>>();
    try {
      fields.forEach((field, index) => this.copy(field, index, columns[index]!, plan[index]!, rows, descriptor, bad));
      return this.finish(batch, descriptor, rows, bad);
    } catch (error) {
      this.allocator.free(descriptor);
      throw error;
    }
  }

  private hasNulls(data: Data): boolean {
    return arrow.DataType.isNull(data.type) || new Validity(data).bits !== null;
  }

  private copy(field: Field, index: number, data: Data | null, plan: ColumnPlan | null, rows: number, descriptor: number, bad: Map<number, Omit<BadRow, 'text'>>): void {
    const { heap, kernels, allocator } = this;
    const values = getColumn(heap, descriptor, index, ColumnWord.values);
    const validity = getColumn(heap, descriptor, index, ColumnWord.validity);
    if (data === null || plan === null) return this.allNull(index, descriptor, rows);
    const setAside = (row: number, reason: BadRow['reason'], message: string): void => {
      if (!bad.has(row)) bad.set(row, { row, reason, message });
    };
    if (validity !== 0) copyValidity(data, rows, heap, validity);
    else refuseNulls(field, data, rows, setAside);
    const target: ColumnTarget = {
      heap, kernels, allocator, values, offsets: getColumn(heap, descriptor, index, ColumnWord.offsets),
      refuse: (row, message) => setAside(row, 'BAD_ROW', `column '${field.name}': ${message}`),
      makeNull: row => {
        if (field.nullable) heap.u8[validity + (row >>> 3)]! &= ~(1 << (row & 7));
        else setAside(row, 'NULL_IN_NON_NULL', nullMessage(field));
      },
    };
    plan.convert.copy(data, rows, target);
    if (plan.convert.block) setColumn(heap, descriptor, index, ColumnWord.dictionary, plan.convert.block());
    if (validity !== 0) setNulls(heap, descriptor, index, rows - countBits(heap.u8, validity, rows));
  }

  private allNull(index: number, descriptor: number, rows: number): void {
    const { heap } = this;
    const word = (kind: ColumnWord): number => getColumn(heap, descriptor, index, kind);
    heap.u8.fill(0, word(ColumnWord.values), word(ColumnWord.values) + word(ColumnWord.byteLength));
    heap.u8.fill(0, word(ColumnWord.validity), word(ColumnWord.validity) + bitmapBytes(rows));
    const offsets = word(ColumnWord.offsets) >>> 2;
    if (offsets !== 0) heap.i32.fill(0, offsets, offsets + rows + 1);
    const dictionary = this.dictionaries[index];
    if (dictionary) setColumn(heap, descriptor, index, ColumnWord.dictionary, dictionary.block());
    setNulls(heap, descriptor, index, rows);
  }

  private finish(batch: RecordBatch, descriptor: number, rows: number, found: Map<number, Omit<BadRow, 'text'>>): ArrowResult {
    if (found.size === 0) return { descriptor, rows, bad: [] };
    const bad = [...found.values()].sort((a, b) => a.row - b.row).map((each): BadRow => ({ ...each, text: rowText(batch, each.row) }));
    removeRows(this.heap, this.fields, descriptor, bad.map(each => each.row));
    return { descriptor, rows: rows - bad.length, bad };
  }

  /** How the columns of an Arrow schema become ours; null for a nullable column that it lacks (or has as the null type). */
  plan(schema: Schema): readonly (ColumnPlan | null)[] {
    // Every RecordBatch has a Schema of its own, however it was made.
    if (this.last === null || !arrow.util.compareSchemas(this.last.schema, schema)) {
      this.last = { schema, plan: this.fields.map((field, index) => this.planColumn(schema, field, index)) };
    }
    return this.last.plan;
  }

  private planColumn(schema: Schema, field: Field, index: number): ColumnPlan | null {
    const place = schema.fields.findIndex(candidate => candidate.name === field.name);
    if (place < 0) {
      if (field.nullable) return null;
      throw new MillraceError('UNKNOWN_COLUMN', `the Arrow data has no column '${field.name}', which is not nullable; it has ${schema.fields.map(each => each.name).join(', ')}`);
    }
    const { type } = schema.fields[place]!;
    if (arrow.DataType.isNull(type) && field.nullable) return null;
    const dictionary = this.dictionaries[index];
    const convert = dictionary ? this.codeImport(type, field, index, dictionary) : importBytes(type, field.type) ?? importNumbers(type, field.type);
    if (convert === null) throw mismatch(field, type);
    return { place, convert };
  }

  private codeImport(from: arrow.DataType, field: Field, index: number, dictionary: DictionaryBuilder): ColumnImport | null {
    const key = `${index} ${from}`;
    const known = this.codeImports.get(key) ?? importCodes(from, field.type, dictionary, this.kernels);
    if (known) this.codeImports.set(key, known);
    return known;
  }
}

const nullMessage = (field: Field): string => `column '${field.name}' is null, and not nullable`;

/** Moves the bitmap of a slice to bit 0; without one, all are valid. */
function copyValidity(data: Data, rows: number, heap: Heap, to: number): void {
  const { bits, first } = new Validity(data);
  if (bits !== null) return copyBits(bits, first, rows, heap.u8, to);
  heap.u8.fill(255, to, to + (rows >>> 3));
  if (rows & 7) heap.u8[to + (rows >>> 3)] = (1 << (rows & 7)) - 1;
}

function refuseNulls(field: Field, data: Data, rows: number, setAside: (row: number, reason: BadRow['reason'], message: string) => void): void {
  const validity = new Validity(data);
  if (validity.bits === null) return;
  for (let row = 0; row < rows; row++) if (!validity.isValid(row)) setAside(row, 'NULL_IN_NON_NULL', nullMessage(field));
}

/** Copies one Arrow batch, once. For many batches of a source make one ArrowReader. */
export const arrowToHeap = (
  heap: Heap, kernels: Kernels, allocator: Allocator, fields: Fields, batch: RecordBatch, dictionaries: readonly (DictionaryBuilder | null)[],
): ArrowResult => new ArrowReader(heap, kernels, allocator, fields, dictionaries).read(batch);
