import type { Keys } from '../state/hashed-table.js';
import { held, type Region } from '../state/region.js';
import { Turns } from '../state/turns.js';
import type { JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { GroupInput } from './group-input.js';
import { RegionSet } from './region-set.js';
import type { RowOperator } from './row-operator.js';

/** A chunk of rows sorted by region. */
export interface Chunk extends ReturnType<RegionSet['partition']> {
  readonly input: GroupInput;
  readonly keys: Keys;
}

/** Chunks that are made ready before they go through the regions: enough that a morsel of the usual size goes through them once. */
const MOST_CHUNKS = 8;

/**
 * What depends on the rows before: every region takes morsels in the order of ingestion (see `turns.ts`). All that does not depend on it
 * is done before: several chunks are decoded, filtered, hashed and sorted by region, and then go through the regions one after another.
 */
export abstract class TurnOperator<C extends Chunk> implements RowOperator {
  readonly inOrder = true;
  readonly isPending = false;
  private readonly set: RegionSet;
  private readonly turns: Turns;
  private chunks: C[] = [];

  constructor(
    protected readonly thread: ThreadContext,
    protected readonly job: JobLayout,
    worker: number,
  ) {
    this.set = new RegionSet(thread, job, worker);
    this.turns = new Turns(thread.heap);
  }

  get holds(): boolean {
    return this.chunks.length > 0;
  }
  add(input: GroupInput): void {
    if (input.rows === 0) return;
    this.chunks.push(this.prepare(input));
    if (this.chunks.length === MOST_CHUNKS) this.visit(input.morsel, false);
  }
  endMorsel(number: number): void {
    this.visit(number, true);
  }
  hasTurn(number: number): boolean {
    return this.set.regions.every(region => this.turns.has(region, number));
  }
  flush(): void {
    // Rows are in the regions when their morsel ends.
  }
  touchGlobal(): void {
    // There is no result without rows.
  }

  /** What can be done of a chunk before its turn. */
  protected abstract prepare(input: GroupInput): C;
  /** Takes rows of one region into it: `positions` are their elements. REQUIRES: the region is held. */
  protected abstract apply(region: Region, chunk: C, positions: number, rows: number): void;
  /** Before rows of some chunks go into a region, which is held. */
  protected enter?(region: Region, chunks: readonly C[]): void;
  /** After rows of some chunks went into a region, which is held. */
  protected exit?(region: Region, chunks: readonly C[]): void;
  /** A chunk has been through all regions. */
  protected leave?(chunk: C): void;
  /** All chunks have been through all regions. */
  protected done?(): void;

  /** The rows of a chunk by region. */
  protected partition({ rows, positions }: Pick<GroupInput, 'rows' | 'positions'>, keys: Keys): ReturnType<RegionSet['partition']> {
    return this.set.partition(rows, positions, keys.hashes);
  }

  private visit(morsel: number, last: boolean): void {
    const { chunks } = this;
    this.set.regions.forEach((region, index) => {
      this.turns.wait(region, morsel);
      const some = chunks.filter(({ counts }) => counts[index]! > 0);
      if (some.length > 0) {
        held(region, () => {
          this.enter?.(region, chunks);
          for (const chunk of some) this.apply(region, chunk, chunk.sorted + chunk.starts[index]! * 4, chunk.counts[index]!);
          this.exit?.(region, chunks);
        });
      }
      if (last) this.turns.pass(region, morsel);
    });
    for (const chunk of chunks) this.leave?.(chunk);
    this.chunks = [];
    this.done?.();
  }
}
