import { firstStage } from '../plan/plan.js';
import type { Row } from '../plan/types.js';
import type { JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { INT64, KeptResults, TIME } from './kept-results.js';
import { comparerOf, inOrderOf } from './row-order.js';

/** Rows of a batch that waits: few, since a batch is read again until all of its rows are done. */
const MOST_ROWS = 1024;
/** Batches with fewer rows than that, of which each has pages of its own, are put together when there are more. */
const MOST_SMALL = 8;

/** Gives out all rows in the order of event time and, of one time, of their columns. Each batch that waits is sorted, so its first row tells whether any is done. */
export class SortOperator extends KeptResults {
  private readonly byTime: (a: Row, b: Row) => number;
  private readonly compare: (a: Row, b: Row) => number;

  constructor(thread: ThreadContext, job: JobLayout, makeRoom: () => void, emit: (descriptor: number) => void) {
    super(thread, job, makeRoom, emit, []);
    const time = { name: TIME, compare: comparerOf(INT64), descending: false };
    this.byTime = inOrderOf([time]);
    this.compare = inOrderOf([time, ...firstStage(job.plan).output.map(({ name, type }) => ({ name, compare: comparerOf(type), descending: false }))]);
  }

  protected keep(rows: Row[]): void {
    this.pushSorted(rows);
    const isSmall = (descriptor: number): boolean => this.rowsOf(descriptor) < MOST_ROWS;
    if (this.count(isSmall) > MOST_SMALL) this.pushSorted(this.take(isSmall));
  }

  protected takeDone(watermark: bigint, final: boolean): Row[] {
    const [done, open]: [Row[], Row[]] = [[], []];
    for (const row of this.take(batch => final || this.firstTime(batch) < watermark)) (final || (row[TIME] as bigint) < watermark ? done : open).push(row);
    this.keep(open);
    return done.sort(this.compare);
  }

  private pushSorted(rows: Row[]): void {
    rows.sort(this.byTime);
    for (let from = 0; from < rows.length; from += MOST_ROWS) this.push(rows.slice(from, from + MOST_ROWS));
  }
}
