import { MORSEL_SLOTS, MORSEL_WORDS } from '../heap/control.js';
import type { Heap } from '../heap/heap.js';
import { morselStart } from '../heap/stage-block.js';

/** What the data of a morsel is before the worker makes a batch of it; the last three have none: a branch has ended, a lane steps aside, a stage states the watermark of its results. */
export const enum MorselKind { batch, text, shared, branchEnd, aside, statement }
export const enum MorselState { free, queued, done }

const enum U32 { state, kind, branch, descriptor, textAddress, textBytes, textFormat, owned, statsReady, prefixReady, filtered, applied, late, deadLettered, rejects, rejectBytes, outputs, lines, lane, turn, common, again, textRecords, token }
/** Tokens go round after so many. A multiple of MORSEL_SLOTS. */
export const TOKENS: number = 2 ** 31 - MORSEL_SLOTS;
/** Indexes of i64 words within a slot. */
const enum I64 { greatest = 12, statement, rows, before, ownBefore, others, after, basePosition, latest, floor }

/**
 * A morsel: one batch on its way, in a slot of its stage's block. The coordinator fills a free slot and queues it; from then on the
 * worker that took it from the queue owns it, but for the chain's words (see `chain.ts`), until it stores `done`.
 */
export class Morsel {
  private readonly at: number;
  constructor(
    private readonly heap: Heap,
    block: number,
    slot: number,
  ) {
    this.at = morselStart(block) + slot * MORSEL_WORDS;
  }

  clear(): void {
    this.heap.u32.fill(0, this.at, this.at + MORSEL_WORDS);
  }
  /** All of the slot, and how another is made of that. */
  words(): Uint32Array {
    return this.heap.u32.slice(this.at, this.at + MORSEL_WORDS);
  }
  setWords(words: Uint32Array): void {
    this.heap.u32.set(words, this.at);
  }
  get state(): MorselState { return Atomics.load(this.heap.u32, this.at + U32.state); }
  set state(value: MorselState) { Atomics.store(this.heap.u32, this.at + U32.state, value); }

  get kind(): MorselKind { return this.get(U32.kind); }
  set kind(value: MorselKind) { this.set(U32.kind, value); }
  /** Whether it has rows, or may have once a worker has made a batch of its data. */
  get hasData(): boolean { return this.kind <= MorselKind.shared; }
  get branch(): number { return this.get(U32.branch); }
  set branch(value: number) { this.set(U32.branch, value); }
  /** Of its branch and partition, see `lanes.ts`. */
  get lane(): number { return this.get(U32.lane); }
  set lane(value: number) { this.set(U32.lane, value); }
  /** Batch descriptor; for kinds `text` and `shared` 0 until the worker has made it. */
  get descriptor(): number { return this.get(U32.descriptor); }
  set descriptor(value: number) { this.set(U32.descriptor, value); }
  /** Whether the job frees the descriptor's block. */
  get owned(): number { return this.get(U32.owned); }
  set owned(value: number) { this.set(U32.owned, value); }
  /** Of kind `text`, the text; of kind `shared`, JSON of a SharedBatch. */
  get textAddress(): number { return this.get(U32.textAddress); }
  set textAddress(value: number) { this.set(U32.textAddress, value); }
  get textBytes(): number { return this.get(U32.textBytes); }
  set textBytes(value: number) { this.set(U32.textBytes, value); }
  /** Address of what is known of the text's records, within the same block, see `batch/text-records.ts`; 0: nothing. */
  get textRecords(): number { return this.get(U32.textRecords); }
  set textRecords(value: number) { this.set(U32.textRecords, value); }

  /** Address of [length, JSON of a TextFormat]. */
  get textFormat(): number { return this.get(U32.textFormat); }
  set textFormat(value: number) { this.set(U32.textFormat, value); }

  /** Whether other morsels have the same data: then the coordinator frees it, behind the last of them. */
  get common(): number { return this.get(U32.common); }
  set common(value: number) { this.set(U32.common, value); }

  /** Whether an earlier reading of its source had come past it: what it sets aside was set aside then. */
  get again(): number { return this.get(U32.again); }
  set again(value: number) { this.set(U32.again, value); }

