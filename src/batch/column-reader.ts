import type { Heap } from '../heap/heap.js';
import type { DataType, Value } from '../plan/types.js';
import { decimalText } from './decimal-text.js';
import { getColumn } from './heap-batch.js';
import { ColumnWord, DictionaryWord } from './layout.js';
import { numericView, storageOf, type NumericArray, type NumericStorage } from './storage.js';
import { decodeText } from './text-codec.js';
import { dateText } from './time-text.js';

/** Reads values of one column of one batch after another. */
export interface ColumnReader {
  /** Turns to a batch. */
  bind(descriptor: number): void;
  /** REQUIRES: the row is not null. */
  value(row: number): Value;
}

export function columnReader(heap: Heap, type: DataType, column: number): ColumnReader {
  const storage = storageOf(type);
  switch (type.kind) {
    case 'bool': return new BoolReader(heap, column);
    case 'utf8': return new TextReader(heap, column);
    case 'binary': return new BinaryReader(heap, column);
    case 'dictionary': return new DictionaryReader(heap, column, type.index);
    case 'date': return new ConvertedReader(heap, column, 'int32', dateText as (value: number | bigint) => Value);
    case 'decimal': return new ConvertedReader(heap, column, 'int64', value => decimalText(value as bigint, type.scale));
    case 'timestamp': return type.unit === 'us' ? new NumberReader(heap, column, 'int64') : new MillisReader(heap, column);
    default: return new NumberReader(heap, column, storage as NumericStorage);
  }
}

class NumberReader implements ColumnReader {
  protected values: NumericArray = new Int8Array(0);
  constructor(private readonly heap: Heap, private readonly column: number, private readonly storage: NumericStorage) {}
  bind(descriptor: number): void {
    const rows = this.heap.u32[descriptor >>> 2]!;
    this.values = numericView(this.heap, this.storage, getColumn(this.heap, descriptor, this.column, ColumnWord.values), rows);
  }
  value(row: number): Value {
    return this.values[row]!;
  }
}

class ConvertedReader extends NumberReader {
  constructor(heap: Heap, column: number, storage: NumericStorage, private readonly convert: (value: number | bigint) => Value) {
    super(heap, column, storage);
  }
  override value(row: number): Value {
    return this.convert(this.values[row]!);
  }
}

/** int64 milliseconds as numbers, read as two lanes: a bigint per value would cost ten times as much. */
class MillisReader implements ColumnReader {
  private at = 0;
  constructor(private readonly heap: Heap, private readonly column: number) {}
  bind(descriptor: number): void {
    this.at = getColumn(this.heap, descriptor, this.column, ColumnWord.values) >>> 2;
  }
  value(row: number): Value {
    return this.heap.i32[this.at + row * 2 + 1]! * 4_294_967_296 + this.heap.u32[this.at + row * 2]!;
  }
}

class BoolReader implements ColumnReader {
  private at = 0;
  constructor(private readonly heap: Heap, private readonly column: number) {}
  bind(descriptor: number): void {
    this.at = getColumn(this.heap, descriptor, this.column, ColumnWord.values);
  }
  value(row: number): Value {
    return ((this.heap.u8[this.at + (row >>> 3)]! >>> (row & 7)) & 1) === 1;
  }
}

class BinaryReader implements ColumnReader {
  private values = 0;
  private offsets = 0;
  constructor(private readonly heap: Heap, private readonly column: number) {}
  bind(descriptor: number): void {
    this.values = getColumn(this.heap, descriptor, this.column, ColumnWord.values);
    this.offsets = getColumn(this.heap, descriptor, this.column, ColumnWord.offsets) >>> 2;
  }
  value(row: number): Value {
    const { i32 } = this.heap;
    return new Uint8Array(this.heap.u8.subarray(this.values + i32[this.offsets + row]!, this.values + i32[this.offsets + row + 1]!));
  }
}

class TextReader implements ColumnReader {
  /** Buffer's own decoder is twice as fast as TextDecoder for short texts. */
  private bytes: Buffer = Buffer.alloc(0);
  private offsets = 0;
  constructor(private readonly heap: Heap, private readonly column: number) {}
  bind(descriptor: number): void {
    const word = (kind: ColumnWord): number => getColumn(this.heap, descriptor, this.column, kind);
    this.bytes = Buffer.from(this.heap.memory.buffer, word(ColumnWord.values), word(ColumnWord.byteLength));
    this.offsets = word(ColumnWord.offsets) >>> 2;
  }
  value(row: number): Value {
    const { i32 } = this.heap;
    return this.bytes.toString('utf8', i32[this.offsets + row]!, i32[this.offsets + row + 1]!);
  }
}

class DictionaryReader implements ColumnReader {
  private codes: ArrayLike<number> = [];
  private dictionary = 0;
  private id = 0;
  /** By code; a code keeps its meaning while the dictionary's id is the same. */
  private texts: (string | undefined)[] = [];
  constructor(private readonly heap: Heap, private readonly column: number, private readonly index: 'int8' | 'int16' | 'int32') {}

  bind(descriptor: number): void {
    const { heap, column } = this;
    this.codes = numericView(heap, this.index, getColumn(heap, descriptor, column, ColumnWord.values), heap.u32[descriptor >>> 2]!) as Int32Array;
    this.dictionary = getColumn(heap, descriptor, column, ColumnWord.dictionary);
    const id = this.dictionary === 0 ? 0 : heap.u32[(this.dictionary >>> 2) + DictionaryWord.id]!;
    if (id !== this.id) this.texts = [];
    this.id = id;
  }
  value(row: number): Value {
    const code = this.codes[row]!;
    return this.texts[code] ?? (this.texts[code] = dictionaryText(this.heap, this.dictionary, code));
  }
}

export function dictionaryText(heap: Heap, dictionary: number, code: number): string {
  const word = dictionary >>> 2;
  const offsets = (heap.u32[word + DictionaryWord.offsets]! >>> 2) + code;
  const start = heap.i32[offsets]!;
  return decodeText(heap.u8, heap.u32[word + DictionaryWord.bytes]! + start, heap.i32[offsets + 1]! - start);
}
