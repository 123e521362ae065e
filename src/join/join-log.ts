import { FIRST_TIME, LOG_BYTES, LogWord, NO_DUE, RECORD_BYTES, RecordWord } from './log-layout.js';
import type { LogIndex } from './log-index.js';
import type { LogMemory, LogTools, NewEntries } from './log-tools.js';

const FIRST_SLOTS = 8;
/** A log is looked through for entries that are gone once it has so many blocks. */
const LEAST_SCANNED_BLOCKS = 4;
/** Of so many blocks the first look takes one: in most logs nearly all entries are left, and one look tells as much as a look at all. */
const BLOCKS_PER_SAMPLE = 8;

interface Block {
  readonly position: number;
  readonly record: number;
}

/** A log, see `log-layout.ts`. Has no state of its own but addresses. REQUIRES: the caller holds the region. */
export class JoinLog {
  private readonly at: number;

  constructor(
    private readonly tools: LogTools,
    private readonly memory: LogMemory,
    readonly address: number,
    /** By which entries are looked up. */
    private readonly index: LogIndex,
  ) {
    this.at = address >>> 2;
    index.add(this);
  }

  /** Makes an empty log of LOG_BYTES bytes. */
  format(): void {
    const { u32 } = this.tools.heap;
    u32.fill(0, this.at, this.at + LOG_BYTES / 4);
    this.set(LogWord.shift, this.tools.limits.shift);
    this.set(LogWord.scanAt, LEAST_SCANNED_BLOCKS * this.blockUnits);
    this.leastPending = NO_DUE;
  }

  get rows(): number {
    return this.get(LogWord.rows);
  }
  get isEmpty(): boolean {
    return this.get(LogWord.base) === this.get(LogWord.end);
  }
  /** The least time of an entry that is not done. */
  get leastPending(): bigint {
    return this.tools.heap.i64[(this.at + LogWord.least) >>> 1]!;
  }
  set leastPending(time: bigint) {
    this.tools.heap.i64[(this.at + LogWord.least) >>> 1] = time;
  }
  /** The greatest time in the oldest block: once it has passed, there is something to forget. REQUIRES: the log is not empty. */
  get firstGone(): bigint {
    return this.time(this.recordAt(this.get(LogWord.base)), RecordWord.greatest);
  }

  /** Appends entries, their heads alone, and writes their addresses (u32). */
  append({ rows, candidates, keys, times, hashes, sizes, entryBytes }: NewEntries, addresses: number): void {
    const { heap: { u32 }, kernels } = this.tools;
    this.reserve(rows);
    for (let done = 0; ;) {
      done = kernels.appendEntries(this.address, done, rows, candidates, keys, times, hashes, sizes, entryBytes, addresses);
      if (done === rows) break;
      this.addBlock(sizes ? (u32[(sizes >>> 2) + done]! + 7) & ~7 : entryBytes);
    }
    this.notePending();
  }

  /** Has buckets for so many more entries. */
  reserve(rows: number): void {
    this.index.reserve(this.rows + rows);
  }

  /** Calls `visit` with the entries (u32 addresses in scratch, given back then) of each block that have a time before `before` and were not done; they are now. */
  complete(before: bigint, visit: (entries: number, rows: number) => void): void {
    const { kernels, scratch } = this.tools;
    this.eachPending(before, record => {
      const entries = scratch.take(this.word(record, RecordWord.entries) * 4);
      const rows = kernels.completeEntries(record * 4, before, entries);
      if (rows > 0) visit(entries, rows);
    });
  }
  /** Lists those of all blocks in one (u32), for which there is room. Returns how many. */
  listComplete(before: bigint, out: number): number {
    let found = 0;
    this.eachPending(before, record => { found += this.tools.kernels.completeEntries(record * 4, before, out + found * 4); });
    return found;
  }
  /** Of the blocks in which there are some the least time of one, and how many entries they have in all. */
  pendingBlocks(before: bigint): { least: bigint; rows: number }[] {
    if (this.leastPending >= before) return [];
    const blocks = [...this.blocks()].map(({ record }) => ({ least: this.time(record, RecordWord.least), rows: this.word(record, RecordWord.entries) }));
    return blocks.filter(({ least }) => least < before);
  }
  private eachPending(before: bigint, visit: (record: number) => void): void {
    if (this.leastPending >= before) return;
    let least = NO_DUE;
    for (const { record } of this.blocks()) {
      if (this.time(record, RecordWord.least) < before) visit(record);
      const left = this.time(record, RecordWord.least);
      if (left < least) least = left;
    }
    this.leastPending = least;
  }

