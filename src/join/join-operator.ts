import { fillSelectSteps, SELECT_STEP_BYTES } from '../../native-free-kernels/select.js';
import type { MorselOperator } from '../aggregate/row-operator.js';
import type { Vector } from '../expression/vector.js';
import { PageUse } from '../heap/page-allocator.js';
import { retracts } from '../plan/join-plan.js';
import { gathered32, gathered64, gatheredTexts, sortedVector } from '../aggregate/sorted-rows.js';
import { held } from '../state/region.js';
import { Turns } from '../state/turns.js';
import type { JobLayout } from '../worker/job-layout.js';
import type { ThreadContext } from '../worker/thread-context.js';
import { EntryWriter, withViews, type Candidates, type Picked, type RowNumbers } from './entry-writer.js';
import { joinKeys } from './join-keys.js';
import type { JoinResults } from './join-results.js';
import type { JoinState } from './join-state.js';
import type { Matching } from './matching.js';

/** Rows of a chunk that take part in a join. */
export interface JoinInput {
  readonly side: number;
  /** The number of their morsel. */
  readonly morsel: number;
  /** One per input of the side. */
  readonly vectors: readonly Vector[];
  readonly elements: number;
  /** The elements that take part (u32), or 0 for all; `rows` of them. */
  readonly positions: number;
  readonly rows: number;
  /** Event times of the elements (int64). */
  readonly times: number;
  readonly numbers: RowNumbers;
}

/** Rows sorted by region: those of region r are `counts[r]` from number `starts[r]` on. */
interface Chunk {
  readonly side: number;
  readonly from: Candidates;
  /** 0, 1, … (u32). */
  readonly numbers: number;
  readonly starts: Uint32Array;
  readonly counts: Uint32Array;
  /** Those with a null in their key, where something comes of them. */
  readonly unkeyed: { readonly from: Candidates; readonly picked: Picked } | null;
}
interface Rows {
  readonly rows: number;
  /** u32, or 0 for all. */
  readonly positions: number;
}

/** Chunks that are made ready before they go through the regions: so a morsel of the usual size goes through them once. */
const MOST_CHUNKS = 8;

/**
 * Takes rows into the logs of their side and finds their matches in those of the others: every pair is found once, by whichever row comes
 * later to the region. Where results may be taken back, morsels go through regions in the order of ingestion, so that nothing is taken back before it was given.
 */
export class JoinOperator implements MorselOperator {
  private readonly writers: readonly EntryWriter[];
  private readonly turns: Turns;
  private readonly ordered: boolean;
  private readonly steps: number;
  private chunks: Chunk[] = [];
  /** The number of the morsel that goes through the regions. */
  private morsel = 0;

  constructor(
    private readonly thread: ThreadContext,
    private readonly job: JobLayout,
    private readonly state: JoinState,
    private readonly matcher: Matching,
    private readonly results: JoinResults,
  ) {
    this.writers = state.layout.sides.map(side => new EntryWriter(thread, side));
    this.turns = new Turns(thread.heap);
    this.ordered = retracts(state.join);
    this.steps = thread.pages.allocate(SELECT_STEP_BYTES, PageUse.scratch);
    fillSelectSteps(thread.heap, this.steps);
  }

  get holds(): boolean {
    return this.chunks.length > 0;
  }
  get isPending(): boolean {
    return !this.ordered && !this.results.isEmpty;
  }
  hasTurn(morsel: number): boolean {
    const { set } = this.state;
    return !this.ordered || [...set.regions, set.assembled[0]!].every(region => this.turns.has(region, morsel));
  }
  flush(): void {
    this.results.flush();
  }

  add(input: JoinInput): void {
    if (input.rows === 0) return;
    const chunk = this.prepare(input);
    this.chunks.push(chunk);
    if (this.chunks.length < MOST_CHUNKS) return;
    if (this.ordered) this.visitInTurn(input.morsel, false);
    else this.visit();
  }
  endMorsel(morsel: number): void {
    if (!this.ordered) return this.visit();
    this.visitInTurn(morsel, true);
    this.results.flush();
    const { assembled: [results] } = this.state.set;
    this.turns.wait(results!, morsel);
    this.turns.pass(results!, morsel);
  }

