import { setTimeout as sleep } from 'node:timers/promises';
import { kafka } from 'millrace/kafka';
import { LOG_NAMES, linesOf } from './lines.mjs';

/** The logs as topics of Kafka: a message for each line, with the ad's id as its key. */
const topicOf = name => `ad-campaigns.${name}`;
const PARTITIONS = 4;

const load = () => import('kafkajs').then(({ default: library }) => library, () => {
  throw new Error('--kafka needs the package kafkajs: npm install kafkajs');
});

/** Makes the topics anew and writes the logs to them. */
export async function writeTopics(logs, brokers, { onProgress = () => {} } = {}) {
  const { Kafka, Partitioners, logLevel } = await load();
  const client = new Kafka({ clientId: 'ad-campaigns', brokers, logLevel: logLevel.NOTHING });
  // Idempotent: else a request that one partition refuses, as its leader is not known yet, is repeated for all of them.
  const admin = client.admin(), producer = client.producer({ idempotent: true, maxInFlightRequests: 1, createPartitioner: Partitioners.DefaultPartitioner });
  await Promise.all([admin.connect(), producer.connect()]);
  try {
    await makeTopics(admin);
    let bytes = 0;
    for (const name of LOG_NAMES) {
      for (const part of linesOf(name, logs[name])) {
        bytes += part.length;
        await producer.send({ topic: topicOf(name), messages: messagesOf(part.toString('latin1')) });
        onProgress({ name, bytes });
      }
    }
  } finally {
    await Promise.all([admin.disconnect(), producer.disconnect()]);
  }
}

const messagesOf = text => text.trimEnd().split('\n').map(value => ({ key: /"adId":"(\w+)"/.exec(value)?.[1] ?? null, value }));

/** A topic is gone some time after it was deleted, and only then can be made. */
async function makeTopics(admin) {
  const topics = LOG_NAMES.map(topicOf), there = await admin.listTopics();
  const old = topics.filter(topic => there.includes(topic));
  if (old.length > 0) await admin.deleteTopics({ topics: old });
  for (const until = Date.now() + 20_000; ; await sleep(200)) {
    try {
      await admin.createTopics({ topics: topics.map(topic => ({ topic, numPartitions: PARTITIONS })), waitForLeaders: true });
      if (topics.every(topic => there.includes(topic)) || (await admin.listTopics()).filter(topic => topics.includes(topic)).length === topics.length) return;
    } catch (error) {
      if (Date.now() > until) throw error;
    }
  }
}

/** The sources of the three logs: all that is in the topics now. Every run begins with the first message, as it begins with an empty table. */
export const topicSources = brokers => Object.fromEntries(LOG_NAMES.map(name =>
  [name, kafka({ brokers, topic: topicOf(name), groupId: `ad-campaigns.${name}`, committed: 'ignore', until: 'latest' })]));
