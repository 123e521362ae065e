import type { Heap } from '../heap/heap.js';
import type { Fields, Row, Value } from '../plan/types.js';
import { bitAt } from './bitmap.js';
import { columnReader, type ColumnReader } from './column-reader.js';
import { getColumn } from './heap-batch.js';
import { ColumnWord } from './layout.js';

/** Reads heap batches of one schema as JavaScript rows (the values that plan/types.ts lists). Everything it returns is a copy. */
export class RowReader {
  private readonly readers: ColumnReader[];
  private readonly names: string[];
  private readonly validity: Uint32Array;
  private readonly template: Row;
  private bound = 0;

  constructor(private readonly heap: Heap, fields: Fields) {
    this.readers = fields.map((field, column) => columnReader(heap, field.type, column));
    this.names = fields.map(field => field.name);
    this.validity = new Uint32Array(fields.length);
    this.template = Object.fromEntries(this.names.map(name => [name, null]));
  }

  /** One value of one row. */
  value(descriptor: number, column: number, row: number): Value {
    this.bind(descriptor);
    return this.at(column, row);
  }

  row(descriptor: number, row: number): Row {
    this.bind(descriptor);
    return this.build(row);
  }

  rows(descriptor: number): Row[] {
    this.bind(descriptor);
    const count = this.heap.u32[descriptor >>> 2]!;
    const rows: Row[] = [];
    for (let row = 0; row < count; row++) rows.push(this.build(row));
    this.bound = 0;
    return rows;
  }

  /** Call after the memory of a batch was given back: another may come to lie at the same address. `rows` does so by itself. */
  unbind(): void {
    this.bound = 0;
  }

  private bind(descriptor: number): void {
    if (descriptor === this.bound) return;
    for (let column = 0; column < this.readers.length; column++) {
      this.readers[column]!.bind(descriptor);
      this.validity[column] = getColumn(this.heap, descriptor, column, ColumnWord.validity);
    }
    this.bound = descriptor;
  }

  private at(column: number, row: number): Value {
    const validity = this.validity[column]!;
    return validity !== 0 && bitAt(this.heap.u8, validity, row) === 0 ? null : this.readers[column]!.value(row);
  }

  private build(row: number): Row {
    // A copy of an object that has every column is made in one go; adding columns one by one is several times slower.
    const result: Row = { ...this.template };
    const { names } = this;
    for (let column = 0; column < names.length; column++) result[names[column]!] = this.at(column, row);
    return result;
  }
}

/** All rows of a batch, once. For many batches of a schema make one RowReader. */
export const readRows = (heap: Heap, fields: Fields, descriptor: number): Row[] => new RowReader(heap, fields).rows(descriptor);
/** One value, once, for tests and errors. */
export const readValue = (heap: Heap, fields: Fields, descriptor: number, column: number, row: number): Value =>
  new RowReader(heap, fields).value(descriptor, column, row);
/** A function from a row of a batch to its object. */
export const rowReader = (heap: Heap, fields: Fields): ((descriptor: number, row: number) => Row) => {
  const reader = new RowReader(heap, fields);
  return (descriptor, row) => {
    reader.unbind();
    return reader.row(descriptor, row);
  };
};
