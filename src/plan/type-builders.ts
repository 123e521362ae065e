import { MillraceError } from '../errors.js';
import type { ColumnByTag } from './column.js';
import type { ColumnTag } from './tags.js';
import type { DataType } from './types.js';

/** The type of a column as written in a `schema`, a cast or a udf: `t.int32`, `t.utf8.nullable`. */
export interface ColumnType<T extends ColumnTag = ColumnTag, N extends null = null> {
  readonly dataType: DataType;
  readonly isNullable: boolean;
  /** The same type for a column that may hold nulls. */
  readonly nullable: ColumnType<T, null>;
  /** Never set: carries the column's face for the type checker. */
  readonly face?: { readonly tag: T; readonly column: ColumnByTag<N>[T] };
}
type Of<T extends ColumnTag> = ColumnType<T, never>;

/** The untyped builder behind every `t.…`. */
export class TypeNode {
  constructor(readonly dataType: DataType, readonly isNullable: boolean) {
    Object.freeze(this);
  }
  get nullable(): TypeNode {
    return this.isNullable ? this : new TypeNode(this.dataType, true);
  }
}
const typeOf = <T extends ColumnTag>(dataType: DataType): Of<T> => new TypeNode(Object.freeze(dataType), false) as unknown as Of<T>;

function decimal(precision: number, scale: number): Of<'decimal'> {
  const fits = Number.isInteger(precision) && precision >= 1 && precision <= 18 && Number.isInteger(scale) && scale >= 0 && scale <= precision;
  if (!fits) throw new MillraceError('BAD_OPTION', `t.decimal(${precision}, ${scale}): precision is 1 to 18 digits, scale 0 to precision.`);
  return typeOf({ kind: 'decimal', precision, scale });
}

const DICTIONARY_INDEXES = ['int8', 'int16', 'int32'] as const;
function dictionary(index: 'int8' | 'int16' | 'int32' = 'int32'): Of<'dictionary'> {
  if (!DICTIONARY_INDEXES.includes(index)) throw new MillraceError('BAD_OPTION', `t.dictionary(${String(index)}): the index is int8, int16 or int32.`);
  return typeOf({ kind: 'dictionary', index });
}

interface TypeBuilders {
  readonly bool: Of<'bool'>;
  readonly int8: Of<'int8'>;
  readonly int16: Of<'int16'>;
  readonly int32: Of<'int32'>;
  readonly int64: Of<'int64'>;
  readonly uint8: Of<'uint8'>;
  readonly uint16: Of<'uint16'>;
  readonly uint32: Of<'uint32'>;
  readonly uint64: Of<'uint64'>;
  readonly float32: Of<'float32'>;
  readonly float64: Of<'float64'>;
  readonly utf8: Of<'utf8'>;
  readonly binary: Of<'binary'>;
  readonly date: Of<'date'>;
  /** Milliseconds since 1970-01-01T00:00Z. */
  readonly timestamp: Of<'timestamp'>;
  /** Microseconds since 1970-01-01T00:00Z. */
  readonly timestampUs: Of<'timestampUs'>;
  /** `precision` digits in all (1…18), `scale` of them behind the point. */
  decimal(precision: number, scale: number): Of<'decimal'>;
  /** Text stored as codes into a list of distinct values: for columns with few of them. Default index: int32. */
  dictionary(index?: 'int8' | 'int16' | 'int32'): Of<'dictionary'>;
}

/**
 * The column types. As JavaScript values: int64 and uint64 are bigints, other integers and floats numbers, dates `YYYY-MM-DD`,
 * timestamps in ms numbers and in µs bigints, decimals text with exactly `scale` digits, binary a Uint8Array.
 */
export const t: TypeBuilders = Object.freeze({
  bool: typeOf<'bool'>({ kind: 'bool' }),
  int8: typeOf<'int8'>({ kind: 'int8' }),
  int16: typeOf<'int16'>({ kind: 'int16' }),
  int32: typeOf<'int32'>({ kind: 'int32' }),
  int64: typeOf<'int64'>({ kind: 'int64' }),
  uint8: typeOf<'uint8'>({ kind: 'uint8' }),
  uint16: typeOf<'uint16'>({ kind: 'uint16' }),
  uint32: typeOf<'uint32'>({ kind: 'uint32' }),
  uint64: typeOf<'uint64'>({ kind: 'uint64' }),
  float32: typeOf<'float32'>({ kind: 'float32' }),
  float64: typeOf<'float64'>({ kind: 'float64' }),
  utf8: typeOf<'utf8'>({ kind: 'utf8' }),
  binary: typeOf<'binary'>({ kind: 'binary' }),
  date: typeOf<'date'>({ kind: 'date' }),
  timestamp: typeOf<'timestamp'>({ kind: 'timestamp', unit: 'ms' }),
  timestampUs: typeOf<'timestampUs'>({ kind: 'timestamp', unit: 'us' }),
  decimal,
  dictionary,
});

/** REQUIRES a `t.…`: plain JavaScript may pass anything. */
export function typeNode(value: unknown, where: string): TypeNode {
  if (value instanceof TypeNode) return value;
  throw new MillraceError('TYPE_MISMATCH', `${where} takes a column type such as t.int32, got ${describeValue(value)}.`);
}

/** A JavaScript value in an error message. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number' || typeof value === 'boolean') return `${typeof value} ${value}`;
  if (typeof value === 'function') return 'a function';
  return Array.isArray(value) ? 'an array' : `an object (${(value as object).constructor?.name ?? 'Object'})`;
}
