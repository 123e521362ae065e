import { mkdir, open, readdir, readFile, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceError } from '../../errors.js';
import { FolderLock } from './folder-lock.js';
import { SpillHead } from './spill-head.js';
import { framed, framedBytes, headOf, recordAt, segmentHead } from './spill-record.js';

/** The most bytes of a segment: what a log of no more than these keeps until all of it is delivered. */
const SEGMENT_BYTES = 8 * 2 ** 20;

interface Segment {
  readonly number: number;
  readonly start: number;
  bytes: number;
}

/** There is no room: the log has all its bytes, or the disk has none. */
export class NoRoom extends Error {}
const NO_ROOM = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/**
 * A queue of records in a folder: bounded, and complete after a crash. A record is in it when `append` settles: on the disk, in whole. It lies in
 * segments, numbered files that are deleted once all their records were taken; `head` says where the first is that was not.
 */
export class SpillLog {
  /** Records that were not taken. */
  waiting = 0;
  private readonly segments: Segment[] = [];
  /** The last segment, while it is written to. */
  private tail: FileHandle | null = null;
  private lastNumber = 0;
  /** What follows whatever is being done: appending and taking do not overlap. */
  private turn: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly folder: string, private readonly name: string, private readonly maxBytes: number, private readonly layout: string,
    private readonly lock: FolderLock, private readonly head: SpillHead,
  ) {}

  /** Opens what is there, or makes it. Throws BAD_OPTION for a log of another layout or another's folder, BAD_FILE for one that is damaged, SPILL_FULL. */
  static async open(folder: string, name: string, maxBytes: number, layout: string): Promise<SpillLog> {
    let lock: FolderLock | null = null;
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      lock = await FolderLock.take(folder, name);
      const log = new SpillLog(folder, name, maxBytes, layout, lock, await SpillHead.open(join(folder, 'head')));
      await log.recover();
      return log;
    } catch (error) {
      await lock?.release();
      throw log(error, name, folder);
    }
  }

  get bytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }
  get empty(): boolean {
    return this.waiting === 0;
  }

  /** Throws NoRoom, and then nothing has changed; SINK_FAILED where the disk fails. */
  append(payload: Uint8Array): Promise<void> {
    return this.inTurn(async () => {
      const record = framed(payload);
      const last = this.segments.at(-1);
      const limit = Math.min(SEGMENT_BYTES, Math.ceil(this.maxBytes / 4));
      const fresh = last === undefined || this.tail === null || (last.bytes + record.length > limit && last.bytes > last.start);
      const head = fresh ? segmentHead(this.layout) : null;
      if (this.bytes + record.length + (head?.length ?? 0) > this.maxBytes) throw new NoRoom(`it has its ${this.maxBytes.toLocaleString('en')} bytes (spill.maxBytes)`);
      if (head !== null) await this.begin(head);
      const segment = this.segments.at(-1)!;
      await this.put(segment, record);
      segment.bytes += record.length;
      this.waiting++;
    });
  }

  /** The first record; null where none waits. */
  first(): Promise<Buffer | null> {
    return this.inTurn(async () => {
      if (this.waiting === 0) return null;
      const segment = this.segments[0]!;
      const file = await open(this.path(segment.number), 'r');
      try {
        const lengthBytes = Buffer.alloc(4);
        await file.read(lengthBytes, 0, 4, this.head.offset);
        const bytes = Buffer.alloc(framedBytes(lengthBytes.readUInt32LE(0)));
        await file.read(bytes, 0, bytes.length, this.head.offset);
        const found = recordAt(bytes, 0);
        if (found.kind !== 'record') throw this.damaged(segment.number);
        return found.payload;
      } finally {
        await file.close();
      }
    });
  }

  /** Takes the first record, of so many bytes, out. */
  take(payloadBytes: number): Promise<void> {
    return this.inTurn(async () => {
      const segment = this.segments[0]!;
      this.waiting--;
      let offset = this.head.offset + framedBytes(payloadBytes);
      if (offset === segment.bytes) {
        this.segments.shift();
        if (this.segments.length === 0) await this.endTail();
        await rm(this.path(segment.number), { force: true });
        offset = this.segments[0]?.start ?? 0;
      }
      await this.head.move(this.segments[0]?.number ?? segment.number, offset);
    });
  }

  /** What waits stays in the folder. */
  async close(): Promise<void> {
    await this.turn.catch(() => {});
    await this.endTail();
    await this.head.close();
    await this.lock.release();
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.catch(() => {}).then(work).catch((error: unknown) => {
      throw error instanceof NoRoom ? error : log(error, this.name, this.folder);
    });
    this.turn = done.catch(() => {});
    return done;
  }

  private path(number: number): string {
    return join(this.folder, `${String(number).padStart(10, '0')}.spill`);
  }
  private damaged(number: number): MillraceError {
    return new MillraceError('BAD_FILE', `${this.name}: ${this.path(number)} is damaged, or no log of results; move it away to go on without what it holds`);
  }

  /** Starts a segment. */
  private async begin(head: Buffer): Promise<void> {
    await this.endTail();
    const number = ++this.lastNumber;
    const segment = { number, start: head.length, bytes: 0 };
    this.tail = await open(this.path(number), 'wx', 0o600);
    try {
      await this.put(segment, head);
    } catch (error) {
      await this.endTail();
      await rm(this.path(number), { force: true });
      throw error;
    }
    segment.bytes = head.length;
    this.segments.push(segment);
    if (this.segments.length === 1) await this.head.move(number, segment.start);
    await syncFolder(this.folder);
  }

  /** Writes to the end of the last segment, in whole or not at all. */
  private async put(segment: Segment, bytes: Buffer): Promise<void> {
    const file = this.tail!;
    try {
      for (let done = 0; done < bytes.length;) done += (await file.write(bytes, done, bytes.length - done, segment.bytes + done)).bytesWritten;
      await file.datasync();
    } catch (error) {
      await file.truncate(segment.bytes);
      if (NO_ROOM.includes((error as NodeJS.ErrnoException).code ?? '')) throw new NoRoom(`the disk is full (${(error as NodeJS.ErrnoException).code})`);
      throw error;
    }
  }

  private async endTail(): Promise<void> {
    const file = this.tail;
    this.tail = null;
    await file?.close();
  }

  /** Looks through all that an earlier run left. What it was writing when it ended was never acknowledged, and goes. */
  private async recover(): Promise<void> {
    const numbers = (await readdir(this.folder)).flatMap(file => /^(\d{10})\.spill$/.exec(file)?.[1] ?? []).map(Number).sort((a, b) => a - b);
    this.lastNumber = Math.max(this.head.segment, numbers.at(-1) ?? 0);
    const { segment: headSegment, offset: headOffset } = this.head;
    for (const number of numbers) {
      const isLast = number === numbers.at(-1);
      const bytes = await readFile(this.path(number));
      const head = headOf(bytes);
      if (head === false || (head === null && !isLast)) throw this.damaged(number);
      // One that was being made, and one that was taken in whole just before the end.
      if (head === null || number < headSegment) {
        await rm(this.path(number));
        continue;
      }
      if (head.layout !== this.layout) throw new MillraceError('BAD_OPTION', `${this.name}: ${this.folder} holds results that were written for another table or other columns; deliver them with a job like the one that left them, or move them away`);
      const from = number === headSegment ? Math.max(headOffset, head.start) : head.start;
      const end = this.count(bytes, number, from, isLast);
      if (end < bytes.length) await truncate(this.path(number), end);
      if (end === from) await rm(this.path(number));
      else this.segments.push({ number, start: head.start, bytes: end });
      if (this.segments.length === 1 && end > from) await this.head.move(number, from);
    }
  }

  /** Counts the records behind an offset; returns where they end. */
  private count(bytes: Buffer, number: number, from: number, mayBeTorn: boolean): number {
    for (let offset = from; ;) {
      const found = recordAt(bytes, offset);
      if (found.kind === 'damaged' || (found.kind === 'torn' && !mayBeTorn)) throw this.damaged(number);
      if (found.kind !== 'record') return offset;
      this.waiting++;
      offset = found.next;
    }
  }
}

async function truncate(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'r+');
  await file.truncate(bytes).finally(() => file.close());
}

/** So that a new file is there after the machine has lost power. Some systems cannot. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

function log(error: unknown, name: string, folder: string): MillraceError {
  if (error instanceof MillraceError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return new MillraceError(NO_ROOM.includes(code ?? '') ? 'SPILL_FULL' : 'SINK_FAILED', `${name}: the log in ${folder} failed: ${message}`, { cause: error });
}
