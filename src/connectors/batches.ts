import type { RecordBatch } from 'apache-arrow';
import { ArrowCopier } from '../batch/arrow-copy.js';
import { MillraceError } from '../errors.js';
import type { ResultBatch, Sink } from './sink.js';

/** Batches that may wait for the reader before the job has to. */
const WAITING_BATCHES = 2;

/** Made by `batches()`: a sink for the job, an async iterable for its reader. */
export interface BatchesSink extends Sink, AsyncIterable<RecordBatch> {}

/**
 * Results as Arrow record batches, private copies, to be read while the job runs:
 *
 *     const out = batches();
 *     const done = pipeline.to(out).run();
 *     for await (const batch of out) …
 *     await done;
 *
 * A slow reader slows the job. Leaving the loop early ends the job with CANCELLED; if the job fails, the loop throws CANCELLED (the job's
 * own promise says why). There is one loop for one job.
 */
export function batches(): BatchesSink {
  return new BatchQueue();
}

class BatchQueue implements BatchesSink {
  readonly name = 'batches';
  private copier = new ArrowCopier();
  private queue: RecordBatch[] = [];
  private state: 'open' | 'closed' | 'failed' | 'left' = 'open';
  /** Whoever waits: the reader for a batch, or the job for room; never both. */
  private wake: () => void = () => {};

  open(): void {
    // The loop may have begun before the job: what waits must go on waiting.
    if (this.state === 'left') throw left();
    this.state = 'open';
    this.copier = new ArrowCopier();
    this.queue = [];
  }

  async write(batch: ResultBatch): Promise<void> {
    if (this.state !== 'open') throw left();
    this.queue.push(this.copier.copy(batch.toArrow()));
    this.change();
    while (this.queue.length > WAITING_BATCHES && this.state === 'open') await this.changed();
    if (this.state !== 'open') throw left();
  }
  close(): void {
    if (this.state !== 'open') return;
    this.state = 'closed';
    this.change();
  }
  abort(): void {
    if (this.state === 'open') this.state = 'failed';
    this.queue = [];
    this.change();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RecordBatch> {
    try {
      for (;;) {
        const batch = this.queue.shift();
        if (batch !== undefined) {
          this.change();
          yield batch;
        } else if (this.state === 'closed') return;
        else if (this.state === 'failed') throw new MillraceError('CANCELLED', 'the job failed or was stopped: its own promise says why');
        else await this.changed();
      }
    } finally {
      if (this.state === 'open') this.state = 'left';
      this.change();
    }
  }

  private changed(): Promise<void> {
    return new Promise(resolve => {
      const others = this.wake;
      this.wake = () => {
        others();
        resolve();
      };
    });
  }
  private change(): void {
    const { wake } = this;
    this.wake = () => {};
    wake();
  }
}

const left = (): MillraceError => new MillraceError('CANCELLED', 'the loop over batches() was left before the job had ended');
