import type { ResultBatch } from '../sink.js';
import type { Encoder } from './encoder.js';
import type { PartOutput } from './storage.js';

/** A file that takes rows. */
export class Part {
  rows = 0;
  bytes = 0;
  readonly begun: number = performance.now();
  /** When it last took rows. */
  touched = 0;
  /** Settles when the file is complete, or will never be. */
  readonly settled: Promise<void>;
  private done = (): void => {};
  private lost: (error: Error) => void = () => {};

  constructor(readonly path: string, private readonly encoder: Encoder, private readonly output: PartOutput) {
    this.settled = new Promise((resolve, reject) => {
      this.done = resolve;
      this.lost = reject;
    });
    this.settled.catch(() => {});
  }

  async add(batch: ResultBatch, rows: readonly number[]): Promise<void> {
    await this.encoder.add(batch, rows);
    this.rows += rows.length;
    this.touched = performance.now();
    await this.flush();
  }

  private async flush(): Promise<void> {
    const bytes = this.encoder.take();
    this.bytes += bytes.length;
    if (bytes.length > 0) await this.output.write(bytes);
  }

  async complete(): Promise<void> {
    await this.encoder.finish();
    await this.flush();
    await this.output.complete();
    this.done();
  }

  async discard(reason: Error): Promise<void> {
    this.lost(reason);
    await this.output.discard();
  }
}
