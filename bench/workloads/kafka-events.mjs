import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import kafkajs from 'kafkajs';
import { readState } from '../../test/services/folder.mjs';
import { use } from '../../test/services/runs.mjs';
import { below, xorshift } from '../random.mjs';
import { ADS, CAMPAIGNS, TYPES, WINDOW_MS, adName } from './ysb-events.mjs';

const PARTITIONS = 4;
const WRITERS = 2;
const EVENTS_PER_MS = 50;
const START_MS = Date.UTC(2026, 0, 1);

export const clientOf = address => new kafkajs.Kafka({ brokers: [address], logLevel: kafkajs.logLevel.NOTHING });

/** A broker of the services. */
export async function openKafka() {
  const { address } = await use('kafka');
  return { address, client: () => clientOf(address), process: readState('kafka')?.process?.pid ?? null };
}

/** Events of the Yahoo Streaming Benchmark, in order of time; the partition of an event is its row's. */
export function* eventsOf(rows) {
  const random = xorshift(42);
  for (let row = 0; row < rows; row++) {
    const pick = below(ADS * TYPES.length, random);
    yield { row, partition: row % PARTITIONS, ad: Math.floor(pick / TYPES.length), type: TYPES[pick % TYPES.length], number: below(1e9, random), at: START_MS + Math.floor(row / EVENTS_PER_MS) };
  }
}
/** An event as JSON of about 240 bytes. */
export function messageOf({ ad, type, number, at }) {
  const digits = String(number).padStart(9, '0');
  return JSON.stringify({
    userId: `f2b6a3c0-7d1e-4a55-9f10-${digits}aaa`, pageId: `0c9d8e7f-6a5b-4c3d-2e1f-${digits}bbb`, adId: adName(ad),
    adType: 'banner78', eventType: type, at, ip: '192.168.100.200', agent: 'Mozilla/5.0 (X11; Linux x86_64; a)',
  });
}

/** Writes the events to a topic of so many; one that is there is used again. Two threads write, since it is their client that takes the time. */
export async function topicOfEvents({ address, client }, rows, progress) {
  const topic = `bench-ysb-240-${rows}`;
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
  let written = 0;
  await Promise.all(Array.from({ length: WRITERS }, (_, first) => new Promise((resolve, reject) => {
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition).filter(partition => partition % WRITERS === first);
    new Worker(new URL('kafka-writer.mjs', import.meta.url), { workerData: { address, topic, rows, partitions } })
      .on('message', count => progress(`writing ${written += count} of ${rows} messages, once for all runs`)).on('error', reject).on('exit', resolve);
  })));
  return topic;
}

/** What the answers must be: window start → views of each campaign, and the bytes of all messages. */
export function referenceOf(rows, campaigns) {
  const windows = new Map();
  let bytes = 0;
  for (const event of eventsOf(rows)) {
    bytes += messageOf(event).length;
    if (event.type !== 'view') continue;
    const start = event.at - event.at % WINDOW_MS;
    if (!windows.has(start)) windows.set(start, new Uint32Array(CAMPAIGNS));
    windows.get(start)[campaigns[event.ad]]++;
  }
  return { windows, bytes };
}

/** Milliseconds of processor time that a process has used; NaN where it is not to be seen, as in a container. */
export function cpuMs(pid) {
  if (pid === null) return Number.NaN;
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
