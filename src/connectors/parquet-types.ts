import { isUtf8 } from 'node:buffer';
import { MillraceError } from '../errors.js';
import type { DataType, Field, IntegerKind } from '../plan/types.js';
import type { SchemaElement } from './parquet-packages.js';
import type { ChunkValues } from './parquet-pages.js';
import type { ColumnValues, FixedValues } from './source.js';

type Unit = 'MILLIS' | 'MICROS' | 'NANOS';

function timestampUnit({ type, converted_type: converted, logical_type: logical }: SchemaElement): Unit | null {
  if (logical?.type === 'TIMESTAMP') return logical.unit as Unit;
  if (converted === 'TIMESTAMP_MILLIS') return 'MILLIS';
  if (converted === 'TIMESTAMP_MICROS') return 'MICROS';
  return type === 'INT96' ? 'NANOS' : null;
}

function integerKind({ type, converted_type: converted, logical_type: logical }: SchemaElement): IntegerKind | null {
  if (logical?.type === 'INTEGER') return `${logical.isSigned ? '' : 'u'}int${logical.bitWidth}` as IntegerKind;
  const match = /^(U?)INT_(8|16|32|64)$/.exec(converted ?? '');
  if (match !== null) return `${match[1]!.toLowerCase()}int${match[2]}` as IntegerKind;
  if (converted !== undefined || logical !== undefined) return null;
  return type === 'INT32' ? 'int32' : type === 'INT64' ? 'int64' : null;
}

/** The type of a Parquet column; null where there is none for it. */
export function parquetType(element: SchemaElement): DataType | null {
  const { type, converted_type: converted, logical_type: logical } = element;
  if (type === undefined || element.repetition_type === 'REPEATED') return null;
  const unit = timestampUnit(element);
  if (unit !== null) return { kind: 'timestamp', unit: unit === 'MILLIS' ? 'ms' : 'us' };
  if (converted === 'DECIMAL' || logical?.type === 'DECIMAL') {
    const precision = logical?.type === 'DECIMAL' ? logical.precision : element.precision ?? 0;
    const scale = logical?.type === 'DECIMAL' ? logical.scale : element.scale ?? 0;
    return precision > 18 ? null : { kind: 'decimal', precision, scale };
  }
  if (type === 'BOOLEAN') return { kind: 'bool' };
  if (type === 'FLOAT') return { kind: 'float32' };
  if (type === 'DOUBLE') return { kind: 'float64' };
  if (converted === 'DATE' || logical?.type === 'DATE') return { kind: 'date' };
  if (converted === 'UTF8' || converted === 'ENUM' || converted === 'JSON' || logical?.type === 'STRING' || logical?.type === 'ENUM' || logical?.type === 'JSON') return { kind: 'utf8' };
  if (type === 'BYTE_ARRAY' || type === 'FIXED_LEN_BYTE_ARRAY') return { kind: 'binary' };
  const integer = integerKind(element);
  return integer === null ? null : { kind: integer };
}

const ARRAYS = {
  int8: Int8Array, int16: Int16Array, int32: Int32Array, int64: BigInt64Array, uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, uint64: BigUint64Array,
} as const;
const RANGES: Record<Exclude<IntegerKind, 'int64' | 'uint64'>, readonly [number, number]> = {
  int8: [-128, 127], int16: [-32_768, 32_767], int32: [-2_147_483_648, 2_147_483_647], uint8: [0, 255], uint16: [0, 65_535], uint32: [0, 4_294_967_295],
};

/** Converts the physical values of one column to the type of its field. Errors name the column. */
export class ColumnConverter {
  readonly #from: DataType;
  readonly #unit: Unit | null;

