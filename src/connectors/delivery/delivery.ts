import { MillraceError } from '../../errors.js';
import type { DeliveryStats } from '../sink.js';
import { Attempts, GaveUp, orAborted } from './attempts.js';
import type { DeliveryLimits } from './options.js';
import { NoRoom, SpillLog } from './spill-log.js';

/** Some rows of results, on their way to a store. */
export interface Parcel {
  readonly rows: number;
}

/** What delivery needs to know of a store. */
export interface Store<P extends Parcel> {
  /** The sink's name, for errors. No secrets. */
  readonly name: string;
  /** What parcels depend on besides themselves, such as the table and its columns: a log that was written for another is refused. */
  readonly layout: string;
  /** Writes a parcel in whole. It may be called again with one that has arrived, and must then change nothing if the sink promises that. */
  send(parcel: P, signal: AbortSignal): Promise<void>;
  /** Whether an error may be gone the next time: a lost connection, not a wrong type. */
  isTransient(error: unknown): boolean;
  /** An error in one line, without secrets and parameters. */
  describe(error: unknown): string;
  encode(parcel: P): Uint8Array;
  decode(bytes: Uint8Array): P;
}

/** Looks again whether a disk that was full has room. */
const LOOK_AGAIN_MS = 1000;

/**
 * Brings parcels to a store, in order, one at a time, and waits out what passes. A parcel is done when `deliver` settles: it is in the store or,
 * with `prefer: 'availability'`, in the local log, from where it goes to the store before any that come after it.
 */
export class Delivery<P extends Parcel> {
  private readonly attempts: Attempts;
  private readonly ended = new AbortController();
  private log: SpillLog | null = null;
  private spilled = 0;
  /** What empties the log; null while it is empty. Never rejects. */
  private draining: Promise<void> | null = null;
  private failure: MillraceError | null = null;
  private last: DeliveryStats | null = null;
  /** Wakes who waits for room in the log. */
  private taken = (): void => {};

  constructor(private readonly store: Store<P>, private readonly limits: DeliveryLimits) {
    this.attempts = new Attempts(limits.retry, error => store.isTransient(error));
  }

  /** Begins with what an earlier run has left. */
  async open(): Promise<void> {
    const { spill } = this.limits;
    if (spill === null) return;
    this.log = await SpillLog.open(spill.folder, this.store.name, spill.maxBytes, this.store.layout);
    this.drain();
  }

  stats(): DeliveryStats {
    return this.last ?? this.measure(this.log);
  }
  private measure(log: SpillLog | null): DeliveryStats {
    return { retries: this.attempts.retries, spilled: this.spilled, waiting: log?.waiting ?? 0, spillBytes: log?.bytes ?? 0 };
  }

