import { MillraceError } from '../errors.js';
import type { Fields } from '../plan/types.js';
import type { KafkaMessage } from './kafka-client.js';
import { gathererOf, valueOf, type Gatherer, type Place } from './kafka-columns.js';
import type { KafkaColumn, KafkaDecoder, KafkaOptions } from './kafka-options.js';
import type { BadRecord, Origin, SourceRows, TextFormat } from './source.js';

/** How blocks are made of messages. */
export interface BlockPlan {
  readonly fields: Fields;
  readonly columns: Readonly<Record<string, KafkaColumn>>;
  readonly format: TextFormat;
  readonly decode: KafkaDecoder['decode'] | null;
  readonly raw: boolean;
  readonly blockBytes: number;
  readonly maxMessageBytes: number;
}
export function blockPlanOf(name: string, { format = 'json' }: KafkaOptions, columns: BlockPlan['columns'], fields: Fields, blockBytes: number, maxMessageBytes: number): BlockPlan {
  const raw = format === 'raw';
  const unknown = raw ? fields.find(field => columns[field.name] === undefined) : undefined;
  if (unknown !== undefined) throw new MillraceError('BAD_OPTION', `${name}: with format 'raw' columns must say what of a message '${unknown.name}' is`);
  const decode = typeof format === 'function' ? format : typeof format === 'object' ? format.decode.bind(format) : null;
  return { fields, columns, format: { kind: 'json', beside: fields.map(field => field.name).filter(field => columns[field] !== undefined) }, decode, raw, blockBytes, maxMessageBytes };
}

/** A dead letter shows so much of a value. */
const SHOWN_BYTES = 4096;
const LINE_FEED = 10;
const BLANK = 32;

/** Messages of one partition on their way to become an item: their values as bytes, one behind the other, and whatever else is wanted. */
export class Block {
  /** Where reading goes on behind what was added. */
  next: bigint;
  private bytes: Buffer;
  private length = 0;
  private ends: Uint32Array = new Uint32Array(4096);
  private records = 0;
  private rows: Readonly<Record<string, unknown>>[] = [];
  private bad: BadRecord[] = [];
  /** Offsets of the records: of those from `rows[i]` on they count up from `offsets[i]`. */
  private runs: { rows: number[]; offsets: number[] } = { rows: [], offsets: [] };
  private expected = -1;
  private readonly gatherers: readonly Gatherer[];

  constructor(
    private readonly plan: BlockPlan,
    private readonly place: Place,
    private readonly number: number,
    private readonly source: string,
  ) {
    this.next = 0n;
    this.bytes = plan.raw || plan.decode !== null ? Buffer.alloc(0) : Buffer.allocUnsafeSlow(plan.blockBytes + 65_536);
    this.gatherers = plan.decode !== null ? [] : plan.fields.flatMap(field => (plan.columns[field.name] === undefined ? [] : [gathererOf(field, plan.columns[field.name]!, place)]));
  }

  get isEmpty(): boolean {
    return this.records === 0 && this.bad.length === 0;
  }
  get isLarge(): boolean {
    return this.length >= this.plan.blockBytes * 0.75;
  }
  get isFull(): boolean {
    return this.length >= this.plan.blockBytes || this.bad.length >= 1000;
  }

  /** Adds a message as it is. REQUIRES: offsets ascend. */
  add(message: KafkaMessage, offset: number): void {
    const { value } = message;
    const { raw, maxMessageBytes } = this.plan;
    const length = value === null ? 0 : value.length;
    if (length > maxMessageBytes) return this.setAside(offset, message, 'BAD_ROW', `the value has ${length.toLocaleString('en')} bytes, and maxMessageBytes is ${maxMessageBytes.toLocaleString('en')}`);
    // What begins with white space may be nothing but that, and is rare.
    if (!raw && (length === 0 || (value![0]! <= BLANK && isBlank(value!)))) return this.setAside(offset, message, 'BAD_ROW', value === null ? 'the message has no value: it is a tombstone' : 'the value is empty');
    for (const gatherer of this.gatherers) {
      const complaint = gatherer.complaint(message);
      if (complaint !== null) return this.setAside(offset, message, complaint.reason, complaint.message);
    }
    for (const gatherer of this.gatherers) gatherer.add(message);
    if (raw) this.length += length;
    else this.addText(value!, length);
    this.addRun(offset);
  }

