import { ResultBatches } from '../batch/result-batch.js';
import { RowBuilder } from '../batch/row-builder.js';
import { DEAD_LETTER_FIELDS, type Sink } from '../connectors/sink.js';
import type { Heap } from '../heap/heap.js';
import { PageUse, type PageAllocator } from '../heap/page-allocator.js';
import { outputsOf, readsSource, type Stage } from '../plan/plan.js';
import type { Reject } from '../worker/rejects.js';
import { coded } from './failure.js';
import { sinksOf, type JobDescription } from './job-types.js';

/** Where the rows go that a stage sets aside, each sink once. */
export interface Asides {
  readonly deadLetters: ReadonlySet<Sink>;
  readonly late: ReadonlySet<Sink>;
}

/** Of each stage: the sinks of all outputs that it leads to. */
export function asidesOf(job: JobDescription): Asides[] {
  const { stages } = job.plan;
  const found = stages.map(() => ({ deadLetters: new Set<Sink>(), late: new Set<Sink>() }));
  for (const [output, { deadLetters, late }] of sinksOf(job).entries()) {
    for (const stage of leadingTo(stages, outputsOf(job.plan)[output]!.stage)) {
      if (deadLetters !== null) found[stage]!.deadLetters.add(deadLetters);
      if (late !== null) found[stage]!.late.add(late);
    }
  }
  return found;
}
function leadingTo(stages: readonly Stage[], stage: number, found: Set<number> = new Set()): Set<number> {
  if (found.has(stage)) return found;
  found.add(stage);
  for (const { from } of stages[stage]!.branches) if (!readsSource(from)) leadingTo(stages, from.stage, found);
  return found;
}

/** Gives rows set aside to the dead-letter sinks and to the late sinks, as batches of DEAD_LETTER_FIELDS. */
export class Letters {
  private readonly builder: RowBuilder;
  private readonly view: ResultBatches;

  constructor(
    heap: Heap,
    private readonly pages: PageAllocator,
    private readonly asides: readonly Asides[],
  ) {
    this.builder = new RowBuilder(DEAD_LETTER_FIELDS, heap, pages.for(PageUse.batch), DEAD_LETTER_FIELDS.map(() => null));
    this.view = new ResultBatches(heap, DEAD_LETTER_FIELDS);
  }

  /** The sinks there are, each once. */
  get sinks(): Sink[] {
    return [...new Set(this.asides.flatMap(({ deadLetters, late }) => [...deadLetters, ...late]))];
  }

  /** Whether there is a sink for some rows that a stage sets aside. */
  areTaken(stage: number): boolean {
    const { deadLetters, late } = this.asides[stage]!;
    return deadLetters.size + late.size > 0;
  }

  async write(stage: number, source: string, basePosition: bigint, rejects: readonly Reject[]): Promise<void> {
    const { deadLetters, late } = this.asides[stage]!;
    for (const sink of new Set([...late, ...deadLetters])) {
      await this.writeTo(sink, source, basePosition, rejects.filter(({ reason }) => (reason === 'LATE' ? late : deadLetters).has(sink)));
    }
  }

  private async writeTo(sink: Sink, source: string, basePosition: bigint, rejects: readonly Reject[]): Promise<void> {
    if (rejects.length === 0) return;
    for (const { position, at, reason, message, row } of rejects) this.builder.append({ source, position: at ?? basePosition + BigInt(position), reason, message, row });
    const { descriptor } = this.builder.finish();
    try {
      await sink.write(this.view.of(descriptor));
    } catch (error) {
      throw coded('SINK_FAILED', `the sink ${sink.name} of rows set aside failed`, error);
    } finally {
      this.pages.free(descriptor);
    }
  }
}
