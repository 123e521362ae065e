import { poisoned } from '../heap/control.js';
import type { Heap } from '../heap/heap.js';
import { Poisoned } from '../heap/lock.js';
import type { Region } from './region.js';

/** Where a region's header keeps the number of the morsel whose turn it is. */
const TURN_WORD = 33;
const SPINS = 2000;
const CHECK_POISON_MS = 50;

/**
 * What depends on the order of rows goes through every region in the order of ingestion, though workers take morsels as they come: morsel n
 * enters a region after morsel n - 1 has left it for good. All go through the regions in the same order, so they follow one another
 * like wagons, and none waits for a worker that waits for it: the one before was taken from the queue before, and waits only for those before it.
 * Numbers count the morsels that workers take, and go round.
 */
export class Turns {
  constructor(private readonly heap: Heap) {}

  /** Waits until it is the morsel's turn. REQUIRES: no region is held. */
  wait(region: Region, morsel: number): void {
    const { i32 } = this.heap;
    const at = region.words + TURN_WORD;
    for (let spin = 0; spin < SPINS; spin++) if (Atomics.load(i32, at) === (morsel | 0)) return;
    for (;;) {
      const turn = Atomics.load(i32, at);
      if (turn === (morsel | 0)) return;
      if (poisoned(this.heap)) throw new Poisoned();
      Atomics.wait(i32, at, turn, CHECK_POISON_MS);
    }
  }

  has(region: Region, morsel: number): boolean {
    return Atomics.load(this.heap.i32, region.words + TURN_WORD) === (morsel | 0);
  }

  /** REQUIRES: it is the morsel's turn. */
  pass(region: Region, morsel: number): void {
    Atomics.store(this.heap.i32, region.words + TURN_WORD, (morsel + 1) | 0);
    Atomics.notify(this.heap.i32, region.words + TURN_WORD);
  }
}
