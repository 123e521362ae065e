import type { RecordBatch } from 'apache-arrow';
import { batches } from '../connectors/batches.js';
import { collect } from '../connectors/collect.js';
import type { Sink } from '../connectors/sink.js';
import type { RunningJob, RunOptions } from '../coordinator/job-types.js';
import { MillraceError } from '../errors.js';
import type { Columns } from '../plan/column.js';
import type { JobDraft } from '../plan/draft.js';
import { explainPlan } from '../plan/explain.js';
import { finishPlan } from '../plan/finish.js';
import { Job } from './job.js';
import type { Plan } from '../plan/plan.js';
import type { RowOfColumns } from '../plan/schema.js';
import { checkOptions } from '../plan/duration.js';
import { describeValue } from '../plan/type-builders.js';
import type { Row } from '../plan/types.js';

/** Something with results: they can go to a sink, or be taken here. */
export interface Output<in out C extends Columns> {
  /** Never set: carries the columns for the type checker. */
  readonly columns?: C;
  /** Where rows go that cannot be processed (columns: DEAD_LETTER_FIELDS), with the reason; they are counted either way. */
  deadLetters(sink: Sink): Output<C>;
  to(sink: Sink): Job;
  /** Runs the job and returns its results as rows. Their order is not defined. */
  collect(options?: RunOptions): Promise<RowOfColumns<C>[]>;
  /** Runs the job and yields its results as Arrow batches, each valid until the next is asked for. Leaving the loop ends the job. */
  batches(options?: RunOptions): AsyncIterable<RecordBatch>;
  /** The plan as frozen JSON. */
  plan(): Plan;
  /** The stages of the plan as text. */
  explain(): string;
}

/** What every end of a pipeline has in common. The draft is made when it is first needed. */
export class OutputNode {
  #finished: JobDraft | null = null;
  #plan: Plan | null = null;
  constructor(readonly finish: () => JobDraft) {}

  /** The job as drafted, without its plan. */
  get jobDraft(): JobDraft {
    return (this.#finished ??= this.finish());
  }
  deadLetters(sink: unknown): OutputNode {
    const deadLetters = sinkOf(sink, 'deadLetters');
    return new OutputNode(() => ({ ...this.jobDraft, deadLetters }));
  }
  late(options: { readonly then: Sink }): OutputNode {
    checkOptions(options, ['then'], 'late');
    const late = sinkOf(options.then, 'late: then');
    if (this.jobDraft.aggregate?.window.kind !== 'tumbling') throw new MillraceError('PLAN_INVALID', 'late() belongs behind an aggregate over tumbling windows: without them no row is ever late.');
    return new OutputNode(() => ({ ...this.jobDraft, late }));
  }
  to(sink: unknown): Job {
    const { branches, deadLetters, late } = this.jobDraft;
    return new Job({ plan: this.plan(), sources: branches.map(branch => branch.source), sink: sinkOf(sink, 'to'), deadLetters, late });
  }
  async collect(options?: RunOptions): Promise<Row[]> {
    const sink = collect<Row>();
    await this.to(sink).run(options);
    return sink.rows;
  }
  batches(options?: RunOptions): AsyncIterable<RecordBatch> {
    return readBatches(sink => this.to(sink).start(options));
  }
  plan(): Plan {
    return (this.#plan ??= finishPlan(this.jobDraft));
  }
  explain(): string {
    return explainPlan(this.plan());
  }
}

function sinkOf(value: unknown, where: string): Sink {
  const sink = value as Sink | null | undefined;
  if (typeof sink === 'object' && sink !== null && typeof sink.write === 'function' && typeof sink.open === 'function') return sink;
  throw new MillraceError('PLAN_INVALID', `${where} takes a sink such as collect() or jsonl(path), got ${describeValue(value)}.`);
}

/** Starts the job when the loop begins; leaving the loop ends it, and a job that fails throws its own error from the loop. */
async function* readBatches(start: (sink: Sink) => RunningJob): AsyncGenerator<RecordBatch, void, undefined> {
  const sink = batches();
  const job = start(sink);
  let left = true;
  try {
    yield* sink;
    left = false;
  } catch {
    left = false;
  } finally {
    if (left) {
      job.cancel();
      await job.done.catch(() => {});
    }
  }
  await job.done;
}
