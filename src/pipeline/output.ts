import type { RecordBatch } from 'apache-arrow';
import { batches } from '../connectors/batches.js';
import { collect } from '../connectors/collect.js';
import type { Sink } from '../connectors/sink.js';
import type { RunningJob, RunOptions } from '../coordinator/job-types.js';
import { MillraceError } from '../errors.js';
import type { Columns } from '../plan/column.js';
import type { Draft } from '../plan/draft.js';
import { finishPlan, type Planned } from '../plan/finish.js';
import { explainDrafts, Job } from './job.js';
import type { Changelog, Plan } from '../plan/plan.js';
import type { RowOfColumns } from '../plan/schema.js';
import type { OptimiserSwitches } from '../plan/optimise/rules.js';
import type { TypeMessage } from '../plan/tags.js';
import { describeValue } from '../plan/type-builders.js';
import type { Row } from '../plan/types.js';

/** Something with results: they can go to a sink, or be taken here. `L`: whether results come once or are revised. */
export interface Output<in out C extends Columns, in out L extends Changelog = 'append'> {
  /** Never set: carry the columns and the kind of changelog for the type checker. */
  readonly columns?: C;
  readonly changelog?: L;
  /** Where rows go that cannot be processed (columns: DEAD_LETTER_FIELDS), with the reason; they are counted either way. */
  deadLetters(sink: Sink): Output<C, L>;
  /** A sink that only appends (`accepts: 'append'`) takes results that come once. */
  to<S extends Sink>(sink: SinkFor<L, S>): Job;
  /** Runs the job and returns its results as rows. Their order is not defined. */
  collect(options?: RunOptions): Promise<RowOfColumns<C>[]>;
  /** Runs the job and yields its results as Arrow batches, each valid until the next is asked for. Leaving the loop ends the job. */
  batches(options?: RunOptions): AsyncIterable<RecordBatch>;
  /** The plan as frozen JSON. */
  plan(): Plan;
  /** The stages of the plan as text: as they run and, where the optimiser has moved steps, as they were written. */
  explain(): string;
  /** Turns rules of the optimiser off: `{ pushFilters: false }`. */
  optimise(switches: OptimiserSwitches): this;
}
type SinkFor<L extends Changelog, S extends Sink> = L extends 'append' ? S
  : L extends 'retracting' ? (S extends { readonly accepts: 'append' | 'updating' } ? TypeMessage<'This sink cannot take rows back, but those of this join may be: say mode: \'final\' in the join.'> : S)
  : S extends { readonly accepts: 'append' } ? TypeMessage<'This sink only appends, but these results are revised: say .emit(\'final\') behind the aggregate.'> : S;

/** What every end of a pipeline has in common. */
export class OutputNode {
  #planned: Planned | null = null;
  constructor(readonly draft: Draft) {}

  to(given: unknown): Job {
    const sink = sinkOf(given, 'to');
    requireAccepted(sink, this.plan().changelog);
    return new Job([{ draft: this.draft, sink }], this.#finished);
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
    return this.#finished.plan;
  }
  explain(): string {
    return explainDrafts([this.draft], this.plan());
  }
  get #finished(): Planned {
    return (this.#planned ??= finishPlan(this.draft));
  }
}

function requireAccepted({ name, accepts }: Sink, changelog: Changelog): void {
  if (changelog === 'updating' && accepts === 'append') throw new MillraceError('PLAN_INVALID', `${name} only appends, but these results are revised as more rows come: say .emit('final') behind the aggregate, and each result comes once.`);
  if (changelog !== 'retracting' || accepts === undefined || accepts === 'retracting') return;
  throw new MillraceError('PLAN_INVALID', `${name} cannot take rows back, but those of this join may be: say mode: 'final' in the join, and each row comes once.`);
}

export function sinkOf(value: unknown, where: string): Sink {
  const sink = value as Sink | null | undefined;
  const isSink = typeof sink === 'object' && sink !== null && typeof sink.write === 'function' && typeof sink.open === 'function';
  if (!isSink) throw new MillraceError('PLAN_INVALID', `${where} takes a sink such as collect() or jsonl(path), got ${describeValue(value)}.`);
  const accepts: unknown = sink.accepts;
  if (accepts === undefined || accepts === 'append' || accepts === 'updating' || accepts === 'retracting') return sink;
  throw new MillraceError('PLAN_INVALID', `${where}: a sink accepts 'append', 'updating' or 'retracting'; ${sink.name} says ${describeValue(accepts)}.`);
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
