import type { Sink } from '../connectors/sink.js';
import type { Emitter } from './emitter.js';
import { coded } from './failure.js';

/** Opens, closes and aborts the sinks of a job: all of them end the same way. */
export class Outputs {
  private readonly opened: Sink[] = [];

  constructor(private readonly emitter: Emitter) {}

  async open(): Promise<void> {
    for (const sink of this.emitter.sinks) {
      this.opened.push(sink);
      try {
        await sink.open(this.emitter.fieldsFor(sink));
      } catch (error) {
        throw coded('SINK_FAILED', `the sink ${sink.name} cannot be opened`, error);
      }
    }
  }

  /** The greatest number that a sink claims for this run, which all others then have, too; 0 where none does. */
  async incarnation(): Promise<number> {
    const claimed = new Map<Sink, number>();
    let greatest = 0;
    for (const sink of this.opened) {
      const number = await this.claim(sink, greatest);
      claimed.set(sink, number);
      greatest = Math.max(greatest, number);
    }
    for (const [sink, number] of claimed) if (number < greatest) await this.claim(sink, greatest);
    return greatest;
  }
  private async claim(sink: Sink, least: number): Promise<number> {
    try {
      return await sink.incarnation?.(least) ?? least;
    } catch (error) {
      throw coded('SINK_FAILED', `the sink ${sink.name} gives no number to this run`, error);
    }
  }

  /** The results come last: where rows set aside cannot be completed, neither are they. */
  async close(): Promise<void> {
    for (let sink = this.opened.at(-1); sink; sink = this.opened.at(-1)) {
      try {
        await sink.close();
      } catch (error) {
        throw coded('SINK_FAILED', `the sink ${sink.name} failed at its end`, error);
      }
      this.opened.pop();
    }
  }

  /** Aborts what was not closed. It never rejects. */
  async abort(): Promise<void> {
    await Promise.allSettled(this.opened.splice(0).map(async sink => sink.abort()));
  }
}
