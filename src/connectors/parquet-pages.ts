/**
 * Pages of a flat Parquet column chunk, straight into typed arrays: plain and dictionary encodings, which nearly all files use. A chunk
 * with anything else is left to hyparquet, which decodes every value into an element of a JavaScript array (about five times the time).
 * Source: https://parquet.apache.org/docs/file-format/ and the Thrift compact protocol.
 */

import { isDictionary, PLAIN, plainNumbers, plainTexts, readHybrid, RLE, ThriftReader, type NumberArray, type Thrift } from './parquet-encodings.js';

export interface ChunkInfo {
  readonly type: string;
  readonly codec: string;
  readonly rows: number;
  readonly nullable: boolean;
  readonly decompress: (bytes: Uint8Array, length: number) => Uint8Array;
}

/** Values of a chunk in their physical type; those of null rows are 0 or empty. */
export type ChunkValues =
  | { readonly kind: 'fixed'; readonly values: NumberArray | Uint8Array; readonly valid: Uint8Array | null }
  | { readonly kind: 'text'; readonly offsets: Int32Array; readonly bytes: Uint8Array; readonly valid: Uint8Array | null };

interface Page {
  readonly encoding: number;
  readonly values: number;
  /** Non-null ones. */
  readonly present: number;
  readonly bytes: Uint8Array;
  /** Where the encoded values begin. */
  readonly at: number;
}

/** Collects the pages of one chunk. */
class ChunkDecoder {
  readonly #info: ChunkInfo;
  readonly #fixed: NumberArray | Uint8Array | null;
  readonly #valid: Uint8Array;
  #anyNull = false;
  #row = 0;
  #offsets: Int32Array | null = null;
  #text: Uint8Array = new Uint8Array(0);
  #dictionary: { bytes: Uint8Array; values: NumberArray | null; ranges: Int32Array | null } | null = null;

  constructor(info: ChunkInfo) {
    this.#info = info;
    const { type, rows } = info;
    this.#valid = new Uint8Array(info.nullable ? rows : 0);
    this.#fixed = type === 'INT32' ? new Int32Array(rows) : type === 'INT64' ? new BigInt64Array(rows) : type === 'FLOAT' ? new Float32Array(rows)
      : type === 'DOUBLE' ? new Float64Array(rows) : type === 'BOOLEAN' ? new Uint8Array(rows) : null;
    if (this.#fixed === null) {
      this.#offsets = new Int32Array(rows + 1);
      this.#text = new Uint8Array(Math.max(64, rows * 8));
    }
  }

