import type { DatePart, TimeUnit } from './expression-tree.js';
import type { ColumnTag, IntegerTag, NumericTag, SignedIntegerTag, TextTag, TimeTag, ValueByTag, Widen } from './tags.js';
import type { ColumnType } from './type-builders.js';

/**
 * What a column looks like inside the callback of a pipeline: `row.price.mul(2).gt(10)` records an expression, it computes nothing.
 * These interfaces are the typed façade; at run time every one of them is a `ColumnNode`.
 *
 * `N` is `null` where the column may be null and `never` where it cannot: an operation's result may be null if an operand may.
 */
export declare const shape: unique symbol;
export interface Expr<T extends ColumnTag = ColumnTag, N extends null = null> {
  readonly [shape]: { readonly tag: T; readonly nulls: N };
}

/** Columns by name: what a schema, a pipeline and a row in a callback have in common. */
export type Columns = Readonly<Record<string, Expr>>;
export type TagOf<E extends Expr> = E[typeof shape]['tag'];
export type NullsOf<E extends Expr> = E[typeof shape]['nulls'];
export type ValueOf<E extends Expr> = ValueByTag[TagOf<E>] | NullsOf<E>;
export type NullableColumn<E extends Expr> = ColumnByTag<null>[TagOf<E>];

/**
 * The columns that may stand beside one of `F`, and the JavaScript values that take its type. Results say `NoInfer<M>`: the type that a
 * result is expected to have must not decide whether an operand is null.
 */
type Operand<F extends ColumnTag, Literal, M extends null> = Expr<F, M> | Literal;

/** Comparisons: null if an operand is null. NaN equals NaN and is greater than every number; -0 equals 0. */
export interface Comparable<T extends ColumnTag, N extends null, F extends ColumnTag, Literal> extends Expr<T, N> {
  eq<M extends null = never>(other: Operand<F, Literal, M>): BoolColumn<N | NoInfer<M>>;
  ne<M extends null = never>(other: Operand<F, Literal, M>): BoolColumn<N | NoInfer<M>>;
  lt<M extends null = never>(other: Operand<F, Literal, M>): BoolColumn<N | NoInfer<M>>;
  le<M extends null = never>(other: Operand<F, Literal, M>): BoolColumn<N | NoInfer<M>>;
  gt<M extends null = never>(other: Operand<F, Literal, M>): BoolColumn<N | NoInfer<M>>;
  ge<M extends null = never>(other: Operand<F, Literal, M>): BoolColumn<N | NoInfer<M>>;
  /** `low <= this <= high`, both ends included. */
  between<L extends null = never, M extends null = never>(low: Operand<F, Literal, L>, high: Operand<F, Literal, M>): BoolColumn<N | NoInfer<L | M>>;
  /** `ne` that takes null for a value like any other: never null itself. */
  isDistinctFrom(other: Operand<F, Literal, null>): BoolColumn<never>;
  /** Equal to one of the values (any iterable, such as a `Set`). Values, not columns; null is not allowed among them. */
  in(values: Iterable<Literal>): BoolColumn<N>;
  notIn(values: Iterable<Literal>): BoolColumn<N>;
  isNull(): BoolColumn<never>;
  isNotNull(): BoolColumn<never>;
  /**
   * Converts; a row with a value that does not fit (300 as int8, 'x' as int32) is faulted. Floats round half to even to
   * integers, decimals half away from zero; text is parsed; anything becomes text as it would be printed.
   */
  cast<U extends ColumnTag>(type: ColumnType<U, null>): ColumnByTag<N>[U];
}

/** True, false or, where `N` says so, null. */
export interface BoolColumn<N extends null> extends Comparable<'bool', N, 'bool', boolean> {
  /** SQL's three-valued logic: false and null is false, true and null is null. */
  and<M extends null = never>(...others: readonly Expr<'bool', M>[]): BoolColumn<N | NoInfer<M>>;
  or<M extends null = never>(...others: readonly Expr<'bool', M>[]): BoolColumn<N | NoInfer<M>>;
  not(): BoolColumn<N>;
}

/**
 * Arithmetic. Two integers give the smallest integer type that holds both operands' types (int8 and uint8: int16; int64 and uint64
 * have none, cast one); with a float the result is float64; decimals keep the larger scale (`mul`: the scales add up). A JavaScript
 * number takes the column's type, so `int.mul(1.5)` is refused: say `int.cast(t.float64).mul(1.5)`. A row whose result overflows its
 * type is faulted.
 */
