import type { Heap } from '../heap/heap.js';
import { packBytes } from './bitmap.js';
import { numericView, type NumericStorage } from './storage.js';

/**
 * Takes the JavaScript values of one column and keeps them until the batch is written. Rows are written by number, so that a row which
 * is refused at a later column is simply written over.
 */
export interface ColumnWriter {
  /** Keeps a value that is not null as row `row`; false if it does not fit the type. REQUIRES: row < capacity, ascending. */
  write(row: number, value: unknown): boolean;
  writeNull(row: number): void;
  grow(capacity: number): void;
  /** Bytes of the first `rows` values of utf8 or binary; else 0. */
  bytes(rows: number): number;
  /** Copies the first `rows` values to the heap; returns the address of the dictionary block, else 0. */
  copy(heap: Heap, values: number, offsets: number, rows: number): number;
}

/** A larger array with the same beginning. */
export const grown = <A extends { set(from: A): void }>(from: A, to: A): A => {
  to.set(from);
  return to;
};

/** Every type of at most 32 bits, and floats: kept as doubles, which hold all of them exactly, narrowed when copied. */
abstract class DoubleWriter implements ColumnWriter {
  protected values: Float64Array = new Float64Array(0);
  constructor(private readonly storage: NumericStorage) {}
  abstract write(row: number, value: unknown): boolean;
  writeNull(row: number): void {
    this.values[row] = 0;
  }
  grow(capacity: number): void {
    this.values = grown(this.values, new Float64Array(capacity));
  }
  bytes(): number {
    return 0;
  }
  copy(heap: Heap, values: number, _offsets: number, rows: number): number {
    (numericView(heap, this.storage, values, rows) as Float64Array).set(this.values.subarray(0, rows));
    return 0;
  }
}

export class SmallIntegerWriter extends DoubleWriter {
  constructor(storage: NumericStorage, private readonly min: number, private readonly max: number) {
    super(storage);
  }
  write(row: number, value: unknown): boolean {
    const number = typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : NaN;
    // A bigint that rounds is far beyond 32 bits.
    if (!(number >= this.min && number <= this.max) || Math.floor(number) !== number) return false;
    this.values[row] = number;
    return true;
  }
}

export class FloatWriter extends DoubleWriter {
  constructor(private readonly single: boolean) {
    super(single ? 'float32' : 'float64');
  }
  write(row: number, value: unknown): boolean {
    let number: number;
    if (typeof value === 'number') number = value;
    else if (typeof value === 'bigint' && BigInt(Number(value)) === value) number = Number(value);
    else return false;
    if (this.single && Number.isFinite(number) && !Number.isFinite(Math.fround(number))) return false;
    this.values[row] = number;
    return true;
  }
}

/** Converts a value to a number, NaN if it does not fit. */
export class ConvertingWriter extends DoubleWriter {
  constructor(storage: NumericStorage, private readonly convert: (value: unknown) => number) {
    super(storage);
  }
  write(row: number, value: unknown): boolean {
    const number = this.convert(value);
    this.values[row] = number;
    return number === number;
  }
}

/** 64-bit integers as two lanes: a number is written without making a bigint of it. */
export class LongWriter implements ColumnWriter {
  private lanes = new Int32Array(0);
  private longs = new BigInt64Array(0);
  /** `convert`: for values that are neither bigint nor a safe integer: the value, or null if it does not fit. */
  constructor(private readonly min: bigint, private readonly max: bigint, private readonly convert: ((value: unknown) => number | bigint | null) | null) {}

  write(row: number, value: unknown): boolean {
    if (this.convert !== null) {
      const converted = this.convert(value);
      return converted !== null && this.writeInteger(row, converted);
    }
    return this.writeInteger(row, value);
  }
  private writeInteger(row: number, value: unknown): boolean {
    if (typeof value === 'number') {
      if (!Number.isSafeInteger(value) || (value < 0 && this.min === 0n)) return false;
      this.lanes[row * 2] = value;
      this.lanes[row * 2 + 1] = Math.floor(value / 4_294_967_296);
      return true;
    }
    if (typeof value !== 'bigint' || value < this.min || value > this.max) return false;
    this.longs[row] = value;
    return true;
  }
  writeNull(row: number): void {
    this.lanes[row * 2] = this.lanes[row * 2 + 1] = 0;
  }
  grow(capacity: number): void {
    this.lanes = grown(this.lanes, new Int32Array(capacity * 2));
    this.longs = new BigInt64Array(this.lanes.buffer);
  }
  bytes(): number {
    return 0;
  }
  copy(heap: Heap, values: number, _offsets: number, rows: number): number {
    heap.i32.set(this.lanes.subarray(0, rows * 2), values >>> 2);
    return 0;
  }
}

export class BoolWriter implements ColumnWriter {
  private values = new Uint8Array(0);
  write(row: number, value: unknown): boolean {
    this.values[row] = value === true ? 1 : 0;
    return typeof value === 'boolean';
  }
  writeNull(row: number): void {
    this.values[row] = 0;
  }
  grow(capacity: number): void {
    this.values = grown(this.values, new Uint8Array(capacity));
  }
  bytes(): number {
    return 0;
  }
  copy(heap: Heap, values: number, _offsets: number, rows: number): number {
    packBytes(this.values, rows, heap.u8, values);
    return 0;
  }
}
