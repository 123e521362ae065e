import type { Heap } from '../heap/heap.js';

/** No event time, no watermark: before all times. */
export const NO_TIME: bigint = -(2n ** 63n);
export const END_OF_TIME: bigint = 2n ** 63n - 1n;
/** Most lanes of a job: the partitions of all its sources. */
export const MAX_LANES = 4096;

/** i64 words of the block: the job's watermark, how many branches have not ended, four u32 words of the chain, then per branch and lane. */
const enum Head { watermark, openBranches, chain, branches = 8 }

/** Which lanes there are: lane `first[branch] + partition`. */
export interface LaneMap {
  readonly first: readonly number[];
  readonly count: number;
  /** For each branch the others that read the same source. */
  readonly twins: readonly (readonly number[])[];
}
/** `partitions[branch]`: the most partitions it may have; `sources[branch]`: what it reads, where several read the same. */
export function laneMap(partitions: readonly number[], sources: readonly unknown[] = partitions.map((_, branch) => branch)): LaneMap {
  let count = 0;
  const first = partitions.map(most => {
    const start = count;
    count += most;
    return start;
  });
  return { first, count, twins: sources.map((source, branch) => sources.flatMap((other, twin) => (twin !== branch && other === source ? [twin] : []))) };
}

/**
 * Where the watermarks of a job stand, in a block of the heap that is written under the lock of its chain. Each partition of a source has
 * a *lane*: its own watermark, which only rises, and whether it takes part. A lane does not before its first row (but for those declared
 * at the start), while it is idle, and once it has ended. The watermark of the job is the least of the lanes that take part, never less
 * than it was; it stays where none does, and is the end of time once all branches have ended.
 *
 * The least is kept in a tree over the lanes, so that a job of thousands of partitions pays a dozen steps a morsel.
 */
export class Lanes {
  private readonly at: number;
  private readonly branches: number;
  private readonly capacity: number;
  private readonly levels: readonly number[];

  constructor(
    private readonly heap: Heap,
    address: number,
    private readonly map: LaneMap,
  ) {
    this.at = address >>> 3;
    this.branches = map.first.length;
    this.capacity = 2 ** Math.ceil(Math.log2(map.count));
    const levels: number[] = [];
    for (let start = this.at + Head.branches + this.branches + 2 * this.capacity, width = this.capacity; width >= 1; start += width, width /= 2) levels.push(start);
    this.levels = levels;
  }

  static bytes({ first, count }: LaneMap): number {
    return (Head.branches + first.length + 4 * 2 ** Math.ceil(Math.log2(count))) * 8;
  }

  /** The first lane of each branch takes part from the start: a source without rows holds the watermark. REQUIRES: no worker runs. */
  reset(): void {
    const { i64 } = this.heap;
    i64.fill(0n, this.at, this.at + Head.branches + this.branches);
    i64.fill(NO_TIME, this.lane(0), this.lane(this.capacity));
    i64.fill(0n, this.lane(this.capacity), this.levels[0]);
    i64.fill(END_OF_TIME, this.levels[0], this.levels[0]! + 2 * this.capacity);
    i64[this.at + Head.watermark] = NO_TIME;
    i64[this.at + Head.openBranches] = BigInt(this.branches);
    for (const lane of this.map.first) this.enter(lane);
  }

  /** Index (u32) of the first of four words for the chain. */
  get chainWords(): number {
    return (this.at + Head.chain) * 2;
  }
  get watermark(): bigint {
    return this.heap.i64[this.at + Head.watermark]!;
  }
  /** Of the rows that a branch has read so far. */
  rowsOf(branch: number): bigint {
    return this.heap.i64[this.at + Head.branches + branch]!;
  }
  addRows(branch: number, rows: bigint): void {
    this.heap.i64[this.at + Head.branches + branch]! += rows;
  }
  watermarkOf(lane: number): bigint {
    return this.heap.i64[this.lane(lane)]!;
  }
  takesPart(lane: number): boolean {
    return this.heap.i64[this.lane(this.capacity + lane)] !== 0n;
  }