export interface NumericColumn<T extends NumericTag, N extends null> extends Comparable<T, N, NumericTag, number | bigint | DecimalText<T>> {
  add<U extends NumericTag = T, M extends null = never>(other: Operand<U, number | bigint | DecimalText<T>, M>): ColumnByTag<N | NoInfer<M>>[Widen<T, U>];
  sub<U extends NumericTag = T, M extends null = never>(other: Operand<U, number | bigint | DecimalText<T>, M>): ColumnByTag<N | NoInfer<M>>[Widen<T, U>];
  mul<U extends NumericTag = T, M extends null = never>(other: Operand<U, number | bigint | DecimalText<T>, M>): ColumnByTag<N | NoInfer<M>>[Widen<T, U>];
  /** Division in float64, whatever the operands: 1/0 is Infinity, 0/0 NaN. */
  div<M extends null = never>(other: Operand<NumericTag, number | bigint | DecimalText<T>, M>): NumericColumn<'float64', N | NoInfer<M>>;
  /** Integer division, truncated towards zero; null where the divisor is 0. */
  intDiv<U extends IntegerTag>(this: Expr<IntegerTag>, other: Expr<U>): ColumnByTag<null>[Widen<T, U>];
  intDiv(this: Expr<IntegerTag>, other: number | bigint): NumericColumn<T, N>;
  /** Remainder of a division truncated towards zero (the sign is the dividend's); null where the divisor is 0. */
  mod<U extends NumericTag>(other: Expr<U>): ColumnByTag<null>[Widen<T, U>];
  mod(other: number | bigint | DecimalText<T>): ColumnByTag<N>[Widen<T, T>];
  /** Not for unsigned columns: cast first. */
  neg(this: Expr<SignedIntegerTag | 'float32' | 'float64' | 'decimal'>): NumericColumn<T, N>;
  abs(): NumericColumn<T, N>;
  floor(): NumericColumn<T, N>;
  ceil(): NumericColumn<T, N>;
  /** To a whole number, half away from zero. */
  round(): NumericColumn<T, N>;
  sqrt(): NumericColumn<'float64', N>;
}
type DecimalText<T> = T extends 'decimal' ? string : never;

type TextOperand<M extends null> = Operand<TextTag, string, M>;
type CountOperand<M extends null> = Operand<IntegerTag, number, M>;
/** Text: lengths and positions count Unicode code points, positions start at 1, order is that of the UTF-8 bytes. */
export interface TextColumn<T extends TextTag, N extends null> extends Comparable<T, N, TextTag, string> {
  lower(): TextColumn<'utf8', N>;
  upper(): TextColumn<'utf8', N>;
  /** Without the spaces at both ends. */
  trim(): TextColumn<'utf8', N>;
  /** Code points, as int32. */
  length(): NumericColumn<'int32', N>;
  /** Null if any part is null. */
  concat<M extends null = never>(...parts: readonly TextOperand<M>[]): TextColumn<'utf8', N | NoInfer<M>>;
  /** From position `start` (1 is the first), `length` code points or all that is left. */
  substring<L extends null = never, M extends null = never>(start: CountOperand<L>, length?: CountOperand<M>): TextColumn<'utf8', N | NoInfer<L | M>>;
  startsWith<M extends null = never>(text: TextOperand<M>): BoolColumn<N | NoInfer<M>>;
  endsWith<M extends null = never>(text: TextOperand<M>): BoolColumn<N | NoInfer<M>>;
  contains<M extends null = never>(text: TextOperand<M>): BoolColumn<N | NoInfer<M>>;
  /** Every occurrence of `search`. */
  replace<L extends null = never, M extends null = never>(search: TextOperand<L>, by: TextOperand<M>): TextColumn<'utf8', N | NoInfer<L | M>>;
  /** SQL LIKE: `%` is any text, `_` any code point, `\` takes the next one literally. */
  like(pattern: string): BoolColumn<N>;
}

type TimeLiteral<T extends TimeTag> = Date | string | (T extends 'timestamp' ? number : T extends 'timestampUs' ? bigint : never);
/** Dates and timestamps, in UTC. Values: `Date`, ISO text, or the column's own number (ms: number, µs: bigint). */
export interface TimeColumn<T extends TimeTag, N extends null> extends Comparable<T, N, TimeTag, TimeLiteral<T>> {
  /** int32, but `epoch`: seconds since 1970 as float64. dayOfWeek: Sunday is 0; week: ISO. millisecond includes the seconds, 0…59,999. */
  datePart<P extends DatePart>(part: P): NumericColumn<P extends 'epoch' ? 'float64' : 'int32', N>;
  /** Down to the start of its unit; weeks start on Monday. The type stays. */
  truncate(unit: TimeUnit): TimeColumn<T, N>;
  year(): NumericColumn<'int32', N>;
  month(): NumericColumn<'int32', N>;
  day(): NumericColumn<'int32', N>;
  hour(): NumericColumn<'int32', N>;
  minute(): NumericColumn<'int32', N>;
  second(): NumericColumn<'int32', N>;
}
/** Bytes: they can be compared, nothing more. */
export interface BinaryColumn<N extends null> extends Comparable<'binary', N, 'binary', Uint8Array> {}

export interface ColumnByTag<N extends null> {
  bool: BoolColumn<N>;
  int8: NumericColumn<'int8', N>; int16: NumericColumn<'int16', N>; int32: NumericColumn<'int32', N>; int64: NumericColumn<'int64', N>;
  uint8: NumericColumn<'uint8', N>; uint16: NumericColumn<'uint16', N>; uint32: NumericColumn<'uint32', N>; uint64: NumericColumn<'uint64', N>;
  float32: NumericColumn<'float32', N>; float64: NumericColumn<'float64', N>;
  decimal: NumericColumn<'decimal', N>;
  utf8: TextColumn<'utf8', N>; dictionary: TextColumn<'dictionary', N>;
  binary: BinaryColumn<N>;
  date: TimeColumn<'date', N>; timestamp: TimeColumn<'timestamp', N>; timestampUs: TimeColumn<'timestampUs', N>;
}
