import { constants, createReadStream, openSync } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { MillraceError } from '../errors.js';

/** Bytes in order, as many at a time as are at hand. */
export interface ByteInput {
  /** Fills `into` from its start as far as it can without waiting for more than something; 0 at the end. */
  read(into: Uint8Array): Promise<number>;
  close(): Promise<void>;
  progress?(): { done: number; total: number | null; unit: 'bytes' };
}

class PlainFile implements ByteInput {
  #done = 0;
  constructor(readonly handle: FileHandle, readonly total: number | null) {}

  async read(into: Uint8Array): Promise<number> {
    const { bytesRead } = await this.handle.read(into, 0, into.length);
    this.#done += bytesRead;
    return bytesRead;
  }

  close(): Promise<void> { return this.handle.close(); }
  progress(): { done: number; total: number | null; unit: 'bytes' } { return { done: this.#done, total: this.total, unit: 'bytes' }; }
}

/** A stream, read as it offers data; small pieces that are already there are taken together. */
class StreamInput implements ByteInput {
  #rest: Buffer | null = null;
  #ended = false;
  #failure: Error | null = null;
  #wake: () => void = () => {};

  constructor(readonly stream: Readable) {
    stream.on('readable', () => this.#wake());
    stream.on('end', () => { this.#ended = true; this.#wake(); });
    stream.on('close', () => { this.#ended = true; this.#wake(); });
    stream.on('error', error => { this.#failure = error; this.#wake(); });
    this.#ended = stream.readableEnded || stream.destroyed;
  }

  #take(): Buffer | null {
    const chunk = (this.#rest ?? this.stream.read()) as Buffer | string | null;
    this.#rest = null;
    return typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  }

  async read(into: Uint8Array): Promise<number> {
    let size = 0;
    let waited = false;
    while (size < into.length) {
      const chunk = this.#take();
      if (chunk !== null) {
        waited = false;
        const taken = Math.min(chunk.length, into.length - size);
        into.set(chunk.subarray(0, taken), size);
        size += taken;
        if (taken < chunk.length) this.#rest = chunk.subarray(taken);
      } else if (this.#failure !== null) {
        throw this.#failure;
      } else if (this.#ended) {
        return size;
      } else if (size > 0) {
        // A turn of the loop lets more arrive; nothing that is there waits for what may never come.
        if (waited) return size;
        waited = true;
        await setImmediate();
      } else {
        await new Promise<void>(resolve => { this.#wake = resolve; });
      }
    }
    return size;
  }

  async close(): Promise<void> {
    this.#ended = true;
    this.#wake();
    if (this.stream !== process.stdin) {
      this.stream.destroy();
    } else {
      // Not ours to destroy; but what may still come must not keep the process alive.
      process.stdin.removeAllListeners('readable').pause();
      process.stdin.unref?.();
    }
  }
}

/** A compressed file; progress is told in compressed bytes. */
class GzipFile extends StreamInput {
  constructor(readonly file: ReturnType<typeof createReadStream>, readonly total: number) {
    const plain = file.pipe(createGunzip({ chunkSize: 256 * 1024 }));
    file.on('error', error => plain.destroy(error));
    super(plain);
  }

  override async close(): Promise<void> {
    this.file.destroy();
    await super.close();
  }

  progress(): { done: number; total: number | null; unit: 'bytes' } { return { done: this.file.bytesRead, total: this.total, unit: 'bytes' }; }
}

/** Opened without waiting for a writer: who waits in `open` holds a thread that nothing can wake, and the process could not end. */
const namedPipe = (path: string): ByteInput =>
  new StreamInput(new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), readable: true, writable: false }));

/** What a connector reads: a path, `-` for standard input, or a stream. */
export type InputTarget = string | Readable;

export async function openInput(target: InputTarget, name: string): Promise<ByteInput> {
  if (target === '-') return new StreamInput(process.stdin);
  if (typeof target !== 'string') {
    if (typeof target.read !== 'function') throw new MillraceError('BAD_OPTION', `${name}: not a readable stream; as a source, give a path, '-' or a Readable`);
    return new StreamInput(target);
  }
  try {
    const found = await stat(target);
    if (found.isDirectory()) throw new Error('it is a directory');
    if (found.isFIFO() && !target.endsWith('.gz')) return namedPipe(target);
    const handle = await open(target, 'r');
    if (target.endsWith('.gz')) return new GzipFile(handle.createReadStream({ highWaterMark: 256 * 1024 }), found.size);
    return new PlainFile(handle, found.isFile() ? found.size : null);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new MillraceError('SOURCE_FAILED', `${name}: cannot open ${target}: ${why}`, { cause });
  }
}
