import { threadId } from 'node:worker_threads';
import type { Kernels } from '../../native-free-kernels/load.js';
import { MillraceError } from '../errors.js';
import type { Vector } from '../expression/vector.js';
import type { Allocator, Heap } from '../heap/heap.js';
import type { Field, Fields } from '../plan/types.js';
import { align, allocateBatch, getColumn, MAX_COLUMN_BYTES, NO_NEED, setColumn, setNulls, type ColumnNeed } from './heap-batch.js';
import { ColumnWord, DICTIONARY_WORDS, DictionaryWord } from './layout.js';
import { fixedBytes, storageOf, typeText } from './storage.js';

/**
 * Writes working vectors as a batch in the heap (any thread). Integers are cut to the column's width: range checks are the
 * expression's. A vector of codes becomes a dictionary column as it is, or its texts in a utf8 column; bytes in a dictionary column get
 * a dictionary of this batch alone, which lies in the batch's own block. REQUIRES: a vector's class fits its field.
 * Throws HEAP_FULL, BATCH_TOO_LARGE.
 */
export function materialise(heap: Heap, kernels: Kernels, allocator: Allocator, fields: Fields, vectors: readonly Vector[], rows: number): number {
  const interned = vectors.map((vector, column) => fields[column]!.type.kind === 'dictionary' && vector.cls === 'bytes');
  if (interned.includes(true)) return withInterned(heap, kernels, allocator, fields, vectors, rows, interned);
  const needs = fields.map((field, column) => needOf(heap, kernels, field, vectors[column]!, rows));
  const descriptor = allocateBatch(heap, allocator, fields, rows, needs);
  fields.forEach((field, column) => writeColumn(heap, kernels, descriptor, column, field, vectors[column]!, rows));
  return descriptor;
}

function needOf(heap: Heap, kernels: Kernels, field: Field, vector: Vector, rows: number): ColumnNeed {
  const nulls = vector.valid !== 0;
  if (storageOf(field.type) !== 'bytes') return nulls ? { nulls, bytes: 0 } : NO_NEED;
  if (vector.cls === 'bytes') return { nulls, bytes: kernels.sumLengths(rows, vector.data, vector.valid) };
  const entries = heap.u32[(vector.dictionary >>> 2) + DictionaryWord.offsets]!;
  return { nulls, bytes: kernels.sumCodeLengths(rows, vector.data, vector.valid, entries) };
}

function writeColumn(heap: Heap, kernels: Kernels, descriptor: number, column: number, field: Field, vector: Vector, rows: number): void {
  const values = getColumn(heap, descriptor, column, ColumnWord.values);
  switch (vector.cls) {
    case 'bool': kernels.packBits(rows, vector.data, values); break;
    case 'i64': case 'f64': writeNumbers(kernels, field, vector, rows, values); break;
    case 'bytes': kernels.gatherBytes(rows, vector.data, vector.valid, getColumn(heap, descriptor, column, ColumnWord.offsets), values); break;
    case 'code': writeCodes(heap, kernels, descriptor, column, field, vector, rows, values); break;
  }
  if (vector.valid === 0) return;
  const validity = getColumn(heap, descriptor, column, ColumnWord.validity);
  setNulls(heap, descriptor, column, rows - kernels.packBits(rows, vector.valid, validity));
}

function writeNumbers(kernels: Kernels, field: Field, vector: Vector, rows: number, values: number): void {
  const storage = storageOf(field.type);
  switch (storage) {
    case 'int8': case 'uint8': return kernels.narrow8(rows, vector.data, values);
    case 'int16': case 'uint16': return kernels.narrow16(rows, vector.data, values);
    case 'int32': case 'uint32': return kernels.narrow32(rows, vector.data, values);
    case 'float32': return kernels.narrowFloat(rows, vector.data, values);
    case 'int64': case 'uint64': case 'float64': return kernels.copyBytes(fixedBytes(storage, rows), vector.data, values);
    default: throw new TypeError(`a vector of ${vector.cls} cannot become a column of ${typeText(field.type)}`);
  }
}

function writeCodes(heap: Heap, kernels: Kernels, descriptor: number, column: number, field: Field, vector: Vector, rows: number, values: number): void {
  const word = vector.dictionary >>> 2;
  if (field.type.kind !== 'dictionary') {
    const entries = heap.u32[word + DictionaryWord.offsets]!;
    const offsets = getColumn(heap, descriptor, column, ColumnWord.offsets);
    return kernels.gatherCodes(rows, vector.data, vector.valid, entries, heap.u32[word + DictionaryWord.bytes]!, offsets, values);
  }
  if (field.type.index === 'int8') kernels.narrowCodes8(rows, vector.data, values);
  else if (field.type.index === 'int16') kernels.narrowCodes16(rows, vector.data, values);
  else kernels.copyBytes(rows * 4, vector.data, values);
  setColumn(heap, descriptor, column, ColumnWord.dictionary, vector.dictionary);
}