  /** Copies entries of another log to the end of this one, or of those that are being replaced: then they are linked later. */
  take(rows: number, entries: number, links: boolean = true): void {
    const { heap: { u32 }, kernels } = this.tools;
    if (links) this.reserve(rows);
    for (let done = 0; done < rows;) {
      const [position, at] = [this.get(LogWord.end), this.get(LogWord.next)];
      done = kernels.copyEntries(this.address, done, rows, entries);
      if (links) kernels.linkEntries(this.address, position, at, this.get(LogWord.next) - at);
      if (done < rows) this.addBlock(u32[(u32[(entries >>> 2) + done]! >>> 2) + 6]!);
    }
  }

  /** Forgets entries with a time before `before`: whole blocks at the beginning and, where they have become many, those between others. Returns how many rows. */
  forget(before: bigint): number {
    const had = this.rows;
    this.freeOldest(before);
    const length = (this.get(LogWord.end) - this.get(LogWord.base)) >>> 0;
    if (length > this.get(LogWord.scanAt)) this.scan(before, length);
    if (this.rows < had) this.index.shrink();
    return had - this.rows;
  }

  /** Forgets all entries. Positions go on, so that nothing points to those that come next. */
  free(): void {
    for (const { record } of this.blocks()) this.memory.free(this.word(record, RecordWord.address), this.word(record, RecordWord.bytes));
    if (this.get(LogWord.directory)) this.memory.free(this.get(LogWord.directory), this.slots * RECORD_BYTES);
    this.set(LogWord.directory, 0);
    this.set(LogWord.base, this.get(LogWord.end));
    this.set(LogWord.rows, 0);
    this.leave();
    this.set(LogWord.scanAt, LEAST_SCANNED_BLOCKS * this.blockUnits);
    this.leastPending = NO_DUE;
  }

  private freeOldest(before: bigint): void {
    const units = this.blockUnits;
    while (!this.isEmpty) {
      const base = this.get(LogWord.base);
      const record = this.recordAt(base);
      // All entries of a block may have been replaced.
      if (this.time(record, RecordWord.greatest) >= before && this.word(record, RecordWord.entries) > 0) return;
      const bytes = this.word(record, RecordWord.bytes);
      this.memory.free(this.word(record, RecordWord.address), bytes);
      this.set(LogWord.rows, this.rows - this.word(record, RecordWord.entries));
      if (record * 4 === this.get(LogWord.block)) {
        this.set(LogWord.base, this.get(LogWord.end));
        this.leave();
      } else this.set(LogWord.base, ((base & ~(units - 1)) + bytes / 8) >>> 0);
    }
  }

  /** Where fewer than half of the bytes are of entries that are left, these are copied to blocks of their own. */
  private scan(since: bigint, length: number): void {
    const records = [...this.blocks()].map(({ record }) => record);
    let left = this.bytesLeft(records.filter((_, number) => number % BLOCKS_PER_SAMPLE === LEAST_SCANNED_BLOCKS - 1), since);
    if (left.bytes * 2 <= left.used) {
      left = this.bytesLeft(records, since);
      if (left.bytes === 0) return this.free();
      if (left.bytes / 8 < length / 2) this.compact(since);
    }
    this.set(LogWord.scanAt, Math.max(LEAST_SCANNED_BLOCKS * this.blockUnits, (left.bytes / left.used) * length * 2));
  }
  /** Of some blocks the bytes of entries, and of those that are left. */
  private bytesLeft(records: readonly number[], since: bigint): { bytes: number; used: number } {
    let [bytes, used] = [0, 0];
    for (const record of records) {
      used += this.word(record, RecordWord.used);
      bytes += this.tools.kernels.bytesSince(this.word(record, RecordWord.address), this.word(record, RecordWord.used), since) >>> 0;
    }
    return { bytes, used };
  }

  private compact(since: bigint): void {
    const { kernels, scratch } = this.tools;
    const old = [...this.blocks()].map(({ record }) => ({
      address: this.word(record, RecordWord.address), used: this.word(record, RecordWord.used), bytes: this.word(record, RecordWord.bytes), entries: this.word(record, RecordWord.entries),
    }));
    this.addBlock(8);
    const start = this.get(LogWord.end);
    this.set(LogWord.rows, 0);
    for (const { address, used, entries } of old) {
      const list = scratch.take(entries * 4);
      this.take(kernels.entriesSince(address, used, since, list), list, false);
    }
    this.set(LogWord.base, start);
    for (const { address, bytes } of old) this.memory.free(address, bytes);
    this.relink();
  }

  /** Makes all chains anew. */
  relink(): void {
    const { kernels } = this.tools;
    kernels.clearChains(this.address);
    this.set(LogWord.relinked, this.get(LogWord.base));
    for (const { position, record } of this.blocks()) kernels.linkEntries(this.address, position, this.word(record, RecordWord.address), this.word(record, RecordWord.used));
  }

