import { JoinLog } from '../join/join-log.js';
import { LogIndex } from '../join/log-index.js';
import { FIRST_TIME, NO_DUE } from '../join/log-layout.js';
import { LOG_LIMITS, type LogLimits, type LogTools } from '../join/log-tools.js';
import type { Heap } from '../heap/heap.js';
import type { Region } from '../state/region.js';

/**
 * What rows were let through: a region has one store, whose header (SEEN_BYTES) the kernels in native-free-kernels/wasm/seen.ts know: a log as
 * joins have them (`join/log-layout.ts`), with an entry for each row that was let through, of which the key is all that is kept, and behind it
 *
 *   late      how many rows a kernel has found to be late
 *   dropped   how many rows a kernel has found to be there already
 *   newest    the greatest time of any entry
 *   within    of the plan
 */
const enum SeenWord { late = 16, dropped, newest, within = 20 }
const SEEN_BYTES = 96;
/** Blocks are smaller than those of joins: an entry is, too, and each region has one that is not full. */
const LIMITS: LogLimits = { ...LOG_LIMITS, shift: 11 };

/** Has no state of its own but addresses. REQUIRES: the caller holds the region. */
export class SeenStore {
  readonly log: JoinLog;
  private readonly index: LogIndex;

  private constructor(
    private readonly heap: Heap,
    private readonly region: Region,
    tools: LogTools,
    readonly address: number,
  ) {
    this.index = new LogIndex(tools, region.blocks, [address], true);
    this.log = new JoinLog(tools, region.blocks, address, this.index);
  }

  static toolsOf({ heap, kernels, scratch }: Omit<LogTools, 'limits'>): LogTools {
    return { heap, kernels, scratch, limits: LIMITS };
  }

  /** The store of a region, or null where it has none. */
  static of(tools: LogTools, region: Region): SeenStore | null {
    return region.store ? new SeenStore(tools.heap, region, tools, region.store) : null;
  }

  static create(tools: LogTools, region: Region, within: bigint): SeenStore {
    const { heap } = tools;
    const address = region.blocks.allocate(SEEN_BYTES);
    heap.u8.fill(0, address, address + SEEN_BYTES);
    const store = new SeenStore(heap, region, tools, address);
    store.log.format();
    heap.i64[(address >>> 3) + SeenWord.newest / 2] = FIRST_TIME;
    heap.i64[(address >>> 3) + SeenWord.within / 2] = within;
    region.store = address;
    return store;
  }

  get late(): number {
    return this.heap.u32[(this.address >>> 2) + SeenWord.late]!;
  }
  get dropped(): number {
    return this.heap.u32[(this.address >>> 2) + SeenWord.dropped]!;
  }
  clearCounts(): void {
    this.heap.u32.fill(0, (this.address >>> 2) + SeenWord.late, (this.address >>> 2) + SeenWord.dropped + 1);
  }

  /** The first watermark at which no row can be told from the rows that were let through so far. */
  get due(): bigint {
    const { heap: { i64 }, address } = this;
    const due = i64[(address >>> 3) + SeenWord.newest / 2]! + 2n * i64[(address >>> 3) + SeenWord.within / 2]! + 1n;
    return due < NO_DUE ? due : NO_DUE;
  }

  free(): void {
    this.log.free();
    this.index.free();
    this.region.blocks.free(this.address, SEEN_BYTES);
    this.region.store = 0;
  }
}
