import { PAGE_BYTES, Word, word } from '../heap/control.js';
import { firstStage } from '../plan/plan.js';
import { NO_TIME, END_OF_TIME } from '../worker/lanes.js';
import type { MillraceError } from '../errors.js';
import { SYSTEM_CLOCK, type Clock } from './clock.js';
import type { Emitter } from './emitter.js';
import type { Engine } from './engine.js';
import { coded } from './failure.js';
import type { JobStats, RunOptions } from './job-types.js';
import { positiveInteger } from './options.js';
import type { Schedule } from './schedule.js';

const DEFAULT_EVERY_MS = 250;
const STAY_MS = 60_000;
/** Event time further from now than this is not of the present: a lag would mean nothing. */
const PRESENT_MS = 7 * 86_400_000;

/** A job's statistics, and the timer that reports them. */
export class Progress {
  state: JobStats['state'] = 'running';
  private readonly started = performance.now();
  private readonly clock: Clock;
  private timer: unknown = null;
  /** Keeps the process alive while only workers work, whatever clock there is. */
  private alive: NodeJS.Timeout | null = null;
  private last: JobStats | null = null;
  private readonly everyMs: number;

  constructor(
    private readonly engine: Engine,
    /** The one that goes on. */
    private readonly life: () => { readonly schedule: Schedule; readonly emitter: Emitter },
    private readonly options: RunOptions,
  ) {
    this.clock = options.clock ?? SYSTEM_CLOCK;
    this.everyMs = positiveInteger('progressEveryMs', options.progressEveryMs, DEFAULT_EVERY_MS);
  }

  /** `fail`: called with the error if `onProgress` throws. */
  start(fail: (error: MillraceError) => void): void {
    this.alive = setInterval(() => {}, STAY_MS);
    const report = (): void => {
      this.timer = this.clock.setTimer(this.everyMs, report);
      try {
        this.options.onProgress?.(this.stats());
      } catch (error) {
        fail(coded('BAD_OPTION', 'onProgress threw', error));
      }
    };
    if (this.options.onProgress) this.timer = this.clock.setTimer(this.everyMs, report);
  }

  /** Takes the statistics once more, before the heap goes to another job. */
  end(): void {
    this.clock.clear(this.timer);
    if (this.alive) clearInterval(this.alive);
    this.last = this.measure();
    try {
      this.options.onProgress?.(this.last);
    } catch {
      // How the job ended is settled; who only watches does not change it.
    }
  }

  stats(): JobStats {
    return this.last ?? this.measure();
  }

  private measure(): JobStats {
    const { engine } = this;
    const { schedule, emitter } = this.life();
    return {
      state: this.state,
      sources: schedule.sourceStats(),
      stages: schedule.stageStats(),
      emitted: emitter.outputs.reduce((sum, { emitted }) => sum + emitted, 0),
      outputs: emitter.outputs.map(({ name, emitted, sink }) => ({ name, emitted, delivery: sink.delivery?.() ?? null })),
      elapsedMs: performance.now() - this.started,
      workers: engine.workers,
      stateBytes: schedule.stateBytes,
      peakStateBytes: schedule.peakStateBytes,
      joins: schedule.joinStats(),
      batchBytes: engine.heap.u32[word(Word.batchPages)]! * PAGE_BYTES,
      partitioner: schedule.plan.stages.every(({ aggregate }) => aggregate === null) ? null : schedule.switchedToHash ? 'hash' : 'local',
      watermarkLagMs: this.lag(),
    };
  }

  private lag(): number | null {
    const { currentWatermark: watermark, plan } = this.life().schedule;
    if (watermark === NO_TIME || watermark === END_OF_TIME) return null;
    const { eventTime, source } = firstStage(plan).branches[0]!;
    const type = source.schema.find(field => field.name === eventTime?.column)?.type;
    const lag = this.clock.now() - Number(type?.kind === 'timestamp' && type.unit === 'us' ? watermark / 1000n : watermark);
    return Math.abs(lag) < PRESENT_MS ? lag : null;
  }
}
