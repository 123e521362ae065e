import { ResultBatches } from '../batch/result-batch.js';
import { DEAD_LETTER_FIELDS, type Sink } from '../connectors/sink.js';
import { signal, Word } from '../heap/control.js';
import type { Fields } from '../plan/types.js';
import type { Reject } from '../worker/rejects.js';
import type { Engine } from './engine.js';
import { coded } from './failure.js';
import type { JobDescription } from './job-types.js';
import { Letters } from './letters.js';

/** Results that may wait for the sink before sources are paused. */
const MOST_WAITING = 64;
type Emission = { readonly descriptor: number; readonly release: () => void } | { readonly source: string; readonly basePosition: bigint; readonly rejects: readonly Reject[] };

/** Gives results to the sink and rows set aside to theirs, one after another: a slow sink fills the queue, and a full queue pauses the sources. */
export class Emitter {
  emitted = 0;
  private readonly queue: Emission[] = [];
  private readonly view: ResultBatches;
  private readonly asides: Letters;
  private ended = false;
  private stopped = false;
  private arrived = (): void => {};

  constructor(
    private readonly engine: Engine,
    private readonly job: JobDescription,
  ) {
    this.view = new ResultBatches(engine.heap, job.plan.output);
    this.asides = new Letters(engine.heap, engine.pages, job.deadLetters, job.late);
  }

  get sinks(): Sink[] {
    return [this.job.sink, ...this.asides.sinks];
  }
  fieldsFor(sink: Sink): Fields {
    return sink === this.job.sink ? this.job.plan.output : DEAD_LETTER_FIELDS;
  }
  get hasRoom(): boolean {
    return this.queue.length < MOST_WAITING;
  }
  /** Nothing waits for a sink. */
  get idle(): boolean {
    return this.queue.length === 0;
  }

  /** `release`: the sink is done with it. */
  result(descriptor: number, release: () => void): void {
    this.add({ descriptor, release });
  }
  letters(source: string, basePosition: bigint, rejects: readonly Reject[]): void {
    this.add({ source, basePosition, rejects });
  }
  /** Nothing more will come. */
  end(): void {
    this.ended = true;
    this.arrived();
  }
  /** The job has failed: what waits is dropped. */
  stop(): void {
    this.stopped = true;
    this.arrived();
  }

  async run(): Promise<void> {
    for (;;) {
      while (this.queue.length > 0 && !this.stopped) {
        await this.emit(this.queue[0]!);
        this.queue.shift();
        signal(this.engine.heap, Word.room);
        signal(this.engine.heap, Word.wake);
      }
      if (this.ended || this.stopped) return;
      await new Promise<void>(resolve => (this.arrived = resolve));
    }
  }

  private add(emission: Emission): void {
    this.queue.push(emission);
    this.arrived();
  }

  private async emit(emission: Emission): Promise<void> {
    if (!('descriptor' in emission)) return this.asides.write(emission.source, emission.basePosition, emission.rejects);
    const batch = this.view.of(emission.descriptor);
    const { rows } = batch;
    try {
      await this.job.sink.write(batch);
    } catch (error) {
      throw coded('SINK_FAILED', `the sink ${this.job.sink.name} failed`, error);
    }
    this.emitted += rows;
    emission.release();
  }
}
