import { PageUse } from '../heap/page-allocator.js';
import type { Join } from '../plan/join-plan.js';
import type { ThreadContext } from '../worker/thread-context.js';
import type { JoinLayout } from './entry-layout.js';
import type { JoinResults, Tuples } from './join-results.js';
import { joinShape, type JoinShape } from './join-shape.js';
import type { JoinStore } from './join-store.js';
import { pastBefore, type JoinTimes } from './join-times.js';
import { LISTED, matchedBy } from './log-layout.js';
import type { Matching } from './matching.js';
import { ALL_MATCHES, ONE_MATCH, OUTER, Prober, type Found, type ProbeRules } from './prober.js';

/** The most matches that are found at once. */
export const PROBE_ROWS = 4096;

/**
 * What comes of rows: when they come, and when they are complete. Entries are u32 addresses; a list of them at 0 is one of null rows.
 * REQUIRES: the region is held.
 */
export class Matcher implements Matching {
  readonly shape: JoinShape;
  private readonly prober: Prober;
  private readonly numbers: number;
  private readonly list: number;
  private readonly manyOptional: readonly number[];
  /** Only rows that all sides have come to anything, and nothing is noted of others. */
  private readonly needsAll: boolean;

  constructor(
    private readonly thread: ThreadContext,
    private readonly join: Join,
    private readonly layout: JoinLayout,
    private readonly times: JoinTimes,
    private readonly results: JoinResults,
    capacity: number = PROBE_ROWS,
  ) {
    this.shape = joinShape(join);
    this.prober = new Prober(thread, layout, times, capacity);
    this.numbers = thread.pages.allocate(capacity * 4 + 64, PageUse.scratch);
    this.list = thread.pages.allocate(capacity * 4 + 64, PageUse.scratch);
    // Of two sides a search is as good.
    this.needsAll = join.sides.length > 2 && join.sides.every(({ match }) => match === 'left' || match === 'inner');
    // Of two sides a row's first match is found as its results are.
    this.manyOptional = join.sides.length === 2 ? [] : join.sides.flatMap(({ match }, side) => (match === 'optional' ? [side] : []));
  }

  came(store: JoinStore, side: number, entries: number, rows: number): void {
    const count = this.needsAll ? this.withAll(store, side, entries, rows) : rows;
    if (count === 0) return;
    if (side === 0) this.leftCame(store, entries, count);
    else this.rightCame(store, side, entries, count);
  }
  /** Puts entries in front that may have matches in all other sides, as far as the buckets tell: of what comes before the last of its key they know most. */
  private withAll({ logs }: JoinStore, side: number, entries: number, rows: number): number {
    return logs.reduce((left, log, other) => (other === side ? left : this.thread.kernels.soughtEntries(log.address, left, entries, entries)), rows);
  }

  complete(store: JoinStore, watermark: bigint): void {
    store.logs.forEach((log, side) => {
      if (this.shape.givesAtEnd[side]!) log.complete(pastBefore(watermark, this.times.open[side]!), (entries, rows) => this.completed(store, side, entries, rows));
    });
  }
  private completed(store: JoinStore, side: number, entries: number, rows: number): void {
    const { kind, optional } = this.shape;
    if (side > 0) this.addAlone(side, entries, rows, matchedBy(0), 0, 1);
    else if (kind === 'count') this.results.add(this.tuples(rows, 0, entries), false);
    else if (this.join.sides.length === 2) this.addAlone(0, entries, rows, matchedBy(1), 0, 1);
    else this.flagged(entries, rows, optional, optional, 0, (list, count) => this.expand(store, this.tuples(count, 0, list), this.others(0), 0, 'complete', false));
  }

  unkeyed(side: number, entries: number, rows: number): void {
    if (this.shape.givesUnmatched[side]!) this.results.add(this.tuples(rows, side, entries), this.shape.changes);
  }

