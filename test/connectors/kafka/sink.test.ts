import { describe, expect, test } from 'vitest';
import { ResultBatches } from '../../../src/batch/result-batch.ts';
import { dictionariesFor, RowBuilder } from '../../../src/batch/row-builder.ts';
import { kafkaSink, type KafkaSinkOptions } from '../../../src/connectors/kafka.ts';
import type { ResultBatch } from '../../../src/connectors/sink.ts';
import { schema } from '../../../src/plan/schema.ts';
import { t } from '../../../src/plan/type-builders.ts';
import type { Fields, Row } from '../../../src/plan/types.ts';
import { testHeap } from '../../support/heap.ts';
import { kafka, loseOnce, makeTopic, messagesOf, unique, useBroker } from '../../support/kafka.ts';
import { service } from '../../support/services.ts';

const broker = useBroker(await service('kafka'));
const { heap, allocator } = testHeap(512);
function batch(fields: Fields, rows: readonly Row[]): ResultBatch {
  const builder = new RowBuilder(fields, heap, allocator, dictionariesFor(fields, heap, allocator));
  for (const row of rows) builder.append(row);
  return new ResultBatches(heap, fields).of(builder.finish().descriptor);
}
const fieldsOf = (columns: Parameters<typeof schema>[0]): Fields => schema(columns).fields;
const MINUTES = fieldsOf({ campaign: t.utf8.nullable, windowStart: t.timestamp, version: t.int64, deleted: t.bool, views: t.int64.nullable });
const minute = (campaign: string | null, version: number, views: number | null, deleted = false): Row =>
  ({ campaign, windowStart: 60_000, version: BigInt(version), deleted, views: views === null ? null : BigInt(views) });
const refusal = async (promise: Promise<unknown>): Promise<string> => promise.then(() => 'nothing', (error: unknown) => (error as Error).message);

/** Writes batches to a topic of its own, and reads what is there. */
async function written(fields: Fields, batches: readonly (readonly Row[])[], options: Partial<KafkaSinkOptions> = {}, partitions = 1) {
  const topic = await makeTopic('sink', partitions);
  const sink = kafkaSink({ client: kafka(), topic, ...options });
  await sink.open(fields);
  for (const rows of batches) await sink.write(batch(fields, rows));
  await sink.close();
  return messagesOf(topic);
}
const text = (value: Buffer | null): string | null => value?.toString() ?? null;

