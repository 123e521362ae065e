import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postgres, type PostgresClient, type PostgresOptions } from '../../../src/connectors/postgres.ts';
import { DEAD_LETTER_FIELDS } from '../../../src/connectors/sink.ts';
import { t } from '../../../src/plan/type-builders.ts';
import type { Fields, Row } from '../../../src/plan/types.ts';
import { Random } from '../../support/random.ts';
import { fieldsOf, resultBatch } from '../../support/result-batches.ts';
import { service } from '../../support/services.ts';

const url = await service('postgres');
const MINUTES = fieldsOf({ campaign: t.utf8, windowStart: t.timestamp, version: t.int64, views: t.int64.nullable });
const minute = (campaign: string, windowStart: number, version: number, views: number | null): Row => ({ campaign, windowStart, version: BigInt(version), views: views === null ? null : BigInt(views) });
const refusal = async (promise: Promise<unknown>): Promise<string> => promise.then(() => 'nothing', (error: unknown) => (error as Error).message);
/** What a Pool says of a connection that was cut: nobody knows whether the statement was done. */
const cut = (): Error => new Error('Connection terminated unexpectedly');

const CLIENTS = { PGlite: true, 'a server': url !== null };
describe.each(Object.entries(CLIENTS).filter(([, there]) => there).map(([name]) => name))('%s', where => {
  let db: PostgresClient;
  let end: () => Promise<void>;
  const schema = `modes_${process.pid}`;
  let tables = 0;
  beforeAll(async () => {
    if (where === 'PGlite') {
      const lite = await PGlite.create();
      [db, end] = [lite as unknown as PostgresClient, () => lite.close()];
    } else {
      const pool = new pg.Pool({ connectionString: url!, max: 4 });
      [db, end] = [pool, () => pool.end()];
    }
    await db.query(`CREATE SCHEMA ${schema}`);
  }, 60_000);
  afterAll(async () => {
    await db.query(`DROP SCHEMA ${schema} CASCADE`);
    await end();
  });

  const open = async (fields: Fields, options: Partial<PostgresOptions> = {}) => {
    const table = options.table ?? `t${tables++}`;
    const sink = postgres({ client: db, schema, table, key: ['campaign', 'windowStart'], createTable: true, retry: { firstMs: 1, mostMs: 5 }, ...options });
    await sink.open(fields);
    return { sink, table, write: async (...rows: Row[]) => { await sink.write(resultBatch(fields, rows)); } };
  };
  const rowsOf = async (sql: string): Promise<string[]> => (await db.query(sql)).rows.map(row => Object.values(row as object).map(String).join(' '));
  /** Every n-th statement that writes is done, and its answer lost. */
  const losing = (every: number): PostgresClient => {
    let writes = 0;
    return { query: async (text, parameters) => {
      const answer = await db.query(text, parameters);
      if (/^(WITH|INSERT)/.test(text) && ++writes % every === 0) throw cut();
      return answer;
    } };
  };

  describe('increment', () => {
    const options = { mode: 'increment', by: ['campaign'] } as const;
    const totals = (table: string): Promise<string[]> => rowsOf(`SELECT campaign, views FROM ${schema}.${table} ORDER BY 1`);

    test('the counter-example: an increment that is retried, because its answer was lost, counts once', async () => {
      const { write, table, sink } = await open(MINUTES, { ...options, client: losing(2) });
      await write(minute('a', 0, 1, 10));
      await write(minute('a', 0, 1, 10), minute('a', 60_000, 1, 5));
      await write(minute('b', 0, 1, 1));
      expect(await totals(table)).toEqual(['a 15', 'b 1']);
      expect(sink.delivery!()!.retries).toBeGreaterThan(0);

      // The same writes and the same losses as bare increments, retried.
      await db.query(`CREATE TABLE ${schema}.bare (campaign text PRIMARY KEY, views bigint)`);
      const client = losing(2);
      for (const [campaign, views] of [['a', 10], ['a', 5], ['b', 1]] as const) {
        const send = () => client.query(`INSERT INTO ${schema}.bare AS kept VALUES ($1, $2) ON CONFLICT (campaign) DO UPDATE SET views = kept.views + EXCLUDED.views`, [campaign, views]);
        await send().catch(send);
      }
      expect(await totals('bare')).not.toEqual(['a 15', 'b 1']);
    });

    test('a revised result moves the total by the difference, one that is taken back by all of it', async () => {
      const fields = fieldsOf({ campaign: t.utf8, windowStart: t.timestamp, version: t.int64, deleted: t.bool, views: t.int64.nullable });
      const { write, table } = await open(fields, options);
      await write({ ...minute('a', 0, 1, 10), deleted: false }, { ...minute('a', 60_000, 1, 100), deleted: false });
      await write({ ...minute('a', 0, 2, 7), deleted: false });
      expect(await totals(table)).toEqual(['a 107']);
      await write({ ...minute('a', 60_000, 5, null), deleted: true });
      await write({ ...minute('a', 60_000, 4, 50), deleted: false });
      expect(await totals(table)).toEqual(['a 7']);
    });

    test.each([1, 2, 3])('retries, duplicates, revisions and results taken back, in any order and side by side: the totals are those of the newest versions (seed %i)', async seed => {
      const random = new Random(seed);
      const below = (n: number): number => random.below(n);
      const sent = Array.from({ length: 200 }, (_, v) => minute(`c${below(3)}`, below(8) * 60_000, v + 1, below(6) === 0 ? null : below(1000) - 300));
      const newest = new Map(sent.map(row => [`${String(row['campaign'])} ${String(row['windowStart'])}`, row]));
      const expected = new Map<string, bigint>();
      for (const row of newest.values()) expected.set(String(row['campaign']), (expected.get(String(row['campaign'])) ?? 0n) + BigInt((row['views'] as bigint | null) ?? 0n));
      const { table } = await open(MINUTES, options);
      // Several sinks over one table, as when a write that was given up on goes on beside its retry.
      const writers = await Promise.all([1, 2, 3].map(n => open(MINUTES, { ...options, table, client: losing(n + 2), batchRows: 4 + n })));
      const shuffled = [...sent, ...sent].map(row => ({ row, at: random.next() })).sort((a, b) => a.at - b.at).map(({ row }) => row);
      for (let from = 0; from < shuffled.length; from += 45) {
        await Promise.all(writers.map((writer, i) => writer.write(...shuffled.slice(from + i * 15, from + i * 15 + 15))));
      }
      expect(await totals(table)).toEqual([...expected].sort().map(([campaign, total]) => `${campaign} ${total}`));
    });

    test('results that come once, of a life that was repeated; decimals; epochs; tables and columns with other names', async () => {
      const fields = fieldsOf({ campaign: t.utf8, windowStart: t.timestamp, windowEnd: t.timestamp, price: t.decimal(10, 2), n: t.int32 });
      const one = (price: string, n: number): Row => ({ campaign: 'a', windowStart: 0, windowEnd: 60_000, price, n });
      const more = { ...options, table: 'my "totals"', ledger: 'what was; added', columns: { campaign: 'Cam"paign', price: 'sum', n: 'number' } };
      const lives = [await open(fields, more)];
      await lives[0]!.sink.incarnation!(0);
      await lives[0]!.write(one('10.05', 3));
      lives.push(await open(fields, more));
      await lives[1]!.sink.incarnation!(0);
      await lives[1]!.write(one('12.00', 4));
      // A retry of the last life that was under way all the time.
      await lives[0]!.write(one('10.05', 3));
      expect(await rowsOf(`SELECT * FROM ${schema}."my ""totals"""`)).toEqual(['a 12.00 4']);
      await (await open(fields, { ...more, epoch: 'another topic' })).write(one('-2.01', 1));
      expect(await rowsOf(`SELECT * FROM ${schema}."my ""totals"""`)).toEqual(['a 9.99 5']);
    });

    test('what cannot be added up exactly is refused, and so is a total that does not fit', async () => {
      const on = (columns: Parameters<typeof fieldsOf>[0], more: Partial<PostgresOptions> = {}) => refusal(open(fieldsOf({ campaign: t.utf8, windowStart: t.timestamp, ...columns }), { ...options, ...more }));
      expect(await on({ x: t.float64 })).toMatch(/^BAD_OPTION: .*'x' is float64, and what is added to floats cannot be taken off exactly/);
      expect(await on({ x: t.utf8 })).toMatch(/'x' is utf8 and cannot be added up/);
      expect(await on({})).toMatch(/no result column to add up/);
      expect(await on({ x: t.int64 }, { createTable: false })).toMatch(/^BAD_OPTION: .*, its ledger t\d+_ledger: there is no table/);
      const { write } = await open(MINUTES, options);
      await write({ ...minute('a', 0, 1, 0), views: 2n ** 63n - 1n });
      expect(await refusal(write(minute('a', 60_000, 1, 1)))).toMatch(/^SINK_FAILED: .*out of range.*\(22003\)/);
    });
  });

  describe('append', () => {
    test('adds rows; with a key one that is there stays, so that a write can be repeated', async () => {
      const fields = fieldsOf({ campaign: t.utf8, windowStart: t.timestamp, views: t.int64 });
      const row = (views: bigint): Row => ({ campaign: 'a', windowStart: 0, views });
      const keyed = await open(fields, { mode: 'append', client: losing(2) });
      expect(keyed.sink.accepts).toBe('append');
      await keyed.write(row(1n));
      await keyed.write(row(2n), { ...row(3n), campaign: 'b' });
      expect(keyed.sink.delivery!()!.retries).toBe(1);
      expect(await rowsOf(`SELECT campaign, views FROM ${schema}.${keyed.table} ORDER BY 1`)).toEqual(['a 1', 'b 3']);
      const table = `t${tables++}`;
      const bare = postgres({ client: db, schema, table, mode: 'append', createTable: true });
      await bare.open(fields);
      for (const _ of [1, 2]) await bare.write(resultBatch(fields, [row(1n), row(1n)]));
      expect(await rowsOf(`SELECT count(*) FROM ${schema}.${table}`)).toEqual(['4']);
    });

    test('dead letters and late rows are rows like others: appended, or told apart by source and position', async () => {
      const letter = (position: bigint): Row => ({ source: 'kafka(views)', position, reason: 'BAD_ROW', message: 'no JSON', row: '{"a' });
      for (const mode of ['append', 'upsert'] as const) {
        const { write, table } = await open(DEAD_LETTER_FIELDS, { mode, key: ['source', 'position'] });
        await write(letter(1n), letter(2n));
        await write(letter(2n));
        expect(await rowsOf(`SELECT source, position, reason FROM ${schema}.${table} ORDER BY 2`)).toEqual(['kafka(views) 1 BAD_ROW', 'kafka(views) 2 BAD_ROW']);
      }
    });
  });

  test('incarnations grow, also when several are claimed at once', async () => {
    const { sink, table } = await open(MINUTES);
    expect(await sink.incarnation!(0)).toBe(1);
    const others = await Promise.all(Array.from({ length: 4 }, async () => (await open(MINUTES, { table })).sink.incarnation!(0)));
    expect(others.sort()).toEqual([2, 3, 4, 5]);
    expect(await sink.incarnation!(17)).toBe(17);
    expect(await sink.incarnation!(0)).toBe(18);
    // Results that come once are not compared by version: nothing is claimed for them.
    expect(await (await open(fieldsOf({ campaign: t.utf8, windowStart: t.timestamp }))).sink.incarnation!(0)).toBe(0);
  });
});
