import { decimalText } from '../batch/decimal-text.js';
import { decodeText } from '../batch/text-codec.js';
import { dateText } from '../batch/time-text.js';
import { isoMillis, threeDigits } from '../connectors/iso-time.js';
import type { Heap } from '../heap/heap.js';
import type { DataType } from '../plan/types.js';

/** Values in JSON as the sink `jsonl` writes them: exact digits of integers and decimals, times in ISO 8601, binary as base64, null for what JSON lacks. */

/** Of `count` 8-byte words from an index of 8-byte words on. */
export function jsonOfWords(heap: Heap, type: DataType, word: number, count: number): string[] {
  const one = ofWord(heap, type);
  return Array.from({ length: count }, (_, index) => one(word + index));
}

function ofWord({ i64, u64, f64 }: Heap, type: DataType): (word: number) => string {
  switch (type.kind) {
    case 'bool': return word => (u64[word] === 0n ? 'false' : 'true');
    case 'float32': case 'float64': return word => jsonOfNumber(f64[word]!);
    case 'uint64': return word => String(u64[word]!);
    case 'decimal': return word => decimalText(i64[word]!, type.scale);
    case 'date': return word => `"${dateText(Number(i64[word]!))}"`;
    case 'timestamp': return type.unit === 'ms' ? word => `"${isoMillis(i64[word]!)}Z"` : word => microseconds(i64[word]!);
    default: return word => String(i64[word]!);
  }
}
function jsonOfNumber(value: number): string {
  if (!Number.isFinite(value)) return 'null';
  return Object.is(value, -0) ? '-0' : String(value);
}
function microseconds(value: bigint): string {
  const us = ((value % 1000n) + 1000n) % 1000n;
  return `"${isoMillis((value - us) / 1000n)}${threeDigits(Number(us))}Z"`;
}

export const jsonOfBytes = ({ u8 }: Heap, type: DataType, address: number, length: number): string =>
  (type.kind === 'binary' ? `"${Buffer.from(u8.slice(address, address + length)).toString('base64')}"` : JSON.stringify(decodeText(u8, address, length)));
