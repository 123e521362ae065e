import type { Vector, VectorClass } from '../expression/vector.js';
import type { Heap } from '../heap/heap.js';
import type { DataType } from '../plan/types.js';

export const isBytesType = (type: DataType): boolean => type.kind === 'utf8' || type.kind === 'binary' || type.kind === 'dictionary';
export const isFloatType = (type: DataType): boolean => type.kind === 'float32' || type.kind === 'float64';

export const vectorClassOf = (type: DataType): VectorClass =>
  isBytesType(type) ? 'bytes' : type.kind === 'bool' ? 'bool' : isFloatType(type) ? 'f64' : 'i64';

/** A vector of `type` from the 8-byte words that cells keep. Bools are narrowed in place: byte i is written after word i was read. */
export function fromWords(heap: Heap, type: DataType, data: number, valid: number, rows: number): Vector {
  if (type.kind === 'bool') for (let row = 0; row < rows; row++) heap.u8[data + row] = heap.u8[data + row * 8]! & 1;
  return { cls: vectorClassOf(type), data, valid, dictionary: 0 };
}