  private leftCame(store: JoinStore, entries: number, rows: number): void {
    const { kind, eager, changes } = this.shape;
    if (kind === 'rows') {
      for (const side of this.manyOptional) this.probe(store, 0, 0, side, rows, entries, ONE_MATCH, (found, count) => this.claim(count, this.gather(count, found, entries, 0), 0, matchedBy(side)));
      return this.expand(store, this.tuples(rows, 0, entries), this.others(0), 0, 'came', false);
    }
    if (kind === 'count') {
      for (const side of this.others(0)) this.probeSought(store, 0, side, rows, entries, (found, count, list) => this.count(side, count, this.gather(count, found, list, 0)));
      if (eager) this.results.add(this.tuples(rows, 0, entries), changes);
      if (changes) this.clearCounts(rows, entries);
      return;
    }
    this.probe(store, 0, 0, 1, rows, entries, ONE_MATCH, (found, count) => {
      const list = this.gather(count, found, entries, 0);
      this.claim(count, list, 0, matchedBy(1));
      if (kind === 'semi') this.results.add(this.tuples(count, 0, list), false);
    });
    if (kind === 'anti' && eager) this.addAlone(0, entries, rows, matchedBy(1), 0, 1);
  }

  private rightCame(store: JoinStore, side: number, entries: number, rows: number): void {
    const { kind, eager, givesUnmatched } = this.shape;
    const bit = matchedBy(side);
    if (kind === 'count') return this.probeSought(store, side, 0, rows, entries, ({ matches }, count) => this.countsGrew(side, matches, count));
    const rules: ProbeRules = kind === 'semi' || kind === 'anti' ? { outer: false, first: false, skipped: bit } : ALL_MATCHES;
    this.probe(store, 0, side, 0, rows, entries, rules, (found, count) => {
      const left = found.matches;
      if (kind === 'rows') return this.pairsCame(store, side, found, this.gather(count, found, entries, side), count);
      const first = this.claim(count, left, 0, bit);
      if (first > 0 && (kind === 'semi' || eager)) this.results.add(this.tuples(first, 0, this.pick(first, left)), kind === 'anti');
    });
    if (eager && givesUnmatched[side]!) this.addAlone(side, entries, rows, matchedBy(0), 0, 1);
  }

  /** Rows of a side (`own`) and the left ones that they match. */
  private pairsCame(store: JoinStore, side: number, { matches: left }: Found, own: number, rows: number): void {
    const { eager, marks, givesUnmatched } = this.shape;
    const others = this.others(side);
    if (marks) {
      const first = this.claim(rows, left, 0, matchedBy(side));
      if (eager && first > 0 && this.join.sides[side]!.match === 'optional') {
        this.expand(store, this.tuples(first, 0, this.pick(first, left)), others, 1, 'known', true);
      }
    }
    if (givesUnmatched[side]!) this.claim(rows, own, 0, matchedBy(0));
    const sides = this.join.sides.map((_, index) => (index === 0 ? left : index === side ? own : 0));
    this.expand(store, { rows, sides }, others, 1, 'known', false);
  }

  private countsGrew(side: number, left: number, rows: number): void {
    const { eager, changes } = this.shape;
    if (!eager) return this.count(side, rows, left);
    const changed = this.claim(rows, left, 0, LISTED);
    const list = this.pick(changed, left);
    this.thread.kernels.releaseEntries(changed, list, LISTED);
    if (!changes) this.results.add(this.tuples(changed, 0, list), true);
    this.count(side, rows, left);
    this.results.add(this.tuples(changed, 0, list), false);
    if (changes) this.clearCounts(changed, list);
  }

  /**
   * Every combination of left rows with the matches that they have of some more sides. `why`: the left rows have just come; it was known before which
   * optional sides have matches; or they are complete.
   */
  private expand(store: JoinStore, tuples: Tuples, sides: readonly number[], level: number, why: 'came' | 'known' | 'complete', retracted: boolean): void {
    const [side, ...rest] = sides;
    if (side === undefined) return this.results.add(tuples, retracted);
    const { eager, marks, givesUnmatched } = this.shape;
    const left = tuples.sides[0]!;
    const outer = this.join.sides[side]!.match === 'optional' && (eager || why === 'complete');
    this.probe(store, level, 0, side, tuples.rows, left, outer ? OUTER : ALL_MATCHES, (found, rows) => {
      const lists = tuples.sides.map((list, index) => (index === side ? found.matches : list === 0 ? 0 : this.gather(rows, found, list, index)));
      if (why === 'came' && marks && this.manyOptional.length === 0) this.claim(rows, lists[0]!, found.matches, matchedBy(side));
      if (why === 'came' && givesUnmatched[side]!) this.takeBack(side, found.matches, rows);
      this.expand(store, { rows, sides: lists }, rest, level + 1, why, retracted);
    });
  }

