import type { HashedTable } from '../state/hashed-table.js';
import { held, NEVER, type HeldSlice, type Region } from '../state/region.js';
import type { SliceAssigner, Span } from '../window/slice.js';
import { GREATEST_TIME, inOrder, LEAST_TIME } from '../window/slice.js';
import type { CellFolder } from './cell-folder.js';
import type { CellUnion } from './cell-union.js';
import type { FireTiming } from './fire-timing.js';
import type { ResultBuffer } from './result-buffer.js';

/** Not a slice: the place of what is assembled behind the front. */
const BACK: Span = { start: LEAST_TIME, end: LEAST_TIME };
/** Marks of the part's own region: windows that end there or before have fired; slices that begin before that are in the front, others in the back. */
const enum Mark { firedUpTo, frontEnd }
/** Tables of results that wait to be given out. */
const MOST_TABLES = 64;

/** Groups of one region that were changed after their slice had been assembled: the keys of `table`. */
interface Late {
  readonly region: Region;
  readonly slice: Span;
  readonly table: HashedTable;
  /** To be freed at the end. */
  readonly isDelta: boolean;
}

/**
 * Assembles windows of several slices without adding up every slice for every window, by two stacks (as in Tangwongsan, Hirzel, Schneider,
 * "Low-Latency Sliding-Window Aggregation in Worst-Case Constant Time", DEBS 2017): the *front* has, for each slice up to some
 * point, all from it to that point; the *back* all behind it. A window is the front's entry for its first slice, and the back. When the
 * front is used up, the slices in the back become the next front. So a slice is folded about three times, however many windows it is part of,
 * and nothing needs to be taken away again: any aggregate that merges will do.
 *
 * The regions of a part are assembled together, so that a window of few keys costs few calls. What is assembled lies in a region of the
 * part's own, the front as tables of its slices, and nobody else looks at it.
 */
export class WindowAssembly {
  private readonly assigner: SliceAssigner;
  private waiting: HashedTable[] = [];
  /** What `frontOf` found, while it holds. */
  private front: readonly HeldSlice[] | null = null;

  constructor(
    private readonly cellBytes: number,
    private readonly timing: FireTiming,
    private readonly folder: CellFolder,
    private readonly results: ResultBuffer,
    /** null where windows take a table for their groups. */
    private readonly union: CellUnion | null,
  ) {
    this.assigner = timing.assigner!;
  }

  /** Fires the windows of `regions` that the watermark has passed. `home`: the part's own region. */
  fire(home: Region, regions: readonly Region[], watermark: bigint): void {
    if (!regions.some(region => region.due <= watermark)) return;
    this.front = null;
    const before = home.mark(Mark.firedUpTo);
    const bound = this.timing.bound(watermark);
    const late = regions.flatMap(region => held(region, () => this.takeLate(home, region)));
    const fresh = regions.flatMap(region => held(region, () => region.changed().filter(slice => slice.firings === 0)));
    const windows = this.assigner.windowsEndingIn(before === LEAST_TIME ? null : before, bound, inOrder([...fresh, ...spansOf(home)]));
    const until = windows.at(-1)?.end ?? LEAST_TIME;
    const taken = inOrder(regions.flatMap(region => held(region, () => this.take(region, before, until))));
    for (const window of windows) {
      this.extend(home, regions, taken.filter(slice => slice.end <= window.end && slice.start >= window.start && home.find(slice) === null));
      this.giveOut(home, regions, window);
    }
    if (bound > before) home.setMark(Mark.firedUpTo, bound);
    if (before !== LEAST_TIME) this.revise(home, late, before);
    this.flush();
    for (const { region, table, isDelta } of late) if (isDelta) held(region, () => table.free());
    this.settle(home, regions, watermark);
  }

