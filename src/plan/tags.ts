/** Type-level names of the column types, and which of them belong together. Nothing here exists at run time. */

/** Like `Kind`, but timestamps in ms and µs differ, since their JavaScript values do. */
export type ColumnTag = 'bool' | NumericTag | TextTag | TimeTag | 'binary';
export type SignedIntegerTag = 'int8' | 'int16' | 'int32' | 'int64';
export type UnsignedIntegerTag = 'uint8' | 'uint16' | 'uint32' | 'uint64';
export type IntegerTag = SignedIntegerTag | UnsignedIntegerTag;
export type NumericTag = IntegerTag | 'float32' | 'float64' | 'decimal';
export type TextTag = 'utf8' | 'dictionary';
export type TimeTag = 'date' | 'timestamp' | 'timestampUs';

/** The JavaScript value of each column type, null aside. */
export interface ValueByTag {
  bool: boolean;
  int8: number; int16: number; int32: number; int64: bigint;
  uint8: number; uint16: number; uint32: number; uint64: bigint;
  float32: number; float64: number;
  decimal: string;
  utf8: string; dictionary: string;
  binary: Uint8Array;
  date: string; timestamp: number; timestampUs: bigint;
}

/** A type error that says in words what is wrong. */
export interface TypeMessage<Text extends string> {
  readonly __message: Text;
}

/** Rows: left operand, columns: right operand. The smallest type that holds both; a `TypeMessage` where there is none. */
interface WidenTable {
  int8: Widening<'int8', 'int16', 'int32', 'int64', 'int16', 'int32', 'int64', NoCommonInteger>;
  int16: Widening<'int16', 'int16', 'int32', 'int64', 'int16', 'int32', 'int64', NoCommonInteger>;
  int32: Widening<'int32', 'int32', 'int32', 'int64', 'int32', 'int32', 'int64', NoCommonInteger>;
  int64: Widening<'int64', 'int64', 'int64', 'int64', 'int64', 'int64', 'int64', NoCommonInteger>;
  uint8: Widening<'int16', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'>;
  uint16: Widening<'int32', 'int32', 'int32', 'int64', 'uint16', 'uint16', 'uint32', 'uint64'>;
  uint32: Widening<'int64', 'int64', 'int64', 'int64', 'uint32', 'uint32', 'uint32', 'uint64'>;
  uint64: Widening<NoCommonInteger, NoCommonInteger, NoCommonInteger, NoCommonInteger, 'uint64', 'uint64', 'uint64', 'uint64'>;
  float32: Record<NumericTag, 'float64'>;
  float64: Record<NumericTag, 'float64'>;
  decimal: Record<IntegerTag | 'decimal', 'decimal'> & Record<'float32' | 'float64', 'float64'>;
}
type Tag = NumericTag;
interface Widening<I8 extends Tag, I16 extends Tag, I32 extends Tag, I64 extends Tag, U8 extends Tag, U16 extends Tag, U32 extends Tag, U64 extends Tag> {
  int8: I8; int16: I16; int32: I32; int64: I64; uint8: U8; uint16: U16; uint32: U32; uint64: U64;
  float32: 'float64'; float64: 'float64'; decimal: 'decimal';
}
type NoCommonInteger = never;

/** Result type of arithmetic on two numeric types: float for float, otherwise the smallest common type. */
export type Widen<A extends NumericTag, B extends NumericTag> = WidenTable[A][B];
/** The type that several values of a `coalesce` or a `when … then` share. */
export type Common<A extends ColumnTag, B extends ColumnTag> =
  A extends NumericTag ? (B extends NumericTag ? ([A | B] extends ['float32'] ? 'float32' : Widen<A, B>) : never)
  : A extends TextTag ? (B extends TextTag ? 'utf8' : never)
  : A extends TimeTag ? (B extends TimeTag ? CommonTime<A, B> : never)
  : A extends B ? A : never;
type CommonTime<A extends TimeTag, B extends TimeTag> =
  'timestampUs' extends A | B ? 'timestampUs' : 'timestamp' extends A | B ? 'timestamp' : 'date';

/** Sums of integers are int64 (of uint64: uint64), of floats float64, of decimals decimal(18, scale). */
export interface SumTag {
  int8: 'int64'; int16: 'int64'; int32: 'int64'; int64: 'int64';
  uint8: 'int64'; uint16: 'int64'; uint32: 'int64'; uint64: 'uint64';
  float32: 'float64'; float64: 'float64'; decimal: 'decimal';
}
