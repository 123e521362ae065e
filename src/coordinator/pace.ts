import { PAGE_BYTES, Word, word } from '../heap/control.js';
import type { Heap } from '../heap/heap.js';
import type { Clock } from './clock.js';

/** Enough that a worker finds the next one, few enough that memory and latency stay small. */
const LEAST = 60;
/** With some slots to spare. */
const MOST = 240;
const AHEAD_MS = 20;
const MEASURED_MS = 10;
const SMALL_BYTES = 16 << 20;

/**
 * How many morsels of sources may be in flight in each stage. The more there are in the queue, the less often the coordinator is woken, and a wake costs it
 * as much as a dozen morsels; but until it is, no window fires and no memory comes back. So there are more only where they are done so fast
 * that they are `AHEAD_MS` of work, and where batches and results take little memory.
 */
export class Pace {
  private byPace = LEAST;
  private settled = 0;
  private since: number | null = null;

  constructor(
    private readonly heap: Heap,
    private readonly clock: Clock,
    /** What reads sources gives nothing out before windows fire: else as many results come of so many morsels. */
    private readonly keepsResults: boolean,
  ) {}

  get mostInFlight(): number {
    const { u32 } = this.heap;
    const small = Math.min(SMALL_BYTES / PAGE_BYTES, u32[word(Word.pages)]! >>> 6);
    return this.keepsResults && u32[word(Word.batchPages)]! <= small ? this.byPace : LEAST;
  }

  /** One more morsel with rows of a source is done. */
  note(): void {
    this.settled++;
  }
  /** Takes the pace of what was done since the last look. */
  look(): void {
    if (this.settled === 0) return;
    const now = this.clock.now();
    // What was done before the first look, or before a clock was set back, took nobody knows how long.
    const isKnown = this.since !== null && now >= this.since;
    if (isKnown && now - this.since! < MEASURED_MS) return;
    if (isKnown) this.byPace = Math.max(LEAST, Math.min(MOST, Math.round((this.settled / (now - this.since!)) * AHEAD_MS)));
    this.since = now;
    this.settled = 0;
  }
}
