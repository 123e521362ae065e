import { ResultBatches } from '../batch/result-batch.js';
import { DEAD_LETTER_FIELDS, type Sink } from '../connectors/sink.js';
import { signal, Word } from '../heap/control.js';
import { outputsOf } from '../plan/plan.js';
import type { Fields } from '../plan/types.js';
import type { Reject } from '../worker/rejects.js';
import type { Engine } from './engine.js';
import { coded } from './failure.js';
import { sinksOf, type JobDescription } from './job-types.js';
import { asidesOf, Letters } from './letters.js';

/** Results that may wait for the sink before sources are paused. */
const MOST_WAITING = 64;
type Emission = { readonly output: number; readonly descriptor: number; readonly release: () => void }
  | { readonly stage: number; readonly source: string; readonly basePosition: bigint; readonly rejects: readonly Reject[] }
  | { readonly mark: () => void };
interface SinkOutput {
  readonly name: string;
  readonly sink: Sink;
  readonly fields: Fields;
  readonly view: ResultBatches;
  emitted: number;
}

/** Gives results to the sinks and rows set aside to theirs, one after another: a slow sink fills the queue, and a full queue pauses the sources. */
export class Emitter {
  readonly outputs: readonly SinkOutput[];
  private readonly queue: Emission[] = [];
  private readonly asides: Letters;
  private ended = false;
  private stopped = false;
  private arrived = (): void => {};

  constructor(
    private readonly engine: Engine,
    job: JobDescription,
    /** What was written of each output in earlier lives of the job. */
    written: readonly number[] = [],
  ) {
    const sinks = sinksOf(job);
    this.outputs = outputsOf(job.plan).map(({ fields }, output) => ({ name: sinks[output]!.sink.name, sink: sinks[output]!.sink, fields, view: new ResultBatches(engine.heap, fields), emitted: written[output] ?? 0 }));
    this.asides = new Letters(engine.heap, engine.pages, asidesOf(job));
  }

  get sinks(): Sink[] {
    return [...this.outputs.map(({ sink }) => sink), ...this.asides.sinks];
  }
  fieldsFor(sink: Sink): Fields {
    return this.outputs.find(output => output.sink === sink)?.fields ?? DEAD_LETTER_FIELDS;
  }
  get hasRoom(): boolean {
    return this.queue.length < MOST_WAITING;
  }
  /** Nothing waits for a sink. */
  get idle(): boolean {
    return this.queue.length === 0;
  }

  /** `release`: the sink is done with it. */
  result(output: number, descriptor: number, release: () => void): void {
    this.add({ output, descriptor, release });
  }
  /** Rows that a stage has set aside. */
  letters(stage: number, source: string, basePosition: bigint, rejects: readonly Reject[]): void {
    if (this.asides.areTaken(stage)) this.add({ stage, source, basePosition, rejects });
  }
  /** `written`: called once all before it was given to the sinks. */
  mark(written: () => void): void {
    this.add({ mark: written });
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
    if ('mark' in emission) return emission.mark();
    if (!('descriptor' in emission)) return this.asides.write(emission.stage, emission.source, emission.basePosition, emission.rejects);
    const output = this.outputs[emission.output]!;
    const { sink } = output;
    const batch = output.view.of(emission.descriptor);
    const { rows } = batch;
    try {
      await sink.write(batch);
    } catch (error) {
      throw coded('SINK_FAILED', `the sink ${sink.name} failed`, error);
    }
    output.emitted += rows;
    emission.release();
  }
}
