import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

const BYTES = 12;

/**
 * Where the first record of a log is, in a file of its own that is written in place. It may lag behind after a crash: then records that were
 * delivered are delivered again.
 */
export class SpillHead {
  private constructor(private readonly file: FileHandle, public segment: number, public offset: number) {}

  static async open(path: string): Promise<SpillHead> {
    const file = await open(path, 'r+').catch(() => open(path, 'w+', 0o600));
    const bytes = Buffer.alloc(BYTES);
    const { bytesRead } = await file.read(bytes, 0, BYTES, 0);
    const valid = bytesRead === BYTES && crc32(bytes.subarray(0, 8)) === bytes.readUInt32LE(8);
    return new SpillHead(file, valid ? bytes.readUInt32LE(0) : 0, valid ? bytes.readUInt32LE(4) : 0);
  }

  async move(segment: number, offset: number): Promise<void> {
    this.segment = segment;
    this.offset = offset;
    const bytes = Buffer.alloc(BYTES);
    bytes.writeUInt32LE(segment, 0);
    bytes.writeUInt32LE(offset, 4);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 8)), 8);
    // Where the disk is full it lags behind, and nothing is lost.
    await this.file.write(bytes, 0, BYTES, 0).catch(() => {});
  }

  close(): Promise<void> {
    return this.file.close();
  }
}
