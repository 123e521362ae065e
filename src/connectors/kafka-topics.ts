import { MillraceError } from '../errors.js';
import { asking, errorType, type KafkaAdmin } from './kafka-client.js';
import { readFailure, type KafkaOptions, type KafkaStart } from './kafka-options.js';

/** Where a partition is taken up: what lies before `offset` is done with; up to `readTo` it was read, when windows had closed up to `closedTo`. */
export interface Position {
  readonly offset: bigint;
  readonly readTo: bigint;
  readonly closedTo: bigint | null;
}
export const placeKey = (topic: string, partition: number): string => `${topic}/${partition}`;

const METADATA = /^millrace\/1 (\d+) (-?\d+|-)$/;
/** What is committed beside an offset. */
export const metadataOf = ({ readTo, closedTo }: Position): string => `millrace/1 ${readTo} ${closedTo ?? '-'}`;
export function positionOf(offset: bigint, metadata: string | null): Position {
  const [, readTo, closedTo] = METADATA.exec(metadata ?? '') ?? [];
  // Committed by something else, or by us for rows that were read since and committed by hand: only the offset says anything.
  if (readTo === undefined || BigInt(readTo) < offset) return { offset, readTo: offset, closedTo: null };
  return { offset, readTo: BigInt(readTo), closedTo: closedTo === '-' ? null : BigInt(closedTo!) };
}

/** What the brokers know of the topics of a source. All errors are coded and come in bounded time. */
export class KafkaTopics {
  /** Of each topic its partitions, ascending. */
  partitions: ReadonlyMap<string, readonly number[]> = new Map();

  constructor(
    private readonly name: string,
    private readonly options: KafkaOptions,
    private readonly admin: KafkaAdmin,
    private readonly limitMs: number,
  ) {}

  /** Looks up the topics and their partitions. */
  async find(): Promise<void> {
    const topics = await this.names();
    const found = new Map<string, number[]>();
    for (const topic of topics) {
      try {
        const { topics: [one] } = await asking(this.limitMs, () => this.admin.fetchTopicMetadata({ topics: [topic] }));
        found.set(topic, one!.partitions.map(({ partitionId }) => partitionId).sort((a, b) => a - b));
      } catch (error) {
        if (errorType(error) === 'UNKNOWN_TOPIC_OR_PARTITION') throw new MillraceError('BAD_OPTION', `${this.name}: there is no topic '${topic}'`);
        throw readFailure(this.name, this.options, `cannot look at the topic '${topic}'`, error);
      }
    }
    this.partitions = found;
  }
  private async names(): Promise<string[]> {
    const { topic } = this.options;
    if (typeof topic === 'string') return [topic];
    if (!(topic instanceof RegExp)) return [...new Set(topic)].sort();
    const whole = new RegExp(`^(?:${topic.source})$`, topic.flags.replaceAll(/[gy]/g, ''));
    const all = await this.ask('cannot list the topics', () => this.admin.listTopics());
    const names = all.filter(name => !name.startsWith('__') && whole.test(name)).sort();
    if (names.length === 0) throw new MillraceError('BAD_OPTION', `${this.name}: no topic matches`);
    return names;
  }

  get count(): number {
    return [...this.partitions.values()].reduce((sum, partitions) => sum + partitions.length, 0);
  }

  /** What the group has committed. */
  async committed(): Promise<Map<string, Position>> {
    const { groupId } = this.options;
    const found = await this.ask('cannot read what the group has committed', () => this.admin.fetchOffsets({ groupId, topics: [...this.partitions.keys()] }));
    return new Map(found.flatMap(({ topic, partitions }) => partitions.flatMap(({ partition, offset, metadata }) =>
      (BigInt(offset) < 0n ? [] : [[placeKey(topic, partition), positionOf(BigInt(offset), metadata)] as const]))));
  }

  /** The first and the last offset of each partition, the last one not included. */
  async bounds(): Promise<Map<string, { low: bigint; high: bigint }>> {
    const found = new Map<string, { low: bigint; high: bigint }>();
    for (const topic of this.partitions.keys()) {
      const offsets = await this.ask(`cannot read the offsets of '${topic}'`, () => this.admin.fetchTopicOffsets(topic));
      for (const { partition, low, high } of offsets) found.set(placeKey(topic, partition), { low: BigInt(low), high: BigInt(high) });
    }
    return found;
  }

  /** Where `from` begins each partition. */
  async starts(from: KafkaStart, bounds: ReadonlyMap<string, { low: bigint; high: bigint }>): Promise<Map<string, bigint>> {
    const found = new Map<string, bigint>();
    for (const [key, { low, high }] of bounds) found.set(key, from === 'latest' ? high : low);
    if (typeof from !== 'object') return found;
    for (const topic of this.partitions.keys()) {
      if ('timestamp' in from) {
        const offsets = await this.ask(`cannot read the offsets of '${topic}' by time`, () => this.admin.fetchTopicOffsetsByTimestamp(topic, Number(from.timestamp)));
        for (const { partition, offset } of offsets) found.set(placeKey(topic, partition), BigInt(offset));
      } else for (const [partition, offset] of Object.entries(from.offsets[topic] ?? {})) found.set(placeKey(topic, Number(partition)), BigInt(offset));
    }
    return found;
  }

  private async ask<T>(what: string, question: () => Promise<T>): Promise<T> {
    try {
      return await asking(this.limitMs, question);
    } catch (error) {
      throw readFailure(this.name, this.options, `${what}`, error);
    }
  }
}
