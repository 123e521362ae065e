import type { Sink } from '../connectors/sink.js';
import type { SourceReader, SourceRows } from '../connectors/source.js';
import { NO_TIME } from '../worker/lanes.js';
import type { MillraceError } from '../errors.js';
import type { Plan } from '../plan/plan.js';
import type { Clock } from './clock.js';
import { completenessOf } from './completeness.js';
import type { Emitter } from './emitter.js';
import { coded, settlesWithin } from './failure.js';
import { Positions, type Mark } from './positions.js';

/** How often sources are told, in ms. */
const EVERY_MS = 1000;

interface Told {
  readonly reader: SourceReader;
  readonly name: string;
  readonly positions: Positions;
}

/**
 * Tells sources which rows need never be read again: those that take part in nothing but what the sinks have, for good. A mark goes through the queue
 * of results; once all before it was written, and will last, positions are those of the moment when it was made.
 */
export class Acknowledgements {
  private readonly told = new Map<number, Told>();
  private readonly completeness: ReturnType<typeof completenessOf>;
  private frontier: bigint | null = null;
  /** What is being told. */
  private telling: Promise<void> | null = null;
  private marked = false;
  private last: number;

  constructor(
    plan: Plan,
    private readonly clock: Clock,
    private readonly emitter: Emitter,
    private readonly fail: (error: MillraceError) => void,
  ) {
    this.completeness = completenessOf(plan);
    this.last = clock.now();
  }

  /** REQUIRES: it is the only source, and one branch reads it. */
  opened(source: number, name: string, reader: SourceReader): void {
    if (reader.delivered !== undefined && this.completeness !== null) this.told.set(source, { reader, name, positions: new Positions(this.completeness) });
  }
  submitted(source: number, { partition = 0, next }: SourceRows, number: number): void {
    if (next !== undefined) this.told.get(source)?.positions.submitted(partition, next, number);
  }
  settled(source: number, partition: number, number: number, greatest: bigint): void {
    this.told.get(source)?.positions.settled(partition, number, greatest);
  }

  /** All that a watermark allows was given to the emitter. Makes a mark, if it is time to. */
  reached(watermark: bigint): void {
    if (this.told.size === 0) return;
    this.frontier = this.completeness === 'now' || watermark === NO_TIME ? null : watermark;
    if (this.marked || this.telling !== null || this.clock.now() - this.last < EVERY_MS) return;
    this.marked = true;
    const marks = this.marks();
    this.emitter.mark(() => {
      this.marked = false;
      this.telling = this.tell(marks).catch(error => this.fail(error as MillraceError)).finally(() => (this.telling = null));
    });
  }

  /** Tells what the end has left, once all was written. Waits no longer than `ms` for what is not done by then. */
  async finish(ms: number): Promise<void> {
    if (this.told.size === 0) return;
    let failed: unknown = null;
    const last = (async () => {
      await this.telling;
      await this.tell(this.marks());
    })().catch(error => (failed = error));
    await settlesWithin(ms, last);
    if (failed !== null) throw failed;
  }

  private marks(): Map<Told, Mark> {
    return new Map([...this.told.values()].map(told => [told, told.positions.mark(this.frontier)]));
  }
  private async tell(marks: ReadonlyMap<Told, Mark>): Promise<void> {
    await Promise.all(this.emitter.sinks.map((sink: Sink) => sink.durable?.()));
    this.last = this.clock.now();
    for (const [{ reader, name, positions }, mark] of marks) {
      const delivered = positions.confirm(mark);
      if (delivered === null) continue;
      try {
        await reader.delivered!(delivered);
      } catch (error) {
        throw coded('SOURCE_FAILED', `the source ${name} cannot note how far it was read`, error);
      }
    }
  }
}
