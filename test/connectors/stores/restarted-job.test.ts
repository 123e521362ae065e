import { Client } from 'cassandra-driver';
import { count, createEngine, rows, schema, stream, t, together, tumbling } from 'millrace';
import { cassandra } from 'millrace/cassandra';
import { postgres } from 'millrace/postgres';
import pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { service } from '../../support/services.ts';

const url = await service('postgres'), address = await service('cassandra');
const engine = createEngine({ workers: 2, heap: '64MiB' });
afterAll(() => engine.close());

const Event = schema({ key: t.utf8, at: t.timestamp });
const MINUTE = 60_000;
/** With pauses, in which windows fire. */
async function* slowly<T>(input: readonly T[]): AsyncGenerator<T> {
  for (let n = 0; n < input.length; n++) {
    if (n % 30 === 29) await new Promise(resolve => setTimeout(resolve, 60));
    yield input[n]!;
  }
}
/** Every second row is of a minute that has fired. */
const events = (perKey: number): { key: string; at: number }[] => Array.from({ length: perKey }, (_, n) => ['a', 'b', 'c'].map(key => ({ key, at: n < 5 ? n : n % 2 === 0 ? 3 * MINUTE + n : n }))).flat();

describe.skipIf(url === null || address === null)('a job that is run again over the tables of its last life', () => {
  test('with other rows: its results win in both stores, however many versions the last life gave out', async () => {
    const pool = new pg.Pool({ connectionString: url! });
    const client = new Client({ contactPoints: [address!], localDataCenter: 'datacenter1' });
    const space = `again_${process.pid}`;
    await client.connect();
    await client.execute(`CREATE KEYSPACE ${space} WITH replication = { 'class': 'SimpleStrategy', 'replication_factor': 1 }`);
    await pool.query(`CREATE SCHEMA ${space}`);
    try {
      const run = async (input: Iterable<unknown> | AsyncIterable<unknown>) => {
        const counted = stream(rows(input), Event).eventTime('at', { outOfOrderness: 0 }).groupBy('key').window(tumbling('1m')).aggregate(() => ({ n: count() })).late({ accept: '1h' });
        await together(
          counted.to(postgres({ client: pool, schema: space, table: 'counts', key: ['key', 'windowStart'], createTable: true })),
          counted.to(postgres({ client: pool, schema: space, table: 'totals', mode: 'increment', key: ['key', 'windowStart'], by: ['key'], createTable: true })),
          counted.to(cassandra({ client, keyspace: space, table: 'counts', key: ['key', 'windowStart'], createTable: true })),
          counted.to(cassandra({ client, keyspace: space, table: 'totals', mode: 'increment', key: ['key', 'windowStart'], createTable: true })),
        ).run({ engine });
      };
      const found = async () => [
        (await pool.query<{ line: string }>(`SELECT concat_ws(' ', key, extract(epoch FROM "windowStart")::int, n) AS line FROM ${space}.counts`)).rows.map(({ line }) => line).sort(),
        (await pool.query<{ line: string }>(`SELECT concat_ws(' ', key, n) AS line FROM ${space}.totals`)).rows.map(({ line }) => line).sort(),
        (await client.execute(`SELECT key, "windowStart", n FROM ${space}.counts`)).rows.map(row => `${row['key']} ${(row['windowStart'] as Date).getTime() / 1000} ${String(row['n'])}`).sort(),
        (await client.execute(`SELECT DISTINCT key, total_n FROM ${space}.totals`)).rows.map(row => `${row['key']} ${String(row['total_n'])}`).sort(),
      ];
      const wanted = (input: { key: string; at: number }[]) => {
        const groups = (of: (row: { key: string; at: number }) => string) => {
          const counted = new Map<string, number>();
          for (const row of input) counted.set(of(row), (counted.get(of(row)) ?? 0) + 1);
          return [...counted].map(([group, n]) => `${group} ${n}`).sort();
        };
        const counts = groups(({ key, at }) => `${key} ${Math.floor(at / MINUTE) * 60}`), totals = groups(({ key }) => key);
        return [counts, totals, counts, totals];
      };
      await run(slowly(events(60)));
      expect(await found()).toEqual(wanted(events(60)));
      expect(Number((await pool.query(`SELECT max(version % (1::bigint << 40)) AS v FROM ${space}.counts`)).rows[0].v)).toBeGreaterThan(1);
      await run(events(40));
      expect(await found()).toEqual(wanted(events(40)));

      // What a life does not come to is removed as the pages of both stores say.
      const fewer = events(40).filter(({ key }) => key !== 'c');
      const [counts] = wanted(fewer);
      await run(fewer);
      expect((await found())[2]).toEqual(wanted([...fewer, ...events(40).filter(({ key }) => key === 'c')])[2]);
      await pool.query(`DELETE FROM ${space}.counts WHERE version < (SELECT number << 40 FROM ${space}.millrace_incarnations WHERE "table" = 'counts')`);
      const [life] = (await client.execute(`SELECT number FROM ${space}.millrace_incarnations WHERE table_name = 'counts'`)).rows;
      const first = BigInt(String(life!['number'])) << 40n;
      for (const row of (await client.execute(`SELECT key, "windowStart", version FROM ${space}.counts`)).rows) {
        if (BigInt(String(row['version'])) < first) await client.execute(`DELETE FROM ${space}.counts USING TIMESTAMP ? WHERE key = ? AND "windowStart" = ?`, [row['version'], row['key'], row['windowStart']], { prepare: true });
      }
      expect([(await found())[0], (await found())[2]]).toEqual([counts, counts]);
      // A row that was removed can be written again.
      await run(events(40));
      expect((await found())[2]).toEqual(wanted(events(40))[2]);
    } finally {
      await pool.query(`DROP SCHEMA ${space} CASCADE`);
      await client.execute(`DROP KEYSPACE ${space}`);
      await Promise.all([pool.end(), client.shutdown()]);
    }
  });
});
