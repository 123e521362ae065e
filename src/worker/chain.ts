import { MORSEL_SLOTS, poisoned, ring } from '../heap/control.js';
import type { Heap } from '../heap/heap.js';
import { Poisoned, withLock } from '../heap/lock.js';
import { chainStart } from '../heap/stage-block.js';
import { Lanes, NO_TIME, type LaneMap } from './lanes.js';
import { Morsel, MorselKind, TOKENS } from './morsel.js';

const enum U32 { lock, next, signal, sleepers }
const SPINS = 200;
const CHECK_POISON_MS = 50;

/**
 * The chain makes lateness independent of batches and threads: morsel by morsel, in the order of ingestion, it hands each morsel the
 * watermark before it, that of its own lane, the least of the other lanes, and the number of its first row. A worker adds its morsel's
 * statistics in any order and whoever adds the one that the chain waits for moves it on, over all that are ready.
 *
 * Waiting is bounded: the morsels before one's own were taken by workers that add statistics before they wait for anything.
 */
export class Chain {
  readonly lanes: Lanes;
  private readonly words: number;

  constructor(
    private readonly heap: Heap,
    private readonly block: number,
    lanes: LaneMap,
  ) {
    this.lanes = new Lanes(heap, chainStart(block), lanes);
    this.words = this.lanes.chainWords;
  }

  /** REQUIRES: no worker runs. */
  reset(firstSequence = 0): void {
    this.lanes.reset();
    this.heap.u32[this.words + U32.next] = firstSequence % TOKENS;
  }

  /** Index (i32) of its lock. */
  get lockWord(): number {
    return this.words + U32.lock;
  }

  /** Publishes the statistics of a morsel. */
  add(morsel: Morsel): void {
    const { heap, words } = this;
    Atomics.store(heap.i32, morsel.statsReady, morsel.token);
    withLock(heap, words + U32.lock, () => {
      for (;;) {
        const next = heap.u32[words + U32.next]!;
        const candidate = new Morsel(heap, this.block, next % MORSEL_SLOTS);
        if (Atomics.load(heap.i32, candidate.statsReady) !== next + 1) return;
        this.pass(candidate);
        heap.u32[words + U32.next] = (next + 1) % TOKENS;
        Atomics.store(heap.i32, candidate.prefixReady, next + 1);
      }
    });
    // A worker that counts itself among the sleepers looks at its word once more before it sleeps.
    if (Atomics.load(heap.i32, words + U32.sleepers) > 0) ring(heap, words + U32.signal);
  }

  /** Has these lanes of a branch take part before their first row, and none else; `floors`: the watermarks that some begin with. REQUIRES: the branch has had no morsel. */
  declare(branch: number, lanes: readonly number[], floors: ReadonlyMap<number, bigint> = new Map()): void {
    withLock(this.heap, this.words + U32.lock, () => {
      for (const lane of lanes) this.lanes.enter(lane, floors.get(lane));
      for (const lane of this.lanes.ofBranch(branch)) if (!lanes.includes(lane) && this.lanes.takesPart(lane)) this.lanes.leave(lane);
    });
  }

  /** Whether the chain has come to the morsel. */
  reached(morsel: Morsel): boolean {
    return Atomics.load(this.heap.i32, morsel.prefixReady) === morsel.token;
  }

  /** Waits until the chain has come to the morsel. */
  wait(morsel: Morsel): void {
    const { i32 } = this.heap;
    for (let spin = 0; spin < SPINS; spin++) if (this.reached(morsel)) return;
    Atomics.add(i32, this.words + U32.sleepers, 1);
    try {
      for (;;) {
        const seen = Atomics.load(i32, this.words + U32.signal);
        if (this.reached(morsel)) return;
        if (poisoned(this.heap)) throw new Poisoned();
        Atomics.wait(i32, this.words + U32.signal, seen, CHECK_POISON_MS);
      }
    } finally {
      Atomics.sub(i32, this.words + U32.sleepers, 1);
    }
  }

  private pass(morsel: Morsel): void {
    const { lanes } = this;
    const { branch, lane } = morsel;
    morsel.before = lanes.watermark;
    morsel.ownBefore = lanes.watermarkOf(lane);
    morsel.others = lanes.hasTwins(branch) ? lanes.leastBesideTwins(branch, lane) : lanes.leastBut(lane);
    morsel.basePosition = lanes.rowsOf(branch);
    if (morsel.kind === MorselKind.branchEnd) lanes.end(branch);
    else if (morsel.kind === MorselKind.aside) lanes.leave(lane);
    else if (morsel.kind === MorselKind.statement) lanes.enter(lane, morsel.statement);
    else {
      lanes.addRows(branch, morsel.rows);
      if (morsel.greatest !== NO_TIME) lanes.enter(lane, morsel.statement);
    }
    morsel.after = lanes.advance();
  }
}