  /** A new last block, with room for an entry of so many bytes. */
  addBlock(bytes: number): void {
    this.notePending();
    const units = this.blockUnits;
    const parts = Math.ceil(bytes / (units * 8));
    const size = parts * units * 8;
    const start = (this.get(LogWord.end) + units - 1 & ~(units - 1)) >>> 0;
    if (this.isEmpty) this.set(LogWord.base, start);
    const first = (this.get(LogWord.base) & ~(units - 1)) >>> 0;
    this.reserveSlots(((start - first) >>> 0) / units + parts);
    const address = this.memory.allocate(size);
    this.set(LogWord.end, start);
    if (((start + parts * units - this.get(LogWord.relinked)) >>> 0) > this.tools.limits.relinkAfter) this.relink();
    for (let part = parts - 1; part >= 0; part--) this.writeRecord((start + part * units) >>> 0, address + part * units * 8, part === 0 ? size : 0);
    this.set(LogWord.next, address);
    this.set(LogWord.stop, address + size);
    this.set(LogWord.block, this.recordAt(start) * 4);
  }
  private writeRecord(position: number, address: number, bytes: number): void {
    const { u32, i64 } = this.tools.heap;
    const record = this.recordAt(position);
    u32.set([address, 0, bytes, 0], record);
    i64[(record + RecordWord.least) >>> 1] = NO_DUE;
    i64[(record + RecordWord.greatest) >>> 1] = FIRST_TIME;
  }
  /** No block takes entries. */
  private leave(): void {
    for (const word of [LogWord.next, LogWord.stop, LogWord.block]) this.set(word, 0);
  }

  /** Makes room for so many records. */
  private reserveSlots(slots: number): void {
    if (slots <= this.slots) return;
    const { u32 } = this.tools.heap;
    const larger = Math.max(FIRST_SLOTS, powerOf2(slots));
    const directory = this.memory.allocate(larger * RECORD_BYTES);
    const [old, oldSlots, oldMask] = [this.get(LogWord.directory), this.slots, this.get(LogWord.directoryMask)];
    const [units, first, block] = [this.blockUnits, this.get(LogWord.base) >>> this.get(LogWord.shift), this.get(LogWord.block)];
    const used = this.isEmpty ? 0 : (((this.get(LogWord.end) - 1) >>> this.get(LogWord.shift)) - first + 2 ** 32 / units) % (2 ** 32 / units) + 1;
    for (let slot = first; slot < first + used; slot++) {
      const from = (old + (slot & oldMask) * RECORD_BYTES) >>> 2;
      const to = (directory + (slot & (larger - 1)) * RECORD_BYTES) >>> 2;
      u32.copyWithin(to, from, from + RECORD_BYTES / 4);
      if (block === from * 4) this.set(LogWord.block, to * 4);
    }
    if (oldSlots) this.memory.free(old, oldSlots * RECORD_BYTES);
    this.set(LogWord.directory, directory);
    this.set(LogWord.directoryMask, larger - 1);
  }

  private *blocks(): Generator<Block> {
    const [base, end, units] = [this.get(LogWord.base), this.get(LogWord.end), this.blockUnits];
    for (let position = base; ((position - base) >>> 0) < ((end - base) >>> 0);) {
      const record = this.recordAt(position);
      yield { position, record };
      position = (position + Math.max(units, this.word(record, RecordWord.bytes) / 8)) >>> 0;
    }
  }

  private notePending(): void {
    const block = this.get(LogWord.block) >>> 2;
    if (block === 0) return;
    const least = this.time(block, RecordWord.least);
    if (least < this.leastPending) this.leastPending = least;
  }
  private recordAt(position: number): number {
    return (this.get(LogWord.directory) + ((position >>> this.get(LogWord.shift)) & this.get(LogWord.directoryMask)) * RECORD_BYTES) >>> 2;
  }
  private get blockUnits(): number {
    return 1 << this.get(LogWord.shift);
  }
  private get slots(): number {
    return this.get(LogWord.directory) ? this.get(LogWord.directoryMask) + 1 : 0;
  }
  private word(record: number, word: RecordWord): number {
    return this.tools.heap.u32[record + word]!;
  }
  private time(record: number, word: RecordWord): bigint {
    return this.tools.heap.i64[(record + word) >>> 1]!;
  }
  private get(word: LogWord): number {
    return this.tools.heap.u32[this.at + word]!;
  }
  private set(word: LogWord, value: number): void {
    this.tools.heap.u32[this.at + word] = value;
  }
}

const powerOf2 = (least: number): number => (least <= 1 ? 1 : 2 ** (32 - Math.clz32(least - 1)));
