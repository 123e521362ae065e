import { DICTIONARY_WORDS, DictionaryWord } from '../batch/layout.js';
import type { Allocator, Heap } from '../heap/heap.js';

/**
 * A dictionary block that this stage makes and lets grow: a code, once given, keeps its meaning, and the block stays at its address,
 * which is also its id (other dictionaries' ids are small numbers or other blocks' addresses).
 */
export class TextDictionary {
  readonly block: number;
  readonly #codes = new Map<string, number>();
  #offsets = 0;
  #offsetCapacity = 0;
  #bytes = 0;
  #byteCapacity = 0;
  #used = 0;

  constructor(readonly heap: Heap, readonly allocator: Allocator) {
    this.block = allocator.allocate(DICTIONARY_WORDS * 4);
    this.#reserve(16, 256);
    heap.u32[(this.block >>> 2) + DictionaryWord.count] = 0;
    heap.u32[(this.block >>> 2) + DictionaryWord.id] = this.block;
    heap.i32[this.#offsets >>> 2] = 0;
  }

  /** The code of a byte string of the heap. */
  intern(address: number, length: number): number {
    // latin1 keeps every byte apart, valid UTF-8 or not
    const identity = Buffer.from(this.heap.memory.buffer, address, length).toString('latin1');
    const known = this.#codes.get(identity);
    if (known !== undefined) return known;
    const code = this.#codes.size;
    this.#reserve(code + 2, this.#used + length);
    this.heap.u8.copyWithin(this.#bytes + this.#used, address, address + length);
    this.#used += length;
    this.heap.i32[(this.#offsets >>> 2) + code + 1] = this.#used;
    this.#codes.set(identity, code);
    this.heap.u32[(this.block >>> 2) + DictionaryWord.count] = code + 1;
    return code;
  }

  #reserve(offsets: number, bytes: number): void {
    if (offsets > this.#offsetCapacity) {
      this.#offsetCapacity = offsets * 2;
      this.#offsets = this.#moved(this.#offsets, (this.#codes.size + 1) * 4, this.#offsetCapacity * 4);
      this.heap.u32[(this.block >>> 2) + DictionaryWord.offsets] = this.#offsets;
    }
    if (bytes > this.#byteCapacity) {
      this.#byteCapacity = bytes * 2;
      this.#bytes = this.#moved(this.#bytes, this.#used, this.#byteCapacity);
      this.heap.u32[(this.block >>> 2) + DictionaryWord.bytes] = this.#bytes;
    }
  }
  #moved(from: number, used: number, bytes: number): number {
    const to = this.allocator.allocate(bytes + 64);
    if (from !== 0) {
      this.heap.u8.copyWithin(to, from, from + used);
      this.allocator.free(from);
    }
    return to;
  }

  free(): void {
    for (const address of [this.block, this.#offsets, this.#bytes]) this.allocator.free(address);
  }
}
