import { TextColumn, TextKind, TextLimit, TextState } from '../../native-free-kernels/text-layout.js';
import type { Allocator, Heap } from '../heap/heap.js';
import type { DataType, Field, Fields, IntegerKind } from '../plan/types.js';

const INTEGER_BITS: Record<IntegerKind, number> = { int8: 8, int16: 16, int32: 32, int64: 64, uint8: 8, uint16: 16, uint32: 32, uint64: 64 };

interface ColumnPlan {
  readonly kind: number;
  /** Bytes of a value in the batch; 0 for bits. Of a StringRef for text. */
  readonly width: number;
  readonly digits: number;
  readonly limit: bigint;
  readonly lowLimit: bigint;
}

const plain = (kind: number, width: number): ColumnPlan => ({ kind, width, digits: 0, limit: 0n, lowLimit: 0n });

/** How a text kernel reads a type. Dictionary columns do not occur: text sources declare `dictionaries: false`. */
export function columnPlan(type: DataType): ColumnPlan {
  switch (type.kind) {
    case 'bool': return plain(TextKind.bool, 0);
    case 'float32': return plain(TextKind.float32, 4);
    case 'float64': return plain(TextKind.float64, 8);
    case 'utf8': case 'dictionary': return plain(TextKind.utf8, 8);
    case 'binary': return plain(TextKind.binary, 8);
    case 'date': return plain(TextKind.date, 4);
    case 'timestamp': {
      const digits = type.unit === 'ms' ? 3 : 6;
      return { kind: TextKind.timestamp, width: 8, digits, limit: (1n << 63n) - 1n, lowLimit: 1n << 63n };
    }
    case 'decimal': {
      const limit = 10n ** BigInt(type.precision) - 1n;
      return { kind: TextKind.decimal, width: 8, digits: type.scale, limit, lowLimit: limit };
    }
    default: {
      const bits = BigInt(INTEGER_BITS[type.kind]);
      const signed = !type.kind.startsWith('u');
      const limit = (1n << (signed ? bits - 1n : bits)) - 1n;
      return { kind: TextKind.integer, width: Number(bits) / 8, digits: 0, limit, lowLimit: signed ? limit + 1n : 0n };
    }
  }
}

/** Address of a column's record in a state block. */
export const columnRecord = (state: number, column: number): number => state + TextState.columns + column * TextColumn.bytes;

function writePowers(heap: Heap, state: number): void {
  for (let power = 0; power < TextLimit.powers; power++) heap.u64[(state + TextState.powers) / 8 + power] = 10n ** BigInt(power);
  for (let power = 0; power < TextLimit.floatPowers; power++) heap.f64[(state + TextState.floatPowers) / 8 + power] = Number(`1e${power}`);
}

function writeColumn(heap: Heap, record: number, field: Field, name: number, nameLength: number): void {
  const plan = columnPlan(field.type);
  const word = record >>> 2;
  heap.u32[word + TextColumn.name / 4] = name;
  heap.u32[word + TextColumn.nameLength / 4] = nameLength;
  heap.u32[word + TextColumn.kind / 4] = plan.kind;
  heap.u32[word + TextColumn.digits / 4] = plan.digits;
  heap.u32[word + TextColumn.nullable / 4] = field.nullable ? 1 : 0;
  heap.u32[word + TextColumn.width / 4] = plan.width;
  heap.u64[(record + TextColumn.limit) >>> 3] = plan.limit;
  heap.u64[(record + TextColumn.lowLimit) >>> 3] = plan.lowLimit;
}

/**
 * Allocates the state block of a decoder (`native-free-kernels/text-layout.ts`) with all that does not change from item to item:
 * columns, powers of ten, and behind them the names, room to unescape a name, and the columns of CSV fields.
 */
export function writeTextState(heap: Heap, allocator: Allocator, fields: Fields, csvColumns: readonly number[]): number {
  const encoder = new TextEncoder();
  const names = fields.map(field => encoder.encode(field.name));
  const tempBytes = Math.max(64, ...names.map(name => name.length));
  const mapOffset = TextState.columns + fields.length * TextColumn.bytes;
  const tempOffset = mapOffset + csvColumns.length * 4;
  const namesOffset = tempOffset + tempBytes + 16;
  const state = allocator.allocate(namesOffset + names.reduce((sum, name) => sum + name.length, 0) + 16);

  heap.u8.fill(0, state, state + TextState.columns);
  writePowers(heap, state);
  let name = state + namesOffset;
  fields.forEach((field, column) => {
    const bytes = names[column]!;
    heap.u8.set(bytes, name);
    writeColumn(heap, columnRecord(state, column), field, name, bytes.length);
    name += bytes.length;
  });
  heap.i32.set(csvColumns, (state + mapOffset) >>> 2);
  heap.u32[(state + TextState.columnCount) >>> 2] = fields.length;
  heap.u32[(state + TextState.fieldCount) >>> 2] = csvColumns.length;
  heap.u32[(state + TextState.fieldMap) >>> 2] = state + mapOffset;
  heap.u32[(state + TextState.temp) >>> 2] = state + tempOffset;
  heap.u32[(state + TextState.tempBytes) >>> 2] = tempBytes;
  return state;
}
