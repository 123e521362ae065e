/** The encodings of Parquet that `parquet-pages.ts` decodes, and the part of Thrift's compact protocol that page headers use. */

export type Thrift = Map<number, number | Thrift>;

/** A reader of Thrift's compact protocol for page headers: integers, and structs of them. Other things are skipped. */
export class ThriftReader {
  constructor(readonly bytes: Uint8Array, public at: number) {}

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.bytes[this.at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  #skip(type: number): void {
    if (type === 3) this.at++;
    else if (type === 7) this.at += 8;
    else if (type === 8) {
      const length = this.varint();
      this.at += length;
    } else if (type === 9 || type === 10) {
      const head = this.bytes[this.at++]!;
      const size = head >>> 4 === 15 ? this.varint() : head >>> 4;
      for (let i = 0; i < size; i++) this.value(head & 15);
    } else throw new Error(`a page header has a field of type ${type}`);
  }

  value(type: number): number | Thrift {
    if (type === 1 || type === 2) return type === 1 ? 1 : 0;
    if (type >= 4 && type <= 6) {
      const zigzag = this.varint();
      return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    }
    if (type === 12) return this.struct();
    this.#skip(type);
    return 0;
  }

  struct(): Thrift {
    const fields: Thrift = new Map();
    let id = 0;
    while (true) {
      const head = this.bytes[this.at++]!;
      if (head === 0) return fields;
      const delta = head >>> 4;
      id = delta === 0 ? Number(this.value(4)) : id + delta;
      fields.set(id, this.value(head & 15));
    }
  }
}

export const PLAIN: number = 0;
export const RLE: number = 3;
export const isDictionary = (encoding: number): boolean => encoding === 2 || encoding === 8;

/** Decodes the RLE and bit-packed hybrid from `at` on into `count` integers. */
export function readHybrid(bytes: Uint8Array, at: number, width: number, out: Int32Array | Uint8Array, first: number, count: number): void {
  const reader = new ThriftReader(bytes, at);
  const end = first + count;
  const valueBytes = (width + 7) >>> 3;
  const mask = width === 32 ? -1 : (1 << width) - 1;
  while (first < end) {
    const head = reader.varint();
    if ((head & 1) === 0) {
      let value = 0;
      for (let i = 0; i < valueBytes; i++) value |= bytes[reader.at++]! << (8 * i);
      const stop = Math.min(end, first + (head >>> 1));
      out.fill(value, first, stop);
      if (stop === first) throw new Error('an empty run');
      first = stop;
      continue;
    }
    const runBytes = (head >>> 1) * width;
    const stop = Math.min(end, first + (head >>> 1) * 8);
    let position = reader.at;
    reader.at += runBytes;
    if (width > 24) throw new Error(`dictionary codes of ${width} bits`);
    let held = 0;
    let bits = 0;
    for (; first < stop; first++) {
      while (bits < width) {
        held |= bytes[position++]! << bits;
        bits += 8;
      }
      out[first] = held & mask;
      held >>>= width;
      bits -= width;
    }
  }
}

export type NumberArray = Int32Array | BigInt64Array | Float32Array | Float64Array;

/** Numbers one after another; null for types that are no numbers. */
export function plainNumbers(type: string, bytes: Uint8Array, at: number, count: number): NumberArray | null {
  // Not `slice`: that of a Buffer, which Node's decompressors return, is a view of a larger memory.
  const copy = (width: number): ArrayBuffer => new Uint8Array(bytes.subarray(at, at + count * width)).buffer;
  switch (type) {
    case 'INT32': return new Int32Array(copy(4));
    case 'INT64': return new BigInt64Array(copy(8));
    case 'FLOAT': return new Float32Array(copy(4));
    case 'DOUBLE': return new Float64Array(copy(8));
    default: return null;
  }
}

/** Starts and, behind them, the ends of `count` byte arrays, each with its length before it. */
export function plainTexts(bytes: Uint8Array, at: number, count: number): Int32Array {
  const ranges = new Int32Array(count * 2);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < count; i++) {
    const length = view.getUint32(at, true);
    ranges[i * 2] = at + 4;
    ranges[i * 2 + 1] = at += 4 + length;
  }
  return ranges;
}
