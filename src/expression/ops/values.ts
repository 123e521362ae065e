import type { DataType, Value } from '../../plan/types.js';
import { formatDate, parseDate } from '../calendar.js';
import { formatDecimal, parseDecimal } from '../decimal.js';
import type { Tools } from '../frame.js';
import type { Raw } from '../literal.js';
import { rangeOf, type Operand } from '../operand.js';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
export function readText(tools: Tools, pair: number): string {
  const { u8, u32 } = tools.heap;
  const address = u32[pair >>> 2]!, length = u32[(pair >>> 2) + 1]!;
  return decoder.decode(u8.subarray(address, address + length));
}

/** One element as JavaScript sees it (see `plan/types.ts`). REQUIRES: text comes as class `bytes`. */
export function readValue(tools: Tools, type: DataType, operand: Operand, element: number): Value {
  const { heap } = tools;
  const at = operand.constant ? 0 : element;
  if (operand.valid !== 0 && heap.u8[operand.valid + at] === 0) return null;
  if (operand.cls === 'bool') return heap.u8[operand.data + at] === 1;
  if (operand.cls === 'f64') return heap.f64[(operand.data >>> 3) + at]!;
  if (operand.cls === 'bytes') {
    const pair = operand.data + at * 8;
    if (type.kind !== 'binary') return readText(tools, pair);
    const address = heap.u32[pair >>> 2]!;
    return heap.u8.slice(address, address + heap.u32[(pair >>> 2) + 1]!);
  }
  const value = (type.kind === 'uint64' ? heap.u64 : heap.i64)[(operand.data >>> 3) + at]!;
  switch (type.kind) {
    case 'int64': case 'uint64': return value;
    case 'timestamp': return type.unit === 'ms' ? Number(value) : value;
    case 'decimal': return formatDecimal(value, type.scale);
    case 'date': return formatDate(Number(value));
    default: return Number(value);
  }
}

/** A JavaScript value as an element; throws a `TypeError` that says why, if it is not one of `type`. */
export function rawOfValue(type: DataType, value: unknown): Raw {
  switch (type.kind) {
    case 'bool': if (typeof value === 'boolean') return value; break;
    case 'float64': if (typeof value === 'number') return value; break;
    case 'float32': if (typeof value === 'number') return Math.fround(value); break;
    case 'utf8': case 'dictionary': if (typeof value === 'string') return new TextEncoder().encode(value); break;
    case 'binary': if (value instanceof Uint8Array) return value; break;
    case 'date': { const days = typeof value === 'string' ? parseDate(value) : null; if (days !== null) return inRange(type, BigInt(days), value); break; }
    case 'decimal': {
      const scaled = typeof value === 'string' ? parseDecimal(value, type.scale) : null;
      if (scaled !== null && parseDecimal(value as string, type.scale + 20) === scaled * 10n ** 20n) return inRange(type, scaled, value);
      break;
    }
    case 'int64': case 'uint64': if (typeof value === 'bigint') return inRange(type, value, value); break;
    case 'timestamp':
      if (type.unit === 'us' && typeof value === 'bigint') return inRange(type, value, value);
      if (type.unit === 'ms' && Number.isSafeInteger(value)) return BigInt(value as number);
      break;
    default: if (Number.isSafeInteger(value)) return inRange(type, BigInt(value as number), value);
  }
  throw new TypeError(`${describe(value)} is not of type ${type.kind}`);
}
function inRange(type: DataType, raw: bigint, value: unknown): bigint {
  const [low, high] = rangeOf(type);
  if (raw < low || raw > high) throw new TypeError(`${describe(value)} is out of the range of ${type.kind}`);
  return raw;
}
function describe(value: unknown): string {
  const text = typeof value === 'string' ? `'${value.slice(0, 40)}'` : typeof value === 'object' && value !== null ? value.constructor?.name ?? 'an object' : String(value);
  return typeof value === 'bigint' ? `${text}n` : text;
}
