import { Block, type BlockPlan } from './kafka-block.js';
import type { KafkaMessage } from './kafka-client.js';
import type { Position } from './kafka-topics.js';
import type { SourceRows } from './source.js';

/** One partition in one reading: what of it was gathered, and how far. */
export class Lane {
  /** The offset of the next message to gather. */
  position: number;
  /** What has come is at `position`, or a seek has seen to it. */
  aligned = false;
  /** Batches in a row that held nothing but what was gathered before. */
  behind = 0;
  /** The engine was told that the partition has ended. */
  ended = false;
  private block: Block | null = null;
  /** Items end where an earlier reading had come to. */
  private readonly cut: number;
  private isPastCut: boolean;
  private readonly spare: Block[] = [];

  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly number: number,
    /** Where this reading takes it up. */
    readonly start: Position,
    /** Where its input ends, not included; Infinity: never. */
    private readonly end: number,
    private readonly plan: BlockPlan,
    private readonly source: string,
  ) {
    this.position = Number(start.offset);
    this.cut = Number(start.readTo);
    this.isPastCut = this.position >= this.cut;
  }

  get hasRows(): boolean {
    return this.block !== null && !this.block.isEmpty;
  }
  get isRead(): boolean {
    return this.position >= this.end;
  }
  /** There is no point in waiting for more. */
  get isRipe(): boolean {
    return this.isFull || this.isRead || this.block?.isLarge === true;
  }
  /** Gathers no more until a block is taken. */
  get isFull(): boolean {
    return this.block !== null && (this.block.isFull || (!this.isPastCut && this.position >= this.cut && this.hasRows));
  }

  /** Gathers messages from number `from` on until the block is full. Returns the number of the next. `first`: offset of the first if they count up, else NaN. */
  gather(messages: readonly KafkaMessage[], from: number, first: number): number {
    const block = (this.block ??= this.blockFor());
    const { end } = this;
    let index = from;
    for (; index < messages.length && !block.isFull; index++) {
      const message = messages[index]!;
      const offset = Number.isNaN(first) ? Number(message.offset) : first + index;
      if (offset < this.position) continue;
      if (offset >= end) {
        this.position = end;
        index = messages.length;
        break;
      }
      if (!this.mayAdd(block, offset)) break;
      block.add(message, offset);
      this.position = offset + 1;
    }
    block.next = BigInt(this.position);
    return index;
  }

  /** The same with a decoder, one message. Returns false where the block must be taken before. */
  async decode(message: KafkaMessage): Promise<boolean> {
    const block = (this.block ??= this.blockFor());
    const offset = Number(message.offset);
    if (offset < this.position) return true;
    const fits = offset >= this.end || this.mayAdd(block, offset);
    if (fits && offset < this.end) await block.decode(message, offset);
    if (fits) this.position = Math.min(offset + 1, this.end);
    block.next = BigInt(this.position);
    return fits;
  }

  private mayAdd(block: Block, offset: number): boolean {
    if (this.isPastCut || offset < this.cut) return true;
    this.position = this.cut;
    this.isPastCut = block.isEmpty;
    return this.isPastCut;
  }

  /** Messages up to an offset were not meant for readers, or are gone. */
  skipTo(offset: number): void {
    if (offset > this.position) this.position = offset;
  }

  /** REQUIRES: it has rows. `done`: gives the memory of the item back. */
  take(): { item: SourceRows; done: () => void } {
    const block = this.block!;
    this.block = null;
    return {
      item: block.take(),
      done: () => {
        block.clear();
        this.spare.push(block);
      },
    };
  }

  private blockFor(): Block {
    return this.spare.pop() ?? new Block(this.plan, this, this.number, this.source);
  }
}