  /** Gives out what there is so far of all windows that have not fired. */
  fireEarly(home: Region, regions: readonly Region[]): void {
    const firedUpTo = home.mark(Mark.firedUpTo);
    for (const region of regions) {
      // Under the lock throughout: rows may come to slices that have not fired.
      held(region, () => {
        const slices = region.held();
        const windows = inOrder(slices.flatMap(slice => this.assigner.windowsOf(slice))).filter(({ end }) => end > firedUpTo);
        for (const window of windows) {
          const inside = slices.filter(slice => slice.start >= window.start && slice.end <= window.end);
          this.results.append(window, this.assembled(home, inside.flatMap(({ table, delta }) => (delta ? [table, delta] : [table]))));
          if (this.waiting.length >= MOST_TABLES) this.flush();
        }
      });
    }
    this.flush();
  }

  /** Takes in rows of slices of which a window has fired. REQUIRES: the region is held. */
  private takeLate(home: Region, region: Region): Late[] {
    const firedUpTo = home.mark(Mark.firedUpTo);
    const found: Late[] = [];
    for (const slice of region.changed()) {
      const { delta } = slice;
      if (delta === null && this.assigner.firstWindowEnd(slice) > firedUpTo) continue;
      if (delta !== null) this.folder.foldTable(delta, slice.table);
      this.addToAssembled(home, slice, delta ?? slice.table);
      region.firedKeeping(slice);
      found.push({ region, slice: { start: slice.start, end: slice.end }, table: delta ?? slice.table, isDelta: delta !== null });
    }
    return found;
  }

  private addToAssembled(home: Region, slice: Span, table: HashedTable): void {
    if (slice.start >= home.mark(Mark.frontEnd)) {
      this.folder.foldTable(table, this.tableOf(home, BACK));
      this.tableOf(home, slice);
      return;
    }
    if (home.find(slice) === null) {
      const next = this.frontOf(home).find(entry => isBefore(slice, entry));
      const own = this.tableOf(home, slice);
      this.front = null;
      if (next) this.folder.foldTable(next.table, own);
    }
    for (const entry of this.frontOf(home)) if (!isBefore(slice, entry)) this.folder.foldTable(table, entry.table);
  }

  /**
   * The slices whose first window fires now: from here on rows of theirs go to deltas. Those whose first window fired before have come since
   * `takeLate`, and are for the next one. REQUIRES: the region is held.
   */
  private take(region: Region, firedUpTo: bigint, until: bigint): HeldSlice[] {
    const isDue = (end: bigint): boolean => end > firedUpTo && end <= until;
    const taken = region.changed().filter(slice => slice.firings === 0 && isDue(this.assigner.firstWindowEnd(slice)));
    for (const slice of taken) region.fired(slice);
    return taken;
  }

  /** Adds slices to what is assembled: to the back, but for those that rows came to late. */
  private extend(home: Region, regions: readonly Region[], slices: readonly Span[]): void {
    for (const slice of slices) {
      for (const table of tablesOf(regions, slice)) this.addToAssembled(home, slice, table);
    }
  }

  private giveOut(home: Region, regions: readonly Region[], window: Span): void {
    if (home.mark(Mark.frontEnd) <= window.start) this.flip(home, regions, window);
    const front = this.frontOf(home).find(({ start }) => start >= window.start)?.table;
    const back = home.find(BACK)?.table;
    const parts = [front, back].filter(table => table !== undefined && table.cells > 0);
    if (parts.length === 1) {
      this.results.append(window, parts[0]!);
      // What follows changes the table.
      this.flush();
    } else if (parts.length > 1 && this.union) {
      this.union.append(window, parts[0]!, parts[1]!);
    } else if (parts.length > 1) {
      this.results.append(window, this.assembled(home, parts as HashedTable[]));
      if (this.waiting.length >= MOST_TABLES) this.flush();
    }
  }

  /** The slices in the back that the window begins with, or that come later, become the front. */
  private flip(home: Region, regions: readonly Region[], window: Span): void {
    const slices = spansOf(home).filter(({ start }) => start >= window.start).sort((a, b) => (isBefore(a, b) ? 1 : -1));
    let behind: HashedTable | null = null;
    for (const slice of slices) {
      const into = this.tableOf(home, slice);
      if (behind) this.folder.foldTable(behind, into);
      for (const table of tablesOf(regions, slice)) this.folder.foldTable(table, into);
      behind = into;
    }
    // The keys of results that wait may lie in it.
    this.flush();
    home.find(BACK)?.table.clear();
    home.setMark(Mark.frontEnd, window.end);
    this.front = null;
  }

