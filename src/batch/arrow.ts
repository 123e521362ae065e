import * as arrow from 'apache-arrow';
import { MillraceError } from '../errors.js';
import type { DataType, Field, Fields, IntegerKind } from '../plan/types.js';
import { typeText } from './storage.js';

/**
 * The one file that imports apache-arrow at run time: the rest of the bridge takes what it needs from here. Workers must not load it (50 ms
 * and 15 MB a thread).
 */
export { arrow };

const INDEX_TYPES = { int8: arrow.Int8, int16: arrow.Int16, int32: arrow.Int32 } as const;
const SIMPLE_TYPES = {
  bool: arrow.Bool, int8: arrow.Int8, int16: arrow.Int16, int32: arrow.Int32, int64: arrow.Int64, uint8: arrow.Uint8, uint16: arrow.Uint16,
  uint32: arrow.Uint32, uint64: arrow.Uint64, float32: arrow.Float32, float64: arrow.Float64, utf8: arrow.Utf8, binary: arrow.Binary, date: arrow.DateDay,
} as const;

/** The Arrow type of a column. Timestamps have no time zone (they are UTC); a decimal is a Decimal128. `id` tells dictionaries apart. */
export function toArrowType(type: DataType, id: number): arrow.DataType {
  switch (type.kind) {
    case 'timestamp': return type.unit === 'ms' ? new arrow.TimestampMillisecond() : new arrow.TimestampMicrosecond();
    case 'decimal': return new arrow.Decimal(type.scale, type.precision, 128);
    case 'dictionary': return new arrow.Dictionary(new arrow.Utf8(), new INDEX_TYPES[type.index](), id);
    default: return new SIMPLE_TYPES[type.kind]();
  }
}

/** The Arrow schema of our fields. The id of a dictionary is its column's number. */
export const arrowSchema = (fields: Fields): arrow.Schema =>
  new arrow.Schema(fields.map((field, column) => new arrow.Field(field.name, toArrowType(field.type, column), field.nullable)));

/**
 * Our fields for an Arrow schema: large strings, string views and fixed-size binaries as utf8 and binary, half floats as float32,
 * Date64 as date, seconds as ms and ns as µs, dictionaries of strings with the next signed index. Throws TYPE_MISMATCH, naming column
 * and type, for what has no counterpart (nested types, times, decimals of more than 18 digits). `columns`: only these, in this order.
 */
export function arrowFields(schema: arrow.Schema, columns?: readonly string[]): Fields {
  const wanted = columns === undefined ? schema.fields : columns.map(name => {
    const found = schema.fields.find(field => field.name === name);
    if (!found) throw new MillraceError('UNKNOWN_COLUMN', `the Arrow schema has no column '${name}'; it has ${schema.fields.map(field => field.name).join(', ')}`);
    return found;
  });
  return wanted.map((field): Field => {
    const type = fromArrowType(field.type);
    if (type === null) throw new MillraceError('TYPE_MISMATCH', `column '${field.name}' of Arrow type ${field.type} has no counterpart here: leave it out, or convert it first`);
    return { name: field.name, type, nullable: field.nullable };
  });
}

function fromArrowType(type: arrow.DataType): DataType | null {
  if (arrow.DataType.isDictionary(type)) {
    const isText = isTextType(type.dictionary);
    const { bitWidth, isSigned } = type.indices as arrow.Int;
    const bits = bitWidth * (isSigned ? 1 : 2);
    return isText ? { kind: 'dictionary', index: bits <= 8 ? 'int8' : bits <= 16 ? 'int16' : 'int32' } : null;
  }
  if (arrow.DataType.isInt(type)) return { kind: `${type.isSigned ? '' : 'u'}int${type.bitWidth}` as IntegerKind };
  if (arrow.DataType.isFloat(type)) return { kind: type.precision === arrow.Precision.DOUBLE ? 'float64' : 'float32' };
  if (arrow.DataType.isBool(type)) return { kind: 'bool' };
  if (isTextType(type)) return { kind: 'utf8' };
  if (isBinaryType(type)) return { kind: 'binary' };
  if (arrow.DataType.isDate(type)) return { kind: 'date' };
  if (arrow.DataType.isTimestamp(type)) return { kind: 'timestamp', unit: type.unit <= arrow.TimeUnit.MILLISECOND ? 'ms' : 'us' };
  if (arrow.DataType.isDecimal(type) && type.precision <= 18 && type.scale >= 0 && type.scale <= type.precision) return { kind: 'decimal', precision: type.precision, scale: type.scale };
  return null;
}

export const isTextType = (type: arrow.DataType): boolean =>
  arrow.DataType.isUtf8(type) || arrow.DataType.isLargeUtf8(type) || arrow.DataType.isUtf8View(type);
export const isBinaryType = (type: arrow.DataType): boolean =>
  arrow.DataType.isBinary(type) || arrow.DataType.isLargeBinary(type) || arrow.DataType.isBinaryView(type) || arrow.DataType.isFixedSizeBinary(type);

export const mismatch = (field: Field, type: arrow.DataType): MillraceError =>
  new MillraceError('TYPE_MISMATCH', `column '${field.name}' is ${typeText(field.type)} in the schema and ${type} in the Arrow data, which cannot be converted without loss`);
