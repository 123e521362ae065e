import type { Data, Vector } from 'apache-arrow';
import type { DataType } from '../plan/types.js';
import { MillraceError } from '../errors.js';
import { arrow, isBinaryType, isTextType } from './arrow.js';
import { Validity, type ColumnImport, type ColumnTarget } from './arrow-column.js';
import { MAX_COLUMN_BYTES } from './heap-batch.js';

const EMPTY = new Uint8Array(0);

/** utf8 and binary from any Arrow layout of strings or bytes, dictionaries of strings included; null for other types. */
export function importBytes(from: arrow.DataType, type: DataType): ColumnImport | null {
  const isText = type.kind === 'utf8';
  if (!isText && type.kind !== 'binary') return null;
  if (isText && arrow.DataType.isDictionary(from) && isTextType(from.dictionary)) return textsOfCodes();
  if (!(isText ? isTextType(from) : isBinaryType(from))) return null;
  if (arrow.DataType.isUtf8(from) || arrow.DataType.isBinary(from)) return plain;
  return spans(spanOf(from));
}

/** By column how many rows `soundRows` found as room was made: they are copied in the same step, so that nothing can have changed. */
const found = new WeakMap<Data, number>();

/** 32-bit offsets. In a slice they are cut out but keep their values; the bytes are whole. */
const plain: ColumnImport = {
  bytes(data, rows) {
    const offsets = data.valueOffsets as Int32Array;
    const given = soundRows(data, rows);
    found.set(data, given);
    return given === 0 ? 0 : offsets[given]! - offsets[0]!;
  },
  copy(data, rows, { heap, values, offsets: target }) {
    const offsets = data.valueOffsets as Int32Array;
    const given = found.get(data)!;
    const first = given === 0 ? 0 : offsets[0]!;
    const at = target >>> 2;
    heap.i32[at] = 0;
    if (first === 0) heap.i32.set(offsets.subarray(1, given + 1), at + 1);
    else for (let row = 1; row <= given; row++) heap.i32[at + row] = offsets[row]! - first;
    const end = heap.i32[at + given]!;
    heap.i32.fill(end, at + given, at + rows + 1);
    heap.u8.set((data.values as Uint8Array).subarray(first, first + end), values);
  },
};

/**
 * How many rows have offsets that ascend and stay within the bytes. Kernels trust offsets, so ones that do not must not get by. Rows
 * behind (Arrow lengthens short columns by nulls, without offsets) must be null.
 */
function soundRows(data: Data, rows: number): number {
  const offsets = data.valueOffsets as Int32Array;
  const most = Math.min(rows, offsets.length - 1);
  const bytes = (data.values as Uint8Array | undefined)?.length ?? 0;
  let sound = 0;
  for (let last = offsets[0]!; sound < most && last >= 0; sound++) {
    const next = offsets[sound + 1]!;
    if (next < last || next > bytes) break;
    last = next;
  }
  const validity = sound < rows ? new Validity(data) : null;
  for (let row = sound; row < rows; row++) {
    if (validity!.isValid(row)) throw new MillraceError('BAD_FILE', 'the offsets of an Arrow string column do not ascend, or lie outside of its bytes');
  }
  return sound;
}

/** Finds the bytes of one valid row; may return a different array for each. */
type Span = (data: Data) => (row: number) => Uint8Array;

const spans = (span: Span): ColumnImport => ({
  bytes(data, rows) {
    const at = span(data);
    const validity = new Validity(data);
    let sum = 0;
    for (let row = 0; row < rows; row++) if (validity.isValid(row)) sum += at(row).length;
    if (sum > MAX_COLUMN_BYTES) throw new MillraceError('BATCH_TOO_LARGE', `an Arrow string column of one batch has ${sum} bytes; make batches smaller`);
    return sum;
  },
  addsNulls: data => data.dictionary !== undefined && data.dictionary.nullCount > 0,
  copy(data, rows, { heap, values, offsets, makeNull }) {
    const at = span(data);
    const validity = new Validity(data);
    const entries = data.dictionary;
    let end = 0;
    heap.i32[offsets >>> 2] = 0;
    for (let row = 0; row < rows; row++) {
      if (validity.isValid(row)) {
        const bytes = at(row);
        heap.u8.set(bytes, values + end);
        end += bytes.length;
        if (entries !== undefined && entries.nullCount > 0 && entries.get(Number(data.values[row])) === null) makeNull(row);
      }
      heap.i32[(offsets >>> 2) + row + 1] = end;
    }
  },
});

