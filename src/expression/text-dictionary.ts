import { threadId } from 'node:worker_threads';
import { DICTIONARY_WORDS, DictionaryWord } from '../batch/layout.js';
import type { Allocator, Heap } from '../heap/heap.js';

let made = 0;
/** Ids of sources are small, those of `batch/materialise.ts` have the top bit set; these have the one below. */
const nextId = (): number => 0x4000_0000 | ((threadId & 0x1ff) << 21) | (made++ & 0x1f_ffff);

/**
 * A dictionary that a stage makes and lets grow. A code, once given, keeps its meaning. Blocks stay as they are until `free`, since
 * result batches name them: entries are only added behind those a block has, its count last, and a full block is followed by one of
 * twice the room.
 */
export class TextDictionary {
  readonly #id = nextId();
  readonly #codes = new Map<string, number>();
  readonly #taken: number[] = [];
  #block = 0;
  #offsets = 0;
  #bytes = 0;
  #codeCapacity = 8;
  #byteCapacity = 128;
  #usedBytes = 0;

  constructor(readonly heap: Heap, readonly allocator: Allocator) {
    this.#grow();
  }

  /** The block with all codes given so far. */
  get block(): number { return this.#block; }
  get size(): number { return this.#codes.size; }

  /** The code of a byte string of the heap. */
  intern(address: number, length: number): number {
    // latin1 keeps every byte apart, valid UTF-8 or not
    const identity = Buffer.from(this.heap.memory.buffer, address, length).toString('latin1');
    const known = this.#codes.get(identity);
    if (known !== undefined) return known;
    const code = this.#codes.size;
    if (code === this.#codeCapacity || this.#usedBytes + length > this.#byteCapacity) {
      this.#codeCapacity *= 2;
      this.#byteCapacity = Math.max(this.#byteCapacity * 2, this.#usedBytes + length);
      this.#grow();
    }
    this.heap.u8.copyWithin(this.#bytes + this.#usedBytes, address, address + length);
    this.#usedBytes += length;
    this.heap.i32[(this.#offsets >>> 2) + code + 1] = this.#usedBytes;
    this.#codes.set(identity, code);
    this.heap.u32[(this.#block >>> 2) + DictionaryWord.count] = code + 1;
    return code;
  }

  /** A new block of the present capacity with the entries of the last. */
  #grow(): void {
    const { u8, u32, i32 } = this.heap;
    const count = this.#codes.size;
    const [block, offsets, bytes] = [DICTIONARY_WORDS * 4, (this.#codeCapacity + 1) * 4, this.#byteCapacity].map(size => this.#take(size)) as [number, number, number];
    // Code 0, which null rows have, is an empty text before there is any.
    if (this.#block === 0) i32.fill(0, offsets >>> 2, (offsets >>> 2) + 2);
    else {
      u8.copyWithin(offsets, this.#offsets, this.#offsets + (count + 1) * 4);
      u8.copyWithin(bytes, this.#bytes, this.#bytes + this.#usedBytes);
    }
    const word = block >>> 2;
    u32[word + DictionaryWord.count] = count;
    u32[word + DictionaryWord.offsets] = offsets;
    u32[word + DictionaryWord.bytes] = bytes;
    u32[word + DictionaryWord.id] = this.#id;
    this.#block = block;
    this.#offsets = offsets;
    this.#bytes = bytes;
  }
  #take(bytes: number): number {
    const address = this.allocator.allocate(bytes + 64);
    this.#taken.push(address);
    return address;
  }

  /** REQUIRES: no batch names a block any more. */
  free(): void {
    for (const address of this.#taken) this.allocator.free(address);
    this.#taken.length = 0;
  }
}
