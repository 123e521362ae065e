import type { Allocator, Scratch } from '../heap/heap.js';

const PAGE_BYTES = 16_384;
/** What kernels may read or write past the end of a vector. */
const SLACK_BYTES = 64;

/**
 * Heap memory of one stage for as long as the stage lives: literals, results per dictionary code. `reset` starts
 * again in the same pages, which makes an arena the scratch of work outside a chunk's own.
 */
export class Arena implements Scratch {
  readonly #pages: { address: number; bytes: number }[] = [];
  #page = -1;
  #used = 0;

  constructor(readonly allocator: Allocator) {}

  take(bytes: number): number {
    const wanted = (bytes + SLACK_BYTES + 15) & ~15;
    while (this.#page < 0 || this.#used + wanted > this.#pages[this.#page]!.bytes) {
      this.#page++;
      this.#used = 0;
      if (this.#page === this.#pages.length) {
        const size = Math.max(wanted, PAGE_BYTES);
        this.#pages.push({ address: this.allocator.allocate(size), bytes: size });
      }
    }
    const address = this.#pages[this.#page]!.address + this.#used;
    this.#used += wanted;
    return address;
  }

  reset(): void {
    this.#page = -1;
    this.#used = 0;
  }

  free(): void {
    for (const page of this.#pages) this.allocator.free(page.address);
    this.#pages.length = 0;
    this.reset();
  }
}