  readDictionary(bytes: Uint8Array, count: number): void {
    const values = plainNumbers(this.#info.type, bytes, 0, count);
    this.#dictionary = { bytes, values, ranges: values === null ? plainTexts(bytes, 0, count) : null };
  }

  /** Reads which values of a page are null, from its definition levels of one bit. Returns how many are not. */
  readLevels(bytes: Uint8Array, at: number, values: number): number {
    const reader = new ThriftReader(bytes, at);
    const head = reader.varint();
    if ((head & 1) === 0 && head >>> 1 >= values && bytes[reader.at] === 1) {
      // One run: no nulls, as in most pages.
      this.#valid.fill(1, this.#row, this.#row + values);
      return values;
    }
    readHybrid(bytes, at, 1, this.#valid, this.#row, values);
    let present = 0;
    for (let row = this.#row; row < this.#row + values; row++) present += this.#valid[row]!;
    this.#anyNull ||= present < values;
    return present;
  }

  /** False if the page has an encoding that is not for here. */
  readValues(page: Page): boolean {
    const codes = isDictionary(page.encoding) && this.#dictionary !== null ? new Int32Array(page.present) : null;
    if (codes !== null && page.present > 0) readHybrid(page.bytes, page.at + 1, page.bytes[page.at]!, codes, 0, page.present);
    else if (codes === null && page.encoding !== PLAIN && !(page.encoding === RLE && this.#info.type === 'BOOLEAN')) return false;
    if (this.#fixed === null) this.#readTexts(page, codes);
    else if (this.#info.type === 'BOOLEAN') this.#readBits(page);
    else this.#readFixed(page, codes);
    this.#row += page.values;
    return true;
  }

  #readBits({ bytes, at, encoding, present, values }: Page): void {
    const packed = new Uint8Array(present);
    if (encoding === RLE) readHybrid(bytes, at + 4, 1, packed, 0, present);
    else for (let i = 0; i < present; i++) packed[i] = (bytes[at + (i >>> 3)]! >> (i & 7)) & 1;
    this.#spread(packed, values, present);
  }

  #readFixed({ bytes, at, present, values }: Page, codes: Int32Array | null): void {
    if (codes === null) {
      this.#spread(plainNumbers(this.#info.type, bytes, at, present)!, values, present);
      return;
    }
    const dictionary = this.#dictionary!.values!;
    const out = this.#fixed!;
    const row = this.#row;
    if (present === values) {
      // The element types are the same; the compiler sees only their union.
      for (let i = 0; i < values; i++) out[row + i] = dictionary[codes[i]!]!;
      return;
    }
    for (let i = 0, next = 0; i < values; i++) if (this.#valid[row + i] !== 0) out[row + i] = dictionary[codes[next++]!]!;
  }

  #spread(from: NumberArray | Uint8Array, values: number, present: number): void {
    const out = this.#fixed!;
    if (present === values) {
      (out as Float64Array).set(from as Float64Array, this.#row);
      return;
    }
    for (let i = 0, next = 0; i < values; i++) if (this.#valid[this.#row + i] !== 0) out[this.#row + i] = from[next++]!;
  }

  #readTexts(page: Page, codes: Int32Array | null): void {
    const source = codes === null ? page.bytes : this.#dictionary!.bytes;
    const ranges = codes === null ? plainTexts(page.bytes, page.at, page.present) : this.#dictionary!.ranges!;
    const offsets = this.#offsets!;
    let to = offsets[this.#row]!;
    let next = 0;
    for (let row = this.#row; row < this.#row + page.values; row++) {
      if (page.present === page.values || this.#valid[row] !== 0) {
        const code = codes === null ? next : codes[next]!;
        next++;
        let from = ranges[code * 2]!;
        const stop = ranges[code * 2 + 1]!;
        const end = to + stop - from;
        if (end > this.#text.length) this.#growText(end);
        const text = this.#text;
        if (stop - from > 64) text.set(source.subarray(from, stop), to);
        else for (let at = to; from < stop; from++, at++) text[at] = source[from]!;
        to = end;
      }
      offsets[row + 1] = to;
    }
  }

  #growText(least: number): void {
    const larger = new Uint8Array(Math.max(least, this.#text.length * 2));
    larger.set(this.#text);
    this.#text = larger;
  }

  finish(): ChunkValues {
    if (this.#row !== this.#info.rows) throw new Error(`a column chunk has ${this.#row} values for ${this.#info.rows} rows`);
    const valid = this.#anyNull ? this.#valid : null;
    if (this.#fixed !== null) return { kind: 'fixed', values: this.#fixed, valid };
    return { kind: 'text', offsets: this.#offsets!, bytes: this.#text.subarray(0, this.#offsets![this.#info.rows]), valid };
  }
}

/** Decodes the pages of a chunk; null where it has an encoding that is not for here. */
export function decodeChunk(bytes: Uint8Array, info: ChunkInfo): ChunkValues | null {
  const decoder = new ChunkDecoder(info);
  const unpack = (from: Uint8Array, size: number): Uint8Array => (info.codec === 'UNCOMPRESSED' ? from : info.decompress(from, size));
  let at = 0;
  let rows = 0;
  while (rows < info.rows) {
    const reader = new ThriftReader(bytes, at);
    const header = reader.struct();
    const [type, size, packedSize] = [header.get(1), Number(header.get(2)), Number(header.get(3))];
    const body = bytes.subarray(reader.at, reader.at + packedSize);
    at = reader.at + packedSize;
    if (type === 2) {
      decoder.readDictionary(unpack(body, size), Number((header.get(7) as Thrift).get(1)));
    } else if (type === 0) {
      const page = header.get(5) as Thrift;
      const values = Number(page.get(1));
      const plain = unpack(body, size);
      const levels = info.nullable ? 4 + new DataView(plain.buffer, plain.byteOffset).getUint32(0, true) : 0;
      const present = info.nullable ? decoder.readLevels(plain, 4, values) : values;
      if (!decoder.readValues({ encoding: Number(page.get(2)), values, present, bytes: plain, at: levels })) return null;
      rows += values;
    } else if (type === 3) {
      const page = header.get(8) as Thrift;
      const [values, levels] = [Number(page.get(1)), Number(page.get(5) ?? 0)];
      const present = info.nullable ? decoder.readLevels(body, 0, values) : values;
      const plain = page.get(7) === 0 ? body.subarray(levels) : unpack(body.subarray(levels), size - levels);
      if (!decoder.readValues({ encoding: Number(page.get(4)), values, present, bytes: plain, at: 0 })) return null;
      rows += values;
    } else {
      return null;
    }
  }
  return decoder.finish();
}