describe.skipIf(broker === null).concurrent('the sink', () => {
  test('writes rows as JSON, with keys, headers and timestamps; equal keys are in one partition and in order', async () => {
    const messages = await written(MINUTES, [[minute('a', 1, 10), minute('b"', 1, 1)], [minute('a', 2, 11)]], {
      key: ['campaign', 'windowStart'], headers: { origin: 'test', version: { column: 'version' } }, timestamp: 'windowStart', compression: 'gzip',
    }, 4);
    const ofA = messages.filter(({ key }) => text(key) === '["a","1970-01-01T00:01:00.000Z"]');
    expect(ofA.map(({ value }) => text(value))).toEqual([
      '{"campaign":"a","windowStart":"1970-01-01T00:01:00.000Z","version":1,"deleted":false,"views":10}',
      '{"campaign":"a","windowStart":"1970-01-01T00:01:00.000Z","version":2,"deleted":false,"views":11}',
    ]);
    expect(new Set(ofA.map(({ partition }) => partition)).size).toBe(1);
    expect(ofA[1]!.timestamp).toBe('60000');
    expect(Object.entries(ofA[1]!.headers!).map(([name, value]) => `${name}=${String(value)}`)).toEqual(['origin=test', 'version=2']);
    expect(messages.map(({ key }) => text(key))).toContain('["b\\"","1970-01-01T00:01:00.000Z"]');
  });

  test('writes tombstones where results vanish, if asked to', async () => {
    const rows = [minute('a', 1, 10), minute('a', 2, null, true), minute(null, 1, 1)];
    expect((await written(MINUTES, [rows], { key: ['campaign'], deletes: 'tombstone' })).map(({ key, value }) => [text(key), value?.length === undefined])).toEqual([['a', false], ['a', true], [null, false]]);
    expect((await written(MINUTES, [rows], { key: ['campaign'] })).map(({ value }) => text(value)!.includes('"deleted":true'))).toEqual([false, true, false]);
  });

  test('writes what a function makes of a row, bytes or text', async () => {
    const format = (row: Readonly<Record<string, unknown>>) => (row['views'] === null ? null : row['views'] === 1n ? new Uint8Array([0, 255]) : `${String(row['campaign'])}=${String(row['views'])}`);
    const messages = await written(MINUTES, [[minute('a', 1, 10), minute('b', 1, 1), minute('c', 1, null)]], { key: ['campaign'], format });
    expect(messages.map(({ value }) => value)).toEqual([Buffer.from('a=10'), Buffer.from([0, 255]), null]);
  });

  test('cuts requests by rows and by bytes, and loses none', async () => {
    const fields = fieldsOf({ n: t.int32, text: t.utf8 });
    const rows = Array.from({ length: 1000 }, (_, n) => ({ n, text: 'x'.repeat((n % 10) * 400) }));
    const messages = await written(fields, [rows, []], { batchRows: 64, batchBytes: 20_000 });
    expect(messages.map(({ value }) => (JSON.parse(text(value)!) as { n: number }).n)).toEqual(rows.map(({ n }) => n));
  });

  test('makes the topic where it is told to', async () => {
    const topic = unique('made');
    const sink = kafkaSink({ brokers: [broker!], topic, createTopic: { partitions: 3 } });
    await sink.open(fieldsOf({ n: t.int32 }));
    await sink.write(batch(fieldsOf({ n: t.int32 }), [{ n: 1 }]));
    await sink.close();
    const again = kafkaSink({ brokers: [broker!], topic, createTopic: { partitions: 3 } });
    await again.open(fieldsOf({ n: t.int32 }));
    await again.abort();
    expect(await messagesOf(topic)).toHaveLength(1);
  });

  test('asks again where a connection is lost while it looks at its topic', async () => {
    const topic = await makeTopic('asks');
    const client = kafka();
    const lost = loseOnce(client, name => name === 'fetchTopicMetadata');
    const sink = kafkaSink({ client, topic });
    await sink.open(fieldsOf({ n: t.int32 }));
    await sink.close();
    expect(lost).toEqual(['fetchTopicMetadata']);
  });

  test('refuses what cannot be, with the reason', async () => {
    const topic = await makeTopic('sink');
    const opened = (fields: Fields, options: Partial<KafkaSinkOptions>) => refusal(Promise.resolve(kafkaSink({ client: kafka(), topic, ...options }).open(fields)));
    expect(await opened(MINUTES, {})).toContain('give the key');
    expect(await opened(MINUTES, { key: ['nobody'] })).toBe(`BAD_OPTION: kafka(${topic}): key: the results have no column 'nobody'; they have 'campaign', 'windowStart', 'version', 'deleted', 'views'`);
    expect(await opened(MINUTES, { key: ['campaign'], timestamp: 'views' })).toContain('is no timestamp');
    expect(await opened(fieldsOf({ n: t.int32 }), { topic: 'nowhere' })).toBe('BAD_OPTION: kafka(nowhere): there is no such topic; create it, or say createTopic: { partitions: … }');
  });

  test('fails in bounded time where no broker answers, without telling how it would have connected', async () => {
    const sasl = { mechanism: 'plain', username: 'me', password: 'hush-hush' };
    const sink = kafkaSink({ brokers: ['127.0.0.1:1'], topic: 't', sasl, outageMs: 500 });
    const message = await refusal(Promise.resolve(sink.open(fieldsOf({ n: t.int32 }))));
    expect(message).toContain('SINK_FAILED: kafka(t): cannot reach the brokers');
    expect(message + sink.name).not.toContain('hush');
  });

  test('a message that is too large for the broker ends the job with its reason', async () => {
    const topic = await makeTopic('small', 1, [{ name: 'max.message.bytes', value: '10000' }]);
    const fields = fieldsOf({ text: t.utf8 });
    const sink = kafkaSink({ client: kafka(), topic });
    await sink.open(fields);
    expect(await refusal(Promise.resolve(sink.write(batch(fields, [{ text: 'x'.repeat(20_000) }]))))).toContain('MESSAGE_TOO_LARGE');
    await sink.abort();
  });
});

test('options are checked', () => {
  const made = (options: object) => () => kafkaSink({ topic: 't', ...options } as KafkaSinkOptions);
  expect(made({})).toThrow('give either client');
  expect(made({ client: {} })).toThrow('client must have');
  expect(made({ client: kafka(), ssl: true })).toThrow('clientId, ssl and sasl go with brokers');
  expect(made({ brokers: [] })).toThrow('brokers must be');
  expect(made({ client: kafka(), topic: '' })).toThrow('topic must be');
  expect(made({ client: kafka(), key: [] })).toThrow('key must name');
  expect(made({ client: kafka(), compression: 'brotli' })).toThrow('compression must be one of none, gzip, snappy, lz4, zstd');
  expect(made({ client: kafka(), batchRows: 0 })).toThrow('batchRows must be a positive whole number');
  expect(made({ client: kafka(), headers: { a: 1 } })).toThrow('headers.a must be');
});
