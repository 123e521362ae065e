import type { DataType } from '../plan/types.js';
import { BoolWriter, ConvertingWriter, FloatWriter, LongWriter, SmallIntegerWriter, type ColumnWriter } from './column-writer.js';
import { decimalOfNumber, parseDecimal, POWERS_OF_TEN } from './decimal-text.js';
import type { DictionaryBuilder } from './dictionary-builder.js';
import { BytesWriter, DictionaryWriter } from './text-writer.js';
import { DAY_MS, parseDate, parseInstant } from './time-text.js';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const INTEGER_RANGES = {
  int8: [-128, 127], int16: [-32_768, 32_767], int32: [-2_147_483_648, 2_147_483_647],
  uint8: [0, 255], uint16: [0, 65_535], uint32: [0, 4_294_967_295],
} as const;

/** The writer that applies a type's rules to JavaScript values. `dictionary` is used by dictionary columns only. */
export function writerFor(type: DataType, dictionary: DictionaryBuilder | null): ColumnWriter {
  switch (type.kind) {
    case 'bool': return new BoolWriter();
    case 'int8': case 'int16': case 'int32': case 'uint8': case 'uint16': case 'uint32':
      return new SmallIntegerWriter(type.kind, INTEGER_RANGES[type.kind][0], INTEGER_RANGES[type.kind][1]);
    case 'int64': return new LongWriter(INT64_MIN, INT64_MAX, null);
    case 'uint64': return new LongWriter(0n, 2n ** 64n - 1n, null);
    case 'float32': case 'float64': return new FloatWriter(type.kind === 'float32');
    case 'utf8': case 'binary': return new BytesWriter(type.kind === 'utf8');
    case 'date': return new ConvertingWriter('int32', dateDays);
    case 'timestamp': return type.unit === 'ms' ? new LongWriter(-SAFE, SAFE, instantMs) : new LongWriter(INT64_MIN, INT64_MAX, instantUs);
    case 'decimal': {
      const bound = POWERS_OF_TEN[type.precision]! - 1n;
      return new LongWriter(-bound, bound, decimalRule(type.precision, type.scale));
    }
    case 'dictionary':
      if (dictionary === null) throw new TypeError('a dictionary column needs a DictionaryBuilder');
      return new DictionaryWriter(dictionary);
  }
}

/** A date, or a Date at midnight UTC: a time of day would be cut off. */
function dateDays(value: unknown): number {
  const days = typeof value === 'string' ? parseDate(value) : value instanceof Date ? value.getTime() / DAY_MS : NaN;
  return Number.isInteger(days) && days >= -2_147_483_648 && days <= 2_147_483_647 ? days : NaN;
}

function instantMs(value: unknown): number | bigint | null {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (value instanceof Date) return value.getTime();
  const instant = typeof value === 'string' ? parseInstant(value) : null;
  return instant === null || instant.ns !== 0 ? null : instant.ms;
}

function instantUs(value: unknown): number | bigint | null {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : BigInt(value.getTime()) * 1000n;
  const instant = typeof value === 'string' ? parseInstant(value) : null;
  return instant === null || instant.ns % 1000 !== 0 ? null : BigInt(instant.ms) * 1000n + BigInt(instant.ns / 1000);
}

function decimalRule(precision: number, scale: number): (value: unknown) => number | bigint | null {
  const power = 10 ** scale;
  const fastBound = Math.min(1e15, 10 ** precision);
  return value => {
    if (typeof value === 'number') {
      // Up to 15 digits a double and its shortest text determine one another, and this division is rounded only once:
      // scaled / 10^scale = value says that the text of `value` is `scaled` with the point moved.
      const scaled = Math.round(value * power);
      if (Math.abs(scaled) < fastBound && scaled / power === value) return scaled;
      return decimalOfNumber(value, precision, scale);
    }
    if (typeof value === 'string') return parseDecimal(value, precision, scale);
    return typeof value === 'bigint' ? value * POWERS_OF_TEN[scale]! : null;
  };
}

/** What a type takes, in words, for refusals. */
export function expectation(type: DataType): string {
  switch (type.kind) {
    case 'bool': return 'true or false';
    case 'int64': return 'a whole number that fits int64 (beyond 2^53 as a bigint)';
    case 'uint64': return 'a whole number from 0 that fits uint64 (beyond 2^53 as a bigint)';
    case 'int8': case 'int16': case 'int32': case 'uint8': case 'uint16': case 'uint32':
      return `a whole number from ${INTEGER_RANGES[type.kind][0]} to ${INTEGER_RANGES[type.kind][1]}`;
    case 'float32': case 'float64': return `a number that fits ${type.kind}`;
    case 'utf8': case 'dictionary': return 'a string';
    case 'binary': return 'a Uint8Array';
    case 'date': return "a date such as '2024-02-29', or a Date at midnight UTC";
    case 'timestamp': return `a Date, an ISO 8601 string, or a whole number of ${type.unit} since 1970 (exact to the ${type.unit})`;
    case 'decimal': return `a decimal of at most ${type.precision} digits, ${type.scale} of them behind the point`;
  }
}