  /** Waits until all results of the morsels before were given out. */
  awaitResults(): void {
    if (this.ordered) this.turns.wait(this.state.set.assembled[0]!, this.morsel);
  }

  private visit(): void {
    const { chunks } = this;
    for (const chunk of chunks) this.giveUnkeyed(chunk);
    const some = (region: number): Chunk[] => chunks.filter(({ counts }) => counts[region]! > 0);
    this.state.set.inTurn(region => some(region).length > 0, (_held, region) => this.apply(region, some(region)));
    this.chunks = [];
  }
  private visitInTurn(morsel: number, last: boolean): void {
    const { chunks, state: { set } } = this;
    this.morsel = morsel;
    for (const chunk of chunks) this.giveUnkeyed(chunk);
    set.regions.forEach((region, index) => {
      this.turns.wait(region, morsel);
      const some = chunks.filter(({ counts }) => counts[index]! > 0);
      if (some.length > 0) held(region, () => this.apply(index, some));
      if (last) this.turns.pass(region, morsel);
    });
    this.chunks = [];
  }

  /** REQUIRES: the region is held. */
  private apply(region: number, chunks: readonly Chunk[]): void {
    const { scratch } = this.thread;
    const store = this.state.storeOf(region);
    this.state.forgetSettled(region, store);
    for (const { side, from, numbers, starts, counts } of chunks) {
      const mark = scratch.mark();
      const [own, rows] = [numbers + starts[region]! * 4, counts[region]!];
      const entries = this.writers[side]!.append(store.logs[side]!, from, { rows, candidates: own, elements: own });
      this.matcher.came(store, side, entries, rows);
      scratch.release(mark);
    }
    this.state.noteDue(region, store);
  }

  private giveUnkeyed({ side, unkeyed }: Chunk): void {
    if (unkeyed === null) return;
    const { scratch } = this.thread;
    const mark = scratch.mark();
    this.matcher.unkeyed(side, this.writers[side]!.write(unkeyed.from, unkeyed.picked), unkeyed.picked.rows);
    scratch.release(mark);
  }

  private prepare({ side, vectors: given, elements, positions, rows, times, numbers }: JoinInput): Chunk {
    const { layout, set, join: { window }, shape } = this.state;
    const vectors = withViews(this.thread, given, elements);
    const keys = joinKeys(this.thread, layout.keyMode, vectors.slice(0, layout.keyCount), elements);
    const [keyed, unkeyed] = this.byKey(keys.valid, elements, { rows, positions });
    const wanted = shape.givesUnmatched[side]! && unkeyed.rows > 0 ? unkeyed : null;
    const base = { vectors, keyViews: keys.views, eventTimes: times, numbers };
    if (window === null) {
      const from: Candidates = { ...base, keys: keys.words, times, hashes: this.hash(elements, keys.words) };
      const { sorted, starts, counts } = set.partition(keyed.rows, keyed.positions, from.hashes);
      const picked = { rows: keyed.rows, candidates: sorted, elements: sorted };
      return {
        side, from: this.sort(from, given, picked), numbers: this.count(keyed.rows), starts, counts,
        unkeyed: wanted && { from, picked: { rows: wanted.rows, candidates: wanted.positions, elements: wanted.positions } },
      };
    }
    return this.prepareWindows(side, given, base, keys.words, keyed, wanted);
  }

