import { TextDecoderStage, type DecodedText } from '../../src/batch/text-decoder.ts';
import { ColumnWord, columnWord } from '../../src/batch/layout.ts';
import type { Heap } from '../../src/heap/heap.ts';
import type { TextFormat } from '../../src/connectors/source.ts';
import type { DataType, Fields, Row, Value } from '../../src/plan/types.ts';
import { testHeap, type TestHeap } from '../support/heap.ts';

const bit = (heap: Heap, bits: number, row: number): boolean => ((heap.u8[bits + (row >>> 3)]! >> (row & 7)) & 1) === 1;

/** A test's own reading of a column, by nothing but the layout's description. Raw: timestamps and decimals as bigint, dates as days. */
export function rawValue(heap: Heap, descriptor: number, column: number, type: DataType, row: number): Value {
  const word = columnWord(descriptor, column);
  const values = heap.u32[word + ColumnWord.values]!;
  const validity = heap.u32[word + ColumnWord.validity]!;
  if (validity !== 0 && !bit(heap, validity, row)) return null;
  switch (type.kind) {
    case 'bool': return bit(heap, values, row);
    case 'int8': return heap.i8[values + row]!;
    case 'uint8': return heap.u8[values + row]!;
    case 'int16': return heap.i16[values / 2 + row]!;
    case 'uint16': return heap.u16[values / 2 + row]!;
    case 'int32': case 'date': return heap.i32[values / 4 + row]!;
    case 'uint32': return heap.u32[values / 4 + row]!;
    case 'float32': return heap.f32[values / 4 + row]!;
    case 'float64': return heap.f64[values / 8 + row]!;
    case 'int64': case 'timestamp': case 'decimal': return heap.i64[values / 8 + row]!;
    case 'uint64': return heap.u64[values / 8 + row]!;
    default: {
      const offsets = heap.u32[word + ColumnWord.offsets]! / 4;
      const bytes = Buffer.from(heap.u8.slice(values + heap.i32[offsets + row]!, values + heap.i32[offsets + row + 1]!));
      return type.kind === 'binary' ? new Uint8Array(bytes) : bytes.toString();
    }
  }
}

export interface Decoded extends DecodedText {
  rowsOut: Row[];
  /** Line number of each row. */
  rowLines: number[];
  badText: string[];
}

export interface TextHarness extends TestHeap {
  /** Puts bytes into the heap and decodes them. */
  decode(fields: Fields, format: TextFormat, bytes: Uint8Array | string, kernels: 'wasm' | 'twins'): Decoded;
}

/** One heap for many decodings: everything is given back before each. */
export function textHarness(pages = 512): TextHarness {
  const base = testHeap(pages);
  let top = 65_536;
  const live = new Map<number, number>();
  const allocator = {
    allocate(bytes: number): number {
      const address = top;
      top = (top + bytes + 127) & ~63;
      if (top > pages * 65_536) throw new Error('test heap is full');
      live.set(address, bytes);
      return address;
    },
    free(address: number): void {
      if (!live.delete(address)) throw new Error(`freed twice or never allocated: ${address}`);
    },
  };
  return {
    ...base,
    allocator,
    decode(fields, format, input, kernels) {
      top = 65_536;
      live.clear();
      const bytes = typeof input === 'string' ? Buffer.from(input) : input;
      const address = allocator.allocate(bytes.length);
      base.heap.u8.set(bytes, address);
      // What follows the text must not matter.
      base.heap.u8.fill(kernels === 'wasm' ? 0x22 : 0x31, address + bytes.length, address + bytes.length + 40);
      const stage = new TextDecoderStage({ fields, format, heap: base.heap, kernels: base[kernels], allocator });
      const decoded = stage.decode(address, bytes.length);
      stage.close();
      const rowsOut: Row[] = [];
      const rowLines: number[] = [];
      for (let row = 0; row < decoded.rows; row++) {
        rowLines.push(decoded.positions === 0 ? row : base.heap.u32[decoded.positions / 4 + row]!);
        rowsOut.push(Object.fromEntries(fields.map((field, column) => [field.name, rawValue(base.heap, decoded.descriptor, column, field.type, row)])));
      }
      allocator.free(decoded.descriptor);
      allocator.free(address);
      if (live.size !== 0) throw new Error(`${live.size} allocations leaked`);
      const badText = decoded.bad.map(bad => Buffer.from(base.heap.u8.slice(bad.address, bad.address + bad.length)).toString());
      return { ...decoded, rowsOut, rowLines, badText };
    },
  };
}
