import { LOG_BYTES, LogWord } from './log-layout.js';
import type { LogMemory, LogTools } from './log-tools.js';

/** So many buckets for each row of the log that has most: a probe reads every row of its chain down to the match, and each may be far away. */
const BUCKETS_PER_ROW = 1;
/** So many times as many buckets where they become too few: then all entries are linked anew, far apart from one another. */
const GROWTH = 4;
const HEAD_BYTES = 4;

/** What an index wants of a log. */
interface Indexed {
  readonly rows: number;
  relink(): void;
}

/**
 * The buckets by which entries of some logs are looked up, see `log-layout.ts`. Logs that are looked up by the same keys share them, so that a row costs
 * one cache miss where it is put into one log and sought in the others. Has no state of its own but addresses. REQUIRES: the caller holds the region.
 */
export class LogIndex {
  private readonly logs: Indexed[] = [];

  /** `addresses`: of the logs. `isSought`: whether their entries are looked up at all. */
  constructor(
    private readonly tools: LogTools,
    private readonly memory: LogMemory,
    private readonly addresses: readonly number[],
    private readonly isSought: boolean,
  ) {}

  add(log: Indexed): void {
    this.logs.push(log);
  }

  /** Has buckets for a log with so many rows. */
  reserve(rows: number): void {
    const wanted = this.isSought ? rows * BUCKETS_PER_ROW : 0;
    if (wanted <= this.buckets && this.buckets > 0) return;
    this.rebuild(Math.max(this.least, powerOf2(wanted), this.isSought ? this.buckets * GROWTH : 0));
  }
  /** Has fewer buckets if there are many more than rows. */
  shrink(): void {
    if (this.buckets <= this.least) return;
    const rows = Math.max(...this.logs.map(log => log.rows)) * BUCKETS_PER_ROW;
    if (rows * 8 < this.buckets) this.rebuild(Math.max(this.least, powerOf2(rows * 2)));
  }
  free(): void {
    if (this.buckets > 0) this.memory.free(this.first, this.buckets << this.shift);
    for (const address of this.addresses) this.tools.heap.u32[(address >>> 2) + LogWord.heads] = 0;
  }

  private rebuild(buckets: number): void {
    const { heap: { u32 } } = this.tools;
    const { addresses, shift } = this;
    const first = this.memory.allocate(buckets << shift);
    this.free();
    addresses.forEach((address, log) => {
      u32[(address >>> 2) + LogWord.heads] = first + log * HEAD_BYTES;
      u32[(address >>> 2) + LogWord.mask] = buckets - 1;
      u32[(address >>> 2) + LogWord.bucket] = bucketWord(shift, addresses.length * HEAD_BYTES + log - log * HEAD_BYTES);
    });
    for (const log of this.logs) log.relink();
  }

  private get first(): number {
    return this.tools.heap.u32[(this.addresses[0]! >>> 2) + LogWord.heads]!;
  }
  private get buckets(): number {
    return this.first === 0 ? 0 : this.tools.heap.u32[(this.addresses[0]! >>> 2) + LogWord.mask]! + 1;
  }
  private get least(): number {
    return this.isSought ? this.tools.limits.leastBuckets : 1;
  }
  /** A bucket has a head and a byte of each log, and lies in one cache line. */
  private get shift(): number {
    return Math.log2(powerOf2(this.addresses.length * (HEAD_BYTES + 1)));
  }
}

/** `filter`: how far behind its head a chain has its filter. */
export const bucketWord = (shift: number, filter: number): number => shift | (filter << 8);

/** The indexes of some logs that lie side by side, for each log its own: all that are sought have one in common. */
export function indexesOf(tools: LogTools, memory: LogMemory, first: number, isSought: readonly boolean[]): LogIndex[] {
  const addresses = isSought.map((_, log) => first + log * LOG_BYTES);
  const common = new LogIndex(tools, memory, addresses.filter((_, log) => isSought[log]), true);
  return isSought.map((sought, log) => (sought ? common : new LogIndex(tools, memory, [addresses[log]!], false)));
}

const powerOf2 = (least: number): number => (least <= 1 ? 1 : 2 ** (32 - Math.clz32(least - 1)));
