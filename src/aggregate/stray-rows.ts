import type { Region, Slice } from '../state/region.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { RegionSet } from './region-set.js';

/** Elements of one slice: `rows` of them (u32), in scratch. */
interface Lot {
  readonly slice: Slice;
  readonly positions: number;
  readonly rows: number;
}

/** To sort as many rows of one slice for each region by themselves costs about as much as to add them. */
const ROWS_PER_REGION = 64;

/**
 * Rows of a chunk whose slices have few of them there: late ones of hundreds of slices, or those of a chunk that reaches over many. To sort each slice's
 * rows by region would cost more than to add them, so the rows of all these slices are sorted together.
 */
export class StrayRows {
  private lots: Lot[] = [];
  private rows = 0;

  constructor(
    private readonly thread: ThreadContext,
    private readonly set: RegionSet,
  ) {}

  /** Whether a slice's rows are so few that they go here. */
  takes(rows: number): boolean {
    return rows < this.set.regions.length * ROWS_PER_REGION;
  }

  /** REQUIRES: the positions stay as they are until `give`. */
  add(slice: Slice, positions: number, rows: number): void {
    this.lots.push({ slice, positions, rows });
    this.rows += rows;
  }

  /** Calls `visit` for the rows of each region and slice, while the region is held, and forgets them. `hashes`: of the chunk's elements. */
  give(elements: number, hashes: number, visit: (region: Region, slice: Slice, positions: number, rows: number) => void): void {
    const { lots, rows } = this;
    if (rows === 0) return;
    this.lots = [];
    this.rows = 0;
    const { heap: { u32 }, scratch } = this.thread;
    const mark = scratch.mark();
    const [positions, numbers] = [scratch.take(rows * 4), scratch.take(elements * 4) >>> 2];
    for (let number = 0, at = positions >>> 2; number < lots.length; number++) {
      const { positions: from, rows: count } = lots[number]!;
      for (let row = from >>> 2; row < (from >>> 2) + count; row++) {
        u32[at++] = u32[row]!;
        u32[numbers + u32[row]!] = number;
      }
    }
    // Sorting keeps their order: the rows of a slice stay together.
    this.set.visit(rows, positions, hashes, (region, sorted, count) => {
      for (let from = sorted >>> 2, end = from + count, to = from; from < end; from = to) {
        const number = u32[numbers + u32[from]!]!;
        while (to < end && u32[numbers + u32[to]!] === number) to++;
        visit(region, lots[number]!.slice, from * 4, to - from);
      }
    });
    scratch.release(mark);
  }
}
