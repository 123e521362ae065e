import { Client } from 'cassandra-driver';
import { count, createEngine, schema, stream, t, tumbling, type JobStats, type Sink } from 'millrace';
import { cassandra } from 'millrace/cassandra';
import { kafka as kafkaSource, kafkaSink } from 'millrace/kafka';
import { postgres } from 'millrace/postgres';
import pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { kafka, makeTopic, messagesOf, produce, unique, useBroker } from '../../support/kafka.ts';
import { service } from '../../support/services.ts';

const broker = useBroker(await service('kafka')), url = await service('postgres'), address = await service('cassandra');
const engine = createEngine({ workers: 2, heap: '128MiB' });
afterAll(() => engine.close());
const View = schema({ campaign: t.utf8, at: t.timestamp });
const GOOD = 300;

describe.skipIf(broker === null || url === null || address === null)('a job from Kafka whose messages are partly poison', () => {
  test('has each of them as a dead letter in the store that is asked for, once even when the job runs again, and all rows are accounted for', async () => {
    const topic = await makeTopic('poison', 2, [{ name: 'max.message.bytes', value: '12000000' }]);
    const space = `letters_${process.pid}`;
    await produce(topic, Array.from({ length: GOOD }, (_, n) => ({ partition: n % 2, value: JSON.stringify({ campaign: `c${n % 3}`, at: n * 1000 }) })));
    await produce(topic, [
      { partition: 0, value: 'not JSON' }, { partition: 1, value: '{"campaign":"c1","at":true}' }, { partition: 0, value: '' }, { partition: 1, key: 'gone', value: null },
      { partition: 1, value: '{"campaign":null,"at":1}' },
    ]);
    await produce(topic, [{ partition: 0, value: `{"campaign":"${'x'.repeat(10_000_000)}","at":1}` }]);
    const pool = new pg.Pool({ connectionString: url! });
    const client = new Client({ contactPoints: [address!], localDataCenter: 'datacenter1' });
    await client.connect();
    await client.execute(`CREATE KEYSPACE ${space} WITH replication = { 'class': 'SimpleStrategy', 'replication_factor': 1 }`);
    await pool.query(`CREATE SCHEMA ${space}`);
    try {
      const run = async (letters: Sink): Promise<JobStats> =>
        stream(kafkaSource({ client: kafka(), topic, groupId: unique('group'), until: 'latest' }), View).eventTime('at').groupBy('campaign').window(tumbling('1m')).aggregate(() => ({ views: count() }))
          .deadLetters(letters).to(postgres({ client: pool, schema: space, table: 'minutes', key: ['campaign', 'windowStart'], createTable: true })).run({ engine });
      const key = ['source', 'position'], mode = 'append', createTable = true;
      const wanted = [
        [0, 150], [0, 151], [0, 152], [1, 150], [1, 151], [1, 152],
      ].map(([partition, position]) => `kafka(${topic})[${partition!}] ${position!}`);
      const expectAll = (stats: JobStats, found: readonly { source: unknown; position: unknown; reason: unknown }[]): void => {
        expect(stats.sources).toMatchObject([{ read: GOOD + 6, applied: GOOD, deadLettered: 6, late: 0, filtered: 0, replayed: 0 }]);
        expect(found.map(({ source, position }) => `${String(source)} ${String(position)}`).sort()).toEqual(wanted);
        expect(new Set(found.map(({ reason }) => reason))).toEqual(new Set(['BAD_ROW', 'NULL_IN_NON_NULL']));
      };
      for (let life = 0; life < 2; life++) {
        const stats = await run(postgres({ client: pool, schema: space, table: 'letters', mode, key, createTable }));
        expectAll(stats, (await pool.query<{ source: string; position: string; reason: string }>(`SELECT source, position, reason FROM ${space}.letters`)).rows);
      }
      for (let life = 0; life < 2; life++) {
        const stats = await run(cassandra({ client, keyspace: space, table: 'letters', mode, key, createTable }));
        expectAll(stats, (await client.execute(`SELECT source, position, reason FROM ${space}.letters`)).rows as never);
      }
      const letters = await makeTopic('letters');
      const stats = await run(kafkaSink({ client: kafka(), topic: letters, key }));
      expectAll(stats, (await messagesOf(letters)).map(({ value }) => JSON.parse(value!.toString()) as never));
      expect(Number((await pool.query(`SELECT sum(views) AS views FROM ${space}.minutes`)).rows[0].views)).toBe(GOOD);
    } finally {
      await pool.query(`DROP SCHEMA ${space} CASCADE`);
      await client.execute(`DROP KEYSPACE ${space}`);
      await Promise.all([pool.end(), client.shutdown()]);
    }
  });
});
