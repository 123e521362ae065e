import type { ResumedPartition } from '../connectors/source.js';
import type { Clock } from './clock.js';

/** A partition that says nothing for so long has nothing left of what was read before. */
const SILENT_MS = 10_000;

/**
 * Rows that are read once more, since windows that were open need them. Until all are in, nothing is given out: a window would come out with a part of
 * its rows, and replace what was right.
 */
export class Replay {
  /** Of each partition, where what is read again ends. */
  private readonly until = new Map<string, bigint>();
  private heardAt: number;

  constructor(private readonly clock: Clock) {
    this.heardAt = clock.now();
  }

  resumed(source: number, partitions: readonly ResumedPartition[]): void {
    for (const { partition, offset, readTo } of partitions) if (readTo > offset) this.until.set(key(source, partition), readTo);
    this.heardAt = this.clock.now();
  }
  /** Whether an item that ends at `next` was read before. */
  isAgain(source: number, partition: number, next: bigint | undefined): boolean {
    return next !== undefined && next <= (this.until.get(key(source, partition)) ?? -1n);
  }
  /** The rows up to `next` were applied. */
  applied(source: number, partition: number, next: bigint): void {
    this.heardAt = this.clock.now();
    if (next >= (this.until.get(key(source, partition)) ?? next + 1n)) this.ended(source, partition);
  }
  /** Nothing more comes of a partition, or of all, for now. */
  ended(source: number, partition?: number): void {
    for (const known of this.until.keys()) if (partition === undefined ? known.startsWith(`${source}:`) : known === key(source, partition)) this.until.delete(known);
  }

  get isGoingOn(): boolean {
    if (this.until.size === 0) return false;
    if (this.clock.now() - this.heardAt > SILENT_MS) this.until.clear();
    return this.until.size > 0;
  }
}

const key = (source: number, partition: number): string => `${source}:${partition}`;
