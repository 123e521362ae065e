import type { Data } from 'apache-arrow';
import type { DataType } from '../plan/types.js';
import { arrow } from './arrow.js';
import { Validity, type ColumnImport, type ColumnTarget } from './arrow-column.js';
import { copyBits } from './bitmap.js';
import { decimalText, POWERS_OF_TEN, rescale } from './decimal-text.js';
import { NUMERIC_ARRAYS, numericView, storageOf, typeText, type NumericArray, type NumericStorage } from './storage.js';
import { DAY_MS } from './time-text.js';

type Copy = (data: Data, rows: number, target: ColumnTarget) => void;
const imported = (copy: Copy): ColumnImport => ({ bytes: () => 0, copy });
const INT64_LIMIT = 2n ** 63n;

/** Numbers, bools, dates, timestamps and decimals; null if the Arrow type cannot become `type` without loss. */
export function importNumbers(from: arrow.DataType, type: DataType): ColumnImport | null {
  if (type.kind === 'bool') return arrow.DataType.isBool(from) ? imported(copyBools) : null;
  if (type.kind === 'date') {
    if (!arrow.DataType.isDate(from)) return null;
    return from.unit === arrow.DateUnit.DAY ? imported(copySame('int32')) : imported(copyDate64);
  }
  if (type.kind === 'timestamp') return arrow.DataType.isTimestamp(from) ? imported(copyTimestamps(from.unit, type.unit)) : null;
  if (type.kind === 'decimal') return arrow.DataType.isDecimal(from) ? imported(copyDecimals(from.scale, type)) : null;
  const storage = storageOf(type);
  if (storage === 'bits' || storage === 'bytes' || type.kind === 'dictionary') return null;
  if (arrow.DataType.isInt(from)) return importIntegers(from, storage);
  if (!arrow.DataType.isFloat(from) || (storage !== 'float32' && storage !== 'float64')) return null;
  if (from.precision === arrow.Precision.HALF) return imported(copyHalves(storage));
  const source = from.precision === arrow.Precision.SINGLE ? 'float32' : 'float64';
  return source === storage ? imported(copySame(storage)) : source === 'float32' ? imported(copyWider(storage)) : null;
}

function importIntegers(from: arrow.Int, storage: NumericStorage): ColumnImport | null {
  const source = `${from.isSigned ? '' : 'u'}int${from.bitWidth}` as NumericStorage;
  if (source === storage) return imported(copySame(storage));
  const digits = storage === 'float32' ? 24 : storage === 'float64' ? 53 : NUMERIC_ARRAYS[storage].BYTES_PER_ELEMENT * 8;
  if (from.bitWidth >= digits || (from.isSigned && storage.startsWith('u'))) return null;
  return imported(storage === 'int64' || storage === 'uint64' ? copyToLongs : copyWider(storage));
}

/** The same layout: one copy of memory. Rows past a short buffer are null, and read as 0. */
const copySame = (storage: NumericStorage): Copy => (data, rows, { heap, values }) => {
  const width = NUMERIC_ARRAYS[storage].BYTES_PER_ELEMENT;
  const source = data.values as NumericArray;
  const bytes = Math.min(rows, source.length) * width;
  heap.u8.set(new Uint8Array(source.buffer, source.byteOffset, bytes), values);
  heap.u8.fill(0, values + bytes, values + rows * width);
};

const copyWider = (storage: NumericStorage): Copy => (data, rows, { heap, values }) => {
  const target = numericView(heap, storage, values, rows) as Float64Array;
  const source = data.values as Int32Array;
  target.fill(0, Math.min(rows, source.length));
  target.set(source.length > rows ? source.subarray(0, rows) : source);
};

const copyToLongs: Copy = (data, rows, { heap, values }) => {
  const source = data.values as Int32Array;
  for (let row = 0, at = values >>> 2; row < rows; row++, at += 2) {
    const value = source[row] ?? 0;
    heap.i32[at] = value;
    heap.i32[at + 1] = value < 0 ? -1 : 0;
  }
};

const copyHalves = (storage: NumericStorage): Copy => (data, rows, { heap, values }) => {
  const target = numericView(heap, storage, values, rows);
  const source = data.values as Uint16Array;
  for (let row = 0; row < rows; row++) target[row] = halfFloat(source[row] ?? 0);
};

function halfFloat(bits: number): number {
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits >>> 15 ? -1 : 1;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/** Bools keep the slice's offset in bits. */
const copyBools: Copy = (data, rows, { heap, values }) => copyBits(data.values as Uint8Array, data.offset, rows, heap.u8, values);

const copyDate64: Copy = (data, rows, target) => {
  const source = data.values as BigInt64Array;
  const validity = new Validity(data);
  const days = numericView(target.heap, 'int32', target.values, rows);
  for (let row = 0; row < rows; row++) {
    const ms = validity.isValid(row) ? source[row] ?? 0n : 0n;
    const value = Number(ms) / DAY_MS;
    days[row] = value;
    if (days[row] !== value) target.refuse(row, `${ms} ms are no whole day`);
  }
};

function copyTimestamps(from: arrow.TimeUnit, unit: 'ms' | 'us'): Copy {
  const shift = (unit === 'ms' ? 3 : 6) - from * 3;
  if (shift === 0) return copySame('int64');
  return (data, rows, target) => convertLongs(data, rows, target, value => rescale(value, shift), value => `${value} ${['s', 'ms', 'us', 'ns'][from]!} is no timestamp in ${unit}, exactly`);
}

/** int64 to int64; null results are set aside. */
function convertLongs(data: Data, rows: number, target: ColumnTarget, convert: (value: bigint) => bigint | null, message: (value: bigint) => string): void {
  const source = data.values as BigInt64Array;
  const validity = new Validity(data);
  const longs = numericView(target.heap, 'int64', target.values, rows);
  for (let row = 0; row < rows; row++) {
    const value = validity.isValid(row) ? source[row] ?? 0n : 0n;
    const converted = convert(value);
    const fits = converted !== null && converted < INT64_LIMIT && converted >= -INT64_LIMIT;
    longs[row] = fits ? converted : 0n;
    if (!fits) target.refuse(row, message(value));
  }
}

const copyDecimals = (fromScale: number, type: DataType & { kind: 'decimal' }): Copy => (data, rows, target) => {
  const words = data.values as Uint32Array;
  const { stride } = data;
  const validity = new Validity(data);
  const longs = numericView(target.heap, 'int64', target.values, rows);
  const bound = POWERS_OF_TEN[type.precision]!;
  for (let row = 0; row < rows; row++) {
    longs[row] = 0n;
    if (!validity.isValid(row)) continue;
    const value = decimalOfWords(words, row * stride, stride);
    const scaled = rescale(value, type.scale - fromScale);
    if (scaled !== null && scaled < bound && scaled > -bound) longs[row] = scaled;
    else target.refuse(row, `${fromScale >= 0 ? decimalText(value, fromScale) : `${value}e${-fromScale}`} is no ${typeText(type)}, exactly`);
  }
};

/** Little-endian two's complement of `stride` 32-bit words. */
export function decimalOfWords(words: Uint32Array, at: number, stride: number): bigint {
  let value = BigInt(words[at + stride - 1]! | 0);
  for (let word = stride - 2; word >= 0; word--) value = (value << 32n) | BigInt(words[at + word]!);
  return value;
}
