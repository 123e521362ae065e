import { runJob } from '../coordinator/run.js';
import type { JobDescription, JobStats, RunOptions, RunningJob } from '../coordinator/job-types.js';
import { MillraceError } from '../errors.js';
import type { Sink } from '../connectors/sink.js';
import type { Draft } from '../plan/draft.js';
import { explainBoth } from '../plan/explain.js';
import { finishPlans, rulesOf, type Planned } from '../plan/finish.js';
import type { OptimiserRule } from '../plan/optimise/rules.js';
import type { Plan } from '../plan/plan.js';

/** A pipeline and where it goes. */
export interface JobEnd {
  readonly draft: Draft;
  readonly sink: Sink;
}

/** Pipelines with their sinks: ready to run, once at a time. */
export class Job {
  #running: RunningJob | null = null;
  #active = false;
  /** @internal */ readonly description: JobDescription;

  /** @internal `planned`: what `finishPlans` makes of the drafts, where it is known. REQUIRES an end. */
  constructor(readonly ends: readonly JobEnd[], { plan, sources }: Planned = finishPlans(ends.map(({ draft }) => draft))) {
    const [first, ...more] = ends.map(({ draft: { deadLetters, late }, sink }) => ({ sink, deadLetters, late }));
    this.description = { plan, sources, ...first!, ...more.length > 0 && { more } };
  }

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
    return explainDrafts(this.ends.map(({ draft }) => draft), this.plan());
  }
}

/** What `explain` says of a plan made of drafts. */
export function explainDrafts(drafts: readonly Draft[], plan: Plan): string {
  const rules = rulesOf(drafts);
  const planWith = (some: readonly OptimiserRule[]): Plan => finishPlans(drafts, some).plan;
  const made = JSON.stringify(plan);
  const shown = rules.filter(rule => rule.isShown && JSON.stringify(planWith(rules.filter(other => other !== rule))) !== made);
  return explainBoth(planWith(rules.filter(rule => !rule.isShown)), plan, shown.map(rule => rule.name));
}
