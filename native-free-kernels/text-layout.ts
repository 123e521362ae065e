/**
 * The block through which the text kernels and their caller talk, shared by the Wasm kernels and the TypeScript ones: one block per
 * decoder, in the heap, 64-byte aligned. All values below are byte offsets. Addresses, counts and flags are u32.
 *
 * A kernel reads lines from `cursor` to `end` and may stop early, between two lines, when a list is full: the caller empties the
 * lists and calls it again. Rows go to staging columns that are wide enough for all lines; a bad line's row is overwritten by the next.
 */
export const enum TextState {
  /** Next byte to read; and one past the last, which is a line feed. */
  cursor = 0, end = 4,
  /** Good rows and lines so far. */
  row = 8, line = 12,
  /** Bad lines: BadLine records. */
  badCount = 16, badCapacity = 20, badList = 24,
  /** Floats that need more than exact arithmetic on doubles: FloatFix records. */
  fixCount = 28, fixCapacity = 32, fixList = 36,
  columnCount = 40,
  /** u32 line number of each good row. */
  lineNumbers = 44,
  /** What is wrong with the present line, and where. */
  error = 48, errorColumn = 52, errorAt = 56,
  /** Results of subroutines: a member's column, a number's parts, a parsed time or scaled integer, bytes saved by unescaping. */
  keyColumn = 60, mantissa = 64, exponent = 72, numberFlags = 76, result = 80, saved = 88,
  /** Columns that have a value in the present line, and `fixCount` at its start. */
  seen = 92, lineFixes = 96,
  /** CSV: delimiter byte, fields of a record, and for each (i32) its column or -1. */
  delimiter = 100, fieldCount = 104, fieldMap = 108,
  /** Room for an unescaped name or time; at least as long as the longest column name and 64. */
  temp = 112, tempBytes = 116,
  /** One bit a level of nesting: 1 in an object. */
  nesting = 128,
  /** Powers of ten: u64 10^0…10^19, f64 10^0…10^22. */
  powers = 256, floatPowers = 416,
  /** For the n-th member of a line, what was found there in an earlier one: MemoSlot records. */
  memo = 640,
  columns = 1664,
}
export const enum TextLimit { nestingDepth = 1024, memoSlots = 64, powers = 20, floatPowers = 23 }

export const enum MemoSlot { key = 0, keyLength = 4, column = 8, bytes = 16 }
export const enum BadLine { line = 0, address = 4, length = 8, error = 12, column = 16, at = 20, bytes = 24 }
export const enum FloatFix { row = 0, column = 4, address = 8, length = 12, bytes = 16 }

/**
 * A column: how to read it and where its staging area is. `limit` and `lowLimit` (u64): the largest magnitude above and below zero,
 * scaled. `digits`: digits after the point: of a decimal; of a timestamp's second; else 0. `stamp`: line + 1 of the last value.
 */
export const enum TextColumn {
  name = 0, nameLength = 4, kind = 8, digits = 12, nullable = 16, values = 20, validity = 24, nullCount = 28, stamp = 32, width = 36,
  limit = 40, lowLimit = 48, bytes = 64,
}
/** Staging: bool: bits; integer, decimal, floats: `width` bytes; utf8, binary: StringRef; date: int32; timestamp: int64. */
export const enum TextKind { bool, integer, float32, float64, utf8, binary, date, timestamp, decimal }

/** A string in the text: u32 address, u32 length of the result with flags for what must be done to get it. */
export const enum StringRef { length = 4, bytes = 8, jsonEscapes = 0x80000000, base64 = 0x40000000, csvQuotes = 0x20000000, lengthMask = 0x1fffffff }

export const enum NumberFlag { negative = 1, /** Digits beyond those in the mantissa are not all zero. */ inexact = 2 }
export const enum NumberStyle { json, /** Also a plus sign, leading zeros, `.5` and `5.` */ lenient }

export const enum TextError {
  none, notObject, expectedKey, expectedColon, expectedComma, expectedValue, trailing, openString, controlCharacter, badEscape,
  loneSurrogate, badUtf8, badNumber, tooDeep, wrongType, nullColumn, outOfRange, notExact, badTime, badDate, badBase64,
  fieldCount, afterQuote, openQuote, badBool,
}
export const NO_COLUMN = 0xffffffff;
