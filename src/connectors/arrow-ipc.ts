import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import type { RecordBatch, RecordBatchReader } from 'apache-arrow';
import { arrow } from '../batch/arrow.js';
import { MillraceError } from '../errors.js';
import { ArrowBatchesReader } from './arrow.js';
import type { Source } from './source.js';

/** Options of `arrowIpc`. */
export interface ArrowIpcOptions {
  /** For stats and errors. Default 'arrowIpc(FILE)'. */
  readonly name?: string;
  /** Default true: the input ends. Say false for an endless one. */
  readonly bounded?: boolean;
}
type Bytes = Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Arrow IPC, in file or stream format (told apart by itself): a path, bytes in memory, or a stream of bytes such as a socket or
 * standard input. Throws BAD_FILE for what is neither.
 */
export function arrowIpc(input: string | URL | Bytes, options: ArrowIpcOptions = {}): Source {
  const path = typeof input === 'string' || input instanceof URL ? input : null;
  const name = options.name ?? (path === null ? 'arrowIpc' : `arrowIpc(${basename(String(path))})`);
  return {
    name,
    bounded: options.bounded ?? true,
    dictionaries: true,
    async read(context) {
      const file = path === null ? null : await open(path, 'r');
      const closeFile = async (): Promise<void> => file?.close().catch(() => undefined);
      try {
        const reader = await openReader(file ?? (input as Bytes), name);
        return new ArrowBatchesReader(checked(reader, name), context, null, closeFile);
      } catch (error) {
        await closeFile();
        throw error;
      }
    },
  };
}

async function openReader(input: FileHandle | Bytes, name: string): Promise<RecordBatchReader> {
  try {
    const reader = await (await arrow.RecordBatchReader.from(input as AsyncIterable<Uint8Array>)).open();
    // An empty input gives a reader that is closed, and has no schema.
    if (reader.schema === undefined) throw new Error('it is empty');
    return reader;
  } catch (cause) {
    throw badFile(name, cause);
  }
}

async function* checked(reader: RecordBatchReader, name: string): AsyncGenerator<RecordBatch> {
  try {
    for await (const batch of reader) yield batch;
  } catch (cause) {
    throw badFile(name, cause);
  }
}

const badFile = (name: string, cause: unknown): MillraceError =>
  new MillraceError('BAD_FILE', `${name} is not readable as Arrow IPC: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