  /** Something else that is asked of the store, such as how a table looks: tried again like a parcel. */
  async ask<T>(what: string, question: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await this.attempts.until(question, this.ended.signal);
    } catch (error) {
      throw this.coded(what, error);
    }
  }

  /** REQUIRES: the one before has settled. */
  async deliver(parcel: P): Promise<void> {
    if (this.log === null) return this.persist(parcel);
    if (this.failure !== null) throw this.failure;
    if (!this.log.empty) return this.spill(this.log, parcel);
    try {
      await orAborted(this.attempts.once(signal => this.store.send(parcel, signal), this.ended.signal), this.ended.signal);
    } catch (error) {
      if (this.ended.signal.aborted || !this.attempts.mayPass(error)) throw this.coded(wanted(parcel), error);
      await this.spill(this.log, parcel);
    }
  }

  /** All is delivered, or kept in the log, which is said as a warning of the process. */
  async close(): Promise<void> {
    const { log } = this;
    if (log === null) return;
    const { spill } = this.limits;
    if (this.draining !== null) {
      let timer: NodeJS.Timeout | undefined;
      const enough = new Promise<void>(resolve => (timer = setTimeout(resolve, spill!.closeWithinMs)));
      await Promise.race([this.draining, enough]);
      clearTimeout(timer);
    }
    await this.end(log);
    if (this.failure !== null) throw this.failure;
  }

  /** Ends all waits. What is in the log stays there. Never rejects. */
  async abort(): Promise<void> {
    this.ended.abort(new MillraceError('CANCELLED', `${this.store.name}: the job has ended`));
    const { log } = this;
    if (log !== null) await this.end(log).catch(() => {});
  }

  private async end(log: SpillLog): Promise<void> {
    this.log = null;
    this.ended.abort(new MillraceError('CANCELLED', `${this.store.name}: the job has ended`));
    await this.draining;
    this.last = this.measure(log);
    if (!log.empty) {
      process.emitWarning(`${this.store.name}: ${log.waiting} batches of results are kept in ${this.limits.spill!.folder}: the store could not be reached. The next run delivers them first.`, { code: 'MILLRACE_SPILL_KEPT' });
    }
    await log.close();
  }

  private async persist(parcel: P): Promise<void> {
    try {
      await this.attempts.until(signal => this.store.send(parcel, signal), this.ended.signal);
    } catch (error) {
      throw this.coded(wanted(parcel), error);
    }
  }

  private async spill(log: SpillLog, parcel: P): Promise<void> {
    const bytes = this.store.encode(parcel);
    const begun = Date.now();
    for (;;) {
      try {
        await log.append(bytes);
        this.spilled += parcel.rows;
        return this.drain();
      } catch (error) {
        if (!(error instanceof NoRoom)) throw error;
        const full = (): MillraceError => new MillraceError('SPILL_FULL', `${this.store.name}: the log in ${this.limits.spill!.folder} has no room: ${error.message}; the store could not be reached: ${this.store.describe(this.attempts.last)}`);
        if (this.limits.spill!.whenFull === 'fail' || Date.now() - begun >= this.limits.retry.giveUpAfterMs) throw full();
        // With nothing before it, it can go to the store itself.
        if (log.empty) return this.persist(parcel);
        await this.room();
        if (this.failure !== null) throw this.failure;
        if (log.empty) return this.persist(parcel);
      }
    }
  }

  /** Something was taken out of the log, or it is time to look again. */
  private async room(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const change = new Promise<void>(resolve => {
      this.taken = resolve;
      timer = setTimeout(resolve, LOOK_AGAIN_MS);
      timer.unref();
    });
    await orAborted(change, this.ended.signal);
    clearTimeout(timer);
  }

  /** Empties the log into the store, as long as it takes. */
  private drain(): void {
    const { log } = this;
    if (this.draining !== null || log === null || log.empty || this.failure !== null) return;
    this.draining = this.deliverAll(log).catch((error: unknown) => {
      if (!this.ended.signal.aborted) this.failure = this.coded('cannot write results that waited', error);
    }).finally(() => {
      this.draining = null;
      this.taken();
      // What came while the last was taken out.
      this.drain();
    });
  }

  private async deliverAll(log: SpillLog): Promise<void> {
    for (let bytes = await log.first(); bytes !== null; bytes = await log.first()) {
      const parcel = this.store.decode(bytes);
      await this.attempts.until(signal => this.store.send(parcel, signal), this.ended.signal, Infinity);
      await log.take(bytes.length);
      this.taken();
    }
  }

  private coded(what: string, error: unknown): MillraceError {
    if (error instanceof MillraceError) return error;
    const { name } = this.store;
    if (!(error instanceof GaveUp)) return said('SINK_FAILED', `${name}: ${what}`, this.store.describe(error));
    return said('SINK_UNREACHABLE', `${name}: ${what} after ${error.attempts} attempts in ${(error.waitedMs / 1000).toFixed(1)} s`, this.store.describe(error.cause));
  }
}

const wanted = ({ rows }: Parcel): string => `cannot write ${rows.toLocaleString('en')} rows`;
/** The cause holds what is told, and nothing else: errors of clients hold statements, parameters and how to connect. */
const said = (code: 'SINK_FAILED' | 'SINK_UNREACHABLE', what: string, description: string): MillraceError =>
  new MillraceError(code, `${what}: ${description}`, { cause: new Error(description) });