  constructor(readonly source: string, readonly field: Field, readonly element: SchemaElement) {
    const from = parquetType(element);
    if (from === null) this.#refuse(`has the Parquet type ${element.type ?? 'group'} ${element.logical_type?.type ?? element.converted_type ?? ''}, which cannot be read`);
    this.#from = from;
    this.#unit = timestampUnit(element);
    const to = field.type;
    const integers = from.kind in ARRAYS && to.kind in ARRAYS;
    const fits = integers || from.kind === to.kind || (from.kind === 'float32' && to.kind === 'float64') || (from.kind === 'binary' && to.kind === 'utf8')
      || (from.kind === 'utf8' && to.kind === 'binary') || (from.kind === 'int64' && to.kind === 'timestamp');
    if (!fits) this.#refuse(`is ${from.kind} in the file and ${to.kind} in the schema`);
    if (from.kind === 'decimal' && to.kind === 'decimal' && from.scale > to.scale) {
      this.#refuse(`has ${from.scale} digits after the point in the file and ${to.scale} in the schema`);
    }
  }

  #refuse(why: string): never {
    throw new MillraceError('BAD_FILE', `${this.source}: column "${this.field.name}" ${why}`);
  }

  convert(chunk: ChunkValues): ColumnValues {
    if (chunk.valid !== null && !this.field.nullable) this.#refuse('has nulls, and is not nullable in the schema');
    const to = this.field.type;
    if (to.kind === 'decimal') return { kind: 'fixed', values: this.#decimals(chunk, to.precision, to.scale), valid: chunk.valid };
    if (chunk.kind === 'text') {
      // Between values, text could be torn in a way that only the whole makes good; writers do not do that.
      if (to.kind === 'utf8' && !isUtf8(chunk.bytes)) this.#refuse('is not UTF-8');
      return chunk;
    }
    if (to.kind === 'timestamp') return { kind: 'fixed', values: this.#times(chunk.values as BigInt64Array, to.unit), valid: chunk.valid };
    if (to.kind in ARRAYS) return { kind: 'fixed', values: this.#integers(chunk.values as Int32Array | BigInt64Array, to.kind as IntegerKind, chunk.valid), valid: chunk.valid };
    if (to.kind === 'float64' && chunk.values instanceof Float32Array) return { kind: 'fixed', values: Float64Array.from(chunk.values), valid: chunk.valid };
    return { kind: 'fixed', values: chunk.values, valid: chunk.valid };
  }

  #integers(values: Int32Array | BigInt64Array, kind: IntegerKind, valid: Uint8Array | null): FixedValues {
    const unsigned = this.#from.kind.startsWith('u');
    const natural = values instanceof Int32Array ? (unsigned ? new Uint32Array(values.buffer) : values) : unsigned ? new BigUint64Array(values.buffer) : values;
    const out = new ARRAYS[kind](values.length);
    if (natural.constructor === out.constructor) return natural;
    if (out instanceof BigInt64Array || out instanceof BigUint64Array) {
      for (let row = 0; row < natural.length; row++) {
        const value = BigInt(natural[row]!);
        if ((kind === 'uint64' ? value < 0n : value > 9_223_372_036_854_775_807n) && valid?.[row] !== 0) this.#refuse(`holds ${value}, which is no ${kind}`);
        out[row] = value;
      }
      return out;
    }
    const [least, greatest] = RANGES[kind as keyof typeof RANGES];
    for (let row = 0; row < natural.length; row++) {
      const value = Number(natural[row]);
      if ((value < least || value > greatest) && valid?.[row] !== 0) this.#refuse(`holds ${natural[row]}, which is no ${kind}`);
      out[row] = value;
    }
    return out;
  }

  /** Rounds down where the unit of the schema is coarser. */
  #times(values: BigInt64Array, unit: 'ms' | 'us'): BigInt64Array {
    const from = this.#unit ?? (unit === 'ms' ? 'MILLIS' : 'MICROS');
    if (from === (unit === 'ms' ? 'MILLIS' : 'MICROS')) return values;
    const out = new BigInt64Array(values.length);
    if (from === 'MILLIS') {
      for (let row = 0; row < values.length; row++) out[row] = values[row]! * 1000n;
      return out;
    }
    const divisor = from === 'NANOS' && unit === 'ms' ? 1_000_000n : 1000n;
    // Two lanes instead of BigInts where doubles are exact.
    const lanes = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
    const outLanes = new Int32Array(out.buffer);
    for (let row = 0; row < values.length; row++) {
      const high = lanes[row * 2 + 1]!;
      if (high < 2 ** 21 && high >= -(2 ** 21)) {
        const quotient = Math.floor((high * 4_294_967_296 + (lanes[row * 2]! >>> 0)) / Number(divisor));
        outLanes[row * 2] = quotient | 0;
        outLanes[row * 2 + 1] = Math.floor(quotient / 4_294_967_296);
      } else {
        const value = values[row]!;
        out[row] = (value - ((value % divisor) + divisor) % divisor) / divisor;
      }
    }
    return out;
  }

  #decimals(chunk: ChunkValues, precision: number, scale: number): BigInt64Array {
    const from = this.#from.kind === 'decimal' ? this.#from.scale : 0;
    const factor = 10n ** BigInt(scale - from);
    const limit = 10n ** BigInt(precision);
    if (chunk.kind === 'fixed' && chunk.values instanceof BigInt64Array && factor === 1n && this.#from.kind === 'decimal' && this.#from.precision <= precision) return chunk.values;
    const rows = chunk.kind === 'fixed' ? chunk.values.length : chunk.offsets.length - 1;
    const out = new BigInt64Array(rows);
    for (let row = 0; row < rows; row++) {
      if (chunk.valid?.[row] === 0) continue;
      const digits = (chunk.kind === 'fixed' ? BigInt(chunk.values[row]!) : bigEndian(chunk.bytes.subarray(chunk.offsets[row], chunk.offsets[row + 1]))) * factor;
      if (digits >= limit || digits <= -limit) this.#refuse(`holds a number of more than ${precision} digits`);
      out[row] = digits;
    }
    return out;
  }
}

function bigEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(bytes.length * 8, value);
}

/** Gathers values that hyparquet decoded one by one. INT96 becomes nanoseconds since 1970. */
export function chunkFromArray(element: SchemaElement, values: ArrayLike<unknown>): ChunkValues {
  const rows = values.length;
  const valid = new Uint8Array(rows);
  let nulls = 0;
  for (let row = 0; row < rows; row++) {
    valid[row] = values[row] === null || values[row] === undefined ? 0 : 1;
    nulls += 1 - valid[row]!;
  }
  const validity = nulls === 0 ? null : valid;
  const fill = <T extends FixedValues>(out: T, value: (raw: never) => T[number]): { kind: 'fixed'; values: T; valid: Uint8Array | null } => {
    for (let row = 0; row < rows; row++) if (valid[row] !== 0) out[row] = value(values[row] as never);
    return { kind: 'fixed', values: out, valid: validity };
  };
  switch (element.type) {
    case 'BOOLEAN': return fill(new Uint8Array(rows), (raw: boolean) => (raw ? 1 : 0));
    case 'INT32': return fill(new Int32Array(rows), (raw: number) => raw);
    case 'INT64': return fill(new BigInt64Array(rows), (raw: bigint) => raw);
    case 'INT96': return fill(new BigInt64Array(rows), (raw: bigint) => ((raw >> 64n) - 2_440_588n) * 86_400_000_000_000n + (raw & 0xffff_ffff_ffff_ffffn));
    case 'FLOAT': return fill(new Float32Array(rows), (raw: number) => raw);
    case 'DOUBLE': return fill(new Float64Array(rows), (raw: number) => raw);
    default: {
      const texts = Array.from(values, value => (value ?? new Uint8Array()) as Uint8Array);
      const offsets = new Int32Array(rows + 1);
      texts.forEach((text, row) => { offsets[row + 1] = offsets[row]! + text.length; });
      const bytes = new Uint8Array(offsets[rows]!);
      texts.forEach((text, row) => bytes.set(text, offsets[row]));
      return { kind: 'text', offsets, bytes, valid: validity };
    }
  }
}
