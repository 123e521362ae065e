import kafkajs from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { stream } from 'millrace';
import { kafkaSink } from 'millrace/kafka';
import { Result, WholeRows, lineOf } from './sinks-rows.mjs';

const PARTITIONS = 4;
/** As many messages as ours gets into the 768 KiB of a request. */
const MESSAGES = 4270;

/** The sink, and a bare producer of KafkaJS with the same acks, the same keys and values and requests as large. */
export async function openKafka(address, input, engine) {
  const { rows, campaign, time } = input;
  const topic = `bench-sinks-${process.pid}-${Date.now()}`;
  const client = new kafkajs.Kafka({ brokers: [address], logLevel: kafkajs.logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS, replicationFactor: 1 }], waitForLeaders: false });
  // Its partitions have leaders that know of it.
  while (await admin.fetchTopicOffsets(topic).then(offsets => offsets.length < PARTITIONS, () => true)) await sleep(50);
  const keyOf = row => `[${JSON.stringify(campaign[row])},"${new Date(Number(time[row])).toISOString()}"]`;
  return {
    questions: [{
      name: 'Kafka',
      ours: () => stream(input.results.source(), Result).to(kafkaSink({ client, topic, key: ['campaign', 'windowStart'] })).run({ engine }),
      peers: { kafkajs: async () => {
        const producer = client.producer({ idempotent: true, maxInFlightRequests: 1, createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
        await producer.connect();
        for (let from = 0; from < rows; from += MESSAGES) {
          const messages = [];
          for (let row = from; row < Math.min(rows, from + MESSAGES); row++) messages.push({ key: keyOf(row), value: lineOf(input, row) });
          await producer.send({ topic, acks: -1, messages });
        }
        await producer.disconnect();
      } },
      prepare: async () => {
        const ends = await admin.fetchTopicOffsets(topic);
        await admin.deleteTopicRecords({ topic, partitions: ends.map(({ partition, high }) => ({ partition, offset: high })) });
      },
      check: () => isWhole(client, admin, topic, input),
    }],
    close: async () => {
      await admin.deleteTopics({ topics: [topic] });
      await admin.disconnect();
    },
  };
}

/** Whether the topic has every row once, in a message with its key. */
async function isWhole(client, admin, topic, input) {
  let left = (await admin.fetchTopicOffsets(topic)).reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
  if (left !== input.rows) return false;
  const found = new WholeRows(input);
  let keysRight = true;
  const consumer = client.consumer({ groupId: topic, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise((resolve, reject) => {
    consumer.on('consumer.crash', ({ payload: { error } }) => reject(error));
    void consumer.run({ autoCommit: false, eachBatch: async ({ batch: { messages } }) => {
      for (const { key, value } of messages) {
        const row = JSON.parse(value);
        keysRight &&= key.toString() === JSON.stringify([row.campaign, row.windowStart]);
        found.addJson(row);
      }
      left -= messages.length;
      if (left <= 0) resolve();
    } });
  });
  await consumer.disconnect();
  return keysRight && found.equal;
}
