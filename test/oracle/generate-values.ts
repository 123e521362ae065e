import fc from 'fast-check';
import type { DataType, Field, Value } from '../../src/plan/types.ts';

/** Types and values for property tests: small pools, so that keys meet, with the values at which implementations break. */

export const UTF8: DataType = { kind: 'utf8' };
export const BOOL: DataType = { kind: 'bool' };
export const INT32: DataType = { kind: 'int32' };
export const INT64: DataType = { kind: 'int64' };
export const FLOAT64: DataType = { kind: 'float64' };
export const INTEGERS: readonly DataType[] = (['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'] as const).map(kind => ({ kind }));
export const FLOATS: readonly DataType[] = [{ kind: 'float32' }, FLOAT64];
export const TIMES: readonly DataType[] = [{ kind: 'date' }, { kind: 'timestamp', unit: 'ms' }, { kind: 'timestamp', unit: 'us' }];
export const DECIMALS: readonly DataType[] = [
  { kind: 'decimal', precision: 5, scale: 2 }, { kind: 'decimal', precision: 18, scale: 0 }, { kind: 'decimal', precision: 18, scale: 4 },
  { kind: 'decimal', precision: 9, scale: 8 },
];
export const DICTIONARY: DataType = { kind: 'dictionary', index: 'int32' };
/** Types that expressions can compute. */
export const COMPUTED: readonly DataType[] = [BOOL, ...INTEGERS, ...FLOATS, UTF8, ...TIMES, ...DECIMALS];
export const ALL_TYPES: readonly DataType[] = [...COMPUTED, { kind: 'binary' }, DICTIONARY, { kind: 'dictionary', index: 'int8' }];
export const typeText = (type: DataType): string => JSON.stringify(type);

/** Digits and words that casts can read stand beside text that they cannot. */
const TEXTS = ['', ' ', 'a', 'A', 'ab', 'abc', 'é', 'e\u0301', '漢字', '😀', '😀b', 'Zürich', '  x ', '12', '-7', '1.5', 'true', '2024-02-29', 'x,y"z\n', 'nul\0l'];
const FLOAT_POOL = [0, -0, 1, -1, 0.5, 1.5, 2.5, -2.5, 0.1, 1 / 3, 1e16, -1e16, 1e100, -1e100, 1e-100, 5e-324, 16777217, 2 ** 53, NaN, Infinity, -Infinity];
const MS_POOL = [0, -1, 1, 999, 1_709_209_923_004, 1_735_689_599_999, 951_782_400_000, -86_400_001, -62_135_596_800_000, 253_402_300_799_999];
const BITS: Record<string, number> = { int8: 7, int16: 15, int32: 31, int64: 63, uint8: 8, uint16: 16, uint32: 32, uint64: 64 };

function integers(kind: string): fc.Arbitrary<bigint> {
  const signed = kind.startsWith('i');
  const top = 2n ** BigInt(BITS[kind] ?? 0);
  const pool = [0n, 1n, 2n, 3n, 7n, 100n, top - 1n, top - 2n, ...(signed ? [-1n, -2n, -top, 1n - top] : [])];
  return fc.oneof({ arbitrary: fc.constantFrom(...pool), weight: 4 }, fc.bigInt({ min: signed ? -top : 0n, max: top - 1n }));
}
function decimals(precision: number, scale: number): fc.Arbitrary<string> {
  const top = 10n ** BigInt(precision) - 1n;
  const unscaled = fc.oneof(fc.constantFrom(0n, 1n, -1n, 50n, 150n, -250n, top, -top), fc.bigInt({ min: -top, max: top }));
  return unscaled.map(value => {
    const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
    const split = digits.length - scale;
    return (value < 0n ? '-' : '') + digits.slice(0, split) + (scale > 0 ? '.' + digits.slice(split) : '');
  });
}
/** Any code points but surrogates, which no UTF-8 holds. Only letters whose case maps one to one, as libraries differ on the others. */
const texts = fc.oneof(
  { arbitrary: fc.constantFrom(...TEXTS), weight: 5 },
  fc.array(fc.constantFrom('a', 'B', 'é', '漢', '😀', ' ', '%', '_', '0', '-', '\u{10ffff}', '\uffff'), { maxLength: 12 }).map(c => c.join('')),
  fc.nat(3).map(n => 'long text beyond any inline size '.repeat(n + 1)),
);

/** A JavaScript value of a type, never null. */
export function valueOf(type: DataType): fc.Arbitrary<Exclude<Value, null>> {
  switch (type.kind) {
    case 'bool': return fc.boolean();
    case 'utf8': return texts;
    case 'dictionary': return fc.constantFrom(...TEXTS);
    case 'binary': return fc.oneof(fc.constantFrom(new Uint8Array(), new Uint8Array([0]), new Uint8Array([255, 254])), fc.uint8Array({ maxLength: 9 }));
    case 'float64': return fc.oneof({ arbitrary: fc.constantFrom(...FLOAT_POOL), weight: 3 }, fc.integer({ min: -1_000_000, max: 1_000_000 }).map(n => n / 64));
    // 1e100 is beyond a float32; rows with it would be bad.
    case 'float32': return fc.constantFrom(...FLOAT_POOL.filter(x => Math.abs(x) < 1e38 || !Number.isFinite(x)), 3.4e38).map(Math.fround);
    case 'date': return fc.constantFrom('1970-01-01', '1969-12-31', '2000-02-29', '2023-12-31', '2024-02-29', '2024-12-30', '0001-01-01', '9999-12-31');
    case 'timestamp': {
      const ms = fc.oneof(fc.constantFrom(...MS_POOL), fc.integer({ min: -2_000_000_000, max: 2_000_000_000 }));
      return type.unit === 'ms' ? ms : fc.tuple(ms, fc.nat(999)).map(([m, us]) => BigInt(m) * 1000n + BigInt(us));
    }
    case 'decimal': return decimals(type.precision, type.scale);
    case 'int64': case 'uint64': return integers(type.kind);
    default: return integers(type.kind).map(Number);
  }
}

/** The JSON form of a value in a plan. */
export function jsonOf(value: Exclude<Value, null>): boolean | number | string {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value !== 'number') return value;
  return Object.is(value, -0) ? '-0' : Number.isFinite(value) ? value : String(value);
}

export const fieldsOf = (types: readonly DataType[], count: { min: number; max: number }): fc.Arbitrary<Field[]> =>
  fc.array(fc.record({ type: fc.constantFrom(...types), nullable: fc.boolean() }), { minLength: count.min, maxLength: count.max })
    .map(fields => fields.map((f, i) => ({ name: `c${i}`, ...f })));
