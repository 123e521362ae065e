import { collect, count, createEngine, schema, stream, sum, t, tumbling, type JobStats } from 'millrace';
import { kafka as kafkaSource, type KafkaMessage, type KafkaOptions } from 'millrace/kafka';
import { afterAll, describe, expect, test } from 'vitest';
import { kafka, loseOnce, makeTopic, produce, unique, useBroker, type Message } from '../../support/kafka.ts';
import { service } from '../../support/services.ts';

const broker = useBroker(await service('kafka'));
const engine = createEngine({ workers: 1, heap: '128MiB' });
afterAll(() => engine.close());
const RUN = { engine };
const source = (topic: KafkaOptions['topic'], options: Partial<KafkaOptions> = {}) => kafkaSource({ client: kafka(), topic, groupId: unique('group'), until: 'latest', ...options });
const Letter = { source: '', position: 0n, reason: '', message: '', row: '' };
const refusal = async (promise: Promise<unknown>): Promise<string> => promise.then(() => 'nothing', (error: unknown) => (error as Error).message);
const sorted = <T>(rows: readonly T[]): T[] => rows.toSorted((a, b) => (JSON.stringify(a, text) < JSON.stringify(b, text) ? -1 : 1));
const text = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);

describe.skipIf(broker === null)('the source', () => {
  test('reads JSON with key, headers, timestamp, partition and offset beside it; what is no row is a dead letter with its offset', async () => {
    const topic = await makeTopic('read', 2, [{ name: 'max.message.bytes', value: '12000000' }]);
    await produce(topic, [
      { partition: 0, key: 'a', value: '{"n":1,"k":"not this"}', timestamp: '5000', headers: { trace: 'é', other: Buffer.from([255]) } },
      { partition: 0, key: 'a', value: null },
      { partition: 0, key: null, value: '{"n":2}', timestamp: '6000' },
      { partition: 0, key: 'a', value: 'poison' }, { partition: 0, key: 'a', value: '' }, { partition: 0, key: 'a', value: ' \n' },
      { partition: 0, key: 'a', value: '{"n":"x"}' }, { partition: 0, key: 'a', value: '{\n  "n": 3\n}', timestamp: '7000' },
      { partition: 1, key: 'b', value: '{"n":4}', timestamp: '8000' },
    ]);
    await produce(topic, [{ partition: 1, key: 'b', value: `{"n":"${'x'.repeat(10_000_000)}"}` }]);
    const Row = schema({ k: t.utf8.nullable, n: t.int32, at: t.timestamp, partition: t.int32, offset: t.int64, trace: t.utf8.nullable, all: t.utf8, topic: t.utf8 });
    const [rows, letters] = [collect(), collect<typeof Letter>()];
    const stats = await stream(source(topic, { columns: { k: 'key', at: 'timestamp', partition: 'partition', offset: 'offset', trace: { header: 'trace' }, all: 'headers', topic: 'topic' } }), Row)
      .deadLetters(letters).to(rows).run(RUN);
    expect(sorted(rows.rows)).toEqual(sorted([
      { k: 'a', n: 1, at: 5000, partition: 0, offset: 0n, trace: 'é', all: '{"trace":"é","other":"/w=="}', topic }, { k: null, n: 2, at: 6000, partition: 0, offset: 2n, trace: null, all: '{}', topic },
      { k: 'a', n: 3, at: 7000, partition: 0, offset: 7n, trace: null, all: '{}', topic }, { k: 'b', n: 4, at: 8000, partition: 1, offset: 0n, trace: null, all: '{}', topic },
    ]));
    expect(sorted(letters.rows.map(({ source: from, position, reason, message }) => [from, Number(position), reason, message]))).toEqual(sorted([
      [`kafka(${topic})[0]`, 1, 'BAD_ROW', 'the message has no value: it is a tombstone'], [`kafka(${topic})[0]`, 3, 'BAD_ROW', 'at byte 0: the line is not a JSON object'],
      [`kafka(${topic})[0]`, 4, 'BAD_ROW', 'the value is empty'], [`kafka(${topic})[0]`, 5, 'BAD_ROW', 'the value is empty'],
      [`kafka(${topic})[0]`, 6, 'BAD_ROW', 'column "n" (int32): found a string, expected a number'],
      [`kafka(${topic})[1]`, 1, 'BAD_ROW', 'the value has 10,000,008 bytes, and maxMessageBytes is 8,388,608'],
    ]));
    expect(stats.sources).toMatchObject([{ read: 10, applied: 4, deadLettered: 6 }]);
  });

  test('a null or bytes that are no text where the schema has none are dead letters', async () => {
    const topic = await makeTopic('keys');
    await produce(topic, [{ key: 'a', value: '{}' }, { key: null, value: '{}' }, { key: Buffer.from([0xff, 0xfe]) as never, value: '{}' }]);
    const [rows, letters] = [collect(), collect<typeof Letter>()];
    await stream(source(topic, { columns: { k: 'key' } }), schema({ k: t.utf8 })).deadLetters(letters).to(rows).run(RUN);
    expect(rows.rows).toEqual([{ k: 'a' }]);
    expect(letters.rows.map(({ position, reason }) => [position, reason])).toEqual([[1n, 'NULL_IN_NON_NULL'], [2n, 'BAD_ROW']]);
  });

  test('raw: values are bytes or text as they are', async () => {
    const topic = await makeTopic('raw');
    await produce(topic, [{ key: 'a', value: Buffer.from([0, 10, 255]) }, { key: 'b', value: null }, { key: 'c', value: '' }]);
    const rows = await stream(source(topic, { format: 'raw' }), schema({ value: t.binary.nullable, key: t.utf8, offset: t.int64 })).collect(RUN);
    expect(rows.map(({ value, key, offset }) => [value && Buffer.from(value).toString('hex'), key, offset])).toEqual([['000aff', 'a', 0n], [null, 'b', 1n], ['', 'c', 2n]]);
  });

  test('a decoder makes rows, at once or later; what it throws is the reason of a dead letter', async () => {
    const topic = await makeTopic('decoded');
    await produce(topic, ['1', '2', 'x', '4', '5'].map(value => ({ key: 'k', value })));
    const decode = (value: Buffer, { offset }: KafkaMessage) => {
      const n = Number(value.toString());
      if (Number.isNaN(n)) throw new Error('not a number');
      return n === 2 ? null : n === 4 ? Promise.resolve({ n: 'four' }) : { n: n * 10 + Number(offset) };
    };
    for (const format of [decode, { decode }]) {
      const [rows, letters] = [collect(), collect<typeof Letter>()];
      await stream(source(topic, { format, columns: { k: 'key' } }), schema({ n: t.int32, k: t.utf8 })).deadLetters(letters).to(rows).run(RUN);
      expect(rows.rows).toEqual([{ n: 10, k: 'k' }, { n: 54, k: 'k' }]);
      expect(letters.rows.map(({ position, message }) => [position, message.replace(/.*?: /, '')])).toEqual([[2n, 'not a number'], [3n, expect.stringContaining('')]]);
    }
  });

  test('begins where it is told to, several topics or a pattern', async () => {
    const [one, two] = [await makeTopic('begin-one'), await makeTopic('begin-two')];
    const messages = (first: number): Message[] => [0, 1, 2, 3].map(i => ({ value: `{"n":${first + i}}`, timestamp: String(1_000_000 + i * 1000) }));
    await produce(one, messages(0));
    await produce(two, messages(10));
    const numbers = async (topic: KafkaOptions['topic'], options: Partial<KafkaOptions>) =>
      (await stream(source(topic, options), schema({ n: t.int32 })).collect(RUN)).map(({ n }) => n).sort((a, b) => a - b);
    expect(await numbers(one, {})).toEqual([0, 1, 2, 3]);
    expect(await numbers([one, two], { from: { offsets: { [one]: { 0: 3 } } } })).toEqual([3, 10, 11, 12, 13]);
    expect(await numbers(new RegExp(`begin-(one|two)${one.slice(9, 9 + String(process.pid).length + 1)}.*`), { from: { timestamp: 1_002_000 } })).toEqual([2, 3, 12, 13]);
    expect(await numbers(one, { from: 'latest' })).toEqual([]);
  });

  test('a group goes on where it was, and reads again what open windows need', async () => {
    const topic = await makeTopic('resume', 2);
    const groupId = unique('group');
    const View = schema({ campaign: t.utf8, n: t.int32, at: t.timestamp });
    const expected = new Map<string, string>();
    let total = 0;
    const write = async (from: number, to: number): Promise<void> => {
      const messages = Array.from({ length: to - from }, (_, i): Message => {
        const n = from + i;
        const [campaign, at] = [`c${n % 5}`, n * 10];
        const key = `${campaign} ${Math.floor(at / 10_000) * 10_000}`;
        const [rows, all] = (expected.get(key) ?? '0 0').split(' ').map(Number) as [number, number];
        expected.set(key, `${rows + 1} ${all + n}`);
        total++;
        return { partition: n % 2, value: JSON.stringify({ campaign, n, at, padding: 'x'.repeat(400) }) };
      });
      await produce(topic, messages, 5000);
    };
    const found = new Map<string, string>();
    const read = async (options: Partial<KafkaOptions> = {}): Promise<JobStats['sources'][0]> => {
      const sink = collect();
      const { sources } = await stream(source(topic, { groupId, ...options }), View).eventTime('at', { outOfOrderness: '1s' })
        .groupBy('campaign').window(tumbling('10s')).aggregate(row => ({ rows: count(), all: sum(row.n) })).to(sink).run(RUN);
      for (const { campaign, windowStart, rows, all } of sink.rows as { campaign: string; windowStart: number; rows: bigint; all: bigint }[]) found.set(`${campaign} ${windowStart}`, `${rows} ${all}`);
      return sources[0]!;
    };
    await write(0, 40_000);
    expect((await read()).read).toBe(40_000);
    await write(40_000, 44_000);
    const again = await read();
    // How much again depends on how long the last commit took.
    expect(again.read).toBeLessThan(total);
    expect(again.read - again.replayed - again.late).toBeGreaterThanOrEqual(4000);
    expect(found).toEqual(expected);
    expect((await read({ committed: 'ignore' })).read).toBe(total);
    expect(found).toEqual(expected);
  });

  test('a batch that the client gives twice counts once', async () => {
    const topic = await makeTopic('twice', 2);
    await produce(topic, Array.from({ length: 5000 }, (_, n) => ({ partition: n % 2, value: `{"n":${n}}` })), 1000);
    const client = twice(kafka());
    const rows = await stream(source(topic, { client, fetchBytes: 20_000 }), schema({ n: t.int32 })).aggregate(row => ({ rows: count(), sum: sum(row.n) })).collect(RUN);
    expect(rows).toEqual([{ rows: 5000n, sum: 12_497_500n }]);
    expect(client.counted.given).toBeGreaterThan(3);
  });

  test('asks again where a connection is lost while it looks around', async () => {
    const topic = await makeTopic('asks');
    await produce(topic, [{ value: '{"n":1}' }, { value: '{"n":2}' }]);
    const client = kafka(), groupId = unique('group');
    // The client tries some of its questions once.
    const lost = loseOnce(client, name => name.startsWith('fetch'));
    const rows = await stream(source(topic, { client, groupId, from: { timestamp: 0 } }), schema({ n: t.int32 })).collect(RUN);
    expect(rows.map(({ n }) => n)).toEqual([1, 2]);
    expect([...lost].sort()).toEqual(['fetchOffsets', 'fetchTopicMetadata', 'fetchTopicOffsets', 'fetchTopicOffsetsByTimestamp']);
  });

  test('waits for a slow sink without losing its place in the group', async () => {
    const topic = await makeTopic('slow');
    await produce(topic, Array.from({ length: 60 }, (_, n) => ({ value: `{"n":${n},"padding":"${'x'.repeat(100_000)}"}` })), 5);
    const client = kafka();
    let joins = 0;
    const consumer = client.consumer.bind(client);
    client.consumer = config => {
      const made = consumer(config!);
      made.on('consumer.group_join', () => void joins++);
      return made;
    };
    let rows = 0;
    const sink = { name: 'slow', open: () => {}, close: () => {}, abort: () => {}, write: async (batch: { rows: number }) => {
      rows += batch.rows;
      await new Promise(resolve => setTimeout(resolve, rows < 20 ? 4000 : 50));
    } };
    await stream(source(topic, { client, sessionTimeoutMs: 6000 }), schema({ n: t.int32 })).to(sink).run({ workers: 1, heap: '64MiB' });
    expect([rows, joins]).toEqual([60, 1]);
  });

  test('refuses what cannot be, with the reason, in bounded time', async () => {
    const topic = await makeTopic('refused', 2);
    const Row = schema({ n: t.int32 });
    const run = (options: Partial<KafkaOptions>, fields = Row): Promise<string> => refusal(stream(source(topic, options), fields).collect(RUN));
    expect(await run({ topic: 'nowhere' })).toBe('BAD_OPTION: kafka(nowhere): there is no topic \'nowhere\'');
    expect(await run({ topic: /nowhere.*/ })).toContain('no topic matches');
    expect(await run({ columns: { n: 'key' } })).toContain('column \'n\' is the key of a message, which is utf8 or binary, not int32');
    expect(await run({ maxPartitions: 1 })).toContain('there are 2 partitions, and maxPartitions is 1');
    expect(await run({ format: 'raw' })).toContain('columns must say what of a message \'n\' is');
    const { client: _, ...unreachable } = { client: undefined, brokers: ['127.0.0.1:1'], sasl: { mechanism: 'plain', username: 'me', password: 'hush-hush' }, outageMs: 1000 };
    const message = await refusal(stream(kafkaSource({ ...unreachable, topic, groupId: 'g' }), schema({ at: t.timestamp })).eventTime('at').window(tumbling('1m')).aggregate(() => ({ n: count() })).collect(RUN));
    expect(message).toContain('SOURCE_FAILED: kafka(');
    expect(message).not.toContain('hush');
  });

  test('what is gone from where the group was is missed, and told', async () => {
    const topic = await makeTopic('gone');
    await produce(topic, Array.from({ length: 9 }, (_, n) => ({ value: `{"n":${n}}` })));
    const groupId = unique('group');
    const admin = kafka().admin();
    await admin.connect();
    await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '2' }] });
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '5' }] });
    await admin.disconnect();
    const run = (options: Partial<KafkaOptions>) => stream(source(topic, { groupId, ...options }), schema({ n: t.int32 })).collect(RUN);
    expect(await refusal(run({}))).toContain(`messages of ${topic}/0 from offset 2 to 5 are gone`);
    expect((await run({ committed: 'ignore' })).map(({ n }) => n)).toEqual([5, 6, 7, 8]);
  });

  test('what the group has committed behind the end of a topic is refused', async () => {
    const topic = await makeTopic('behind');
    await produce(topic, [{ value: '{"n":1}' }]);
    const groupId = unique('group');
    const admin = kafka().admin();
    await admin.connect();
    await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '99' }] });
    await admin.disconnect();
    expect(await refusal(stream(source(topic, { groupId }), schema({ n: t.int32 })).collect(RUN))).toContain('the group has committed offset 99');
  });
});

