import { encode } from '../batch/text-codec.js';
import type { DataType } from '../plan/types.js';
import { parseDate } from './calendar.js';
import { parseDecimal } from './decimal.js';
import type { HeapTools, Tools } from './frame.js';
import { nullConstant } from './node.js';
import { classOf, isText, scaleOf, WIDTH, type Operand } from './operand.js';

/** A value as the vector classes hold it: i64 bigint (uint64 unsigned), f64 number, bool boolean, bytes Uint8Array. */
export type Raw = bigint | number | boolean | Uint8Array;
export type JsonValue = boolean | number | string;

/** A literal in the JSON form of `LiteralExpression`. */
export function rawOfJson(type: DataType, value: JsonValue): Raw {
  if (isText(type)) return encode(String(value));
  switch (type.kind) {
    case 'bool': return Boolean(value);
    case 'binary': return new Uint8Array(Buffer.from(String(value), 'base64'));
    case 'float32': case 'float64': return Number(value);
    case 'decimal': return required(parseDecimal(String(value), scaleOf(type)), type, value);
    case 'date': return BigInt(required(parseDate(String(value)), type, value));
    default: return BigInt(value);
  }
}
function required<T>(parsed: T | null, type: DataType, value: JsonValue): T {
  if (parsed === null) throw new TypeError(`not a ${type.kind}: ${String(value)}`);
  return parsed;
}

/** Writes one element; text goes to where `take` says. */
export function writeRaw(tools: HeapTools, raw: Raw, address: number, take: (bytes: number) => number): void {
  const { heap } = tools;
  if (typeof raw === 'bigint') heap.i64[address >>> 3] = raw;
  else if (typeof raw === 'number') heap.f64[address >>> 3] = raw;
  else if (typeof raw === 'boolean') heap.u8[address] = raw ? 1 : 0;
  else {
    const bytes = take(raw.length);
    heap.u8.set(raw, bytes);
    heap.u32[address >>> 2] = bytes;
    heap.u32[(address >>> 2) + 1] = raw.length;
  }
}

export function constantOf(tools: Tools, type: DataType, value: JsonValue | null): Operand {
  const cls = isText(type) ? 'bytes' : classOf(type);
  if (value === null) return nullConstant(tools, cls);
  const data = tools.arena.take(WIDTH[cls]);
  writeRaw(tools, rawOfJson(type, value), data, bytes => tools.arena.take(bytes));
  return { cls, data, valid: 0, dictionary: 0, constant: true };
}
