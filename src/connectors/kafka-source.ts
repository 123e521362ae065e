import { blockPlanOf } from './kafka-block.js';
import { checkColumns } from './kafka-columns.js';
import type { KafkaReading } from './kafka-reading.js';
import { KafkaSession } from './kafka-session.js';
import { checkKafkaOptions, columnsOf, KAFKA_DEFAULTS, type KafkaOptions } from './kafka-options.js';
import type { Source, SourceContext, SourceReader } from './source.js';

/** How long a session that was to be read anew waits for that. */
const ABANDONED_MS = 15_000;

class KafkaSource implements Source {
  readonly name: string;
  readonly bounded: boolean;
  readonly dictionaries = false;
  readonly partitions: number;
  /** Of a reading that has asked for another one. */
  #kept: { readonly session: KafkaSession; readonly timer: NodeJS.Timeout } | null = null;

  constructor(private readonly options: KafkaOptions) {
    checkKafkaOptions(options);
    const { topic, until, maxPartitions } = options;
    this.name = `kafka(${topic instanceof RegExp ? String(topic) : [topic].flat().join(', ')})`;
    this.bounded = until !== undefined;
    this.partitions = maxPartitions ?? KAFKA_DEFAULTS.maxPartitions!;
  }

  async read(context: SourceContext): Promise<SourceReader> {
    const columns = columnsOf(this.options);
    checkColumns(this.name, context.schema, columns);
    const plan = blockPlanOf(this.name, this.options, columns, context.schema, context.batchBytes, this.options.maxMessageBytes ?? KAFKA_DEFAULTS.maxMessageBytes!);
    const session = this.#takeUp() ?? await KafkaSession.open(this.name, this.options);
    let reading: KafkaReading;
    try {
      reading = await session.read(context, plan);
    } catch (error) {
      await session.close();
      throw error;
    }
    reading.onClose = async goesOn => {
      if (!goesOn) return session.close();
      this.#kept = { session, timer: setTimeout(() => void this.#takeUp()?.close(), ABANDONED_MS) };
    };
    return reading;
  }

  #takeUp(): KafkaSession | undefined {
    const kept = this.#kept;
    this.#kept = null;
    clearTimeout(kept?.timer);
    return kept?.session;
  }
}

/**
 * Topics of Kafka, as a source: a member of a consumer group. Offsets are committed as results are delivered, so that a job that starts again takes up where
 * it was, and reads those messages once more that its open windows need.
 *
 *     stream(kafka({ brokers: ['localhost:9092'], topic: 'views', groupId: 'views-per-minute' }), View)
 */
export function kafka(options: KafkaOptions): Source {
  return new KafkaSource(options);
}
