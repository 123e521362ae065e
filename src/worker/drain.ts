import { poisoned, Word, word } from '../heap/control.js';
import { Poisoned } from '../heap/lock.js';
import { JOIN_LIMITS, type JoinLimits } from '../join/join-stage.js';
import type { JobLayout } from './job-layout.js';
import { StageWord, stageWord } from '../heap/stage-block.js';
import { TaskQueue } from './queues.js';
import { ScratchArena } from './scratch-arena.js';
import { StageDrain } from './stage-drain.js';
import type { ThreadContext } from './thread-context.js';
import type { LoadedFunctions } from './udf-loader.js';

const IDLE_MS = 500;
const ROOM_MS = 50;
export type Step = 'worked' | 'idle' | 'stopped';

/** One worker's part in one job, as a step function: a thread loops it, a test may drive several in one thread. Later stages come first, so that results flow out before more come in. */
export class Drain {
  private readonly thread: ThreadContext;
  private readonly stages: readonly StageDrain[];
  private readonly blocks: readonly number[];

  /** `stages`: the layout of each. */
  constructor(
    context: ThreadContext,
    stages: readonly JobLayout[],
    worker: number,
    udfs: LoadedFunctions,
    joinLimits: JoinLimits = JOIN_LIMITS,
  ) {
    this.thread = context;
    this.blocks = stages.map(({ block }) => block);
    // A stage may run in the middle of a firing of the one before: each has working memory of its own.
    const { heap, kernels, pages } = context;
    const own = (stage: number): ThreadContext => ({ heap, kernels, pages, scratch: stage === 0 ? context.scratch : new ScratchArena(pages, heap), functions: udfs });
    this.stages = stages.map((layout, stage) => new StageDrain(own(stage), layout, worker, udfs, () => this.makeRoom(stage), joinLimits));
  }

  /** Does one task, if there is one. */
  step(): Step {
    const step = this.begin();
    if (this.pending !== 'none') this.finish();
    return step;
  }

  /** The half of a step that waits for no other worker. */
  begin(): Step {
    const { heap } = this.thread;
    if (poisoned(heap)) throw new Poisoned();
    if (this.beginAfter(-1) !== null) return 'worked';
    return Atomics.load(heap.i32, word(Word.stop)) ? 'stopped' : 'idle';
  }

  /** Whether there is a half to finish, and whether that would wait for another worker. */
  get pending(): 'none' | 'ready' | 'waits' {
    return this.opened?.pending ?? 'none';
  }
  /** The other half. REQUIRES: one is pending. */
  finish(): void {
    this.opened!.finish();
  }

  /** Steps until told to stop. */
  loop(): void {
    for (;;) {
      const step = this.step();
      if (step === 'stopped') return;
      if (step === 'idle') TaskQueue.wait(this.thread.heap, this.blocks, IDLE_MS);
    }
  }

  private get opened(): StageDrain | undefined {
    return this.stages.find(stage => stage.pending !== 'none');
  }

  /** Begins a task of a stage behind one, of the last that has any. */
  private beginAfter(first: number): StageDrain | null {
    for (let index = this.stages.length - 1; index > first; index--) {
      const stage = this.stages[index]!;
      if (stage.begin()) return stage;
    }
    return null;
  }

  /**
   * Holds a firing back while batches fill their share of the heap, as long as that can change: while there are results of this stage or of
   * one behind it. They go to a sink, whatever workers do, or are work for stages that come later, which is done here and now: all
   * workers may be waiting like this one. Nothing that comes before this stage is waited for: this worker may be the one to do it.
   */
  private makeRoom(stage: number): void {
    const { heap } = this.thread;
    const limit = heap.u32[word(Word.pages)]! >>> 2;
    for (;;) {
      const room = Atomics.load(heap.i32, word(Word.room));
      if (Atomics.load(heap.i32, word(Word.batchPages)) < limit || !this.hasResults(stage)) return;
      if (poisoned(heap)) throw new Poisoned();
      const behind = this.beginAfter(stage);
      if (behind === null) Atomics.wait(heap.i32, word(Word.room), room, ROOM_MS);
      else if (behind.pending !== 'none') behind.finish();
    }
  }
  /** Whether there are results of a stage or of a later one. */
  private hasResults(first: number): boolean {
    const { i32 } = this.thread.heap;
    return this.blocks.some((block, stage) => stage >= first && Atomics.load(i32, stageWord(block, StageWord.results)) !== 0);
  }
}
