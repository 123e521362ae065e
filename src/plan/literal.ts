import { parseDecimal } from './decimal-text.js';
import { parseDate, parseTimestampUs } from './time-text.js';
import type { DataType, IntegerKind } from './types.js';

/** A literal's JSON form, see `LiteralExpression`. */
export type JsonValue = boolean | number | string;

const BOUNDS: Readonly<Record<IntegerKind, readonly [bigint, bigint]>> = {
  int8: [-128n, 127n], int16: [-32768n, 32767n], int32: [-(2n ** 31n), 2n ** 31n - 1n], int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint8: [0n, 255n], uint16: [0n, 65535n], uint32: [0n, 2n ** 32n - 1n], uint64: [0n, 2n ** 64n - 1n],
};
const INT64_MAX = BOUNDS.int64[1];

/** The JSON form of a JavaScript value as `type`; undefined if it is not exactly such a value (float32: the nearest one). */
export function encodeValue(value: unknown, type: DataType): JsonValue | undefined {
  switch (type.kind) {
    case 'bool': return typeof value === 'boolean' ? value : undefined;
    case 'float32': case 'float64': return encodeFloat(value, type.kind);
    case 'utf8': case 'dictionary': return typeof value === 'string' ? value : undefined;
    case 'binary': return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') : undefined;
    case 'date': return encodeDate(value);
    case 'timestamp': return encodeTimestamp(value, type.unit);
    case 'decimal': return encodeDecimal(value, type.precision, type.scale);
    default: return encodeInteger(value, type.kind);
  }
}

function encodeInteger(value: unknown, kind: IntegerKind): JsonValue | undefined {
  if (typeof value === 'number' ? !Number.isSafeInteger(value) : typeof value !== 'bigint') return undefined;
  const exact = BigInt(value as number | bigint);
  const [least, greatest] = BOUNDS[kind];
  if (exact < least || exact > greatest) return undefined;
  return kind === 'int64' || kind === 'uint64' ? String(exact) : Number(exact);
}

function encodeFloat(value: unknown, kind: 'float32' | 'float64'): JsonValue | undefined {
  if (typeof value === 'bigint') {
    const near = Number(value);
    return Number.isFinite(near) && BigInt(near) === value ? encodeFloat(near, kind) : undefined;
  }
  if (typeof value !== 'number') return undefined;
  const stored = kind === 'float32' ? Math.fround(value) : value;
  if (!Number.isFinite(stored)) return Number.isFinite(value) ? undefined : String(stored);
  return Object.is(stored, -0) ? '-0' : stored;
}

function encodeDecimal(value: unknown, precision: number, scale: number): JsonValue | undefined {
  const parsed = parseDecimal(value);
  if (parsed === null || parsed.scale > scale) return undefined;
  const unscaled = parsed.unscaled * 10n ** BigInt(scale - parsed.scale);
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  if (digits.length > precision && unscaled !== 0n && digits.replace(/^0+/, '').length > precision) return undefined;
  const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
  return unscaled < 0n ? `-${text}` : text;
}

function encodeDate(value: unknown): JsonValue | undefined {
  if (typeof value === 'string') return parseDate(value) === null ? undefined : value;
  if (!(value instanceof Date) || value.getTime() % 86_400_000 !== 0) return undefined;
  const text = value.toISOString().slice(0, -'T00:00:00.000Z'.length);
  return parseDate(text) === null ? undefined : text;
}

function encodeTimestamp(value: unknown, unit: 'ms' | 'us'): JsonValue | undefined {
  if (unit === 'ms' && typeof value === 'number') return Number.isSafeInteger(value) ? value + 0 : undefined;
  if (unit === 'us' && typeof value === 'bigint') return value > INT64_MAX || value < -INT64_MAX ? undefined : String(value);
  const us = typeof value === 'string' ? parseTimestampUs(value)
    : value instanceof Date && Number.isFinite(value.getTime()) ? BigInt(value.getTime()) * 1000n : null;
  if (us === null) return undefined;
  if (unit === 'us') return String(us);
  return us % 1000n === 0n ? Number(us / 1000n) : undefined;
}

/** The JavaScript value of a literal's JSON form. */
export function decodeValue(json: JsonValue, type: DataType): unknown {
  if (type.kind === 'int64' || type.kind === 'uint64' || (type.kind === 'timestamp' && type.unit === 'us')) return BigInt(json);
  if (type.kind === 'float32' || type.kind === 'float64') return Number(json);
  return type.kind === 'binary' ? new Uint8Array(Buffer.from(json as string, 'base64')) : json;
}
