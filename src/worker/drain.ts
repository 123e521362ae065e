import { FireOperator } from '../aggregate/fire-operator.js';
import { GroupOperator } from '../aggregate/group-operator.js';
import { isKeyed } from '../aggregate/keyed-window.js';
import { OrderedOperator } from '../aggregate/ordered-operator.js';
import type { Firing, RowOperator } from '../aggregate/row-operator.js';
import { SessionFire } from '../aggregate/session-fire.js';
import { materialise } from '../batch/materialise.js';
import { FIRE, poisoned, signal, Word, word } from '../heap/control.js';
import { Poisoned } from '../heap/lock.js';
import { PageUse } from '../heap/page-allocator.js';
import { firstStage } from '../plan/plan.js';
import { END_OF_TIME } from './lanes.js';
import { aggregateLayout, type JobLayout } from './job-layout.js';
import { MorselTask, type OpenMorsel } from './morsel-task.js';
import { Morsel, MorselState } from './morsel.js';
import { OutputQueue, Task, TaskQueue } from './queues.js';
import type { ThreadContext } from './thread-context.js';
import type { LoadedFunctions } from './udf-loader.js';

/** Morsels whose rows are combined before they are given to the regions: their common keys cost once. */
const MOST_HELD = 8;
const IDLE_MS = 500;
const ROOM_MS = 50;
/** The coordinator is woken when the queue is down to this many tasks, and when it is all but empty: a wake for every morsel would cost as much as a morsel. */
const WAKE_AT = 12;
export type Step = 'worked' | 'idle' | 'stopped';

/** One worker's part in one job, as a step function: a thread loops it, a test may drive several in one thread. */
export class Drain {
  private readonly morsels: MorselTask;
  private readonly group: RowOperator | null = null;
  private readonly fire: Firing | null = null;
  /** Morsels whose rows are applied, but not all in the regions yet. */
  private held: Morsel[] = [];
  private opened: (OpenMorsel & { readonly left: number }) | null = null;

  constructor(
    private readonly thread: ThreadContext,
    private readonly job: JobLayout,
    worker: number,
    udfs: LoadedFunctions,
  ) {
    const aggregate = aggregateLayout(job.plan);
    if (aggregate) {
      const { window } = firstStage(job.plan).aggregate!;
      const keyed = isKeyed(window);
      this.group = keyed ? new OrderedOperator(thread, job, aggregate, worker, window) : new GroupOperator(thread, job, aggregate, worker);
      this.fire = new (keyed ? SessionFire : FireOperator)(thread, job, aggregate, worker, (fields, vectors, rows) => {
        this.waitForRoom();
        const descriptor = materialise(thread.heap, thread.kernels, thread.pages.for(PageUse.batch), fields, vectors, rows);
        OutputQueue.push(thread.heap, { descriptor, morsel: 0, index: 0 });
      });
    }
    this.morsels = new MorselTask(thread, job, aggregate, this.group, udfs);
  }

  /** Does one task, if there is one. */
  step(): Step {
    const step = this.begin();
    if (this.opened !== null) this.finish();
    return step;
  }

  /** The half of a step that waits for no other worker: takes a task and does it, but of a morsel only what the chain needs. */
  begin(): Step {
    const { heap } = this.thread;
    if (poisoned(heap)) throw new Poisoned();
    const next = TaskQueue.pop(heap);
    if (next?.task !== Task.morsel) this.settle();
    if (next === null) return Atomics.load(heap.i32, word(Word.stop)) ? 'stopped' : 'idle';
    if (next.task === Task.morsel) this.opened = { ...this.morsels.open(new Morsel(heap, next.index)), left: next.left };
    else this.runFire(next.index & 0xff, next.index >>> 8);
    return 'worked';
  }

  /** Whether there is a half to finish, and whether that would wait for another worker. */
  get pending(): 'none' | 'ready' | 'waits' {
    return this.opened === null ? 'none' : this.morsels.isNext(this.opened) ? 'ready' : 'waits';
  }

  /** The other half. REQUIRES: one is pending. */
  finish(): void {
    const { heap } = this.thread;
    const { morsel, left } = this.opened!;
    this.morsels.apply(this.opened!);
    this.opened = null;
    this.held.push(morsel);
    if (this.group?.isPending && this.held.length < MOST_HELD && TaskQueue.waiting(heap) > 0) return;
    this.settle(left === WAKE_AT);
  }

  /** Gives to the regions what was combined of the morsels held, which are done then. */
  private settle(tell = false): void {
    if (this.held.length === 0) return;
    const { heap } = this.thread;
    this.group?.flush();
    for (const morsel of this.held) {
      tell ||= morsel.outputs > 0;
      morsel.state = MorselState.done;
    }
    // What waits now, not what did when the morsels were taken: whoever finishes last must tell, however early it began.
    const waiting = TaskQueue.waiting(heap);
    if (tell || waiting <= 1 || (this.held.length > 1 && waiting <= WAKE_AT)) signal(heap, Word.wake);
    this.held = [];
  }

  /** Steps until told to stop. */
  loop(): void {
    for (;;) {
      const step = this.step();
      if (step === 'stopped') return;
      if (step === 'idle') TaskQueue.wait(this.thread.heap, IDLE_MS);
    }
  }

  private runFire(part: number, parts: number): void {
    const { heap } = this.thread;
    const { aggregate } = firstStage(this.job.plan);
    if (part === 0 && heap.i64[FIRE] === END_OF_TIME && aggregate!.window.kind === 'global' && aggregate!.keys.length === 0) this.group!.touchGlobal();
    this.fire!.run(part, parts);
    signal(heap, Word.wake);
  }

  /** Holds a firing back while results fill the batches' share of the heap. The coordinator gives these to the sink whatever workers do; what else is there may be waiting for this very worker. */
  private waitForRoom(): void {
    const { heap } = this.thread;
    const limit = heap.u32[word(Word.pages)]! >>> 2;
    for (;;) {
      const room = Atomics.load(heap.i32, word(Word.room));
      if (Atomics.load(heap.i32, word(Word.batchPages)) < limit || Atomics.load(heap.i32, word(Word.results)) === 0) return;
      if (poisoned(heap)) throw new Poisoned();
      Atomics.wait(heap.i32, word(Word.room), room, ROOM_MS);
    }
  }
}