  /**
   * Gives the groups out again that late rows have changed, for each window that had fired: rows are in no slice of a window that they were too
   * late for, and slices of a window stay as long as rows may come for it.
   */
  private revise(home: Region, late: readonly Late[], firedUpTo: bigint): void {
    const windows = inOrder(late.flatMap(({ slice }) => this.assigner.windowsOf(slice).filter(({ end }) => end <= firedUpTo)));
    for (const window of windows) {
      const inside = late.filter(({ slice }) => slice.start >= window.start && slice.end <= window.end);
      for (const region of new Set(inside.map(one => one.region))) {
        this.reviseRegion(home, region, window, inside.filter(one => one.region === region).map(one => one.table));
      }
    }
  }

  private reviseRegion(home: Region, region: Region, window: Span, changed: readonly HashedTable[]): void {
    // Of slices that rows are coming to right now, too: what these change is given out by the next firing, of other groups perhaps.
    const slices = held(region, () => region.everGivenOut((start, end) => start >= window.start && end <= window.end));
    const all = this.assembled(home, slices.map(slice => slice.table));
    const keys = changed.length === 1 ? changed[0]! : this.assembled(home, changed);
    const list = this.folder.list(keys);
    this.results.appendCells(window, all, this.folder.find(list, all), list.rows);
    if (list.nullCell) this.results.appendNull(window, all, all.nullCell);
    if (this.waiting.length >= MOST_TABLES) this.flush();
  }

  /** A table of the groups of several, until the next `flush`. */
  private assembled(home: Region, parts: readonly HashedTable[]): HashedTable {
    const table = home.createTable(this.cellBytes);
    this.waiting.push(table);
    for (const part of parts) this.folder.foldTable(part, table);
    return table;
  }

  private flush(): void {
    this.results.flush();
    for (const table of this.waiting) table.free();
    this.waiting = [];
  }

  /** Frees what no window to come needs, and notes when the next one fires. */
  private settle(home: Region, regions: readonly Region[], watermark: bigint): void {
    const { assigner, timing } = this;
    const bound = timing.bound(watermark);
    const gone = spansOf(home).filter(slice => assigner.lastWindowEnd(slice) <= bound);
    home.remove(gone.map(slice => home.find(slice)!));
    const left = spansOf(home);
    if (left.length === 0) home.remove(home.held());
    // The slices that are left are part of every window from the last that fired to their last.
    const next = left.length === 0 || bound === GREATEST_TIME ? NEVER : timing.dueOf(assigner.sliceOf(bound)!);
    for (const region of regions) {
      held(region, () => {
        region.remove(region.givenOut((start, end) => timing.expiryOf({ start, end }) <= watermark));
        region.due = region.changed().reduce((least, slice) => (timing.dueOf(slice) < least ? timing.dueOf(slice) : least), next);
      });
    }
  }

  /** The slices in the front, in order. */
  private frontOf(home: Region): readonly HeldSlice[] {
    return (this.front ??= home.held().filter(slice => !isBack(slice) && slice.start < home.mark(Mark.frontEnd)));
  }
  private tableOf(home: Region, slice: Span): HashedTable {
    return home.writable(slice, this.cellBytes, NEVER);
  }
}

/** In the order of the front: by start, then by end. */
const isBefore = (a: Span, b: Span): boolean => a.start < b.start || (a.start === b.start && a.end < b.end);
const isBack = ({ start, end }: Span): boolean => start === BACK.start && end === BACK.end;
/** All slices that are assembled. */
const spansOf = (home: Region): Span[] => home.spans().filter(span => !isBack(span));
/** What regions have of a slice and have taken: one that came since is taken late, and rows may still come to it. */
const tablesOf = (regions: readonly Region[], slice: Span): HashedTable[] => regions.flatMap(region => {
  const own = held(region, () => region.find(slice));
  return own !== null && own.firings > 0 ? [own.table] : [];
});

