import type { Sink } from '../connectors/sink.js';
import type { SourceItem, SourceReader } from '../connectors/source.js';
import { MillraceError } from '../errors.js';
import { poison, signal, Word, word } from '../heap/control.js';
import { Emitter } from './emitter.js';
import type { Engine } from './engine.js';
import { coded, orFailed } from './failure.js';
import type { JobDescription, JobStats, RunOptions } from './job-types.js';
import { oneOf } from './options.js';
import { Progress } from './progress.js';
import { Schedule } from './schedule.js';

const BATCH_BYTES = 1 << 20;
/** How long workers may take to see that the job has failed, before their threads are ended. */
const SETTLE_MS = 5000;
const LOOK_AGAIN_MS = 1000;

/**
 * Runs one job on an engine: reads sources while there are credits, hands morsels to workers, follows the watermark, closes slices, and
 * gives results to the sink. Three loops share one thread and wake one another: a reader per source, the pump, and the emitter. The
 * first error of any part ends all of them.
 */
export class Coordinator {
  private readonly schedule: Schedule;
  private readonly emitter: Emitter;
  private readonly progress: Progress;
  private readonly cancelled = new AbortController();
  private readonly failed: Promise<never>;
  private reject: (error: MillraceError) => void = () => {};
  private error: MillraceError | null = null;
  private stopping = false;
  private reading = 0;

  constructor(
    private readonly engine: Engine,
    private readonly job: JobDescription,
    private readonly options: RunOptions,
  ) {
    this.failed = new Promise<never>((_resolve, reject) => (this.reject = reject));
    this.failed.catch(() => {});
    this.emitter = new Emitter(engine, job);
    this.schedule = new Schedule(engine, job, options, this.emitter);
    this.progress = new Progress(engine, this.schedule, this.emitter, options);
  }

  stats(): JobStats {
    return this.progress.stats();
  }

  /** Ends the job with an error: the first one counts. */
  fail(error: MillraceError): void {
    if (this.error !== null || this.progress.state !== 'running') return;
    this.error = error;
    poison(this.engine.heap);
    this.cancelled.abort(error);
    this.reject(error);
  }

  async run(): Promise<JobStats> {
    const stop = (): void => this.stop();
    if (this.options.signal?.aborted) stop();
    this.options.signal?.addEventListener('abort', stop);
    this.progress.start();
    const opened: Sink[] = [];
    let drains: Promise<unknown>[] = [];
    try {
      for (const sink of this.emitter.sinks) await this.open(sink, opened);
      drains = this.startWorkers();
      this.reading = this.job.sources.length;
      const loops = [...this.job.sources.map((_source, branch) => this.read(branch)), this.pump(), this.emitter.run()];
      await orFailed(Promise.all(loops), this.failed);
      this.stopWorkers();
      await Promise.all(drains);
      if (this.error) throw this.error;
      while (opened.length > 0) await this.close(opened);
      this.progress.state = this.stopping ? 'stopped' : 'finished';
    } catch (cause) {
      this.fail(coded('WORKER_FAILED', 'the coordinator failed', cause));
      await this.settle(drains);
      for (const sink of opened) await Promise.resolve(sink.abort()).catch(() => {});
      this.progress.state = 'failed';
      throw this.error ?? cause;
    } finally {
      this.options.signal?.removeEventListener('abort', stop);
      this.progress.end();
      this.engine.release();
    }
    return this.stats();
  }

  /** Stops reading; what is in flight is finished. */
  private stop(): void {
    this.stopping = true;
    this.cancelled.abort();
    this.schedule.wakeReaders();
  }

  private async open(sink: Sink, opened: Sink[]): Promise<void> {
    opened.push(sink);
    try {
      await sink.open(this.emitter.fieldsFor(sink));
    } catch (error) {
      throw coded('SINK_FAILED', `the sink ${sink.name} cannot be opened`, error);
    }
  }

