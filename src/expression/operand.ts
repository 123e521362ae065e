import type { Kernels } from '../../native-free-kernels/load.js';
import type { Scratch } from '../heap/heap.js';
import type { DataType, IntegerKind } from '../plan/types.js';
import type { Vector, VectorClass } from './vector.js';

/** A vector inside the stage: it may be a constant, whose one element stands for all rows. A null constant has `valid` at a 0 byte. */
export interface Operand extends Vector {
  readonly constant: boolean;
}

/** Bytes per element. */
export const WIDTH: Readonly<Record<VectorClass, number>> = { i64: 8, f64: 8, bool: 1, bytes: 8, code: 4 };

/** Bytes from element to element, for kernels: 0 repeats a constant. */
export const stride = (operand: Operand): number => (operand.constant ? 0 : WIDTH[operand.cls]);
/** Elements of `width` bytes at some positions (u32), in scratch. */
export function gathered(kernels: Kernels, scratch: Scratch, width: number, rows: number, positions: number, data: number): number {
  const out = scratch.take(rows * width);
  (width === 8 ? kernels.gather64 : width === 4 ? kernels.gather32 : kernels.gather8)(rows, positions, data, out);
  return out;
}
export const isNullConstant = (operand: Operand): boolean => operand.constant && operand.valid !== 0;

export function dense(cls: VectorClass, data: number, valid = 0, dictionary = 0): Operand {
  return { cls, data, valid, dictionary, constant: false };
}

/** The class of vectors a type is worked on in. Dictionary values may also come as `bytes`, utf8 values as `code`. */
export function classOf(type: DataType): VectorClass {
  switch (type.kind) {
    case 'bool': return 'bool';
    case 'float32': case 'float64': return 'f64';
    case 'utf8': case 'binary': return 'bytes';
    case 'dictionary': return 'code';
    default: return 'i64';
  }
}
export const isText = (type: DataType): boolean => type.kind === 'utf8' || type.kind === 'dictionary';
export const isFloat = (type: DataType): boolean => type.kind === 'float32' || type.kind === 'float64';

const BITS: Readonly<Record<IntegerKind, number>> = { int8: 8, int16: 16, int32: 32, int64: 64, uint8: 8, uint16: 16, uint32: 32, uint64: 64 };

/** Least and greatest value of a type of class `i64`; for uint64 to be read as unsigned. */
export function rangeOf(type: DataType): readonly [low: bigint, high: bigint] {
  switch (type.kind) {
    case 'decimal': { const limit = 10n ** BigInt(type.precision) - 1n; return [-limit, limit]; }
    case 'date': return [-(1n << 31n), (1n << 31n) - 1n];
    case 'timestamp': return [-(1n << 63n), (1n << 63n) - 1n];
    case 'int8': case 'int16': case 'int32': case 'int64': { const limit = 1n << BigInt(BITS[type.kind] - 1); return [-limit, limit - 1n]; }
    case 'uint8': case 'uint16': case 'uint32': case 'uint64': return [0n, (1n << BigInt(BITS[type.kind])) - 1n];
    default: throw new TypeError(`no integer range for ${type.kind}`);
  }
}
/** Digits behind the point; 0 for what is not a decimal. */
export const scaleOf = (type: DataType): number => (type.kind === 'decimal' ? type.scale : 0);

export const sameType = (a: DataType, b: DataType): boolean =>
  a.kind === b.kind
  && (a.kind !== 'timestamp' || b.kind !== 'timestamp' || a.unit === b.unit)
  && (a.kind !== 'decimal' || b.kind !== 'decimal' || (a.precision === b.precision && a.scale === b.scale));
