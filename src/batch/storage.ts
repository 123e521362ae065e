import type { DataType, Fields } from '../plan/types.js';
import type { Heap } from '../heap/heap.js';

/** How the values of a column lie in a batch. `bytes` is int32 offsets and bytes. */
export type Storage = 'bits' | 'bytes' | NumericStorage;
export type NumericStorage = 'int8' | 'int16' | 'int32' | 'int64' | 'uint8' | 'uint16' | 'uint32' | 'uint64' | 'float32' | 'float64';
export type NumericArray =
  | Int8Array | Int16Array | Int32Array | BigInt64Array | Uint8Array | Uint16Array | Uint32Array | BigUint64Array | Float32Array | Float64Array;

export const storageOf = (type: DataType): Storage => {
  switch (type.kind) {
    case 'bool': return 'bits';
    case 'utf8': case 'binary': return 'bytes';
    case 'date': return 'int32';
    case 'timestamp': case 'decimal': return 'int64';
    case 'dictionary': return type.index;
    default: return type.kind;
  }
};

export const NUMERIC_ARRAYS: {
  readonly [S in NumericStorage]: { new (buffer: ArrayBufferLike, byteOffset: number, length: number): NumericArray; readonly BYTES_PER_ELEMENT: number };
} = {
  int8: Int8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array, uint8: Uint8Array, uint16: Uint16Array,
  uint32: Uint32Array, uint64: BigUint64Array, float32: Float32Array, float64: Float64Array,
};

/** Bytes that `rows` values take at `values`; for `bytes` storage the answer depends on the data, so it must not be asked. */
export const fixedBytes = (storage: Storage, rows: number): number =>
  storage === 'bits' ? (rows + 7) >>> 3 : storage === 'bytes' ? 0 : NUMERIC_ARRAYS[storage].BYTES_PER_ELEMENT * rows;

/** The values at an address as a typed array over the heap. */
export const numericView = (heap: Heap, storage: NumericStorage, address: number, rows: number): NumericArray =>
  new NUMERIC_ARRAYS[storage](heap.memory.buffer, address, rows);

export const columnIndex = (fields: Fields, name: string): number => fields.findIndex(field => field.name === name);

/** A type in words, for errors: `timestamp(us)`, `decimal(10, 2)`, `dictionary(int16)`. */
export const typeText = (type: DataType): string => {
  switch (type.kind) {
    case 'timestamp': return `timestamp(${type.unit})`;
    case 'decimal': return `decimal(${type.precision}, ${type.scale})`;
    case 'dictionary': return `dictionary(${type.index})`;
    default: return type.kind;
  }
};
