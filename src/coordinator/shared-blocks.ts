import type { PageAllocator } from '../heap/page-allocator.js';

/** Blocks of the heap that several use: freed when the last is done. */
export class SharedBlocks {
  /** Of those with more than one user left. */
  private readonly users = new Map<number, number>();

  constructor(private readonly pages: PageAllocator) {}

  /** REQUIRES: the block has no users yet. */
  share(address: number, users: number): void {
    if (users > 1) this.users.set(address, users);
  }
  /** One user is done with it. Returns whether it was the last. */
  release(address: number): boolean {
    const users = this.users.get(address);
    if (users === undefined) {
      this.pages.free(address);
      return true;
    }
    if (users === 2) this.users.delete(address);
    else this.users.set(address, users - 1);
    return false;
  }
}
