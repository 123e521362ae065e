import { realpathSync, statSync, type Stats } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { MillraceError } from '../errors.js';

/** What this process is writing: two sinks on one file would overwrite each other. */
const taken = new Set<string>();

/**
 * Where a file is to be, and beside it where it is written until it is complete. Links are followed. What is there and no file, a named
 * pipe or a device, is written to in place: moving a file there would replace it.
 */
export class OutputPlace {
  readonly isFile: boolean;
  /** Where bytes go. */
  readonly writtenPath: string;
  readonly #target: string;
  /** Settles when what was written is in its place: for a file once it is complete, else at once. */
  readonly durable: Promise<void>;
  #completed: () => void = () => {};
  /** Nothing of it is left to complete or discard. */
  #settled = false;

  /** Throws SINK_FAILED for a folder, and BAD_OPTION for a place that another sink writes to. */
  constructor(readonly path: string, name: string) {
    const found = statSync(path, { throwIfNoEntry: false }) as Stats | undefined;
    if (found?.isDirectory()) throw new MillraceError('SINK_FAILED', `${name}: ${path} is a folder; give the path of a file`);
    this.isFile = found?.isFile() ?? true;
    this.#target = found === undefined ? resolve(path) : realpathSync(path);
    this.writtenPath = this.isFile ? `${this.#target}.partial` : path;
    this.durable = this.isFile ? new Promise(resolve => (this.#completed = resolve)) : Promise.resolve();
    if (!this.isFile) return;
    if (taken.has(this.#target)) throw new MillraceError('BAD_OPTION', `${name}: another sink is writing to ${path}; give each sink a file of its own`);
    taken.add(this.#target);
  }

  /** REQUIRES: all was written, and nothing more will be. */
  async complete(): Promise<void> {
    if (this.isFile) await rename(this.writtenPath, this.#target);
    this.#completed();
    this.#settle();
  }

  /** Leaves what was there before. */
  async discard(): Promise<void> {
    if (this.#settled) return;
    if (this.isFile) await rm(this.writtenPath, { force: true }).catch(() => {});
    this.#settle();
  }

  #settle(): void {
    this.#settled = true;
    if (this.isFile) taken.delete(this.#target);
  }
}
