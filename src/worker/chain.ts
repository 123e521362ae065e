import { BRANCHES, BRANCH_WORDS, MORSEL_SLOTS, poisoned, signal, Word, word } from '../heap/control.js';
import type { Heap } from '../heap/heap.js';
import { Poisoned, withLock } from '../heap/lock.js';
import { firstStage, type Plan } from '../plan/plan.js';
import { Morsel, MorselKind, TOKENS } from './morsel.js';

/** No event time, no watermark: before all times. */
export const NO_TIME: bigint = -(2n ** 63n);
export const END_OF_TIME: bigint = 2n ** 63n - 1n;
const enum BranchWord { greatest, rows, ended }
const SPINS = 200;
const CHECK_POISON_MS = 50;

/**
 * The chain makes lateness independent of batches and threads: morsel by morsel, in the order of ingestion, it hands each morsel the
 * greatest event time of its branch before it, the least watermark of the other branches, and the number of its first row. A worker
 * adds its morsel's statistics in any order and whoever adds the one that the chain waits for moves it on, over all that are ready.
 *
 * Waiting is bounded: the morsels before one's own were taken by workers that add statistics before they wait for anything.
 */
export class Chain {
  private readonly bounds: readonly bigint[];

  constructor(
    private readonly heap: Heap,
    plan: Plan,
  ) {
    this.bounds = firstStage(plan).branches.map(branch => BigInt(branch.eventTime?.outOfOrderness ?? 0));
  }

  /** Clears the branches' words. REQUIRES: no worker runs. */
  reset(): void {
    for (let branch = 0; branch < this.bounds.length; branch++) {
      this.heap.i64.fill(0n, BRANCHES + branch * BRANCH_WORDS, BRANCHES + (branch + 1) * BRANCH_WORDS);
      this.set(branch, BranchWord.greatest, NO_TIME);
    }
    this.heap.u32[word(Word.chainNext)] = 0;
  }

  /** Publishes `greatest` and `rows` of a morsel. */
  add(morsel: Morsel): void {
    const { heap } = this;
    Atomics.store(heap.i32, morsel.statsReady, morsel.token);
    withLock(heap, word(Word.chainLock), () => {
      for (;;) {
        const next = heap.u32[word(Word.chainNext)]!;
        const candidate = new Morsel(heap, next % MORSEL_SLOTS);
        if (Atomics.load(heap.i32, candidate.statsReady) !== next + 1) return;
        this.pass(candidate);
        heap.u32[word(Word.chainNext)] = (next + 1) % TOKENS;
        Atomics.store(heap.i32, candidate.prefixReady, next + 1);
      }
    });
    // A worker that counts itself among the sleepers looks at its word once more before it sleeps.
    if (Atomics.load(heap.i32, word(Word.chainSleepers)) > 0) signal(heap, Word.chainSignal);
  }

  /** Whether the chain has come to the morsel. */
  reached(morsel: Morsel): boolean {
    return Atomics.load(this.heap.i32, morsel.prefixReady) === morsel.token;
  }

  /** Waits until the chain has come to the morsel. */
  wait(morsel: Morsel): void {
    const { i32 } = this.heap;
    for (let spin = 0; spin < SPINS; spin++) if (this.reached(morsel)) return;
    Atomics.add(i32, word(Word.chainSleepers), 1);
    try {
      for (;;) {
        const seen = Atomics.load(i32, word(Word.chainSignal));
        if (this.reached(morsel)) return;
        if (poisoned(this.heap)) throw new Poisoned();
        Atomics.wait(i32, word(Word.chainSignal), seen, CHECK_POISON_MS);
      }
    } finally {
      Atomics.sub(i32, word(Word.chainSleepers), 1);
    }
  }

  /** How far the watermark of a branch lies behind its greatest event time. */
  boundOf(branch: number): bigint {
    return this.bounds[branch]!;
  }
  /** The watermark of a branch from the greatest event time it has had. */
  watermarkOf(branch: number, greatest: bigint): bigint {
    const bound = this.bounds[branch]!;
    return greatest === NO_TIME ? NO_TIME : greatest < NO_TIME + bound ? NO_TIME : greatest - bound;
  }

  private pass(morsel: Morsel): void {
    const { branch } = morsel;
    const before = this.get(branch, BranchWord.greatest);
    const rows = this.get(branch, BranchWord.rows);
    morsel.ownBefore = before;
    morsel.basePosition = rows;
    this.set(branch, BranchWord.rows, rows + morsel.rows);
    if (morsel.greatest > before) this.set(branch, BranchWord.greatest, morsel.greatest);
    if (morsel.kind === MorselKind.branchEnd) this.set(branch, BranchWord.ended, 1n);
    morsel.others = this.leastWatermark(branch);
    morsel.after = this.leastWatermark(-1);
  }

  /** Over the branches that have not ended, but for `except`. */
  private leastWatermark(except: number): bigint {
    let least = END_OF_TIME;
    for (let branch = 0; branch < this.bounds.length; branch++) {
      if (branch === except || this.get(branch, BranchWord.ended) !== 0n) continue;
      const watermark = this.watermarkOf(branch, this.get(branch, BranchWord.greatest));
      if (watermark < least) least = watermark;
    }
    return least;
  }

  private get(branch: number, name: BranchWord): bigint {
    return this.heap.i64[BRANCHES + branch * BRANCH_WORDS + name]!;
  }
  private set(branch: number, name: BranchWord, value: bigint): void {
    this.heap.i64[BRANCHES + branch * BRANCH_WORDS + name] = value;
  }
}