  get filtered(): number { return this.get(U32.filtered); }
  set filtered(value: number) { this.set(U32.filtered, value); }
  get applied(): number { return this.get(U32.applied); }
  set applied(value: number) { this.set(U32.applied, value); }
  get late(): number { return this.get(U32.late); }
  set late(value: number) { this.set(U32.late, value); }
  get deadLettered(): number { return this.get(U32.deadLettered); }
  set deadLettered(value: number) { this.set(U32.deadLettered, value); }
  /** JSON of the rows set aside, and its length. */
  get rejects(): number { return this.get(U32.rejects); }
  set rejects(value: number) { this.set(U32.rejects, value); }
  get rejectBytes(): number { return this.get(U32.rejectBytes); }
  set rejectBytes(value: number) { this.set(U32.rejectBytes, value); }
  /** Result batches pushed for this morsel. */
  get outputs(): number { return this.get(U32.outputs); }
  set outputs(value: number) { this.set(U32.outputs, value); }

  /** Address of u32 per row of the batch, its number among the rows read, where some were left out; else 0. */
  get linesAddress(): number { return this.get(U32.lines); }
  set linesAddress(value: number) { this.set(U32.lines, value); }

  /** Its number among the morsels that workers take, going round. */
  get turn(): number { return this.get(U32.turn); }
  set turn(value: number) { this.set(U32.turn, value); }

  /** 1 + its number in the order of ingestion, going round: never 0, and different for all morsels in flight. */
  get token(): number { return this.get(U32.token); }
  set token(value: number) { this.set(U32.token, value); }
  /** Greatest event time, or NO_TIME. */
  get greatest(): bigint { return this.getLong(I64.greatest); }
  set greatest(value: bigint) { this.setLong(I64.greatest, value); }
  /** The watermark that its rows state for their lane, or NO_TIME. */
  get statement(): bigint { return this.getLong(I64.statement); }
  set statement(value: bigint) { this.setLong(I64.statement, value); }
  /** Rows of a later event time are dead letters; END_OF_TIME: none are. */
  get latest(): bigint { return this.getLong(I64.latest); }
  set latest(value: bigint) { this.setLong(I64.latest, value); }
  /** The watermark by which windows had closed in an earlier reading of its partition, or NO_TIME. */
  get floor(): bigint { return this.getLong(I64.floor); }
  set floor(value: bigint) { this.setLong(I64.floor, value); }
  /** Rows read, bad ones included. */
  get rows(): bigint { return this.getLong(I64.rows); }
  set rows(value: bigint) { this.setLong(I64.rows, value); }
  /** The job's watermark before this morsel; written by the chain. */
  get before(): bigint { return this.getLong(I64.before); }
  set before(value: bigint) { this.setLong(I64.before, value); }
  /** The watermark of its lane before this morsel; written by the chain. */
  get ownBefore(): bigint { return this.getLong(I64.ownBefore); }
  set ownBefore(value: bigint) { this.setLong(I64.ownBefore, value); }
  /** The least watermark of the other lanes that take part; written by the chain. */
  get others(): bigint { return this.getLong(I64.others); }
  set others(value: bigint) { this.setLong(I64.others, value); }
  /** The job's watermark after this morsel; written by the chain. */
  get after(): bigint { return this.getLong(I64.after); }
  set after(value: bigint) { this.setLong(I64.after, value); }
  /** Number of the first row in its source; written by the chain. */
  get basePosition(): bigint { return this.getLong(I64.basePosition); }
  set basePosition(value: bigint) { this.setLong(I64.basePosition, value); }

  /** Index (i32) of the word that becomes the token when the morsel's statistics are in. */
  get statsReady(): number { return this.at + U32.statsReady; }
  /** Index (i32) of the word that becomes the token when the chain has come to this morsel. */
  get prefixReady(): number { return this.at + U32.prefixReady; }

  private get(word: number): number { return this.heap.u32[this.at + word]!; }
  private set(word: number, value: number): void { this.heap.u32[this.at + word] = value; }
  private getLong(word: number): bigint { return this.heap.i64[this.at / 2 + word]!; }
  private setLong(word: number, value: bigint): void { this.heap.i64[this.at / 2 + word] = value; }
}

/** Where the rows of a morsel stand behind first and last: by source, and in it. */
export const positionOf = (morsel: Morsel): bigint => (BigInt(morsel.branch) << 48n) | morsel.basePosition;