// The top bit sets these ids apart from those of DictionaryBuilder, the thread's number from other threads'; 2 M batches later an id comes
// again, when its batch is long gone.
let interns = 0;
const nextId = (): number => (0x8000_0000 | ((threadId & 0x3ff) << 21) | (interns++ & 0x1f_ffff)) >>> 0;

/** The rare case: interns the bytes columns first, into scratch blocks, then writes everything as codes. */
function withInterned(
  heap: Heap, kernels: Kernels, allocator: Allocator, fields: Fields, vectors: readonly Vector[], rows: number, interned: readonly boolean[],
): number {
  const blocks: number[] = [];
  try {
    const parts = vectors.map((vector, column) => interned[column] ? intern(heap, kernels, allocator, blocks, fields[column]!, vector, rows) : null);
    // Each dictionary travels as one more column of bytes at the end of the block, which the descriptor does not count.
    const asCodes = vectors.map((vector, column) => parts[column]?.codes ?? vector);
    const extra = parts.filter(part => part !== null);
    const hidden: Fields = [...fields, ...extra.map((): Field => ({ name: 'dictionary', type: { kind: 'binary' }, nullable: false }))];
    const needs = hidden.map((field, column) => column < fields.length
      ? needOf(heap, kernels, field, asCodes[column]!, rows)
      : { nulls: false, bytes: extra[column - fields.length]!.blockBytes });
    const descriptor = allocateBatch(heap, allocator, hidden, rows, needs);
    heap.u32[(descriptor >>> 2) + 1] = fields.length;
    let next = fields.length;
    fields.forEach((field, column) => {
      writeColumn(heap, kernels, descriptor, column, field, asCodes[column]!, rows);
      const part = parts[column];
      if (!part) return;
      const block = getColumn(heap, descriptor, next++, ColumnWord.values);
      part.write(block);
      setColumn(heap, descriptor, column, ColumnWord.dictionary, block);
    });
    return descriptor;
  } finally {
    for (const block of blocks) allocator.free(block);
  }
}

interface Interned {
  readonly codes: Vector;
  readonly blockBytes: number;
  write(block: number): void;
}

function intern(heap: Heap, kernels: Kernels, allocator: Allocator, blocks: number[], field: Field, vector: Vector, rows: number): Interned {
  const slots = 1 << (32 - Math.clz32(rows * 2 + 1));
  const take = (bytes: number): number => {
    const block = allocator.allocate(bytes + 64);
    blocks.push(block);
    return block;
  };
  const table = take(slots * 4);
  heap.u32.fill(0, table >>> 2, (table >>> 2) + slots);
  const entries = take(rows * 8);
  const codes = take(rows * 4);
  const count = kernels.internBytes(rows, vector.data, vector.valid, table, slots - 1, entries, codes);
  const index = field.type.kind === 'dictionary' ? field.type.index : 'int32';
  if (index !== 'int32' && count > (index === 'int8' ? 128 : 32_768)) {
    throw new MillraceError('TYPE_MISMATCH', `column '${field.name}' has ${count} different values in one batch, more than ${index} codes can tell apart: declare it with a wider index, or as utf8`);
  }
  const bytes = kernels.sumLengths(count, entries, 0);
  const offsetsAt = align(DICTIONARY_WORDS * 4);
  const bytesAt = offsetsAt + align((count + 1) * 4);
  if (bytesAt + bytes > MAX_COLUMN_BYTES) throw new MillraceError('BATCH_TOO_LARGE', `the texts of column '${field.name}' in one batch have ${bytes} bytes; make batches smaller`);
  return {
    codes: { cls: 'code', data: codes, valid: vector.valid, dictionary: 1 },
    blockBytes: bytesAt + bytes,
    write(block) {
      const word = block >>> 2;
      heap.u32[word + DictionaryWord.count] = count;
      heap.u32[word + DictionaryWord.offsets] = block + offsetsAt;
      heap.u32[word + DictionaryWord.bytes] = block + bytesAt;
      heap.u32[word + DictionaryWord.id] = nextId();
      // Where all rows are null, their code 0 is an empty text.
      heap.u32[((block + offsetsAt) >>> 2) + 1] = 0;
      kernels.gatherBytes(count, entries, 0, block + offsetsAt, block + bytesAt);
    },
  };
}
