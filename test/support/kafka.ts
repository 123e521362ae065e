import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel, type KafkaMessage } from 'kafkajs';

let address = 'localhost:1';
/** The broker that `kafka()` and all below talk to. */
export function useBroker(broker: string | null): string | null {
  address = broker ?? address;
  return broker;
}
export const kafka = (): Kafka => new Kafka({ clientId: 'test', brokers: [address], logLevel: logLevel.NOTHING, retry: { initialRetryTime: 50, retries: 8 } });

let made = 0;
/** A name that no other test has. */
export const unique = (name: string): string => `${name}-${process.pid}-${Date.now()}-${made++}`;

/** Makes a topic. */
export async function makeTopic(name: string, partitions = 1, config: { name: string; value: string }[] = []): Promise<string> {
  const topic = unique(name);
  const admin = kafka().admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions, replicationFactor: 1, configEntries: config }], waitForLeaders: false });
  while (await admin.fetchTopicMetadata({ topics: [topic] }).then(() => false, () => true)) await sleep(30);
  await admin.disconnect();
  return topic;
}

export type Message = { key?: string | null; value: string | Buffer | null; partition?: number; timestamp?: string; headers?: Record<string, string | Buffer> };
/** Writes messages in order, in requests of so many. */
export async function produce(topic: string, messages: readonly Message[], perRequest = 10_000): Promise<void> {
  const producer = kafka().producer({ idempotent: true, createPartitioner: () => ({ message, partitionMetadata }) => message.partition ?? partitionOf(String(message.key ?? ''), partitionMetadata.length) });
  await producer.connect();
  for (let from = 0; from < messages.length; from += perRequest) await producer.send({ topic, messages: messages.slice(from, from + perRequest) as never });
  await producer.disconnect();
}
/** Which of so many partitions a key goes to. */
export const partitionOf = (key: string, partitions: number): number => [...key].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)!) >>> 0, 7) % partitions;

/** All messages of a topic as it is now, by partition. */
export async function messagesOf(topic: string): Promise<(KafkaMessage & { partition: number })[]> {
  const admin = kafka().admin();
  await admin.connect();
  const ends = new Map((await admin.fetchTopicOffsets(topic)).filter(({ high, low }) => high !== low).map(({ partition, high }) => [partition, BigInt(high)]));
  await admin.disconnect();
  const found: (KafkaMessage & { partition: number })[] = [];
  if (ends.size === 0) return found;
  const consumer = kafka().consumer({ groupId: unique('reader'), maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    consumer.on('consumer.crash', ({ payload: { error } }) => reject(error));
    void consumer.run({
      autoCommit: false,
      eachBatch: ({ batch }) => {
        for (const message of batch.messages) found.push({ ...message, partition: batch.partition });
        if (BigInt(batch.lastOffset()) + 1n >= ends.get(batch.partition)!) ends.delete(batch.partition);
        if (ends.size === 0) resolve();
        return Promise.resolve();
      },
    });
  });
  await consumer.disconnect();
  return found.sort((a, b) => a.partition - b.partition || Number(BigInt(a.offset) - BigInt(b.offset)));
}

/** Has a client's admin lose its connection at the first of each of the questions that `which` names. Returns the names of those, as they are lost. */
export function loseOnce(client: ReturnType<typeof kafka>, which: (name: string) => boolean): string[] {
  const lost: string[] = [];
  const made = client.admin.bind(client);
  client.admin = config => new Proxy(made(config), {
    get: (admin, name: string) => (...args: unknown[]) => {
      if (!which(name) || lost.includes(name)) return (admin as unknown as Record<string, (...given: unknown[]) => unknown>)[name]!(...args);
      lost.push(name);
      return Promise.reject(Object.assign(new Error('Connection error: read ECONNRESET'), { name: 'KafkaJSConnectionError', code: 'ECONNRESET', retriable: true }));
    },
  });
  return lost;
}
