import type { RecordBatch } from 'apache-arrow';
import type { RunningJob } from '../coordinator/job-types.js';
import type { ResultBatch, Sink } from './sink.js';

/**
 * The results of a job as Arrow record batches, pulled: the job waits while the consumer works. A batch is valid until the next is
 * asked for. Leaving the loop early cancels the job; a job that fails throws from the loop.
 */
export async function* batches(start: (sink: Sink) => RunningJob): AsyncGenerator<RecordBatch, void, undefined> {
  const handover = new Handover();
  const running = start(handover);
  running.done.then(() => handover.end(), error => handover.end(error));
  try {
    for (let batch = await handover.take(); batch !== null; batch = await handover.take()) yield batch.toArrow();
  } finally {
    if (!handover.ended) {
      running.cancel();
      handover.release();
      await running.done.catch(() => {});
    }
  }
  await running.done;
}

/** Passes one batch at a time from the job to the consumer. */
class Handover implements Sink {
  readonly name = 'batches()';
  ended = false;
  #batch: ResultBatch | null = null;
  #taken = (): void => {};
  #arrived = (): void => {};

  open(): void {}
  close(): void {}
  abort(): void {}
  /** Settles when the consumer comes back for the next batch. */
  write(batch: ResultBatch): Promise<void> {
    this.#batch = batch;
    this.#arrived();
    return new Promise(resolve => {
      this.#taken = resolve;
    });
  }
  release(): void {
    this.#batch = null;
    this.#taken();
  }
  end(_error?: unknown): void {
    this.ended = true;
    this.#arrived();
  }
  async take(): Promise<ResultBatch | null> {
    this.release();
    while (this.#batch === null && !this.ended) {
      await new Promise<void>(resolve => {
        this.#arrived = resolve;
      });
    }
    return this.#batch;
  }
}
