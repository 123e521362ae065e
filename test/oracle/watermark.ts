import type { Branch } from '../../src/plan/plan.ts';
import type { DataType } from '../../src/plan/types.ts';
import type { Cell } from './cells.ts';
import { type Columns } from './evaluate.ts';

interface Lane { readonly branch: number; watermark: bigint | null; takesPart: boolean }

/** Follows the watermark of a stage, lane by lane: there is one for each partition of a branch. Null: minus infinity. */
export class Watermarks {
  private readonly lanes = new Map<string, Lane>();
  private value: bigint | null = null;

  constructor(private readonly branches: readonly Branch[]) {
    branches.forEach((_, branch) => { this.lane(branch, 0).takesPart = true; });
  }

  /** The watermark just before a row of a lane. The row brings its lane back before it is judged. */
  before(branch: number, partition: number): bigint | null {
    const own = this.lane(branch, partition);
    return greater(this.value, this.least(lane => lane.takesPart || lane === own));
  }

  /** A row was read that has an event time. */
  row(branch: number, partition: number, cells: Columns, time: bigint): void {
    const own = this.lane(branch, partition);
    own.takesPart = true;
    own.watermark = greater(own.watermark, this.statement(branch, cells, time));
    this.settle();
  }
  /** A partition has ended or is idle. */
  aside(branch: number, partition: number): void {
    this.lane(branch, partition).takesPart = false;
    this.settle();
  }
  end(branch: number): void {
    for (const lane of this.lanes.values()) if (lane.branch === branch) lane.takesPart = false;
    this.settle();
  }

  private statement(branch: number, cells: Columns, time: bigint): bigint | null {
    const { eventTime, source, from } = this.branches[branch]!;
    // A stage has no rows left to come that are late: all of a window come before its watermark passes it.
    if (!('source' in from)) return null;
    if (eventTime?.watermark == null) return time - BigInt(eventTime?.outOfOrderness ?? 0);
    const stated = cells.get(eventTime.watermark) as Cell;
    const type = source.schema.find(field => field.name === eventTime.watermark)?.type as DataType;
    return typeof stated !== 'bigint' ? null : type.kind === 'date' ? stated * 86_400_000n : stated;
  }
  private settle(): void {
    if ([...this.lanes.values()].some(lane => lane.takesPart)) this.value = greater(this.value, this.least(lane => lane.takesPart));
  }
  private least(counts: (lane: Lane) => boolean): bigint | null {
    let least: bigint | null | undefined;
    for (const lane of this.lanes.values()) {
      if (!counts(lane)) continue;
      if (lane.watermark === null) return null;
      if (least === undefined || least === null || lane.watermark < least) least = lane.watermark;
    }
    return least ?? null;
  }
  private lane(branch: number, partition: number): Lane {
    const name = `${branch} ${partition}`;
    const lane = this.lanes.get(name) ?? { branch, watermark: null, takesPart: false };
    this.lanes.set(name, lane);
    return lane;
  }
}

const greater = (a: bigint | null, b: bigint | null): bigint | null => (a === null || (b !== null && b > a) ? b : a);
