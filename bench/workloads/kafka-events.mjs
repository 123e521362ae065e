import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readState } from '../../test/services/folder.mjs';
import { use } from '../../test/services/runs.mjs';
import kafkajs from 'kafkajs';
import { below, xorshift } from '../random.mjs';
import { ADS, CAMPAIGNS, TYPES, WINDOW_MS, adName } from './ysb-events.mjs';

export const PARTITIONS = 4;
const EVENTS_PER_MS = 50;
const START_MS = Date.UTC(2026, 0, 1);
const PER_REQUEST = 5000;

/** A broker of the services. */
export async function openKafka() {
  const { address } = await use('kafka');
  return { address, client: () => new kafkajs.Kafka({ brokers: [address], logLevel: kafkajs.logLevel.NOTHING }), process: readState('kafka')?.process?.pid ?? null };
}

/** Writes events of the Yahoo Streaming Benchmark as JSON of about 240 bytes to a topic of so many; one that is there is used again. Event time ascends in each partition. */
export async function topicOfEvents({ client }, rows, progress) {
  const topic = `bench-ysb-${rows}`;
  const admin = client().admin();
  await admin.connect();
  const there = await admin.listTopics();
  if (there.includes(topic)) {
    const written = (await admin.fetchTopicOffsets(topic)).reduce((sum, { high }) => sum + Number(high), 0);
    if (written === rows) return admin.disconnect().then(() => topic);
    await admin.deleteTopics({ topics: [topic] });
    await sleep(1000);
  }
  await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS, replicationFactor: 1 }] });
  while (await admin.fetchTopicMetadata({ topics: [topic] }).then(() => false, () => true)) await sleep(50);
  await admin.disconnect();
  const producer = client().producer({ idempotent: true, maxInFlightRequests: 1, createPartitioner: () => ({ message }) => message.partition });
  await producer.connect();
  for (const part of parts(rows)) {
    await producer.send({ topic, messages: part });
    progress(`writing ${part.at(-1).row + 1} of ${rows} messages`);
  }
  await producer.disconnect();
  return topic;
}
function* parts(rows) {
  const random = xorshift(42);
  for (let row = 0; row < rows;) {
    const part = [];
    for (; part.length < PER_REQUEST && row < rows; row++) {
      const pick = below(ADS * TYPES.length, random);
      const number = String(below(1e9, random)).padStart(9, '0');
      part.push({ row, partition: row % PARTITIONS, value: JSON.stringify({
        userId: `f2b6a3c0-7d1e-4a55-9f10-${number}aaa`, pageId: `0c9d8e7f-6a5b-4c3d-2e1f-${number}bbb`, adId: adName(Math.floor(pick / TYPES.length)),
        adType: 'banner78', eventType: TYPES[pick % TYPES.length], at: START_MS + Math.floor(row / EVENTS_PER_MS), ip: '192.168.100.200',
      }) });
    }
    yield part;
  }
}

/** A consumer of the client alone: calls `eachBatch` until every partition has come to its end. */
async function consume(client, topic, rows, eachBatch) {
  const consumer = client().consumer({ groupId: `bench-${process.pid}-${performance.now()}`, maxWaitTimeInMs: 250 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  let left = rows;
  await new Promise((resolve, reject) => {
    consumer.on('consumer.crash', ({ payload: { error } }) => reject(error));
    void consumer.run({ autoCommit: false, eachBatch: async ({ batch }) => {
      eachBatch(batch);
      left -= batch.messages.length;
      if (left === 0) resolve();
    } });
  });
  await consumer.disconnect();
}
/** How fast the client alone is: counts bytes. */
export async function countBytes({ client }, topic, rows) {
  let bytes = 0;
  await consume(client, topic, rows, ({ messages }) => { for (const { value } of messages) bytes += value.length; });
  return bytes;
}
/** The question in plain JavaScript: JSON.parse and Maps. */
export async function viewsInPlainJs({ client }, topic, rows, campaigns) {
  const campaignOf = new Map(Array.from(campaigns, (campaign, ad) => [adName(ad), campaign]));
  const windows = new Map();
  await consume(client, topic, rows, ({ messages }) => {
    for (const { value } of messages) {
      const { adId, eventType, at } = JSON.parse(value);
      if (eventType !== 'view') continue;
      const start = at - at % WINDOW_MS;
      let counts = windows.get(start);
      if (counts === undefined) windows.set(start, (counts = new Uint32Array(CAMPAIGNS)));
      counts[campaignOf.get(adId)]++;
    }
  });
  return windows;
}

/** Milliseconds of processor time that a process has used. */
export function cpuMs(pid) {
  if (pid === null) return 0;
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