  /** A row is a candidate once for each window that it lies in: those with a null key come behind the others. */
  private prepareWindows(side: number, given: readonly Vector[], base: Pick<Candidates, 'vectors' | 'keyViews' | 'eventTimes' | 'numbers'>, words: number, keyed: Rows, unkeyed: Rows | null): Chunk {
    const { kernels, scratch } = this.thread;
    const { size, slide, offset } = this.state.join.window!;
    const most = (keyed.rows + (unkeyed?.rows ?? 0)) * Math.ceil(size / slide);
    const [elements, starts] = [scratch.take(most * 4), scratch.take(most * 8)];
    const list = ({ rows, positions }: Rows, at: number): number =>
      kernels.windowRows(rows, positions, base.eventTimes, BigInt(size), BigInt(slide), BigInt(offset), elements + at * 4, starts + at * 8);
    const rows = list(keyed, 0);
    const behind = unkeyed === null ? 0 : list(unkeyed, rows);
    const all = rows + behind;
    const [keys, mixed] = [scratch.take(all * 8), scratch.take(all * 8)];
    kernels.gather64(all, elements, words, keys);
    kernels.windowKeys(all, elements, words, starts, mixed);
    const from: Candidates = { ...base, keys, times: starts, hashes: this.hash(all, mixed) };
    const sorted = this.state.set.partition(rows, 0, from.hashes);
    const sortedElements = scratch.take(rows * 4);
    kernels.gather32(rows, sorted.sorted, elements, sortedElements);
    const last = scratch.take(behind * 4);
    kernels.iota(behind, rows, last);
    return {
      side, from: this.sort(from, given, { rows, candidates: sorted.sorted, elements: sortedElements }), numbers: this.count(rows), starts: sorted.starts, counts: sorted.counts,
      unkeyed: behind === 0 ? null : { from, picked: { rows: behind, candidates: last, elements: elements + rows * 4 } },
    };
  }

  /** Rows in the order in which they are picked, see `sorted-rows.ts`. `given`: the vectors of their chunk. */
  private sort(from: Candidates, given: readonly Vector[], { rows, candidates, elements }: Picked): Candidates {
    const { thread, state: { layout } } = this;
    const { selection, firstRow, basePosition } = from.numbers;
    // Of keys nothing is kept but their words and views; texts of a dictionary are few, and near.
    const vectors = from.vectors.map((vector, input) => (input < layout.keyCount ? vector : sortedVector(thread, vector, given[input]!.cls === 'code', rows, elements)));
    return {
      vectors,
      keys: gathered64(thread, rows, candidates, from.keys),
      keyViews: from.keyViews && gatheredTexts(thread, rows, elements, from.keyViews),
      times: gathered64(thread, rows, candidates, from.times),
      hashes: gathered32(thread, rows, candidates, from.hashes),
      eventTimes: gathered64(thread, rows, elements, from.eventTimes),
      numbers: { selection: selection ? gathered32(thread, rows, elements, selection) : elements, firstRow: 0, basePosition: selection ? basePosition : basePosition + BigInt(firstRow) },
    };
  }
  private count(rows: number): number {
    const { kernels, scratch } = this.thread;
    const numbers = scratch.take(rows * 4);
    kernels.iota(rows, 0, numbers);
    return numbers;
  }

  private hash(rows: number, words: number): number {
    const { kernels, scratch } = this.thread;
    const hashes = scratch.take(rows * 4);
    kernels.hashWords(rows, words, this.job.hashSeed, hashes);
    return hashes;
  }

  /** The rows without a null in their key, and the others. `valid`: a byte per element, or 0. */
  private byKey(valid: number, elements: number, all: Rows): [keyed: Rows, unkeyed: Rows] {
    if (valid === 0) return [all, { rows: 0, positions: 0 }];
    const { kernels, scratch } = this.thread;
    const { rows, positions } = all;
    let flags = valid;
    if (positions) kernels.gather8(rows, positions, valid, (flags = scratch.take(rows)));
    const select = (want: 0 | 1): Rows => {
      const numbers = scratch.take(elements * 4 + 64);
      const count = kernels.selectBytes(rows, flags, 0, want, this.steps, numbers);
      if (!positions) return { rows: count, positions: numbers };
      const own = scratch.take(count * 4);
      kernels.gather32(count, numbers, positions, own);
      return { rows: count, positions: own };
    };
    return [select(1), select(0)];
  }
}
