import { fork, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { kafka, makeTopic, partitionOf, unique, useBroker } from '../../support/kafka.ts';
import { service } from '../../support/services.ts';

const broker = useBroker(await service('kafka'));
const PARTITIONS = 4;
const member = fileURLToPath(new URL('member.mjs', import.meta.url));
const children: ChildProcess[] = [];
afterAll(() => children.forEach(child => child.kill('SIGKILL')));

interface Result { campaign: string; n: number; windowStart: number; rows: number; all: number }
type Told = { rows?: Result[]; done?: { read: number; replayed: number; late: number }; failed?: string };
/** A process that reads the topic as a member of the group. */
function join(settings: { topic: string; groupId: string; key: string; partitionedBy?: string[] }, told: (result: Result) => void) {
  const child = fork(member, [JSON.stringify({ brokers: [broker], ...settings })], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  children.push(child);
  const state = { results: 0, windows: new Set<number>(), ended: new Promise<Told>(resolve => {
    child.on('message', (message: Told) => {
      if (message.rows === undefined) return resolve(message);
      state.results += message.rows.length;
      for (const row of message.rows) {
        state.windows.add(row.windowStart);
        told(row);
      }
    });
    child.on('exit', code => resolve({ failed: `exit ${code}` }));
  }) };
  return { state, stop: () => {
    if (child.connected) child.send('stop');
    return state.ended;
  } };
}
const until = async (what: () => boolean, limitMs = 20_000): Promise<void> => {
  for (const start = Date.now(); !what();) {
    if (Date.now() - start > limitMs) throw new Error('it did not come to that');
    await sleep(20);
  }
};

/** Writes messages in order of event time, keyed by campaign, until it is stopped; then so much that all of these windows close. */
async function writer(topic: string) {
  const producer = kafka().producer({ idempotent: true, createPartitioner: () => ({ message, partitionMetadata }) => message.partition ?? partitionOf(String(message.key), partitionMetadata.length) });
  await producer.connect();
  const expected = new Map<string, string>();
  const sums = new Map<string, [number, number]>();
  let [n, running] = [0, true];
  const writing = (async () => {
    while (running) {
      const messages = Array.from({ length: 400 }, () => {
        const [campaign, at] = [`c${(n * 7919) % 23}`, n * 20];
        const key = `${campaign} ${Math.floor(at / 10_000) * 10_000}`;
        const [rows, all] = sums.get(key) ?? [0, 0];
        sums.set(key, [rows + 1, all + n]);
        return { key: campaign, value: JSON.stringify({ campaign, n: n++, at }) };
      });
      await producer.send({ topic, messages });
      await sleep(40);
    }
  })();
  return {
    expected,
    get now() { return n * 20; },
    async stop(): Promise<void> {
      running = false;
      await writing;
      for (const [key, [rows, all]] of sums) expected.set(key, `${rows} ${all}`);
      const far = Math.ceil(n * 20 / 10_000) * 10_000 + 60_000;
      await producer.send({ topic, messages: Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, key: 'end', value: JSON.stringify({ campaign: 'end', n: 0, at: far }) })) });
      await producer.disconnect();
    },
  };
}

describe.skipIf(broker === null)('several processes in one group', () => {
  test('over a topic that is keyed like the group, one joins and one leaves in the middle: the union of results is right', async () => {
    const topic = await makeTopic('shared', PARTITIONS);
    const settings = { topic, groupId: unique('group'), key: 'campaign', partitionedBy: ['campaign'] };
    const found = new Map<string, string>();
    const told = ({ campaign, windowStart, rows, all }: Result): void => { found.set(`${campaign} ${windowStart}`, `${rows} ${all}`); };
    const log = await writer(topic);
    const first = join(settings, told);
    await until(() => first.state.results > 0);
    const second = join(settings, told);
    await until(() => second.state.windows.size > 3 && first.state.windows.size > 6);
    const left = await second.stop();
    const seen = first.state.windows.size;
    await until(() => first.state.windows.size > seen + 3);
    await log.stop();
    await until(() => [...log.expected.keys()].every(key => found.has(key))).catch(() => {});
    expect([...log.expected.keys()].filter(key => !found.has(key)), 'missing').toEqual([]);
    const stayed = await first.stop();
    expect(found).toEqual(log.expected);
    expect([left.failed, stayed.failed]).toEqual([undefined, undefined]);
    expect([left.done!.late, stayed.done!.late]).toEqual([0, 0]);
  }, 120_000);

  test('with another key who comes is refused with the reason, and who was there goes on', async () => {
    const topic = await makeTopic('refused', PARTITIONS);
    const settings = { topic, groupId: unique('group'), key: 'n', partitionedBy: ['campaign'] };
    const log = await writer(topic);
    const first = join(settings, () => {});
    await until(() => first.state.results > 0);
    const second = join(settings, () => {});
    const { failed } = await second.state.ended;
    expect(failed).toMatch(/^BAD_OPTION: .*has other members.* it has groups by 'n', without 'campaign', which decides the partition/);
    const seen = first.state.windows.size;
    await until(() => first.state.windows.size > seen + 2, 60_000);
    await log.stop();
    expect((await first.stop()).failed).toBeUndefined();
  }, 120_000);
});
