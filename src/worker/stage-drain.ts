import { DedupeFire } from '../aggregate/dedupe-fire.js';
import { DedupeOperator } from '../aggregate/dedupe-operator.js';
import { FireOperator } from '../aggregate/fire-operator.js';
import { GroupOperator } from '../aggregate/group-operator.js';
import type { KeptResults } from '../aggregate/kept-results.js';
import { isKeyed } from '../aggregate/keyed-window.js';
import { OrderedOperator } from '../aggregate/ordered-operator.js';
import type { Firing, MorselOperator, RowOperator } from '../aggregate/row-operator.js';
import { SessionFire } from '../aggregate/session-fire.js';
import { SortOperator } from '../aggregate/sort-operator.js';
import { TopOperator } from '../aggregate/top-operator.js';
import { materialise } from '../batch/materialise.js';
import { signal, Word } from '../heap/control.js';
import { PageUse } from '../heap/page-allocator.js';
import { JoinStage, type JoinLimits } from '../join/join-stage.js';
import { fireWord, StageWord, stageWord } from '../heap/stage-block.js';
import type { Vector } from '../expression/vector.js';
import { firstStage } from '../plan/plan.js';
import type { Fields } from '../plan/types.js';
import { stateLayout, type JobLayout } from './job-layout.js';
import { END_OF_TIME } from './lanes.js';
import { MorselTask, type OpenMorsel } from './morsel-task.js';
import { Morsel, MorselState } from './morsel.js';
import { OutputQueue, Task, TaskQueue } from './queues.js';
import type { ThreadContext } from './thread-context.js';
import type { LoadedFunctions } from './udf-loader.js';

/** Morsels whose rows are combined before they are given to the regions: their common keys cost once. */
const MOST_HELD = 8;
/** The coordinator is woken when the queue is down to this many tasks, and when it is all but empty: a wake for every morsel would cost as much as a morsel. */
const WAKE_AT = 12;

/** One worker's part in one stage: a task is begun, and what there is of it to finish is finished. */
export class StageDrain {
  private readonly morsels: MorselTask;
  private readonly group: RowOperator | null = null;
  private readonly operator: MorselOperator | null;
  private readonly fire: Firing | null = null;
  private readonly kept: KeptResults | null = null;
  /** Morsels whose rows are applied, but not all in the regions yet. */
  private held: Morsel[] = [];
  private opened: OpenMorsel | null = null;
  /** Tasks that were left when it was taken. */
  private left = 0;

  /** `makeRoom`: returns when there is room for a result. */
  constructor(
    private readonly thread: ThreadContext,
    private readonly job: JobLayout,
    worker: number,
    udfs: LoadedFunctions,
    makeRoom: () => void,
    joinLimits: JoinLimits,
  ) {
    const layout = stateLayout(job.plan);
    const { join: joined, aggregate, deduplicate, top } = firstStage(job.plan);
    const emit = (descriptor: number): void => {
      Atomics.add(thread.heap.i32, stageWord(job.block, StageWord.results), 1);
      OutputQueue.push(thread.heap, { descriptor, stage: job.stage, morsel: 0, index: 0 });
    };
    const give = (fields: Fields, vectors: readonly Vector[], rows: number): void => {
      makeRoom();
      emit(materialise(thread.heap, thread.kernels, thread.pages.for(PageUse.batch), fields, vectors, rows));
    };
    const join = joined === null ? null : new JoinStage(thread, job, worker, (vectors, rows) => give(job.plan.output, vectors, rows), joinLimits);
    if (join !== null) this.fire = join.fire;
    if (top !== null) this.kept = top.n === null ? new SortOperator(thread, job, makeRoom, emit) : new TopOperator(thread, job, top, makeRoom, emit);
    if (layout !== null && deduplicate !== null) {
      this.group = new DedupeOperator(thread, job, layout, worker);
      this.fire = new DedupeFire(thread, job, worker);
    } else if (layout !== null) {
      const { window } = aggregate!;
      const keyed = isKeyed(window);
      this.group = keyed ? new OrderedOperator(thread, job, layout, worker, window) : new GroupOperator(thread, job, layout, worker);
      this.fire = new (keyed ? SessionFire : FireOperator)(thread, job, layout, worker, give);
    }
    this.operator = this.group ?? join?.operator ?? null;
    this.morsels = new MorselTask(thread, job, layout, this.group, join?.operator ?? null, this.kept, udfs);
  }

  /** The half of a task that waits for no other worker, if there is a task: of a morsel only what the chain needs. */
  begin(): boolean {
    const { heap } = this.thread;
    const urgent = TaskQueue.popUrgent(heap, this.job.block);
    if (urgent !== null) {
      this.settle();
      this.runFire(urgent.part, urgent.parts);
      return true;
    }
    const next = TaskQueue.pop(heap, this.job.block);
    if (next?.task !== Task.morsel) this.settle();
    if (next === null) return false;
    if (next.task === Task.morsel) {
      this.opened = this.morsels.open(new Morsel(heap, this.job.block, next.index));
      this.left = next.left;
    } else this.runFire(next.index & 0xff, next.index >>> 8);
    return true;
  }

  /** Whether there is a half to finish, and whether that would wait for another worker. */
  get pending(): 'none' | 'ready' | 'waits' {
    return this.opened === null ? 'none' : this.morsels.isNext(this.opened) ? 'ready' : 'waits';
  }

  /** The other half. REQUIRES: one is pending. */
  finish(): void {
    const { morsel } = this.opened!;
    this.morsels.apply(this.opened!);
    this.opened = null;
    this.held.push(morsel);
    if (this.operator?.isPending && this.held.length < MOST_HELD && TaskQueue.waiting(this.thread.heap, this.job.block) > 0) return;
    this.settle(this.left === WAKE_AT);
  }

  /** Gives to the regions what was combined of the morsels held, which are done then. */
  settle(tell = false): void {
    if (this.held.length === 0) return;
    const { heap } = this.thread;
    this.operator?.flush();
    for (const morsel of this.held) {
      tell ||= morsel.outputs > 0;
      morsel.state = MorselState.done;
    }
    // What waits now, not what did when the morsels were taken: whoever finishes last must tell, however early it began.
    const waiting = TaskQueue.waiting(heap, this.job.block);
    if (tell || waiting <= 1 || (this.held.length > 1 && waiting <= WAKE_AT)) signal(heap, Word.wake);
    this.held = [];
  }

  private runFire(part: number, parts: number): void {
    const { heap } = this.thread;
    const { aggregate } = firstStage(this.job.plan);
    const watermark = heap.i64[fireWord(this.job.block)]!;
    if (this.kept) {
      this.kept.fire(watermark, watermark === END_OF_TIME);
      Atomics.add(heap.i32, stageWord(this.job.block, StageWord.fireDone), 1);
    } else {
      if (part === 0 && watermark === END_OF_TIME && aggregate?.window.kind === 'global' && aggregate.keys.length === 0) this.group!.touchGlobal();
      this.fire!.run(part, parts);
    }
    signal(heap, Word.wake);
  }
}
