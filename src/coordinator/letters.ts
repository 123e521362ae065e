import { ResultBatches } from '../batch/result-batch.js';
import { RowBuilder } from '../batch/row-builder.js';
import { DEAD_LETTER_FIELDS, type Sink } from '../connectors/sink.js';
import type { Heap } from '../heap/heap.js';
import { PageUse, type PageAllocator } from '../heap/page-allocator.js';
import type { Reject } from '../worker/rejects.js';
import { coded } from './failure.js';

/** Gives rows set aside to the dead-letter sink and to the late sink, as batches of DEAD_LETTER_FIELDS. */
export class Letters {
  private readonly builder: RowBuilder;
  private readonly view: ResultBatches;

  constructor(
    heap: Heap,
    private readonly pages: PageAllocator,
    private readonly deadLetters: Sink | null,
    private readonly late: Sink | null,
  ) {
    this.builder = new RowBuilder(DEAD_LETTER_FIELDS, heap, pages.for(PageUse.batch), DEAD_LETTER_FIELDS.map(() => null));
    this.view = new ResultBatches(heap, DEAD_LETTER_FIELDS);
  }

  /** The sinks there are, each once. */
  get sinks(): Sink[] {
    return [...new Set([this.deadLetters, this.late])].filter(sink => sink !== null);
  }

  async write(source: string, basePosition: bigint, rejects: readonly Reject[]): Promise<void> {
    const isLate = ({ reason }: Reject): boolean => reason === 'LATE';
    if (this.late === this.deadLetters) return this.writeTo(this.late, source, basePosition, rejects);
    await this.writeTo(this.late, source, basePosition, rejects.filter(isLate));
    await this.writeTo(this.deadLetters, source, basePosition, rejects.filter(reject => !isLate(reject)));
  }

  private async writeTo(sink: Sink | null, source: string, basePosition: bigint, rejects: readonly Reject[]): Promise<void> {
    if (sink === null || rejects.length === 0) return;
    for (const { position, reason, message, row } of rejects) this.builder.append({ source, position: basePosition + BigInt(position), reason, message, row });
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
