import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, policies } from 'cassandra-driver';
import { cassandra, type CassandraOptions } from 'millrace/cassandra';
import { schema, t, type Row } from 'millrace';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resultBatch } from '../../support/result-batches.ts';
import { lifecycle, service } from '../../support/services.ts';

const address = await service('cassandra', { alone: true });
const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));
const KEYSPACE = `outage_${process.pid}`;
const MINUTES = schema({ campaign: t.utf8, windowStart: t.timestamp, version: t.int64, views: t.int64 }).fields;
const minute = (n: number): Row => ({ campaign: `c${n % 7}`, windowStart: (n % 50) * 60_000, version: BigInt(n + 1), views: BigInt(n) });

describe.skipIf(address === null)('Cassandra goes away and comes back', () => {
  let db: Client, folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-outage-'));
    db = new Client({ contactPoints: [address!], localDataCenter: 'datacenter1', policies: { reconnection: new policies.reconnection.ConstantReconnectionPolicy(200) } });
    await db.connect();
    await db.execute(`CREATE KEYSPACE ${KEYSPACE} WITH replication = { 'class': 'SimpleStrategy', 'replication_factor': 1 }`);
  }, 60_000);
  afterAll(async () => {
    await db.execute(`DROP KEYSPACE ${KEYSPACE}`);
    await db.shutdown();
    rmSync(folder, { recursive: true });
  }, 60_000);

  const open = async (table: string, options: Partial<CassandraOptions> = {}) => {
    const sink = cassandra({ client: db, keyspace: KEYSPACE, table, key: ['campaign', 'windowStart'], createTable: true, retry: { firstMs: 10, mostMs: 200, breakMs: 50, attemptMs: 500 }, ...options });
    await sink.open(MINUTES);
    return { sink, write: async (...numbers: number[]): Promise<void> => sink.write(resultBatch(MINUTES, numbers.map(minute))) };
  };
  const expected = (count: number): string[] => [...new Map(Array.from({ length: count }, (_, n) => minute(n)).map(row => [`${String(row['campaign'])} ${Number(row['windowStart'])}`, row])).entries()]
    .map(([key, row]) => `${key} ${String(row['version'])} ${String(row['views'])}`).sort();
  const found = async (table: string): Promise<string[]> =>
    (await db.execute(`SELECT campaign, "windowStart", version, views FROM ${KEYSPACE}.${table}`)).rows.map(row => `${row['campaign']} ${(row['windowStart'] as Date).getTime()} ${String(row['version'])} ${String(row['views'])}`).sort();

  test('a server that neither answers nor hangs up for two seconds: consistency waits for it, availability goes on, and all tables are right', async () => {
    const waiting = await open('waiting');
    const going = await open('going', { prefer: 'availability', spill: { folder } });
    const adding = await open('adding', { mode: 'increment', retry: { firstMs: 10, mostMs: 200, breakMs: 50, attemptMs: 1000 } });
    for (let n = 0; n < 20; n++) await Promise.all([waiting.write(n), going.write(n)]);
    await adding.write(0, 7);
    await lifecycle.pause('cassandra');
    const begun = Date.now();
    const blocked = Promise.all([waiting.write(20), adding.write(14, 21)]);
    for (let n = 20; n < 100; n++) await going.write(n);
    expect(going.sink.delivery!()!.spilled).toBe(80);
    expect(await Promise.race([blocked.then(() => 'done'), sleep(Math.max(0, begun + 2000 - Date.now())).then(() => 'waits')])).toBe('waits');
    await lifecycle.resume('cassandra');
    await blocked;
    await adding.write(14, 21);
    for (let n = 21; n < 100; n++) await waiting.write(n);
    await Promise.all([waiting.sink.close(), going.sink.close(), adding.sink.close()]);
    expect(await found('waiting')).toEqual(expected(100));
    expect(await found('going')).toEqual(expected(100));
    expect((await db.execute(`SELECT DISTINCT campaign, total_views FROM ${KEYSPACE}.adding`)).rows.map(row => `${row['campaign']} ${String(row['total_views'])}`)).toEqual([`c0 ${7 + 14 + 21}`]);
    expect(waiting.sink.delivery!()!.retries).toBeGreaterThan(0);
  });
});
