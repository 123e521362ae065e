import type { Data, Vector } from 'apache-arrow';
import type { Kernels } from '../../native-free-kernels/load.js';
import type { DataType } from '../plan/types.js';
import { arrow, isTextType } from './arrow.js';
import { Validity, type ColumnImport, type ColumnTarget } from './arrow-column.js';
import type { DictionaryBuilder } from './dictionary-builder.js';
import { NUMERIC_ARRAYS, numericView, type NumericArray } from './storage.js';

/** Our code for each of an Arrow dictionary's; -1 where its entry is null. */
export interface Remap {
  readonly codes: Int32Array;
  /** Each code is its own: codes can be copied as they are. */
  readonly identity: boolean;
  readonly hasNull: boolean;
}

/** Dictionary columns, from dictionaries of strings (any index type) or plain strings; null for other types. */
export function importCodes(from: arrow.DataType, type: DataType, dictionary: DictionaryBuilder, kernels: Kernels): DictionaryImport | TextImport | null {
  if (type.kind !== 'dictionary') return null;
  if (arrow.DataType.isDictionary(from)) return isTextType(from.dictionary) ? new DictionaryImport(dictionary, kernels) : null;
  return isTextType(from) ? new TextImport(dictionary) : null;
}

export class DictionaryImport implements ColumnImport {
  /** By chunk of entries: a dictionary that grew is a new Vector, of the same chunks and one more. */
  private readonly chunks = new WeakMap<Data, Int32Array>();
  private last: { entries: Vector; remap: Remap } | null = null;
  constructor(private readonly dictionary: DictionaryBuilder, private readonly kernels: Kernels) {}

  bytes(): number {
    return 0;
  }
  addsNulls(data: Data): boolean {
    return this.remap(data.dictionary!).hasNull;
  }
  block(): number {
    return this.dictionary.block();
  }

  /** The same dictionary object is unified once. Throws TYPE_MISMATCH when the column's index type has no more codes. */
  remap(entries: Vector): Remap {
    if (this.last?.entries === entries && this.last.remap.codes.length === entries.length) return this.last.remap;
    const codes = new Int32Array(entries.length);
    let at = 0;
    for (const chunk of entries.data) {
      codes.set(this.chunk(chunk), at);
      at += chunk.length;
    }
    const remap = { codes, identity: codes.every((code, own) => code === own), hasNull: codes.includes(-1) };
    this.last = { entries, remap };
    return remap;
  }

  private chunk(chunk: Data): Int32Array {
    const known = this.chunks.get(chunk);
    if (known !== undefined) return known;
    const texts = new arrow.Vector([chunk]);
    const codes = Int32Array.from({ length: chunk.length }, (_, entry) => {
      const text = texts.get(entry) as string | null;
      return text === null ? -1 : this.dictionary.code(text);
    });
    this.chunks.set(chunk, codes);
    return codes;
  }

  copy(data: Data, rows: number, target: ColumnTarget): void {
    const remap = this.remap(data.dictionary!);
    const source = data.values as NumericArray;
    const width = NUMERIC_ARRAYS[this.dictionary.index].BYTES_PER_ELEMENT;
    if (remap.identity && source.BYTES_PER_ELEMENT === width && source.length >= rows) {
      target.heap.u8.set(new Uint8Array(source.buffer, source.byteOffset, rows * width), target.values);
      // Codes must not lead outside of the dictionary, but those of null rows may be anything.
      if (this.kernels.maxCode(rows, target.values, width) >>> 0 < remap.codes.length) return;
    }
    this.translate(data, rows, remap, target);
  }

  private translate(data: Data, rows: number, { codes }: Remap, target: ColumnTarget): void {
    const source = data.values as NumericArray;
    const validity = new Validity(data);
    const to = numericView(target.heap, this.dictionary.index, target.values, rows);
    for (let row = 0; row < rows; row++) {
      to[row] = 0;
      if (!validity.isValid(row)) continue;
      const code = codes[Number(source[row])];
      if (code === undefined) target.refuse(row, `code ${source[row]} is not in the dictionary of ${codes.length}`);
      else if (code < 0) target.makeNull(row);
      else to[row] = code;
    }
  }
}

export class TextImport implements ColumnImport {
  constructor(private readonly dictionary: DictionaryBuilder) {}
  bytes(): number {
    return 0;
  }
  block(): number {
    return this.dictionary.block();
  }
  copy(data: Data, rows: number, target: ColumnTarget): void {
    const texts = new arrow.Vector([data]);
    const to = numericView(target.heap, this.dictionary.index, target.values, rows);
    for (let row = 0; row < rows; row++) {
      const text = texts.get(row) as string | null;
      to[row] = text === null ? 0 : this.dictionary.code(text);
    }
  }
}
