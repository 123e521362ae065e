import type { HeapViews } from './heap-views.js';
import { decodeCsvTwin } from './csv.js';
import { decodeJsonTwin } from './json.js';
import { StringRef } from './text-layout.js';

/** Text formats into columns. `state`: the address of a block as in `text-layout.ts`. */
export interface TextKernels {
  /** Line feeds, or with `skipEmpty` (0 or 1) only those that do not follow another one directly. Reads one byte before the text. */
  countLines(address: number, bytes: number, skipEmpty: number): number;
  /** Reads lines from `cursor` on, to the end or until a list is full. REQUIRES: a line feed before `end`, 16 readable bytes after it. */
  decodeJson(state: number): void;
  decodeCsv(state: number): void;
  /** Sum of the lengths of `rows` StringRefs. */
  textBytes(rows: number, refs: number): number;
  /** Copies `rows` strings one after another to `bytes`, and writes rows + 1 offsets. REQUIRES: 16 bytes after the last. */
  gatherText(rows: number, refs: number, offsets: number, bytes: number): void;
}

/** The bytes that a StringRef stands for. */
function textOf(heap: HeapViews, address: number, flagged: number): Uint8Array {
  const length = flagged & StringRef.lengthMask;
  if ((flagged & StringRef.csvQuotes) !== 0) {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) address += (bytes[i] = heap.u8[address]!) === 34 ? 2 : 1;
    return bytes;
  }
  if ((flagged & (StringRef.jsonEscapes | StringRef.base64)) === 0) return heap.u8.subarray(address, address + length);
  if ((flagged & StringRef.jsonEscapes) === 0) {
    const digits = Buffer.from(heap.u8.buffer, address, Math.ceil((length * 8) / 6));
    return Buffer.from(digits.toString('latin1'), 'base64');
  }
  let end = address;
  while (heap.u8[end] !== 34) end += heap.u8[end] === 92 ? 2 : 1;
  const text = JSON.parse(`"${Buffer.from(heap.u8.buffer, address, end - address).toString()}"`) as string;
  return Buffer.from(text, (flagged & StringRef.base64) === 0 ? 'utf8' : 'base64');
}

export const textTwins = (heap: HeapViews): TextKernels => ({
  countLines(address, bytes, skipEmpty) {
    let count = 0;
    for (let p = address; p < address + bytes; p++) if (heap.u8[p] === 10 && (skipEmpty === 0 || heap.u8[p - 1] !== 10)) count++;
    return count;
  },
  decodeJson: decodeJsonTwin(heap),
  decodeCsv: decodeCsvTwin(heap),
  textBytes(rows, refs) {
    let total = 0;
    for (let row = 0; row < rows; row++) total += heap.u32[(refs >>> 2) + row * 2 + 1]! & StringRef.lengthMask;
    return total;
  },
  gatherText(rows, refs, offsets, bytes) {
    let to = bytes;
    for (let row = 0; row < rows; row++) {
      heap.i32[(offsets >>> 2) + row] = to - bytes;
      const text = textOf(heap, heap.u32[(refs >>> 2) + row * 2]!, heap.u32[(refs >>> 2) + row * 2 + 1]!);
      heap.u8.set(text, to);
      to += text.length;
    }
    heap.i32[(offsets >>> 2) + rows] = to - bytes;
  },
});
