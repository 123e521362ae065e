import kafkajs from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOG_NAMES, linesOf } from '../../examples/ad-campaigns/lines.mjs';

const PARTITIONS = 4;
/**
 * Requests have the rows of about so much of the day: a row that comes a second time, in the request behind its own, must not be late by then. The job
 * takes rows that are 3 hours late and more, and logs without late rows have none of more than 2 hours 49.
 */
const REQUESTS_PER_DAY = 144;
const clientOf = broker => new kafkajs.Kafka({ brokers: [broker], logLevel: kafkajs.logLevel.NOTHING, retry: { initialRetryTime: 100, retries: 12 } });

/** Writes logs to new topics, a message for each line; `twice`: each request once more, as by a producer that got no answer. Returns their names and bytes. */
export async function writeTopics(logs, broker, { twice = false } = {}) {
  const client = clientOf(broker), admin = client.admin();
  // Else a request that one partition refuses is repeated for all of them.
  const producer = client.producer({ idempotent: true, maxInFlightRequests: 1, createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
  await Promise.all([admin.connect(), producer.connect()]);
  const topics = Object.fromEntries(LOG_NAMES.map(name => [name, `campaign-${process.pid}-${Date.now()}.${name}`]));
  let bytes = 0;
  try {
    await admin.createTopics({ topics: Object.values(topics).map(topic => ({ topic, numPartitions: PARTITIONS })), waitForLeaders: false });
    for (const topic of Object.values(topics)) while (!await isThere(admin, topic)) await sleep(50);
    for (const [name, topic] of Object.entries(topics)) {
      const perRequest = Math.ceil(logs[name].at.length / REQUESTS_PER_DAY);
      for (const messages of requests(linesOf(name, logs[name]), perRequest)) {
        for (const { value } of messages) bytes += (twice ? 2 : 1) * value.length;
        for (let time = 0; time < (twice ? 2 : 1); time++) await producer.send({ topic, messages });
      }
    }
  } finally {
    await Promise.all([admin.disconnect(), producer.disconnect()]);
  }
  return { topics, bytes };
}
const isThere = (admin, topic) => admin.fetchTopicMetadata({ topics: [topic] }).then(({ topics: [{ partitions }] }) => partitions.length === PARTITIONS && partitions.every(({ leader }) => leader >= 0), () => false);

function* requests(parts, perRequest) {
  let waiting = [];
  for (const part of parts) {
    for (const value of part.toString('latin1').trimEnd().split('\n')) {
      waiting.push({ key: /"adId":"(\w+)"/.exec(value)?.[1] ?? null, value });
      if (waiting.length < perRequest) continue;
      yield waiting;
      waiting = [];
    }
  }
  if (waiting.length > 0) yield waiting;
}

export async function deleteTopics(broker, topics) {
  const admin = clientOf(broker).admin();
  await admin.connect();
  await admin.deleteTopics({ topics }).finally(() => admin.disconnect());
}