function spanOf(type: arrow.DataType): Span {
  if (arrow.DataType.isFixedSizeBinary(type)) {
    const width = type.byteWidth;
    return data => row => (data.values as Uint8Array).subarray(row * width, (row + 1) * width);
  }
  if (arrow.DataType.isUtf8View(type) || arrow.DataType.isBinaryView(type)) return viewSpan;
  if (arrow.DataType.isUtf8(type) || arrow.DataType.isBinary(type)) return offsetSpan;
  return data => {
    const offsets = data.valueOffsets as BigInt64Array;
    return row => row + 1 < offsets.length ? (data.values as Uint8Array).subarray(Number(offsets[row]), Number(offsets[row + 1])) : EMPTY;
  };
}

const offsetSpan: Span = data => row => (data.values as Uint8Array).subarray(data.valueOffsets[row], data.valueOffsets[row + 1]);

/** A view is 16 bytes: its length, then up to 12 bytes of data, or 4 of prefix, the number of a buffer, and the place in it. */
const viewSpan: Span = data => {
  const views = data.values as Uint8Array;
  const words = new DataView(views.buffer, views.byteOffset, views.byteLength);
  return row => {
    const at = row * 16;
    const length = words.getInt32(at, true);
    if (length <= 12) return views.subarray(at + 4, at + 4 + length);
    const start = words.getInt32(at + 12, true);
    return data.variadicBuffers[words.getInt32(at + 8, true)]!.subarray(start, start + length);
  };
};

/** Texts of codes. The entries of a dictionary are encoded once, for all batches that have it. */
function textsOfCodes(): ColumnImport {
  const known = new WeakMap<Vector, Uint8Array[]>();
  const entriesOf = ({ dictionary }: Data): Uint8Array[] => {
    let entries = known.get(dictionary!);
    // A dictionary that grows is the same vector.
    if (entries?.length !== dictionary!.length) {
      const encoder = new TextEncoder();
      entries = Array.from({ length: dictionary!.length }, (_, code) => encoder.encode((dictionary!.get(code) as string | null) ?? ''));
      known.set(dictionary!, entries);
    }
    return entries;
  };
  const oneByOne = spans(data => {
    const entries = entriesOf(data);
    return row => entries[Number(data.values[row])] ?? EMPTY;
  });
  const isWhole = (data: Data, rows: number): boolean => rows <= data.values.length && new Validity(data).bits === null && data.dictionary!.nullCount === 0;
  return {
    ...oneByOne,
    copy(data, rows, target) {
      const entries = entriesOf(data);
      if (rows < entries.length || !isWhole(data, rows) || !copyTexts(data, rows, entries, target)) oneByOne.copy(data, rows, target);
    },
  };
}

/** Copies the texts of all codes, from the dictionary's entries side by side in the heap. Returns whether it could: no code is beyond the entries. REQUIRES: no nulls. */
function copyTexts(data: Data, rows: number, entries: readonly Uint8Array[], { heap, kernels, allocator, values, offsets }: ColumnTarget): boolean {
  const bytes = entries.reduce((sum, { length }) => sum + length, 0);
  const codes = allocator.allocate((rows + entries.length + 1) * 4 + bytes + 64);
  const starts = codes + rows * 4;
  const texts = starts + (entries.length + 1) * 4;
  let end = 0;
  entries.forEach((entry, code) => {
    heap.u8.set(entry, texts + end);
    heap.u32[(starts >>> 2) + code] = end;
    end += entry.length;
  });
  heap.u32[(starts >>> 2) + entries.length] = end;
  let greatest = -1;
  for (let row = 0; row < rows; row++) {
    // A negative code is a great one.
    const code = Number(data.values[row]) >>> 0;
    if (code > greatest) greatest = code;
    heap.u32[(codes >>> 2) + row] = code;
  }
  const isSound = greatest < entries.length;
  if (isSound) kernels.gatherCodes(rows, codes, 0, starts, texts, offsets, values);
  allocator.free(codes);
  return isSound;
}
