import type { Data } from 'apache-arrow';
import type { Kernels } from '../../native-free-kernels/load.js';
import type { Allocator, Heap } from '../heap/heap.js';

/** Where a column of a heap block is to be written. */
export interface ColumnTarget {
  readonly heap: Heap;
  readonly kernels: Kernels;
  /** For what is needed while a column is copied. */
  readonly allocator: Allocator;
  readonly values: number;
  /** 0 but for utf8 and binary. */
  readonly offsets: number;
  /** Sets a row aside: it cannot be had in the column's type. */
  refuse(row: number, message: string): void;
  /** Makes a row null that its bitmap calls valid (a null inside a dictionary). */
  makeNull(row: number): void;
}

/** How columns of one Arrow type become columns of one of ours; chosen once per schema. */
export interface ColumnImport {
  /** Bytes of the first `rows` values of a utf8 or binary column, else 0. */
  bytes(data: Data, rows: number): number;
  /** Nulls beyond those of the bitmap are possible. */
  addsNulls?(data: Data): boolean;
  /** Writes every value; those of null rows may be anything. REQUIRES: rows ≤ data.length. */
  copy(data: Data, rows: number, target: ColumnTarget): void;
  /** Address of the dictionary block, for dictionary columns; asked after `copy`. */
  block?(): number;
}

/**
 * Validity of a column that may be a slice. Arrow's traps: the bitmap keeps the offset of the slice while fixed-width values are already
 * shifted; an empty bitmap means no nulls; a count below 0 means unknown; a batch whose children differ in length has short buffers.
 */
export class Validity {
  readonly bits: Uint8Array | null;
  readonly first: number;
  constructor(data: Data) {
    const bits = data.nullBitmap as Uint8Array | undefined;
    this.bits = bits && bits.length > 0 && data.nullCount > 0 ? bits : null;
    this.first = data.offset;
  }
  isValid(row: number): boolean {
    const bit = this.first + row;
    return this.bits === null || ((this.bits[bit >>> 3]! >>> (bit & 7)) & 1) === 1;
  }
}
