import { MillraceError } from '../../errors.js';
import type { Fields } from '../../plan/types.js';
import type { DeliveryStats, ResultBatch, Sink } from '../sink.js';
import { encoders, type Encoder } from './encoder.js';
import { Part } from './part.js';
import type { RolledSettings } from './roll-options.js';
import type { PartStorage } from './storage.js';
import { windowGroups, type RowGroup } from './window-groups.js';

/** The files of one window, or of the run. */
interface Group {
  /** What their paths begin with. */
  readonly path: string;
  /** Files that this run has begun. */
  count: number;
  part: Part | null;
}

/**
 * Results in files, of which only complete ones are seen. Files of a window are numbered from 1 in each run: one that writes the window again
 * replaces them.
 */
export class RolledSink implements Sink {
  readonly name: string;
  private makeEncoder: () => Encoder = () => { throw new Error('not open'); };
  private groupsOf: (batch: ResultBatch) => RowGroup[] = () => [];
  private groups = new Map<string, Group>();
  private readonly filling = new Set<Group>();
  /** What is being done: one thing at a time, whether a batch, a timer or the end asks for it. */
  private last: Promise<unknown> = Promise.resolve();
  private failure: unknown = null;
  private timer: NodeJS.Timeout | null = null;
  /** Whether the job, since it has begun or begun anew, has given rows. */
  private hasRows = false;

  constructor(private readonly storage: PartStorage, private readonly settings: RolledSettings) {
    this.name = storage.name;
  }

  async open(fields: Fields): Promise<void> {
    const { byWindow, format, run, limits } = this.settings;
    this.groups = new Map();
    this.filling.clear();
    this.failure = null;
    this.hasRows = false;
    this.groupsOf = byWindow ? windowGroups(this.name, fields) : batch => [{ path: run, rows: Array.from({ length: batch.rows }, (_, row) => row) }];
    this.makeEncoder = await encoders(format, fields, this.name);
    await this.storage.open();
    const look = (): unknown => this.turn(() => this.completeDue()).catch(error => (this.failure ??= error));
    this.timer = setInterval(look, Math.min(limits.everyMs / 4, 1000));
    this.timer.unref();
  }

  /**
   * Gives out no numbers, but learns that the job begins anew within a run: what is in open files was not told to be durable, so it comes again, and so
   * do all rows of its windows.
   */
  async incarnation(least: number): Promise<number> {
    if (this.hasRows) {
      await this.turn(async () => {
        await this.discardOpen(new MillraceError('CANCELLED', `${this.name}: the job has begun anew`));
        if (this.settings.byWindow) this.groups = new Map();
      });
    }
    this.hasRows = false;
    return least;
  }

  write(batch: ResultBatch): Promise<void> {
    return this.turn(async () => {
      this.hasRows = true;
      for (const { path, rows } of this.groupsOf(batch)) await this.add(this.group(path), batch, rows);
    });
  }

  private async add(group: Group, batch: ResultBatch, rows: readonly number[]): Promise<void> {
    const limits = this.settings.limits;
    for (let done = 0; done < rows.length;) {
      const part = group.part ?? await this.begin(group);
      const taken = rows.slice(done, done + limits.rows - part.rows);
      await part.add(batch, taken);
      done += taken.length;
      if (part.bytes >= limits.bytes || part.rows >= limits.rows) await this.complete(group);
    }
  }

  /** All that was written lies in complete files. What is open stays open until a limit is reached. */
  async durable(): Promise<void> {
    await this.last;
    await Promise.all([...this.filling].map(({ part }) => part!.settled));
  }

  async close(): Promise<void> {
    await this.turn(async () => {
      for (const group of this.filling) await this.complete(group);
      if (this.settings.replaces) await this.removeOthers(this.group(this.settings.run));
    });
    this.end();
  }

  async abort(): Promise<void> {
    const reason = new MillraceError('CANCELLED', `${this.name}: the job has ended`);
    this.failure ??= reason;
    this.storage.stop();
    await this.last;
    await this.discardOpen(reason);
    this.end();
  }

  delivery(): DeliveryStats | null {
    return this.storage.retries === undefined ? null : { retries: this.storage.retries, spilled: 0, waiting: 0, spillBytes: 0 };
  }

  private end(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.storage.close();
  }

  /** Does one thing after another. What has failed stays so. */
  private turn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(async () => {
      if (this.failure !== null) throw this.failure;
      return work();
    });
    this.last = result.catch(error => (this.failure ??= error));
    return result;
  }

  private group(path: string): Group {
    const found = this.groups.get(path);
    if (found !== undefined) return found;
    const group = { path, count: 0, part: null };
    this.groups.set(path, group);
    return group;
  }

  private async begin(group: Group): Promise<Part> {
    if (this.filling.size >= this.settings.limits.maxOpen) {
      await this.complete([...this.filling].reduce((oldest, each) => (each.part!.touched < oldest.part!.touched ? each : oldest)));
    }
    const path = this.pathOf(group, ++group.count);
    group.part = new Part(path, this.makeEncoder(), await this.storage.create(path));
    this.filling.add(group);
    return group.part;
  }

  private async complete(group: Group): Promise<void> {
    await group.part!.complete();
    this.filling.delete(group);
    group.part = null;
    // All rows of a window come again when one does: what an earlier run has left of it is out of date.
    if (this.settings.byWindow && group.count === 1) await this.removeOthers(group);
  }

  private async discardOpen(reason: Error): Promise<void> {
    await Promise.all([...this.filling].map(({ part }) => part!.discard(reason)));
    for (const group of this.filling) group.part = null;
    this.filling.clear();
  }

  private async completeDue(): Promise<void> {
    const due = performance.now() - this.settings.limits.everyMs;
    for (const group of this.filling) if (group.part!.begun <= due) await this.complete(group);
  }

  private pathOf(group: Group, number: number): string {
    return `${group.path}-${String(number).padStart(5, '0')}.${this.settings.format}`;
  }

  /** Removes files of a group that this run has not written. */
  private async removeOthers(group: Group): Promise<void> {
    const prefix = `${group.path}-`;
    const numbered = /^(\d{5,})\.(?:jsonl|csv|arrow|parquet)$/;
    const mine = new Set(Array.from({ length: group.count }, (_, index) => this.pathOf(group, index + 1)));
    const others = (await this.storage.list(prefix)).filter(path => numbered.test(path.slice(prefix.length)) && !mine.has(path));
    if (others.length > 0) await this.storage.remove(others);
  }
}
