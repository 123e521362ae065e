import { ColumnWord, columnWord, DictionaryWord } from '../batch/layout.js';
import type { Heap } from '../heap/heap.js';
import type { DataType, Field } from '../plan/types.js';
import { dateText } from '../batch/time-text.js';
import { isoMillis, threeDigits } from './iso-time.js';
import type { ResultBatch } from './sink.js';

/**
 * One column of a result batch as text: numbers as exact digits, decimals with all digits of their scale, times in ISO 8601 UTC
 * (3 digits after the second for ms, 6 for µs), binary as base64. Valid as long as the batch is.
 */
export interface ColumnText {
  readonly field: Field;
  /** Whether JSON writes it in quotes. */
  readonly quoted: boolean;
  isNull(row: number): boolean;
  /** REQUIRES: not null. */
  text(row: number): string;
}

const SAFE_HIGH = 2 ** 21;

/** An int64 in two lanes: a BigInt, which costs more, only where a double would not be exact. */
function int64At(heap: Heap, word: number, row: number): number | bigint {
  const high = heap.i32[word + row * 2 + 1]!;
  if (high < SAFE_HIGH && high >= -SAFE_HIGH) return high * 4_294_967_296 + heap.u32[word + row * 2]!;
  return heap.i64[(word >>> 1) + row]!;
}

export function decimalText(digits: string, scale: number): string {
  if (scale === 0) return digits;
  const sign = digits.startsWith('-') ? '-' : '';
  const all = digits.slice(sign.length).padStart(scale + 1, '0');
  return `${sign}${all.slice(0, -scale)}.${all.slice(-scale)}`;
}

const floatText = (value: number): string => (value === 0 && 1 / value < 0 ? '-0' : String(value));

function timestampText(heap: Heap, word: number, unit: 'ms' | 'us'): (row: number) => string {
  if (unit === 'ms') return row => `${isoMillis(int64At(heap, word, row))}Z`;
  return row => {
    const value = int64At(heap, word, row);
    if (typeof value === 'number') {
      const ms = Math.floor(value / 1000);
      return `${isoMillis(ms)}${threeDigits(value - ms * 1000)}Z`;
    }
    const us = ((value % 1000n) + 1000n) % 1000n;
    return `${isoMillis((value - us) / 1000n)}${threeDigits(Number(us))}Z`;
  };
}

/** Strings at int32 offsets. Where all are ASCII, which bytes and characters being as many tells, they are cut out of one string. */
function stringsAt(heap: Heap, bytes: number, offsetWord: number, rows: number): (row: number) => string {
  const { i32 } = heap;
  const buffer = Buffer.from(heap.memory.buffer, bytes, i32[offsetWord + rows]!);
  const all = buffer.toString('utf8');
  if (all.length === buffer.length) return row => all.slice(i32[offsetWord + row], i32[offsetWord + row + 1]);
  return row => buffer.toString('utf8', i32[offsetWord + row], i32[offsetWord + row + 1]);
}

function dictionaryText(heap: Heap, type: DataType & { kind: 'dictionary' }, values: number, dictionary: number): (row: number) => string {
  const word = dictionary >>> 2;
  const count = heap.u32[word + DictionaryWord.count]!;
  const entry = stringsAt(heap, heap.u32[word + DictionaryWord.bytes]!, heap.u32[word + DictionaryWord.offsets]! >>> 2, count);
  const texts: string[] = [];
  const codes = type.index === 'int8' ? heap.i8 : type.index === 'int16' ? heap.i16 : heap.i32;
  const first = values / codes.BYTES_PER_ELEMENT;
  return row => {
    const code = codes[first + row]!;
    return (texts[code] ??= entry(code));
  };
}

function textOf(heap: Heap, type: DataType, word: number, rows: number): (row: number) => string {
  const values = heap.u32[word + ColumnWord.values]!;
  const plain = (view: { readonly BYTES_PER_ELEMENT: number; readonly [index: number]: number }): ((row: number) => string) => {
    const first = values / view.BYTES_PER_ELEMENT;
    return row => String(view[first + row]);
  };
  switch (type.kind) {
    case 'bool': return row => ((heap.u8[values + (row >>> 3)]! >> (row & 7)) & 1 ? 'true' : 'false');
    case 'int8': return plain(heap.i8);
    case 'int16': return plain(heap.i16);
    case 'int32': return plain(heap.i32);
    case 'uint8': return plain(heap.u8);
    case 'uint16': return plain(heap.u16);
    case 'uint32': return plain(heap.u32);
    case 'int64': return row => String(int64At(heap, values >>> 2, row));
    case 'uint64': return row => String(heap.u64[(values >>> 3) + row]);
    case 'float32': return row => floatText(heap.f32[(values >>> 2) + row]!);
    case 'float64': return row => floatText(heap.f64[(values >>> 3) + row]!);
    case 'date': return row => dateText(heap.i32[(values >>> 2) + row]!);
    case 'timestamp': return timestampText(heap, values >>> 2, type.unit);
    case 'decimal': return row => decimalText(String(int64At(heap, values >>> 2, row)), type.scale);
    case 'utf8': return stringsAt(heap, values, heap.u32[word + ColumnWord.offsets]! >>> 2, rows);
    case 'binary': {
      const offsets = heap.u32[word + ColumnWord.offsets]! >>> 2;
      return row => Buffer.from(heap.memory.buffer, values + heap.i32[offsets + row]!, heap.i32[offsets + row + 1]! - heap.i32[offsets + row]!).toString('base64');
    }
    case 'dictionary': return dictionaryText(heap, type, values, heap.u32[word + ColumnWord.dictionary]!);
  }
}

const QUOTED = new Set<DataType['kind']>(['utf8', 'binary', 'date', 'timestamp', 'dictionary']);

/** The columns of a batch as text, in order. */
export function columnTexts(batch: Pick<ResultBatch, 'fields' | 'rows' | 'descriptor' | 'heap'>): ColumnText[] {
  const { heap } = batch;
  return batch.fields.map((field, column) => {
    const word = columnWord(batch.descriptor, column);
    const validity = heap.u32[word + ColumnWord.validity]!;
    return {
      field,
      quoted: QUOTED.has(field.type.kind),
      isNull: validity === 0 ? () => false : row => ((heap.u8[validity + (row >>> 3)]! >> (row & 7)) & 1) === 0,
      text: textOf(heap, field.type, word, batch.rows),
    };
  });
}
