import type { Kernels } from '../../native-free-kernels/load.js';
import type { Heap } from '../heap/heap.js';
import { HashedTable } from './hashed-table.js';
import { NEVER, type Region } from './region.js';
import { KEY_CELL_BYTES, QUEUE_ENTRY_BYTES, STORE_BYTES, StoreWord } from './session-layout.js';

const FIRST_ENTRIES = 16;

export interface SessionTimes {
  readonly gap: bigint;
  /** 0: any length. */
  readonly longest: bigint;
  readonly accept: bigint;
  /** How long after its end a session is given out. */
  readonly delay: bigint;
}

/** The store of one region, see `session-layout.ts`. Has no state of its own but addresses. REQUIRES: the caller holds the region. */
export class SessionStore {
  private constructor(
    private readonly heap: Heap,
    private readonly kernels: Kernels,
    private readonly region: Region,
    private readonly regionBits: number,
    readonly address: number,
  ) {}

  /** The store of a region, or null where it has none. */
  static of(heap: Heap, kernels: Kernels, region: Region, regionBits: number): SessionStore | null {
    return region.store ? new SessionStore(heap, kernels, region, regionBits, region.store) : null;
  }

  static create(heap: Heap, kernels: Kernels, region: Region, regionBits: number, stateBytes: number, times: SessionTimes): SessionStore {
    const address = region.blocks.allocate(STORE_BYTES);
    heap.u8.fill(0, address, address + STORE_BYTES);
    const store = new SessionStore(heap, kernels, region, regionBits, address);
    store.set(StoreWord.table, store.newTable().address);
    store.set(StoreWord.stateBytes, stateBytes);
    heap.i64.set([times.gap, times.longest, times.accept, times.delay], (address >>> 3) + StoreWord.gap / 2);
    store.least = NEVER;
    region.store = address;
    return store;
  }

  get table(): HashedTable {
    return new HashedTable(this.heap, this.kernels, this.region.blocks, this.get(StoreWord.table), this.regionBits);
  }
  get least(): bigint {
    return this.heap.i64[(this.address >>> 3) + StoreWord.least / 2]!;
  }
  set least(watermark: bigint) {
    this.heap.i64[(this.address >>> 3) + StoreWord.least / 2] = watermark;
  }
  /** Whether no node is left: all have been given out, and taken off. */
  get isEmpty(): boolean {
    return this.get(StoreWord.queueCount) === 0 && this.get(StoreWord.changed) === 0;
  }

  newTable(): HashedTable {
    return HashedTable.create(this.heap, this.kernels, this.region.blocks, this.regionBits, KEY_CELL_BYTES);
  }
  /** Puts a table in the place of the one there is, which is freed. Nothing is queued then. */
  replaceTable(table: HashedTable): void {
    this.table.free();
    this.freeQueue();
    this.set(StoreWord.table, table.address);
    this.set(StoreWord.deadCount, 0);
  }

  /** Makes room in the queue for all that have changed. */
  reserveQueue(): void {
    const [count, capacity] = [this.get(StoreWord.queueCount), this.get(StoreWord.queueCapacity)];
    const need = count + this.get(StoreWord.changedCount);
    if (need <= capacity) return;
    const larger = Math.max(FIRST_ENTRIES, 1 << (32 - Math.clz32(need - 1)));
    const queue = this.region.blocks.allocate(larger * QUEUE_ENTRY_BYTES);
    const old = this.get(StoreWord.queue);
    this.heap.u8.copyWithin(queue, old, old + count * QUEUE_ENTRY_BYTES);
    this.freeQueue();
    this.heap.u32.set([queue, count, larger], (this.address >>> 2) + StoreWord.queue);
  }

  free(): void {
    this.table.free();
    this.freeQueue();
    this.region.blocks.free(this.address, STORE_BYTES);
    this.region.store = 0;
  }

  get(word: StoreWord): number {
    return this.heap.u32[(this.address >>> 2) + word]!;
  }
  set(word: StoreWord, value: number): void {
    this.heap.u32[(this.address >>> 2) + word] = value;
  }

  private freeQueue(): void {
    const capacity = this.get(StoreWord.queueCapacity);
    if (capacity) this.region.blocks.free(this.get(StoreWord.queue), capacity * QUEUE_ENTRY_BYTES);
    this.heap.u32.fill(0, (this.address >>> 2) + StoreWord.queue, (this.address >>> 2) + StoreWord.changed);
  }
}
