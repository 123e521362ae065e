import type { DataType, Value } from '../../src/plan/types.ts';

/** Integer-like: bigint; float: number; text, binary: string. */
export type Inner = null | boolean | bigint | number | string;

export function inner(type: DataType, value: Value): Inner {
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (type.kind === 'float64') return value as number;
  if (type.kind === 'float32') return Math.fround(value as number);
  if (typeof value === 'number') return BigInt(value);
  if (type.kind === 'decimal') return BigInt(value.replace('.', ''));
  if (type.kind === 'date') return BigInt(Date.parse(`${value}T00:00:00Z`) / 86_400_000);
  return value;
}
export function outer(type: DataType, value: Inner): Value {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value === 'string') return type.kind === 'binary' ? new Uint8Array(Buffer.from(value, 'latin1')) : value;
  switch (type.kind) {
    case 'int64': case 'uint64': return value;
    case 'timestamp': return type.unit === 'us' ? value : Number(value);
    case 'date': {
      const [, sign, year, rest] = /^([+-]?)0*(\d{4,})(.{6})/.exec(new Date(Number(value) * 86_400_000).toISOString())!;
      return `${sign === '-' ? '-' : ''}${year}${rest}`;
    }
    case 'decimal': {
      const negative = value < 0n, digits = String(negative ? -value : value).padStart(type.scale + 1, '0');
      return (negative ? '-' : '') + (type.scale === 0 ? digits : `${digits.slice(0, digits.length - type.scale)}.${digits.slice(digits.length - type.scale)}`);
    }
    default: return Number(value);
  }
}

/** value × 10^scale, half away from zero. */
export function scaledFromText(text: string, scale: number): bigint | null {
  const match = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text.trim());
  if (match === null || !/\d/.test(match[2]! + match[3]!)) return null;
  const numerator = BigInt(match[2]! + match[3]!);
  const power = Number(match[4] ?? 0) - match[3]!.length + scale;
  if (numerator === 0n) return 0n;
  if (power > 60) return 10n ** 60n;
  if (power < -400) return 0n;
  const size = power >= 0 ? numerator * 10n ** BigInt(power) : (numerator * 2n + 10n ** BigInt(-power)) / (2n * 10n ** BigInt(-power));
  return match[1] === '-' ? -size : size;
}
export function microsFromText(text: string): bigint | null {
  const match = /^(\d{4})-(\d\d?)-(\d\d?)(?:[ T](\d\d?):(\d\d?)(?::(\d\d?)(?:\.(\d*))?)?(Z|[+-]\d\d(?::\d\d)?)?)?$/.exec(text.trim());
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(part => Number(part ?? 0)) as [number, number, number, number, number, number];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) return null;
  const zone = match[8] === undefined || match[8] === 'Z' ? [0, 0] : match[8].slice(1).split(':').map(Number);
  const minutes = (zone[0]! * 60 + (zone[1] ?? 0)) * (match[8]?.[0] === '-' ? -1 : 1);
  const seconds = BigInt(date.getTime() / 1000 + hour * 3600 + (minute - minutes) * 60 + second);
  return seconds * 1_000_000n + BigInt((match[7] ?? '').slice(0, 6).padEnd(6, '0'));
}
export function daysFromText(text: string): bigint | null {
  const micros = microsFromText(text);
  return micros === null ? null : (micros - (((micros % 86_400_000_000n) + 86_400_000_000n) % 86_400_000_000n)) / 86_400_000_000n;
}

export function floatText(value: number, single: boolean): string {
  if (Number.isNaN(value)) return 'nan';
  if (Math.abs(value) === Infinity) return value < 0 ? '-inf' : 'inf';
  if (Object.is(value, -0)) return '-0.0';
  let precise = value.toString();
  if (single) for (let digits = 9; digits > 0; digits--) { const shorter = value.toPrecision(digits); if (Math.fround(Number(shorter)) === value) precise = String(Number(shorter)); }
  const short = Number(precise), size = Math.abs(short);
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    const exponential = short.toExponential();
    return exponential.replace(/e([+-])(\d)$/, 'e$10$2');
  }
  return /[.]/.test(precise) ? precise : `${precise}.0`;
}
