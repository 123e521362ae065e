import { runJob } from '../coordinator/run.js';
import type { JobDescription, JobStats, RunOptions, RunningJob } from '../coordinator/job-types.js';
import { MillraceError } from '../errors.js';
import { explainPlan } from '../plan/explain.js';
import type { Plan } from '../plan/plan.js';

/** A pipeline with its sink: ready to run, once at a time. */
export class Job {
  #running: RunningJob | null = null;
  #active = false;
  constructor(readonly description: JobDescription) {}

  /** Runs to the end of input, or until `options.signal` says stop. */
  run(options?: RunOptions): Promise<JobStats> {
    try {
      return this.start(options).done;
    } catch (error) {
      return Promise.reject(error);
    }
  }
  /** Starts the job and returns at once. A failure shows in `done`, which must be awaited or caught. */
  start(options?: RunOptions): RunningJob {
    if (this.#active) throw new MillraceError('PLAN_INVALID', 'This job is running already. Its sink can take the results of one run at a time.');
    const running = runJob(this.description, options);
    this.#running = running;
    this.#active = true;
    const ended = (): void => {
      this.#active = false;
    };
    running.done.then(ended, ended);
    return running;
  }
  /** The ledger of the run that was started last; null before the first. */
  stats(): JobStats | null {
    return this.#running?.stats() ?? null;
  }
  /** The plan as frozen JSON. */
  plan(): Plan {
    return this.description.plan;
  }
  /** The stages of the plan as text. */
  explain(): string {
    return explainPlan(this.plan());
  }
}
