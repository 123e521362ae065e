import type { HashedTable } from '../state/hashed-table.js';
import { held, NEVER, type HeldSlice, type Region } from '../state/region.js';
import type { SliceAssigner, Span } from '../window/slice.js';
import { byStart, GREATEST_TIME, inOrder, LEAST_TIME } from '../window/slice.js';
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
    const late: Late[] = [];
    const fresh = regions.map(region => held(region, () => this.takeLate(home, region, late)));
    const isDue = (slice: Span): boolean => this.assigner.firstWindowEnd(slice) <= bound;
    // From here on rows of theirs go to deltas.
    regions.forEach((region, index) => held(region, () => fresh[index]!.filter(isDue).forEach(slice => region.fired(slice))));
    let left = bySlice(fresh.flat());
    for (const window of this.assigner.windowsEndingIn(before === LEAST_TIME ? null : before, bound, [...lastOf(home), ...left])) {
      const isInside = ({ start, end }: Span): boolean => end <= window.end && start >= window.start;
      for (const slice of left) if (isInside(slice)) this.addToAssembled(home, slice, slice.tables);
      left = left.filter(slice => !isInside(slice));
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

  /** Takes in rows of slices of which a window has fired. Returns the slices of which none has. REQUIRES: the region is held. */
  private takeLate(home: Region, region: Region, late: Late[]): HeldSlice[] {
    const firedUpTo = home.mark(Mark.firedUpTo);
    const fresh: HeldSlice[] = [];
    for (const slice of region.changed()) {
      const { delta } = slice;
      if (delta === null && this.assigner.firstWindowEnd(slice) > firedUpTo) {
        fresh.push(slice);
        continue;
      }
      if (delta !== null) this.folder.foldTables([delta], slice.table);
      this.addToAssembled(home, slice, [delta ?? slice.table]);
      region.firedKeeping(slice);
      late.push({ region, slice: { start: slice.start, end: slice.end }, table: delta ?? slice.table, isDelta: delta !== null });
    }
    return fresh;
  }

  /** Adds to what is assembled what there is of a slice: to the back, but for a slice that rows came to late. */
  private addToAssembled(home: Region, slice: Span, tables: readonly HashedTable[]): void {
    if (slice.start >= home.mark(Mark.frontEnd)) {
      this.folder.foldTables(tables, this.tableOf(home, BACK));
      this.tableOf(home, slice);
      return;
    }
    if (home.find(slice) === null) {
      const next = this.frontOf(home).find(entry => byStart(slice, entry) < 0);
      const own = this.tableOf(home, slice);
      this.front = null;
      if (next) this.folder.foldTables([next.table], own);
    }
    for (const entry of this.frontOf(home)) if (byStart(slice, entry) >= 0) this.folder.foldTables(tables, entry.table);
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
    const given = regions.flatMap(region => held(region, () => region.everGivenOut(start => start >= window.start)));
    let behind: HashedTable | null = null;
    for (const slice of bySlice(given).reverse()) {
      // Of what was taken, some is for windows to come.
      const into = home.find(slice)?.table;
      if (!into) continue;
      if (behind) into.expect(behind.cells);
      this.folder.foldTables(behind ? [behind, ...slice.tables] : slice.tables, into);
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
    this.folder.foldTables(parts, table);
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
    const gone = assigner.lateBelow(bound);
    home.remove(home.held().filter(slice => slice.start < gone && !isBack(slice)));
    const isDone = lastOf(home).length === 0;
    if (isDone) home.remove(home.held());
    // The slices that are left are part of every window from the last that fired to their last.
    const next = isDone || bound === GREATEST_TIME ? NEVER : timing.dueOf(assigner.sliceOf(bound)!);
    const expired = timing.expiredBelow(watermark);
    for (const region of regions) {
      held(region, () => {
        region.remove(region.givenOut(start => start < expired));
        region.due = region.changed().map(slice => timing.dueOf(slice)).reduce((least, due) => (due < least ? due : least), next);
      });
    }
  }

  /** The slices in the front, in order. */
  private frontOf(home: Region): readonly HeldSlice[] {
    return (this.front ??= home.held().filter(slice => !isBack(slice) && slice.start < home.mark(Mark.frontEnd)).sort(byStart));
  }
  private tableOf(home: Region, slice: Span): HashedTable {
    return home.writable(slice, this.cellBytes, NEVER);
  }
}

const isBack = ({ start, end }: Span): boolean => start === BACK.start && end === BACK.end;

/** Of the slices that are assembled the one that ends last, or one of them: it is part of all windows to come that any is part of. */
function lastOf(home: Region): Span[] {
  let last: Span | null = null;
  home.each(slice => {
    if (!isBack(slice) && (last === null || slice.start > last.start)) last = slice;
  });
  return last === null ? [] : [last];
}

/** A slice, and what regions have of it. */
interface Gathered extends Span {
  readonly tables: HashedTable[];
}

/** In the order of the front. */
function bySlice(found: HeldSlice[]): Gathered[] {
  const slices: Gathered[] = [];
  for (const { start, end, table } of found.sort(byStart)) {
    const last = slices.at(-1);
    if (last?.start === start && last.end === end) last.tables.push(table);
    else slices.push({ start, end, tables: [table] });
  }
  return slices;
}
