import { MillraceError } from '../errors.js';
import type { ByteInput } from './file-input.js';
import type { SourceItem, SourceReader, TextFormat } from './source.js';

/** Where the last whole record of `bytes[0…length)` ends (one past its line feed), or 0; `from`: no record ends before it. */
export type FindRecordEnd = (bytes: Buffer, length: number, from: number) => number;

const SMALLEST_CHUNK = 256 * 1024;
const LARGEST_CHUNK = 1024 * 1024;

export interface RecordReaderOptions {
  readonly name: string;
  readonly input: ByteInput;
  readonly findRecordEnd: FindRecordEnd;
  readonly batchBytes: number;
  readonly maxRecordBytes: number;
}

/**
 * Cuts bytes into items of whole records. What is left after the last whole record is carried to the front of the next buffer; each
 * item has a buffer of its own, so that it stays valid however long its reader keeps it.
 */
export class RecordReader implements SourceReader {
  #carry: Buffer = Buffer.alloc(0);
  #atStart = true;
  #ended = false;
  #bytesBefore = 0;

  constructor(readonly options: RecordReaderOptions, public format: TextFormat) {}

  /** Whole records, or null at the end. */
  async nextRecords(): Promise<Buffer | null> {
    const { input, batchBytes, maxRecordBytes, findRecordEnd } = this.options;
    const chunk = Math.max(SMALLEST_CHUNK, Math.min(batchBytes, LARGEST_CHUNK));
    let buffer = this.#withRoom(this.#carry, chunk);
    let length = this.#carry.length;
    let searched = 0;
    while (!this.#ended) {
      if (length === buffer.length) {
        if (length > maxRecordBytes) this.#refuseRecord();
        // Never more room than shows that a record is too long, but for a chunk's.
        buffer = this.#withRoom(buffer, Math.min(length, maxRecordBytes + 1 - length));
      }
      const read = await this.#read(input, buffer.subarray(length));
      this.#ended = read === 0;
      length += read;
      if (this.#atStart) {
        if (length < 3 && !this.#ended) continue;
        this.#atStart = false;
        if (length >= 3 && buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf) {
          buffer = buffer.subarray(3);
          length -= 3;
        }
      }
      const end = findRecordEnd(buffer, length, searched);
      searched = length;
      if (end > 0) {
        this.#carry = buffer.subarray(end, length);
        this.#bytesBefore += end;
        return buffer.subarray(0, end);
      }
    }
    if (length > maxRecordBytes) this.#refuseRecord();
    this.#carry = Buffer.alloc(0);
    return length === 0 ? null : buffer.subarray(0, length);
  }

  async #read(input: ByteInput, into: Buffer): Promise<number> {
    try {
      return await input.read(into);
    } catch (cause) {
      throw new MillraceError('SOURCE_FAILED', `${this.options.name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }

  #withRoom(bytes: Buffer, more: number): Buffer {
    const larger = Buffer.allocUnsafeSlow(bytes.length + more);
    bytes.copy(larger);
    return larger;
  }

  #refuseRecord(): never {
    const { name, maxRecordBytes } = this.options;
    throw new MillraceError('BAD_FILE', `${name}: the record at byte ${this.#bytesBefore} is longer than ${maxRecordBytes} bytes; `
      + 'is this the right format? If so, raise the option `maxRecordBytes`');
  }

  async next(): Promise<SourceItem | null> {
    const bytes = await this.nextRecords();
    return bytes === null ? null : { kind: 'text', bytes, format: this.format };
  }

  close(): Promise<void> { return this.options.input.close(); }

  progress(): NonNullable<ReturnType<NonNullable<SourceReader['progress']>>> {
    return this.options.input.progress?.() ?? { done: this.#bytesBefore, total: null, unit: 'bytes' };
  }
}
