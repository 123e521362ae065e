import type { Source, SourceContext, SourceItem, SourceReader } from '../connectors/source.js';
import { coded } from './failure.js';
import type { Halt } from './halt.js';
import type { Schedule } from './schedule.js';

/** One source's loop: an item when there is a credit, to the end of the input or until the job halts. */
export class Reading {
  /** The input was read to its end. */
  ended = false;
  /** The source asks to be read anew. */
  restarts = false;
  /** A reader that is told what was delivered stays open until all is. */
  private open: SourceReader | null = null;

  constructor(
    private readonly source: Source,
    private readonly number: number,
    private readonly context: SourceContext,
    private readonly schedule: Schedule,
    private readonly halt: Halt,
    /** The job reads other sources, too. */
    private readonly hasOthers: boolean,
  ) {}

  async run(): Promise<void> {
    if (this.halt.stopped) return;
    const reader = await this.start();
    if (reader === undefined) return;
    this.schedule.opened(this.number, reader);
    try {
      for (;;) {
        // Most items have their places at once: a promise for each costs as much as the rest of it.
        if (!this.schedule.tryCredit(this.number)) await this.schedule.credit(this.number, () => this.halt.stopped);
        const goesOn = this.readOne(reader);
        if (!(typeof goesOn === 'boolean' ? goesOn : await goesOn)) break;
        // What answers at once would take all the room there is, and the others would fall behind.
        if (this.hasOthers) await undefined;
      }
    } catch (error) {
      void closeQuietly(reader);
      throw error;
    }
    if (reader.delivered !== undefined) this.open = reader;
    // A reader that is still waiting for input need not answer: nobody waits for it.
    else if (this.ended) await this.ask(() => reader.close());
    else void closeQuietly(reader);
  }

  /** Closes what is still open: all was delivered, or will not be any more. */
  async finish(): Promise<void> {
    const reader = this.open;
    this.open = null;
    if (reader !== null) await closeQuietly(reader);
  }

  private async start(): Promise<SourceReader | undefined> {
    let opening: Promise<SourceReader> | undefined;
    const reader = await this.ask(() => (opening = this.source.read(this.context)));
    // What opens only after the stop is closed when it does.
    if (reader === undefined) opening?.then(closeQuietly).catch(() => {});
    return reader;
  }

  /** Returns whether there may be more: at once where the reader answers at once. REQUIRES: a credit, which is given back. */
  private readOne(reader: SourceReader): boolean | Promise<boolean> {
    let isLater = false;
    try {
      if (this.halt.stopped) return false;
      const answer = this.attempt(() => reader.next());
      if (!isPromise(answer)) return this.take(reader, answer);
      isLater = true;
      return this.readLater(reader, answer);
    } finally {
      if (!isLater) this.schedule.returnCredit(this.number);
    }
  }
  private async readLater(reader: SourceReader, answer: Promise<SourceItem | null>): Promise<boolean> {
    try {
      return this.take(reader, await this.ask(() => answer));
    } finally {
      this.schedule.returnCredit(this.number);
    }
  }

  /** Takes what a reader has answered; undefined: it has not, and need not any more. Returns whether there may be more. */
  private take(reader: SourceReader, item: SourceItem | null | undefined): boolean {
    const { schedule, halt, number } = this;
    // Once it is told to stop, a reader may say that there is no more.
    if (halt.error || (halt.stopped && !item)) return false;
    this.restarts = item?.kind === 'restart';
    if (item?.kind === 'restart') return false;
    this.ended = !item;
    if (item) schedule.submit(number, item);
    else schedule.submitEnd(number);
    if (reader.progress !== undefined) schedule.noteProgress(number, this.attempt(() => reader.progress!()) ?? null);
    return !this.ended;
  }

  /** What the source answers, or undefined where the job halts before that. Throws SOURCE_FAILED. */
  private async ask<T>(question: () => Promise<T> | T): Promise<T | undefined> {
    try {
      return await this.halt.orStopped(Promise.resolve(question()));
    } catch (error) {
      return this.fails(error);
    }
  }
  /** The same of a question that is answered at once. */
  private attempt<T>(question: () => T): T | undefined {
    try {
      return question();
    } catch (error) {
      return this.fails(error);
    }
  }
  private fails(error: unknown): undefined {
    if (this.halt.stopped) return undefined;
    throw coded('SOURCE_FAILED', `the source ${this.source.name} failed`, error);
  }
}

/** Or what is like one. */
const isPromise = (answer: ReturnType<SourceReader['next']> | undefined): answer is Promise<SourceItem | null> => typeof (answer as { then?: unknown } | null | undefined)?.then === 'function';

async function closeQuietly(reader: SourceReader): Promise<void> {
  try {
    await reader.close();
  } catch {
    // The job has ended already, and for another reason.
  }
}
