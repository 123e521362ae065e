import { inOrderTimes, type InOrderTimes } from '../aggregate/keyed-window.js';
import type { RowOperator } from '../aggregate/row-operator.js';
import type { ChunkResult } from '../expression/stateless-stage.js';
import type { Vector } from '../expression/vector.js';
import { firstStage } from '../plan/plan.js';
import { rowOf, timesOf, vectorsAt, withoutSome } from './elements.js';
import type { EventTimes } from './event-times.js';
import type { JobLayout } from './job-layout.js';
import { elementsWithLargeKeys } from './key-limit.js';
import { type Morsel, positionOf } from './morsel.js';
import { forgottenMessage, LARGE_MESSAGE, lateMessage, OUTSIDE_MESSAGE } from './reject-messages.js';
import type { RejectRow } from './rejects.js';
import type { ThreadContext } from './thread-context.js';

/** Gives rows on to what depends on the rows before: only as a row goes into its region it turns out whether it is late, or let through. */
export class InOrderRows {
  private readonly order: InOrderTimes;

  /** `put` takes rows that are let through, as results of the morsel: vectors in scratch. */
  constructor(
    private readonly thread: ThreadContext,
    job: JobLayout,
    private readonly keys: number,
    private readonly group: RowOperator,
    private readonly put: (vectors: readonly Vector[], rows: number) => void,
  ) {
    this.order = inOrderTimes(firstStage(job.plan));
  }

  /** Rows of a chunk that begins at row `first`. */
  add(morsel: Morsel, times: EventTimes, result: ChunkResult, first: number, reject: RejectRow): void {
    const { heap } = this.thread;
    const { byTime, isWindow, accept, reach } = this.order;
    const { selection, vectors, rows: elements } = result;
    const elementTimes = times.times && timesOf(this.thread, result, first, times.times);
    const setAside: RejectRow = (element, reason, message) => reject(rowOf(heap, result, first, element), reason, message);
    const outside = byTime ? times.elementsBeyond(elementTimes, elements, first, reach) : [];
    const large = elementsWithLargeKeys(this.thread, result, this.keys).filter(element => !outside.includes(element));
    for (const element of outside) setAside(element, 'OVERFLOW', () => OUTSIDE_MESSAGE);
    for (const element of large) setAside(element, 'KEY_TOO_LARGE', () => LARGE_MESSAGE);
    morsel.deadLettered += outside.length + large.length;
    const { rows, positions } = withoutSome(this.thread, [...outside, ...large], elements);
    morsel.applied += rows;
    const late = (element: number, bound: bigint): void => {
      morsel.applied--;
      morsel.late++;
      setAside(element, 'LATE', () => (isWindow ? lateMessage : forgottenMessage)(heap.i64[(elementTimes >>> 3) + element]!, bound + accept));
    };
    const decided = (kept: number, count: number, dropped: number): void => {
      morsel.applied -= dropped;
      morsel.filtered += dropped;
      this.put(vectorsAt(this.thread, vectors.slice(this.keys), kept, count), count);
    };
    const bounds = byTime ? times.boundsBefore(morsel, first, elements, selection, accept) : 0;
    this.group.add({
      vectors, elements, positions, rows, times: elementTimes, range: null, slice: null, zones: null,
      selection, firstRow: first, basePosition: positionOf(morsel), morsel: morsel.turn, bounds, late, decided,
    });
  }
}
