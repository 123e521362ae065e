import type { Vector } from '../../src/expression/vector.ts';
import type { Heap } from '../../src/heap/heap.ts';
import type { DataType, Value } from '../../src/plan/types.ts';

/** A dense vector as JavaScript values. */
export function readVector(heap: Heap, type: DataType, vector: Vector, rows: number): Value[] {
  return Array.from({ length: rows }, (_, row) => {
    if (vector.valid !== 0 && heap.u8[vector.valid + row] === 0) return null;
    switch (vector.cls) {
      case 'bool': return heap.u8[vector.data + row] === 1;
      case 'f64': return heap.f64[(vector.data >>> 3) + row]!;
      case 'code': {
        const code = heap.i32[(vector.data >>> 2) + row]!;
        const offsets = heap.u32[(vector.dictionary >>> 2) + 1]! >>> 2, bytes = heap.u32[(vector.dictionary >>> 2) + 2]!;
        return bytesAs(heap, type, bytes + heap.i32[offsets + code]!, bytes + heap.i32[offsets + code + 1]!);
      }
      case 'bytes': {
        const at = (vector.data >>> 2) + row * 2;
        return bytesAs(heap, type, heap.u32[at]!, heap.u32[at]! + heap.u32[at + 1]!);
      }
      case 'i64': return integerAs(type, (type.kind === 'uint64' ? heap.u64 : heap.i64)[(vector.data >>> 3) + row]!);
    }
  });
}
function bytesAs(heap: Heap, type: DataType, from: number, to: number): Value {
  const bytes = heap.u8.slice(from, to);
  return type.kind === 'binary' ? bytes : new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}
function integerAs(type: DataType, value: bigint): Value {
  switch (type.kind) {
    case 'int64': case 'uint64': return value;
    case 'timestamp': return type.unit === 'us' ? value : Number(value);
    case 'date': return new Date(Number(value) * 86_400_000).toISOString().slice(0, 10);
    case 'decimal': {
      const digits = String(value < 0n ? -value : value).padStart(type.scale + 1, '0');
      const cut = digits.length - type.scale;
      return `${value < 0n ? '-' : ''}${digits.slice(0, cut)}${type.scale > 0 ? '.' : ''}${digits.slice(cut)}`;
    }
    default: return Number(value);
  }
}
