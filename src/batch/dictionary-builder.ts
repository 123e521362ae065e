import { MillraceError } from '../errors.js';
import type { Allocator, Heap } from '../heap/heap.js';
import { DICTIONARY_WORDS, DictionaryWord } from './layout.js';
import { align } from './heap-batch.js';
import { encode } from './text-codec.js';

export type IndexKind = 'int8' | 'int16' | 'int32';
const CAPACITY: Readonly<Record<IndexKind, number>> = { int8: 1 << 7, int16: 1 << 15, int32: 0x7fff_ffff };

// Ids given here have the top bit clear; dictionaries that a worker makes for one batch have it set (see materialise.ts).
let nextId = 1;

/**
 * The growing dictionary of one source column: gives each text a code, for good, and keeps a copy in the heap for workers. One thread
 * (the coordinator) owns it. Blocks that `block()` gave stay valid until `close()`: entries are only added behind those a block had,
 * its count last, and a full block is followed by one of twice the room.
 */
export class DictionaryBuilder {
  readonly id: number = nextId++;
  private readonly codes = new Map<string, number>();
  private pending: Uint8Array[] = [];
  private readonly blocks: number[] = [];
  private capacityCodes = 0;
  private capacityBytes = 0;
  private usedBytes = 0;
  private writtenCodes = 0;
  private assigned = 0;

  constructor(private readonly heap: Heap, private readonly allocator: Allocator, readonly index: IndexKind, private readonly column = '') {}

  get size(): number {
    return this.assigned;
  }

  /** The code of a text, a new one if it was never seen. Throws TYPE_MISMATCH when the index type has no more codes. */
  code(text: string): number {
    return this.codes.get(text) ?? this.add(text);
  }

  private add(text: string): number {
    // Lone surrogates become U+FFFD in UTF-8; no two codes may have equal bytes.
    const proper = (text as string & { toWellFormed(): string }).toWellFormed();
    let code = proper === text ? undefined : this.codes.get(proper);
    if (code === undefined) {
      code = this.assigned;
      if (code >= CAPACITY[this.index]) {
        throw new MillraceError('TYPE_MISMATCH', `the dictionary${this.column && ` of column '${this.column}'`} has more than ${CAPACITY[this.index]} values, all that ${this.index} codes can tell apart: declare it with a wider index, or as utf8`);
      }
      this.pending.push(encode(proper));
      this.assigned++;
      this.codes.set(proper, code);
    }
    if (proper !== text) this.codes.set(text, code);
    return code;
  }

  addAll(texts: Iterable<string>): this {
    for (const text of texts) this.code(text);
    return this;
  }

  /** Address of a dictionary block that has every code given so far. Throws HEAP_FULL. */
  block(): number {
    const bytes = this.pending.reduce((sum, text) => sum + text.length, 0);
    const full = this.writtenCodes + this.pending.length > this.capacityCodes || this.usedBytes + bytes > this.capacityBytes;
    if (full || this.blocks.length === 0) this.grow(bytes);
    const block = this.blocks[this.blocks.length - 1]!;
    if (this.pending.length > 0) this.append(block);
    return block;
  }

  private append(block: number): void {
    const { heap } = this;
    const word = block >>> 2;
    const offsets = heap.u32[word + DictionaryWord.offsets]! >>> 2;
    const bytes = heap.u32[word + DictionaryWord.bytes]!;
    for (const text of this.pending) {
      heap.u8.set(text, bytes + this.usedBytes);
      this.usedBytes += text.length;
      heap.i32[offsets + ++this.writtenCodes] = this.usedBytes;
    }
    this.pending = [];
    // Behind the entries: a thread that reads this block now, for an older batch, sees an older or the new count, both true.
    Atomics.store(heap.u32, word + DictionaryWord.count, this.writtenCodes);
  }

  private grow(moreBytes: number): void {
    const { heap } = this;
    const codes = Math.max(64, this.capacityCodes * 2, this.writtenCodes + this.pending.length);
    const bytes = Math.max(1024, this.capacityBytes * 2, this.usedBytes + moreBytes);
    if (bytes > 0x7fff_ffff) throw new MillraceError('BATCH_TOO_LARGE', `the dictionary of column '${this.column}' has more than 2 GiB of text: declare it as utf8`);
    const offsetsAt = align(DICTIONARY_WORDS * 4);
    const bytesAt = offsetsAt + align((codes + 1) * 4);
    const block = this.allocator.allocate(bytesAt + align(bytes) + 64);
    const word = block >>> 2;
    heap.u32[word + DictionaryWord.count] = this.writtenCodes;
    heap.u32[word + DictionaryWord.offsets] = block + offsetsAt;
    heap.u32[word + DictionaryWord.bytes] = block + bytesAt;
    heap.u32[word + DictionaryWord.id] = this.id;
    // The second, too: null rows have code 0, which must be a text, if an empty one, before there is any.
    heap.i32.fill(0, (block + offsetsAt) >>> 2, ((block + offsetsAt) >>> 2) + 2);
    const old = this.blocks[this.blocks.length - 1];
    if (old !== undefined) {
      const oldOffsets = heap.u32[(old >>> 2) + DictionaryWord.offsets]!;
      const oldBytes = heap.u32[(old >>> 2) + DictionaryWord.bytes]!;
      heap.u8.copyWithin(block + offsetsAt, oldOffsets, oldOffsets + (this.writtenCodes + 1) * 4);
      heap.u8.copyWithin(block + bytesAt, oldBytes, oldBytes + this.usedBytes);
    }
    this.blocks.push(block);
    this.capacityCodes = codes;
    this.capacityBytes = bytes;
  }

  /** Frees every block. No batch that uses the dictionary may be read afterwards. */
  close(): void {
    for (const block of this.blocks.splice(0)) this.allocator.free(block);
    this.capacityCodes = this.capacityBytes = 0;
  }
}
