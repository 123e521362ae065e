import type { JoinOperator } from '../join/join-operator.js';
import type { ChunkResult } from '../expression/stateless-stage.js';
import { firstStage } from '../plan/plan.js';
import { reachOf } from '../plan/join-plan.js';
import { rowOf, timesOf, withoutSome } from './elements.js';
import type { EventTimes } from './event-times.js';
import type { JobLayout } from './job-layout.js';
import { positionOf, type Morsel } from './morsel.js';
import { OUTSIDE_MESSAGE, unmatchedMessage } from './reject-messages.js';
import type { RejectRow } from './rejects.js';
import type { ThreadContext } from './thread-context.js';

/** Gives rows on to a join, but for those that are late, or so far out in time that nobody can say what is near them. */
export class JoinRows {
  private readonly accept: bigint;
  /** What is added to times, or taken off, stays within 64 bits for times that are so far from the ends. */
  private readonly margin: bigint;
  private readonly sides: readonly number[];

  constructor(
    private readonly thread: ThreadContext,
    job: JobLayout,
    private readonly operator: JoinOperator,
  ) {
    const { branches, join } = firstStage(job.plan);
    const { accept, sides, window, asOf } = join!;
    this.accept = BigInt(accept);
    this.margin = BigInt(accept) + 2n * BigInt(Math.max(1, window?.size ?? 0, asOf?.within ?? 0, ...sides.map((_, side) => reachOf(join!, side)))) + 2n;
    this.sides = branches.map(({ side }) => side);
  }

  /** Rows of a chunk of `count` rows, which begins at row `first`. */
  add(morsel: Morsel, times: EventTimes, result: ChunkResult, first: number, reject: RejectRow): void {
    if (result.rows === 0) return;
    const elementTimes = timesOf(this.thread, result, first, times.times);
    const { i64 } = this.thread.heap;
    const timeOf = (element: number): bigint => i64[(elementTimes >>> 3) + element]!;
    const outside = times.elementsNearEnds(elementTimes, result.rows, first, this.margin);
    const isOutside = new Set(outside);
    for (const element of outside) reject(rowOf(this.thread.heap, result, first, element), 'OVERFLOW', () => OUTSIDE_MESSAGE);
    const late = this.lateElements(morsel, times, result, first, elementTimes, (element, bound) => {
      if (isOutside.has(element)) return false;
      reject(rowOf(this.thread.heap, result, first, element), 'LATE', () => unmatchedMessage(timeOf(element), bound + this.accept));
      return true;
    });
    morsel.deadLettered += outside.length;
    morsel.late += late.length;
    const { rows, positions } = withoutSome(this.thread, [...outside, ...late], result.rows);
    morsel.applied += rows;
    this.operator.add({
      side: this.sides[morsel.branch]!, morsel: morsel.turn, vectors: result.vectors, elements: result.rows, positions, rows, times: elementTimes,
      numbers: { selection: result.selection, firstRow: first, basePosition: positionOf(morsel) },
    });
  }

  /** The elements before the watermark as it stood just before them, less what is accepted, of which `isLate` says so. */
  private lateElements(morsel: Morsel, times: EventTimes, result: ChunkResult, first: number, elementTimes: number, isLate: (element: number, bound: bigint) => boolean): number[] {
    if (times.isOnTime(morsel, first, this.accept)) return [];
    const { heap: { u32, i64 }, kernels, scratch } = this.thread;
    const bounds = times.boundsBefore(morsel, first, result.rows, result.selection, this.accept);
    const list = scratch.take(result.rows * 4 + 4);
    const found = kernels.rowsBeforeBounds(result.rows, elementTimes, bounds, list);
    return [...u32.subarray(list >>> 2, (list >>> 2) + found)].filter(element => isLate(element, i64[(bounds >>> 3) + element]!));
  }
}