  /** Adds what the decoder makes of a message. */
  async decode(message: KafkaMessage, offset: number): Promise<void> {
    const { decode, fields, columns, maxMessageBytes } = this.plan;
    const { value } = message;
    if (value === null) return this.setAside(offset, message, 'BAD_ROW', 'the message has no value: it is a tombstone');
    if (value.length > maxMessageBytes) return this.setAside(offset, message, 'BAD_ROW', `the value has ${value.length.toLocaleString('en')} bytes, and maxMessageBytes is ${maxMessageBytes.toLocaleString('en')}`);
    try {
      const answer = decode!(value, message);
      const row = answer instanceof Promise ? await answer : answer;
      if (row === null) return;
      const more = fields.flatMap(field => (columns[field.name] === undefined ? [] : [[field.name, valueOf(columns[field.name]!, field, this.place, message)]]));
      this.rows.push(more.length === 0 ? row : { ...row, ...Object.fromEntries(more) });
    } catch (error) {
      return this.setAside(offset, message, 'BAD_ROW', `the decoder threw: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.length += value.length;
    this.addRun(offset);
  }

  private addText(value: Buffer, length: number): void {
    const start = this.length;
    const end = start + length + 1;
    if (end > this.bytes.length) this.bytes = Buffer.concat([this.bytes.subarray(0, start)], end + 65_536);
    this.bytes.set(value, start);
    this.bytes[end - 1] = LINE_FEED;
    if (this.records === this.ends.length) {
      const longer = new Uint32Array(2 * this.records);
      longer.set(this.ends);
      this.ends = longer;
    }
    this.ends[this.records] = this.length = end;
  }
  private addRun(offset: number): void {
    if (offset !== this.expected) {
      this.runs.rows.push(this.records);
      this.runs.offsets.push(offset);
    }
    this.expected = offset + 1;
    this.records++;
  }

  private setAside(offset: number, { value }: KafkaMessage, reason: BadRecord['reason'], message: string): void {
    const row = value === null ? '' : value.length <= SHOWN_BYTES ? value.toString() : `${value.toString('utf8', 0, SHOWN_BYTES)}…`;
    this.bad.push({ position: BigInt(offset), reason, message, row });
  }

  /** What was added, as an item; its memory is used again after `clear`. */
  take(): SourceRows {
    const { plan, number: partition, next, bad, records } = this;
    const { rows, offsets } = this.runs;
    const origin: Origin = {
      source: this.source,
      positionOf(row) {
        let run = rows.length - 1;
        while (run > 0 && rows[run]! > row) run--;
        return BigInt(offsets[run]! + row - rows[run]!);
      },
    };
    if (plan.decode !== null) return { kind: 'rows', rows: this.rows, partition, next, origin, bad };
    const columns = this.gatherers.map(gatherer => gatherer.take());
    if (plan.raw) return { kind: 'columns', rows: records, columns, partition, next, origin, bad };
    return { kind: 'text', bytes: this.bytes.subarray(0, this.length), format: plan.format, records: { ends: this.ends.subarray(0, records), columns }, partition, next, origin, bad };
  }
  clear(): void {
    this.length = this.records = 0;
    this.rows = [];
    this.bad = [];
    this.runs = { rows: [], offsets: [] };
    this.expected = -1;
  }
}

function isBlank(value: Buffer): boolean {
  for (const byte of value) if (byte !== BLANK && byte !== LINE_FEED && byte !== 13 && byte !== 9) return false;
  return true;
}