  private async close(opened: Sink[]): Promise<void> {
    const sink = opened[0]!;
    try {
      await sink.close();
    } catch (error) {
      throw coded('SINK_FAILED', `the sink ${sink.name} failed at its end`, error);
    }
    opened.shift();
  }

  private startWorkers(): Promise<unknown>[] {
    return this.engine.pool.drain(this.schedule.layout).map(async drain => {
      const { error, crashed } = await drain;
      if (crashed) this.engine.breakDown('a worker was lost, and with it what it had half-written');
      if (error) this.fail(error);
    });
  }

  private stopWorkers(): void {
    Atomics.store(this.engine.heap.i32, word(Word.stop), 1);
    signal(this.engine.heap, Word.room);
    Atomics.notify(this.engine.heap.i32, word(Word.queueTail));
  }

  /** Waits for workers that see the poison; ends those that do not. */
  private async settle(drains: Promise<unknown>[]): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<'tooLong'>(resolve => (timer = setTimeout(resolve, SETTLE_MS, 'tooLong')));
    const ended = await Promise.race([Promise.all(drains), tooLong]);
    clearTimeout(timer);
    if (ended !== 'tooLong') return;
    this.engine.breakDown('a worker did not answer and was ended');
    await this.engine.pool.destroy();
  }

  /** One source's loop: an item when there is a credit, to the end of the input or until the job stops. */
  private async read(branch: number): Promise<void> {
    const source = this.job.sources[branch]!;
    try {
      const { batchRows } = this.schedule;
      const context = { schema: this.job.plan.branches[branch]!.source.schema, batchRows, batchBytes: BATCH_BYTES, signal: this.cancelled.signal };
      const reader = await this.unlessStopped(source.read(context));
      if (reader) await this.readAll(branch, reader);
    } catch (error) {
      if (!this.stopping) throw coded('SOURCE_FAILED', `the source ${source.name} failed`, error);
    }
    this.reading--;
    this.schedule.wake();
  }

  private async readAll(branch: number, reader: SourceReader): Promise<void> {
    try {
      for (;;) {
        await this.schedule.credit(() => this.stopping);
        let item: SourceItem | null | undefined;
        try {
          item = this.stopping ? undefined : await this.unlessStopped(reader.next());
          if (item) this.schedule.submit(branch, item);
          else if (item === null) this.schedule.submitEnd(branch);
        } finally {
          this.schedule.returnCredit();
        }
        this.schedule.noteProgress(branch, reader.progress?.() ?? null);
        if (!item) return;
      }
    } finally {
      // A reader that is still waiting for input need not answer: nobody waits for it.
      const closed = reader.close().catch(() => {});
      if (!this.stopping && !this.error) await closed;
    }
  }

  /** The promise's value, or undefined as soon as the job stops. */
  private unlessStopped<T>(promise: Promise<T>): Promise<T | undefined> {
    const { signal } = this.cancelled;
    if (signal.aborted) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      const stop = (): void => resolve(undefined);
      signal.addEventListener('abort', stop);
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    });
  }

  /** Follows the workers until all that was read is applied and all that can close has closed. */
  private async pump(): Promise<void> {
    const { heap } = this.engine;
    for (;;) {
      const seen = Atomics.load(heap.i32, word(Word.wake));
      const bad = this.schedule.advance(this.reading === 0 && !this.stopping);
      if (bad && oneOf('onBadRow', this.options.onBadRow, ['deadLetter', 'fail'] as const) === 'fail') {
        throw new MillraceError('BAD_ROW', `row ${bad.position} of ${bad.source}: ${bad.message}`);
      }
      if (this.error) return;
      if (this.reading === 0 && this.schedule.idle) return this.emitter.end();
      const waiting = Atomics.waitAsync(heap.i32, word(Word.wake), seen, LOOK_AGAIN_MS);
      if (waiting.async) await waiting.value;
    }
  }
}
