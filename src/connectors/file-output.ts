import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { MillraceError } from '../errors.js';
import { OutputPlace } from './output-place.js';

/** What a connector writes: a path, `-` for standard output, or a stream. */
export type OutputTarget = string | Writable;

/** Text is handed on in pieces of about this many characters. */
const PIECE = 256 * 1024;

/**
 * An output that looks complete only when it is: a file is written beside its place, as `path.partial`, and renamed when closed, or
 * deleted when aborted. A path that ends in `.gz` is compressed. A named pipe or a device is written to as it is.
 */
export class FileOutput {
  readonly #stream: Writable;
  readonly #place: OutputPlace | null;
  readonly #done: Promise<void> | null;
  #failure: Error | null = null;
  #text = '';

  constructor(target: OutputTarget, readonly name: string, options: { compress?: boolean } = {}) {
    this.#place = typeof target === 'string' && target !== '-' ? new OutputPlace(target, name) : null;
    if (this.#place !== null) {
      const file = createWriteStream(this.#place.writtenPath, { highWaterMark: PIECE, flush: this.#place.isFile } as Parameters<typeof createWriteStream>[1]);
      const gzip = this.#place.path.endsWith('.gz') && options.compress !== false ? createGzip() : null;
      this.#stream = gzip ?? file;
      this.#done = gzip === null ? finished(file) : pipeline(gzip, file);
      this.#done.catch((error: Error) => { this.#failure ??= error; });
    } else {
      const stream = target === '-' ? process.stdout : target as Writable;
      if (typeof stream.write !== 'function') throw new MillraceError('BAD_OPTION', `${name}: not a writable stream; as a sink, give a path, '-' or a Writable`);
      this.#stream = stream;
      this.#done = null;
      stream.on('error', this.#onError);
    }
  }

  readonly #onError = (error: Error): void => { this.#failure ??= error; };

  #fail(cause: unknown): never {
    throw new MillraceError('SINK_FAILED', `${this.name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }

  /** Collects text; true when enough is there that `flush` should be awaited. */
  add(text: string): boolean {
    this.#text += text;
    return this.#text.length >= PIECE;
  }

  /** Resolves when the stream takes more. */
  async flush(): Promise<void> {
    const text = this.#text;
    this.#text = '';
    if (text !== '') await this.write(text);
  }

  async write(data: string | Uint8Array): Promise<void> {
    if (this.#failure !== null) this.#fail(this.#failure);
    if (this.#stream.destroyed) this.#fail('the stream was closed');
    if (this.#stream.write(data)) return;
    const stop = new AbortController();
    const { signal } = stop;
    try {
      await Promise.race([once(this.#stream, 'drain', { signal }), once(this.#stream, 'close', { signal })]);
    } catch (error) {
      this.#fail(error);
    } finally {
      stop.abort();
    }
    if (this.#failure !== null) this.#fail(this.#failure);
  }

  /** See `Sink.durable`. */
  async durable(): Promise<void> {
    await this.#place?.durable;
  }

  async close(): Promise<void> {
    await this.flush();
    try {
      if (this.#place !== null) {
        this.#stream.end();
        await this.#done;
        await this.#place.complete();
      } else if (this.#stream === process.stdout || this.#stream === process.stderr) {
        // Not ours to end; an empty write tells when what was written is out.
        await new Promise<void>((resolve, reject) => this.#stream.write('', error => (error ? reject(error) : resolve())));
        this.#stream.off('error', this.#onError);
      } else {
        this.#stream.end();
        await finished(this.#stream, { readable: false });
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  async abort(): Promise<void> {
    this.#text = '';
    if (this.#place !== null) {
      this.#stream.destroy();
      await this.#done?.catch(() => {});
      await this.#place.discard();
    } else if (this.#stream !== process.stdout && this.#stream !== process.stderr) {
      this.#stream.destroy();
    }
  }
}