/** A client whose consumer gives every batch twice. */
function twice(client: ReturnType<typeof kafka>) {
  const counted = { given: 0 };
  const consumer = client.consumer.bind(client);
  return { counted, producer: client.producer.bind(client), admin: client.admin.bind(client),
    consumer(config: Parameters<typeof consumer>[0]) {
      const made = consumer(config);
      const run = made.run.bind(made);
      made.run = options => run({ ...options!, eachBatch: async payload => {
        counted.given++;
        await options!.eachBatch!(payload);
        await options!.eachBatch!(payload);
      } });
      return made;
    },
  };
}

test('options are checked', () => {
  const made = (options: object) => () => kafkaSource({ client: kafka(), topic: 't', groupId: 'g', ...options } as KafkaOptions);
  expect(made({ topic: [] })).toThrow('topic must be');
  expect(made({ groupId: '' })).toThrow('groupId must be');
  expect(made({ format: 'avro' })).toThrow('format must be');
  expect(made({ columns: { a: 'nothing' } })).toThrow('columns.a must be one of key, value');
  expect(made({ from: 'now' })).toThrow('from must be');
  expect(made({ from: { offsets: { t: { 0: -1 } } } })).toThrow('needs an offset from 0 on');
  expect(made({ until: 'now' })).toThrow('until must be');
  expect(made({ partitionedBy: [] })).toThrow('partitionedBy must name');
  expect(made({ fetchBytes: 0.5 })).toThrow('fetchBytes must be');
  expect(made({ brokers: ['a:1'] })).toThrow('give either client');
});
