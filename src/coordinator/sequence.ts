import { MORSEL_SLOTS } from '../heap/control.js';
import type { Heap } from '../heap/heap.js';
import type { Chain } from '../worker/chain.js';
import { NO_TIME } from '../worker/lanes.js';
import { Morsel, type MorselKind, MorselState, TOKENS } from '../worker/morsel.js';
import { Task, TaskQueue } from '../worker/queues.js';

/** The morsels of a stage, in the order of ingestion: begun one after another, settled in the same order once they are done. */
export class Sequence {
  private next = 0;
  private settled = 0;
  private queued = 0;

  constructor(
    private readonly heap: Heap,
    private readonly block: number,
    readonly chain: Chain,
  ) {}

  /** Morsels in flight. */
  get length(): number {
    return this.next - this.settled;
  }
  /** Slots that are free. */
  get room(): number {
    return MORSEL_SLOTS - this.length;
  }
  /** Number of the next morsel. */
  get number(): number {
    return this.next;
  }

  /** Begins a morsel; `fill` says what is in it. REQUIRES: a free slot. */
  submit(branch: number, lane: number, fill: (morsel: Morsel) => void): void {
    const morsel = this.slot(this.next);
    morsel.clear();
    morsel.floor = NO_TIME;
    fill(morsel);
    this.begin(morsel, branch, lane);
    morsel.turn = this.queued++;
    morsel.state = MorselState.queued;
    TaskQueue.push(this.heap, this.block, Task.morsel, (this.next - 1) % MORSEL_SLOTS);
  }

  /** A morsel without data, done as soon as the chain knows of it. REQUIRES: a free slot. */
  pass(kind: MorselKind, branch: number, lane: number, statement: bigint = NO_TIME): void {
    const morsel = this.slot(this.next);
    morsel.clear();
    morsel.kind = kind;
    this.begin(morsel, branch, lane);
    morsel.statement = statement;
    morsel.state = MorselState.done;
    this.chain.add(morsel);
  }

  /** Settles the morsels that are done, up to the first that is not. */
  settle(each: (morsel: Morsel, number: number) => void): void {
    for (; this.settled < this.next; this.settled++) {
      const morsel = this.slot(this.settled);
      // Without input yet to pass, the chain has passed every morsel that is done.
      if (morsel.state !== MorselState.done || !this.chain.reached(morsel)) return;
      each(morsel, this.settled);
      morsel.state = MorselState.free;
    }
  }

  /** For tests of what happens far on. REQUIRES: no morsel was begun. */
  startAt(number: number): void {
    this.next = this.settled = number;
    this.chain.reset(number);
  }

  private slot(number: number): Morsel {
    return new Morsel(this.heap, this.block, number % MORSEL_SLOTS);
  }
  private begin(morsel: Morsel, branch: number, lane: number): void {
    morsel.token = (this.next++ % TOKENS) + 1;
    morsel.branch = branch;
    morsel.lane = lane;
    morsel.greatest = morsel.statement = NO_TIME;
  }
}
