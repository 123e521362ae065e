/**
 * Data types and schemas as plain JSON. A column is `nullable` or not; a type never is.
 *
 * In a heap batch (see `batch/layout.ts`) a type is stored as: bool: bits; integers, floats: their width; date: int32 days since
 * 1970-01-01; timestamp: int64 in its unit since 1970-01-01T00:00Z; decimal: int64, the value times 10^scale; utf8, binary: int32
 * offsets and bytes; dictionary: int codes of `index` into utf8 values.
 *
 * As a JavaScript value: bool: boolean; int8…int32, uint8…uint32, float32, float64: number; int64, uint64: bigint; utf8, dictionary:
 * string; binary: Uint8Array; date: string `YYYY-MM-DD`; timestamp in ms: number, in µs: bigint; decimal: string such as `-12.30`
 * with exactly `scale` digits; null: null.
 */
export type IntegerKind = 'int8' | 'int16' | 'int32' | 'int64' | 'uint8' | 'uint16' | 'uint32' | 'uint64';
export type FloatKind = 'float32' | 'float64';
/** The type of a column. */
export type DataType =
  | { readonly kind: 'bool' | IntegerKind | FloatKind | 'utf8' | 'binary' | 'date' }
  | { readonly kind: 'timestamp'; readonly unit: 'ms' | 'us' }
  | { readonly kind: 'decimal'; /** 1…18 */ readonly precision: number; /** 0…precision */ readonly scale: number }
  | { readonly kind: 'dictionary'; readonly index: 'int8' | 'int16' | 'int32' };
export type Kind = DataType['kind'];

/** A column: its name, its type, and whether it may hold nulls. */
export interface Field {
  readonly name: string;
  readonly type: DataType;
  readonly nullable: boolean;
}
/** The columns of a batch or a schema, in order. */
export type Fields = readonly Field[];

/** A value of any column as JavaScript sees it. */
export type Value = null | boolean | number | bigint | string | Uint8Array;
/** A row as JavaScript sees it: values by column name. */
export type Row = Record<string, Value>;
