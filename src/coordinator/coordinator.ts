import type { MillraceError } from '../errors.js';
import { Poisoned } from '../heap/lock.js';
import type { Engine } from './engine.js';
import { coded, settlesWithin } from './failure.js';
import type { JobDescription, JobStats, RunOptions } from './job-types.js';
import { Life, SETTLE_MS } from './life.js';
import { Outputs } from './outputs.js';
import { Progress } from './progress.js';

/** Runs one job on an engine, from opening its sinks to closing them. The first error of any part ends all of them. */
export class Coordinator {
  private life: Life;
  private readonly outputs: Outputs;
  private readonly progress: Progress;
  private isStopped = false;

  constructor(
    private readonly engine: Engine,
    private readonly job: JobDescription,
    private readonly options: RunOptions,
  ) {
    this.life = this.born(null);
    this.outputs = new Outputs(this.life.emitter);
    this.progress = new Progress(engine, () => this.life, options);
  }

  stats(): JobStats {
    return this.progress.stats();
  }

  /** Ends the job with an error: the first one counts. */
  fail(error: MillraceError): void {
    if (this.life.halt.error === null && this.progress.state === 'running') this.life.halts(error);
  }

  async run(): Promise<JobStats> {
    const stop = (): void => this.stop();
    if (this.options.signal?.aborted) stop();
    this.options.signal?.addEventListener('abort', stop);
    this.progress.start(error => this.fail(error));
    try {
      await this.life.halt.orFailed(this.outputs.open());
      await this.live();
      while (this.life.restarts && !this.isStopped) {
        await this.life.finish();
        this.beginAnew();
        await this.live();
      }
      await this.life.halt.orFailed(this.outputs.close());
      await this.life.finish();
      this.progress.state = this.life.allRead ? 'finished' : 'stopped';
    } catch (cause) {
      await this.end(cause);
      this.progress.state = 'failed';
      throw this.life.halt.error ?? cause;
    } finally {
      this.options.signal?.removeEventListener('abort', stop);
      this.progress.end();
      this.life.schedule.stop();
      this.engine.release();
    }
    return this.stats();
  }

  private born(before: Life | null): Life {
    return new Life(this.engine, this.job, this.options, before, error => this.fail(error));
  }
  /** What is open is dropped: its rows will be read again. */
  private beginAnew(): void {
    this.life.schedule.stop();
    this.engine.renew();
    this.life = this.born(this.life);
    if (this.isStopped) this.life.stop();
  }
  private async live(): Promise<void> {
    await this.life.run(await this.life.halt.orFailed(this.outputs.incarnation()));
  }

  private stop(): void {
    this.isStopped = true;
    this.life.stop();
  }

  /** Ends all parts of a failed job, in bounded time. What will not end costs the engine: its heap may still be in use. */
  private async end(cause: unknown): Promise<void> {
    const { life } = this;
    // Poison that was not ours: the worker that it came from tells why.
    if (cause instanceof Poisoned) await life.workersEnd();
    this.fail(coded('WORKER_FAILED', 'the coordinator failed', cause));
    await life.endWorkers();
    await settlesWithin(SETTLE_MS, this.outputs.abort());
    if (!await life.loopsEnd()) this.engine.breakDown('a sink did not answer, and may still read its batch');
    await settlesWithin(SETTLE_MS, life.closeSources());
  }
}