  /** Rows of a side have a match: those that had none so far do not stand alone any more. */
  private takeBack(side: number, entries: number, rows: number): void {
    const first = this.claim(rows, entries, 0, matchedBy(0));
    if (first > 0 && this.shape.eager) this.results.add(this.tuples(first, side, this.pick(first, entries)), true);
  }

  /** Gives out, alone, the rows of a side whose flags among `flags` are `value`, or are not. */
  private addAlone(side: number, entries: number, rows: number, flags: number, value: number, want: 0 | 1): void {
    this.flagged(entries, rows, flags, value, want, (list, count) => this.results.add(this.tuples(count, side, list), false));
  }
  private flagged(entries: number, rows: number, flags: number, value: number, want: 0 | 1, visit: (list: number, rows: number) => void): void {
    const { kernels, scratch } = this.thread;
    const mark = scratch.mark();
    const list = scratch.take(rows * 4);
    const count = kernels.flaggedEntries(rows, entries, flags, value, want, list);
    if (count > 0) visit(list, count);
    scratch.release(mark);
  }

  private probe(...args: Parameters<Prober['probe']>): void {
    this.prober.probe(...args);
  }
  /** Looks up those of some entries that may have matches, as far as the buckets tell: where few do, one pass over the buckets, which are near, is all that the others cost. */
  private probeSought(store: JoinStore, from: number, to: number, rows: number, entries: number, visit: (found: Found, count: number, list: number) => void): void {
    const { kernels, scratch } = this.thread;
    const mark = scratch.mark();
    const list = scratch.take(rows * 4);
    const sought = kernels.soughtEntries(store.logs[to]!.address, rows, entries, list);
    if (sought > 0) this.probe(store, 0, from, to, sought, list, ALL_MATCHES, (found, count) => visit(found, count, list));
    scratch.release(mark);
  }
  /** The entries of rows that were found, in the room that the level has for a side. */
  private gather(rows: number, { numbers, lists }: Found, entries: number, side: number): number {
    this.thread.kernels.gather32(rows, numbers, entries, lists[side]!);
    return lists[side]!;
  }
  private claim(rows: number, entries: number, matches: number, flag: number): number {
    return this.thread.kernels.claimEntries(rows, entries, matches, flag, this.numbers);
  }
  /** Entries of the rows that were claimed last. */
  private pick(rows: number, entries: number): number {
    this.thread.kernels.gather32(rows, this.numbers, entries, this.list);
    return this.list;
  }
  /** What was counted has been given out. */
  private clearCounts(rows: number, entries: number): void {
    const { kernels, scratch } = this.thread;
    const mark = scratch.mark();
    const zeros = scratch.take(rows * 8);
    kernels.clearBytes(rows * 8, zeros);
    // Element 0 is as good as any: all are zero.
    for (const offset of this.layout.sides[0]!.counts) if (offset) kernels.putFields(8, rows, entries, offset, zeros, zeros);
    scratch.release(mark);
  }
  private count(side: number, rows: number, entries: number): void {
    this.thread.kernels.countEntries(rows, entries, this.layout.sides[0]!.counts[side]!);
  }
  private tuples(rows: number, side: number, entries: number): Tuples {
    return { rows, sides: this.join.sides.map((_, index) => (index === side ? entries : 0)) };
  }
  /** The sides but the left one and one more. */
  private others(but: number): number[] {
    return this.join.sides.flatMap((_, side) => (side === 0 || side === but ? [] : [side]));
  }
}
