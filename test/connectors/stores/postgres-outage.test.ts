import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { count, rows, schema, stream, t, tumbling } from 'millrace';
import { postgres, type PostgresOptions } from 'millrace/postgres';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Row } from '../../../src/plan/types.ts';
import { resultBatch } from '../../support/result-batches.ts';
import { lifecycle, service } from '../../support/services.ts';

const url = await service('postgres', { alone: true });
const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));
const MINUTES = schema({ campaign: t.utf8, windowStart: t.timestamp, version: t.int64, views: t.int64 }).fields;
const minute = (n: number): Row => ({ campaign: `c${n % 7}`, windowStart: (n % 50) * 60_000, version: BigInt(n + 1), views: BigInt(n) });
const refusal = async (promise: Promise<unknown>): Promise<string> => promise.then(() => 'nothing', (error: unknown) => (error as Error).message);
const RETRY = { firstMs: 10, mostMs: 100, breakMs: 50 };

describe.skipIf(url === null)('PostgreSQL goes away and comes back', () => {
  let pool: pg.Pool, folder: string;
  let tables = 0;
  const space = `outage_${process.pid}`;
  beforeAll(async () => {
    pool = new pg.Pool({ connectionString: url!, max: 3 });
    pool.on('error', () => {});
    await pool.query(`CREATE SCHEMA ${space}`);
    folder = mkdtempSync(join(tmpdir(), 'millrace-outage-'));
  });
  afterAll(async () => {
    await pool.query(`DROP SCHEMA ${space} CASCADE`);
    await pool.end();
    rmSync(folder, { recursive: true });
  });

  const open = async (options: Partial<PostgresOptions> = {}) => {
    const name = `t${tables++}`, table = `${space}.${name}`;
    const sink = postgres({ client: pool, schema: space, table: name, key: ['campaign', 'windowStart'], createTable: true, retry: RETRY, ...options });
    await sink.open(MINUTES);
    return { sink, name, table, write: async (...numbers: number[]): Promise<void> => sink.write(resultBatch(MINUTES, numbers.map(minute))) };
  };
  /** The rows of `count` writes as they must be in the end. */
  const expected = (count: number): string[] => [...new Map(Array.from({ length: count }, (_, n) => minute(n)).map(row => [`${String(row['campaign'])} ${Number(row['windowStart'])}`, row])).entries()]
    .map(([key, row]) => `${key} ${String(row['version'])} ${String(row['views'])}`).sort();
  const found = async (table: string): Promise<string[]> =>
    (await pool.query<{ line: string }>(`SELECT concat_ws(' ', campaign, (extract(epoch FROM "windowStart") * 1000)::bigint, version, views) AS line FROM ${table}`)).rows.map(({ line }) => line).sort();

  test('connections that are cut again and again: nothing is lost and nothing is there twice', async () => {
    const { write, table, sink } = await open();
    let cutting = true;
    const cutter = new pg.Client({ connectionString: url! });
    await cutter.connect();
    const cuts = (async () => {
      while (cutting) {
        await cutter.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = \'client backend\'');
        await sleep(15);
      }
    })();
    for (let n = 0; n < 150; n++) await write(n);
    cutting = false;
    await cuts;
    await cutter.end();
    await sink.close();
    expect(await found(table)).toEqual(expected(150));
    expect(sink.delivery!()!.retries).toBeGreaterThan(0);
  });

  test('a server that is stopped for two seconds: consistency waits for it, availability goes on, and both tables are right', async () => {
    const waiting = await open();
    const going = await open({ prefer: 'availability', spill: { folder: join(folder, 'stop') } });
    for (let n = 0; n < 50; n++) await Promise.all([waiting.write(n), going.write(n)]);
    await lifecycle.stop('postgres', { crash: true });
    const begun = Date.now();
    const blocked = waiting.write(50);
    for (let n = 50; n < 200; n++) await going.write(n);
    expect(going.sink.delivery!()!.spilled).toBe(150);
    expect(await Promise.race([blocked.then(() => 'done'), sleep(Math.max(0, begun + 2000 - Date.now())).then(() => 'waits')])).toBe('waits');
    await lifecycle.start('postgres');
    await blocked;
    for (let n = 51; n < 200; n++) await waiting.write(n);
    await Promise.all([waiting.sink.close(), going.sink.close()]);
    expect(await found(waiting.table)).toEqual(expected(200));
    expect(await found(going.table)).toEqual(expected(200));
    expect(going.sink.delivery!()).toMatchObject({ waiting: 0, spilled: 150 });
  });

  test('attempts that get no answer end, and are done later all the same: they count once', async () => {
    const { write, table, sink } = await open({ mode: 'increment', by: ['campaign'], retry: { ...RETRY, attemptMs: 300 } });
    await write(0, 7);
    const holder = new pg.Client({ connectionString: url! });
    await holder.connect();
    await holder.query(`BEGIN; LOCK TABLE ${table}`);
    const blocked = write(14, 21);
    await sleep(800);
    await holder.query('COMMIT');
    await holder.end();
    await blocked;
    await write(14, 21);
    await sink.close();
    expect((await pool.query(`SELECT campaign, views FROM ${table}`)).rows).toEqual([{ campaign: 'c0', views: String(7 + 14 + 21) }]);
    expect(sink.delivery!()!.retries).toBeGreaterThan(0);
  });

  test('a job whose store stays away ends with one coded error in bounded time; cancelled, at once', async () => {
    const Event = schema({ key: t.utf8, at: t.timestamp });
    const events = Array.from({ length: 200 }, (_, n) => ({ key: `k${n % 3}`, at: n * 1000 }));
    const job = (retry: object) => stream(rows(events), Event).eventTime('at').groupBy('key').window(tumbling('10s')).aggregate(() => ({ n: count() }))
      .to(postgres({ client: away, schema: space, table: `t${tables++}`, key: ['key', 'windowStart'], createTable: true, retry: { ...RETRY, ...retry } }));
    // The table can be made, then the server is gone.
    const away = { query: (text: string, parameters?: unknown[]) => (text.startsWith('INSERT INTO "outage') && !text.includes('incarnations') ? Promise.reject(Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' })) : pool.query(text, parameters)) };
    const options = { workers: 1, heap: '64MiB' } as const;
    expect(await refusal(job({ giveUpAfterMs: 300 }).run(options))).toMatch(/^SINK_UNREACHABLE: postgres\(outage_\d+\.t\d+\): cannot write \d+ rows after \d+ attempts in \d+\.\d s: connect ECONNREFUSED 127.0.0.1:5432 \(ECONNREFUSED\)$/);
    const running = job({}).start(options);
    await sleep(300);
    const begun = Date.now();
    running.cancel();
    expect(await refusal(running.done)).toMatch(/^CANCELLED/);
    expect(Date.now() - begun).toBeLessThan(10_000);
  });

  test('without the right to write, or to create tables, the error says so', async () => {
    const { table, name } = await open();
    await pool.query('DROP ROLE IF EXISTS millrace_reader');
    await pool.query(`CREATE ROLE millrace_reader; GRANT USAGE ON SCHEMA ${space} TO millrace_reader`);
    await pool.query(`GRANT SELECT ON ${table} TO millrace_reader`);
    const reader = new pg.Pool({ connectionString: url!, options: '-c role=millrace_reader', max: 1 });
    try {
      const sink = postgres({ client: reader, schema: space, table: name, key: ['campaign', 'windowStart'], retry: RETRY });
      await sink.open(MINUTES);
      expect(await refusal((async () => sink.write(resultBatch(MINUTES, [minute(1)])))())).toMatch(/^SINK_FAILED: .*cannot write 1 rows: permission denied for table .*\(42501\)$/);
      await sink.abort();
      await sink.open(MINUTES);
      expect(await refusal(sink.incarnation!(0))).toMatch(/^SINK_FAILED: .*cannot create the table that tells one life of a job from the next: .*\(42501\); have it created: CREATE TABLE IF NOT EXISTS "outage_\d+"."millrace_incarnations"/);
      await sink.abort();
      expect(await refusal((async () => postgres({ client: reader, schema: space, table: 'nowhere', key: ['campaign'], createTable: true, retry: RETRY }).open(MINUTES))())).toMatch(/^SINK_FAILED: .*cannot create the table: .*\(42501\)$/);
    } finally {
      await reader.end();
      await pool.query(`DROP OWNED BY millrace_reader; DROP ROLE millrace_reader`);
    }
  });

  test('a Client does not connect again: the error says what does', async () => {
    const client = new pg.Client({ connectionString: url! });
    await client.connect();
    const { write, sink } = await open({ client });
    await write(1);
    await pool.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = \'client backend\'');
    expect(await refusal(write(2))).toMatch(/^SINK_FAILED: .*is not queryable; a Client does not connect again, a Pool does$/);
    await sink.abort();
    await client.end().catch(() => {});
  });
});
