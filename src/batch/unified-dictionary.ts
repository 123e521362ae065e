import type { Data, Vector } from 'apache-arrow';
import { arrow } from './arrow.js';

/**
 * One dictionary for all batches of a column, growing by chunks: what an Arrow file needs, whose dictionaries may be extended but not
 * replaced. Batches may come with any dictionaries.
 */
export class UnifiedDictionary {
  private readonly codes = new Map<string, number>();
  private vector: Vector<arrow.Utf8> | null = null;
  private readonly known = new WeakMap<Data, Int32Array>();

  /** The column with codes of the unified dictionary. Throws RangeError when its index type has no more. */
  unify(column: Data): Data {
    const added: string[] = [];
    const remap: number[] = [];
    for (const chunk of column.dictionary!.data) for (const code of this.remapChunk(chunk, added)) remap.push(code);
    if (added.length > 0 || this.vector === null) this.extend(added);
    const { type, length } = column;
    const from = column.values as Int32Array;
    const codes = new (from.constructor as typeof Int32Array)(length);
    const limit = 2 ** (from.BYTES_PER_ELEMENT * 8 - 1);
    if (this.codes.size > limit) throw new RangeError(`the results have more than ${limit} different values, all that the dictionary's index type can tell apart`);
    for (let row = 0; row < length; row++) codes[row] = remap[from[row]!] ?? 0;
    return new arrow.Data(type, 0, length, column.nullCount, [undefined, codes, column.nullBitmap] as never, [], this.vector!);
  }

  private remapChunk(chunk: Data, added: string[]): Int32Array {
    const known = this.known.get(chunk);
    if (known !== undefined) return known;
    const texts = new arrow.Vector([chunk]);
    const codes = Int32Array.from({ length: chunk.length }, (_, entry) => {
      const text = String(texts.get(entry));
      let code = this.codes.get(text);
      if (code === undefined) {
        code = this.codes.size;
        this.codes.set(text, code);
        added.push(text);
      }
      return code;
    });
    this.known.set(chunk, codes);
    return codes;
  }

  private extend(added: readonly string[]): void {
    const texts = added.map(text => new TextEncoder().encode(text));
    const valueOffsets = new Int32Array(texts.length + 1);
    texts.forEach((text, entry) => {
      valueOffsets[entry + 1] = valueOffsets[entry]! + text.length;
    });
    const data = new Uint8Array(valueOffsets[texts.length]!);
    texts.forEach((text, entry) => data.set(text, valueOffsets[entry]));
    const chunk = arrow.makeData({ type: new arrow.Utf8(), length: texts.length, nullCount: 0, valueOffsets, data });
    this.vector = new arrow.Vector([...(this.vector?.data ?? []), chunk]);
  }
}
