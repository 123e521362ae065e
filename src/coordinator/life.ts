import { MillraceError } from '../errors.js';
import { poison, signal, Word, word } from '../heap/control.js';
import { readsSource } from '../plan/plan.js';
import { Acknowledgements } from './acknowledgements.js';
import { SYSTEM_CLOCK } from './clock.js';
import { Emitter } from './emitter.js';
import type { Engine } from './engine.js';
import { settlesWithin } from './failure.js';
import { Halt } from './halt.js';
import type { JobDescription, RunOptions } from './job-types.js';
import { endsAtBadRow } from './options.js';
import { Reading } from './reading.js';
import { Schedule } from './schedule.js';

const BATCH_BYTES = 1 << 20;
const LOOK_AGAIN_MS = 1000;
/** How long the parts of a failed job may take to see that it has failed: workers, whose threads are ended then, and sinks. */
export const SETTLE_MS = 3000;

/**
 * One life of a job, from empty windows on: three loops on one thread that wake one another, a reader per source, the pump, and the emitter. Most jobs
 * have one; another begins where what a source reads has changed hands.
 */
export class Life {
  readonly halt: Halt = new Halt();
  readonly emitter: Emitter;
  readonly schedule: Schedule;
  private readonly acknowledgements: Acknowledgements;
  private readonly readings: readonly Reading[];
  private readonly stopsAtBadRow: boolean;
  private reading = 0;
  private drains: Promise<unknown>[] = [];
  private loops: Promise<unknown>[] = [];

  constructor(
    private readonly engine: Engine,
    private readonly job: JobDescription,
    options: RunOptions,
    before: Life | null,
    private readonly fail: (error: MillraceError) => void,
  ) {
    this.stopsAtBadRow = endsAtBadRow(options);
    this.emitter = new Emitter(engine, job, before?.emitter.outputs.map(({ emitted }) => emitted));
    this.acknowledgements = new Acknowledgements(job.plan, options.clock ?? SYSTEM_CLOCK, this.emitter, fail);
    this.schedule = new Schedule(engine, job, options, this.emitter, this.acknowledgements);
    if (before !== null) this.schedule.carry(before.schedule);
    const { batchRows } = this.schedule;
    const branches = job.plan.stages.flatMap(stage => stage.branches);
    this.readings = job.sources.map((source, number) => {
      const { schema } = branches.find(({ from }) => readsSource(from) && from.source === number)!.source;
      return new Reading(source, number, { schema, batchRows, batchBytes: BATCH_BYTES, signal: this.halt.signal, job: { plan: job.plan, source: number } }, this.schedule, this.halt, job.sources.length > 1);
    });
  }

  /** To the end of the input, or until the life is stopped: what was in flight is written then. REQUIRES: the sinks are open. */
  async run(incarnation: number): Promise<void> {
    this.schedule.begin(incarnation);
    this.drains = this.startWorkers();
    this.loops = [this.readAll(), this.pump(), this.emitter.run()];
    await this.halt.orFailed(Promise.all(this.loops));
    await this.halt.orFailed(Promise.all(this.drains));
  }
  /** Stops reading; what is in flight is finished. */
  stop(): void {
    this.halt.stop();
    this.schedule.wakeReaders();
  }
  /** REQUIRES: it has not failed yet. */
  halts(error: MillraceError): void {
    this.halt.fail(error);
    poison(this.engine.heap);
    this.schedule.wakeReaders();
    this.emitter.stop();
  }

  get allRead(): boolean {
    return this.readings.every(reading => reading.ended);
  }
  /** Ended because a source is to be read anew. */
  get restarts(): boolean {
    return this.readings.some(reading => reading.restarts);
  }

  /** Tells sources what was delivered and closes them. REQUIRES: `run` has ended; where all was read, the sinks are closed. */
  async finish(): Promise<void> {
    try {
      await this.halt.orFailed(this.acknowledgements.finish(SETTLE_MS));
    } finally {
      await settlesWithin(SETTLE_MS, this.closeSources());
    }
  }
  async closeSources(): Promise<void> {
    await Promise.all(this.readings.map(reading => reading.finish()));
  }

  /** Workers have seen that it failed, or were ended. */
  async endWorkers(): Promise<void> {
    if (await this.workersEnd()) return;
    this.engine.breakDown('a worker did not answer and was ended');
    await this.engine.pool.destroy();
  }
  workersEnd(): Promise<boolean> {
    return settlesWithin(SETTLE_MS, Promise.all(this.drains));
  }
  loopsEnd(): Promise<boolean> {
    return settlesWithin(SETTLE_MS, Promise.allSettled(this.loops));
  }

  private startWorkers(): Promise<unknown>[] {
    return this.engine.pool.drain(this.job.plan, this.schedule.layouts).map(async drain => {
      const { error, crashed } = await drain;
      if (crashed) this.engine.breakDown('a worker was lost, and with it what it had half-written');
      if (error) this.fail(error);
    });
  }

  private stopWorkers(): void {
    Atomics.store(this.engine.heap.i32, word(Word.stop), 1);
    signal(this.engine.heap, Word.room);
    signal(this.engine.heap, Word.bell);
  }

  private async readAll(): Promise<void> {
    this.reading = this.readings.length;
    await Promise.all(this.readings.map(async reading => {
      await reading.run();
      // The other sources are read anew, too: what is open is made of rows of all.
      if (reading.restarts) this.stop();
      this.reading--;
      this.schedule.wake();
    }));
  }

  /** Follows the workers until all that was read is applied and all that can close has closed. */
  private async pump(): Promise<void> {
    // Poison does not change the word that is waited for, and may come between the look and the wait. A timeout for each wait would cost a timer and a turn of the event loop each time.
    const again = setInterval(() => this.schedule.wake(), LOOK_AGAIN_MS);
    try {
      await this.follow();
    } finally {
      clearInterval(again);
    }
  }
  private async follow(): Promise<void> {
    const { heap } = this.engine;
    while (this.halt.error === null) {
      const seen = Atomics.load(heap.i32, word(Word.wake));
      const bad = this.schedule.advance();
      if (bad && this.stopsAtBadRow) throw new MillraceError('BAD_ROW', `row ${bad.position} of ${bad.source}: ${bad.message}`);
      if (this.reading === 0 && this.schedule.idle) {
        // Nothing more will be queued: workers leave while the sink takes the last results.
        this.stopWorkers();
        return this.emitter.end();
      }
      const waiting = Atomics.waitAsync(heap.i32, word(Word.wake), seen);
      if (waiting.async) await waiting.value;
    }
  }
}