  /** The lanes of a branch. */
  ofBranch(branch: number): number[] {
    const first = this.map.first[branch]!;
    const end = this.map.first[branch + 1] ?? this.map.count;
    return Array.from({ length: end - first }, (_, partition) => first + partition);
  }
  /** The least watermark of the lanes of a branch that take part, or null where none does. */
  leastOfBranch(branch: number): bigint | null {
    const own = this.ofBranch(branch).filter(lane => this.takesPart(lane)).map(lane => this.watermarkOf(lane));
    return own.length === 0 ? null : own.reduce((least, watermark) => (watermark < least ? watermark : least));
  }

  /** A lane takes part, from where it stood; `statement` raises its watermark. */
  enter(lane: number, statement: bigint = NO_TIME): void {
    const { i64 } = this.heap;
    if (statement > i64[this.lane(lane)]!) i64[this.lane(lane)] = statement;
    i64[this.lane(this.capacity + lane)] = 1n;
    this.put(lane, i64[this.lane(lane)]!);
  }
  /** A lane steps aside. */
  leave(lane: number): void {
    this.heap.i64[this.lane(this.capacity + lane)] = 0n;
    this.put(lane, END_OF_TIME);
  }
  /** A branch has ended, with all its lanes. */
  end(branch: number): void {
    for (const lane of this.ofBranch(branch)) if (this.takesPart(lane)) this.leave(lane);
    this.heap.i64[this.at + Head.openBranches]! -= 1n;
  }

  /** Moves the job's watermark to where the lanes stand, and returns it. */
  advance(): bigint {
    const { i64 } = this.heap;
    const least = i64[this.levels.at(-1)!]!;
    const before = this.watermark;
    const after = least !== END_OF_TIME || i64[this.at + Head.openBranches] === 0n ? later(before, least) : before;
    return (i64[this.at + Head.watermark] = after);
  }

  /** The least watermark of the lanes that take part, but for one; END_OF_TIME where there is none. */
  leastBut(lane: number): bigint {
    const { i64 } = this.heap;
    let least = END_OF_TIME;
    for (let level = 0, node = lane; level < this.levels.length - 1; level++, node >>>= 1) {
      const sibling = i64[this.levels[level]! + (node ^ 1)]!;
      if (sibling < least) least = sibling;
    }
    return least;
  }

  /**
   * The same, but for the lane's twins too: what they read is the same. Their morsels come one behind another, so that they stand where
   * this one did before or does behind it; to its rows they are where it is.
   */
  leastBesideTwins(branch: number, lane: number): bigint {
    const partition = lane - this.map.first[branch]!;
    const own = [lane, ...this.map.twins[branch]!.map(twin => this.map.first[twin]! + partition)];
    let least = END_OF_TIME;
    for (let other = 0; other < this.map.count; other++) if (this.takesPart(other) && !own.includes(other) && this.watermarkOf(other) < least) least = this.watermarkOf(other);
    return least;
  }
  hasTwins(branch: number): boolean {
    return this.map.twins[branch]!.length > 0;
  }

  private put(lane: number, value: bigint): void {
    const { i64 } = this.heap;
    i64[this.levels[0]! + lane] = value;
    for (let level = 0, node = lane; level < this.levels.length - 1; level++, node >>>= 1) {
      const [own, sibling] = [i64[this.levels[level]! + node]!, i64[this.levels[level]! + (node ^ 1)]!];
      i64[this.levels[level + 1]! + (node >>> 1)] = own < sibling ? own : sibling;
    }
  }

  /** Index (i64) of a lane's watermark; `capacity` further on, whether it takes part. */
  private lane(lane: number): number {
    return this.at + Head.branches + this.branches + lane;
  }
}

export const later = (a: bigint, b: bigint): bigint => (a > b ? a : b);
