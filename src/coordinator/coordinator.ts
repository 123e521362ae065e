import { MillraceError } from '../errors.js';
import { poison, signal, Word, word } from '../heap/control.js';
import { Poisoned } from '../heap/lock.js';
import { readsSource } from '../plan/plan.js';
import { Emitter } from './emitter.js';
import type { Engine } from './engine.js';
import { coded, settlesWithin } from './failure.js';
import { Halt } from './halt.js';
import type { JobDescription, JobStats, RunOptions } from './job-types.js';
import { oneOf } from './options.js';
import { Outputs } from './outputs.js';
import { Progress } from './progress.js';
import { Reading } from './reading.js';
import { Schedule } from './schedule.js';

const BATCH_BYTES = 1 << 20;
/** How long the parts of a failed job may take to see that it has failed: workers, whose threads are ended then, and sinks. */
const SETTLE_MS = 3000;
const LOOK_AGAIN_MS = 1000;

/**
 * Runs one job on an engine: reads sources while there are credits, hands morsels to workers, follows the watermark, closes slices, and
 * gives results to the sink. Three loops share one thread and wake one another: a reader per source, the pump, and the emitter. The
 * first error of any part ends all of them.
 */
export class Coordinator {
  private readonly schedule: Schedule;
  private readonly emitter: Emitter;
  private readonly outputs: Outputs;
  private readonly progress: Progress;
  private readonly readings: readonly Reading[];
  private readonly halt = new Halt();
  private readonly stopsAtBadRow: boolean;
  private reading = 0;

  constructor(
    private readonly engine: Engine,
    private readonly job: JobDescription,
    private readonly options: RunOptions,
  ) {
    this.stopsAtBadRow = oneOf('onBadRow', options.onBadRow, ['deadLetter', 'fail'] as const) === 'fail';
    this.emitter = new Emitter(engine, job);
    this.outputs = new Outputs(this.emitter);
    this.schedule = new Schedule(engine, job, options, this.emitter);
    this.progress = new Progress(engine, this.schedule, this.emitter, options);
    const { batchRows } = this.schedule;
    const branches = job.plan.stages.flatMap(stage => stage.branches);
    this.readings = job.sources.map((source, number) => {
      const { schema } = branches.find(({ from }) => readsSource(from) && from.source === number)!.source;
      return new Reading(source, number, { schema, batchRows, batchBytes: BATCH_BYTES, signal: this.halt.signal }, this.schedule, this.halt);
    });
  }

  stats(): JobStats {
    return this.progress.stats();
  }

  /** Ends the job with an error: the first one counts. */
  fail(error: MillraceError): void {
    if (this.halt.error !== null || this.progress.state !== 'running') return;
    this.halt.fail(error);
    poison(this.engine.heap);
    this.schedule.wakeReaders();
    this.emitter.stop();
  }

  async run(): Promise<JobStats> {
    const stop = (): void => this.stop();
    if (this.options.signal?.aborted) stop();
    this.options.signal?.addEventListener('abort', stop);
    this.progress.start(error => this.fail(error));
    let drains: Promise<unknown>[] = [];
    let loops: Promise<unknown>[] = [];
    try {
      await this.halt.orFailed(this.outputs.open());
      drains = this.startWorkers();
      loops = [this.readAll(), this.pump(), this.emitter.run()];
      await this.halt.orFailed(Promise.all(loops));
      await this.halt.orFailed(Promise.all(drains));
      await this.halt.orFailed(this.outputs.close());
      this.progress.state = this.allRead ? 'finished' : 'stopped';
    } catch (cause) {
      await this.end(cause, drains, loops);
      this.progress.state = 'failed';
      throw this.halt.error ?? cause;
    } finally {
      this.options.signal?.removeEventListener('abort', stop);
      this.progress.end();
      this.schedule.stop();
      this.engine.release();
    }
    return this.stats();
  }

  /** Stops reading; what is in flight is finished. */
  private stop(): void {
    this.halt.stop();
    this.schedule.wakeReaders();
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

  /** Ends all parts of a failed job, in bounded time. What will not end costs the engine: its heap may still be in use. */
  private async end(cause: unknown, drains: Promise<unknown>[], loops: Promise<unknown>[]): Promise<void> {
    // Poison that was not ours: the worker that it came from tells why.
    if (cause instanceof Poisoned) await settlesWithin(SETTLE_MS, Promise.all(drains));
    this.fail(coded('WORKER_FAILED', 'the coordinator failed', cause));
    if (!await settlesWithin(SETTLE_MS, Promise.all(drains))) {
      this.engine.breakDown('a worker did not answer and was ended');
      await this.engine.pool.destroy();
    }
    await settlesWithin(SETTLE_MS, this.outputs.abort());
    if (!await settlesWithin(SETTLE_MS, Promise.allSettled(loops))) this.engine.breakDown('a sink did not answer, and may still read its batch');
  }

  private async readAll(): Promise<void> {
    this.reading = this.readings.length;
    await Promise.all(this.readings.map(async reading => {
      await reading.run();
      this.reading--;
      this.schedule.wake();
    }));
  }
  private get allRead(): boolean {
    return this.readings.every(reading => reading.ended);
  }

  /** Follows the workers until all that was read is applied and all that can close has closed. */
  private async pump(): Promise<void> {
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
      const waiting = Atomics.waitAsync(heap.i32, word(Word.wake), seen, LOOK_AGAIN_MS);
      if (waiting.async) await waiting.value;
    }
  }
}
