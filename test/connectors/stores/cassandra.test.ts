import { Client, types } from 'cassandra-driver';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cassandra, type CassandraOptions } from '../../../src/connectors/cassandra.ts';
import { DEAD_LETTER_FIELDS } from '../../../src/connectors/sink.ts';
import type { MillraceError } from '../../../src/errors.ts';
import { t } from '../../../src/plan/type-builders.ts';
import type { Fields, Row } from '../../../src/plan/types.ts';
import { Random } from '../../support/random.ts';
import { fieldsOf, resultBatch } from '../../support/result-batches.ts';
import { service } from '../../support/services.ts';

const address = await service('cassandra');
const KEYSPACE = `sink_${process.pid}`;
const MINUTES = fieldsOf({ campaign: t.utf8, windowStart: t.timestamp, version: t.int64, views: t.int64.nullable });
const minute = (campaign: string, windowStart: number, version: number | bigint, views: number | null): Row => ({ campaign, windowStart, version: BigInt(version), views: views === null ? null : BigInt(views) });
const refusal = async (promise: Promise<unknown>): Promise<string> => promise.then(() => 'nothing', (error: unknown) => (error as Error).message);

describe.skipIf(address === null)('a table of Cassandra', () => {
  let db: Client;
  let tables = 0;
  beforeAll(async () => {
    db = new Client({ contactPoints: [address!], localDataCenter: 'datacenter1' });
    await db.connect();
    await db.execute(`CREATE KEYSPACE ${KEYSPACE} WITH replication = { 'class': 'SimpleStrategy', 'replication_factor': 1 }`);
  });
  afterAll(async () => {
    await db.execute(`DROP KEYSPACE ${KEYSPACE}`);
    await db.shutdown();
  });

  const table = (): string => `t${tables++}`;
  const open = async (fields: Fields, options: Partial<CassandraOptions> = {}) => {
    const name = options.table ?? table();
    const sink = cassandra({ client: db, keyspace: KEYSPACE, table: name, key: ['campaign', 'windowStart'], createTable: true, ...options });
    await sink.open(fields);
    return { sink, name, write: async (...rows: Row[]) => { await sink.write(resultBatch(fields, rows)); } };
  };
  const rowsOf = async (columns: string, name: string): Promise<unknown[][]> =>
    (await db.execute(`SELECT ${columns} FROM ${KEYSPACE}.${name}`)).rows.map(row => row.values().map(value => (value instanceof Date ? value.getTime() : value === null || typeof value === 'boolean' ? value : String(value))))
      .sort((a, b) => String(a).localeCompare(String(b)));
  const minutes = (name: string) => rowsOf('campaign, "windowStart", version, views', name);

  test('the newest version of each key stays, whatever comes later or again', async () => {
    const { write, name } = await open(MINUTES);
    await write(minute('a', 0, 1, 10), minute('b', 0, 1, 5));
    await write(minute('a', 0, 3, 30), minute('a', 60_000, 2, 7));
    await write(minute('a', 0, 2, 20), minute('b', 0, 1, 5), minute('a', 60_000, 3, null));
    expect(await minutes(name)).toEqual([['a', 0, '3', '30'], ['a', 60_000, '3', null], ['b', 0, '1', '5']]);
    expect((await db.execute('SELECT column_name, kind FROM system_schema.columns WHERE keyspace_name = ? AND table_name = ?', [KEYSPACE, name])).rows.filter(row => row['kind'] !== 'regular').map(row => `${row['column_name']} ${row['kind']}`).sort())
      .toEqual(['campaign partition_key', 'windowStart clustering']);
  });

  test('every batch twice, late and out of order: the table is the same', async () => {
    const random = new Random(1);
    const below = (n: number): number => random.below(n);
    const batches: Row[][] = Array.from({ length: 20 }, (_, b) => Array.from({ length: 1 + below(30) }, (_row, r) => minute(`c${below(5)}`, below(4) * 60_000, b * 100 + r + 1, below(9) === 0 ? null : below(1000))));
    const expected = new Map<string, Row>();
    for (const row of batches.flat()) {
      const key = `${String(row['campaign'])} ${String(row['windowStart'])}`;
      if (!((expected.get(key)?.['version'] ?? -1n) > row['version']!)) expected.set(key, row);
    }
    const { write, name } = await open(MINUTES, { batchRows: 7, concurrency: 8, batchBytes: 200 });
    for (const { rows } of [...batches, ...batches].map(rows => ({ rows, at: random.next() })).sort((a, b) => a.at - b.at)) await write(...rows);
    const wanted = [...expected.values()].map(row => [row['campaign'], row['windowStart'], String(row['version']), row['views'] === null ? null : String(row['views'])]);
    expect(await minutes(name)).toEqual(wanted.sort((a, b) => String(a).localeCompare(String(b))));
  });

  test('results that are taken back leave a tombstone, or are removed as of their version: older ones do not bring them back', async () => {
    const fields = fieldsOf({ campaign: t.utf8, windowStart: t.timestamp, version: t.int64, deleted: t.bool, views: t.int64.nullable });
    const row = (version: number, deleted: boolean, views: number | null): Row => ({ ...minute('a', 0, version, views), deleted });
    const kept = await open(fields), removed = await open(fields, { deletes: 'remove' });
    const read = async () => [await rowsOf('version, deleted, views', kept.name), await rowsOf('version, views', removed.name)];
    const write = async (one: Row) => { await kept.write(one); await removed.write(one); };
    await write(row(1, false, 10));
    await write(row(2, true, null));
    await write(row(1, false, 10));
    expect(await read()).toEqual([[['2', true, null]], []]);
    await write(row(3, false, 11));
    await write(row(2, true, null));
    expect(await read()).toEqual([[['3', false, '11']], [['3', '11']]]);
  });

  test('a job that runs again wins over its last life, also with results that have no version', async () => {
    const fields = fieldsOf({ campaign: t.utf8, windowStart: t.timestamp, views: t.int64 });
    const first = await open(fields, { mode: 'append' });
    await first.write({ campaign: 'a', windowStart: 0, views: 100n });
    const second = await open(fields, { mode: 'append', table: first.name });
    await second.write({ campaign: 'a', windowStart: 0, views: 2n });
    await first.write({ campaign: 'a', windowStart: 0, views: 100n });
    expect(await rowsOf('campaign, views', first.name)).toEqual([['a', '2']]);
  });

  test('incarnations grow, also when several are claimed at once', async () => {
    const { sink, name } = await open(MINUTES);
    expect(await sink.incarnation!(0)).toBe(1);
    const others = await Promise.all(Array.from({ length: 4 }, async () => (await open(MINUTES, { table: name })).sink.incarnation!(0)));
    expect(others.sort()).toEqual([2, 3, 4, 5]);
    expect(await sink.incarnation!(17)).toBe(17);
    expect(await sink.incarnation!(0)).toBe(18);
  });

  describe('increment', () => {
    const options: Partial<CassandraOptions> = { mode: 'increment' };
    const totals = (name: string) => rowsOf('DISTINCT campaign, total_views', name);

    test('the counter-example: an increment that is retried, because its answer was lost, counts once', async () => {
      let lose = true;
      const client = {
        execute: db.execute.bind(db) as unknown as CassandraOptions['client']['execute'],
        batch: async (...args: Parameters<CassandraOptions['client']['batch']>) => {
          const answer = await (db.batch as unknown as CassandraOptions['client']['batch']).apply(db, args);
          if (lose) {
            lose = false;
            throw Object.assign(new Error('The host did not reply before timeout'), { name: 'OperationTimedOutError' });
          }
          return answer;
        },
      };
      const { write, name, sink } = await open(MINUTES, { ...options, client, retry: { firstMs: 1 } });
      await write(minute('a', 0, 1, 10));
      await write(minute('a', 0, 1, 10), minute('a', 60_000, 1, 5));
      expect(await totals(name)).toEqual([['a', '15']]);
      expect(sink.delivery!()!.retries).toBe(1);
      // What a bare increment would have made of the same writes.
      expect(10 + 10 + 10 + 5).not.toBe(15);
    });

    test.each([1])('retries, duplicates, revisions and results taken back, in any order: the totals are those of the newest versions (seed %i)', async seed => {
      const random = new Random(seed);
      const below = (n: number): number => random.below(n);
      const sent = Array.from({ length: 60 }, (_, v) => minute(`c${below(3)}`, below(5) * 60_000, v + 1, below(6) === 0 ? null : below(1000) - 300));
      const newest = new Map(sent.map(row => [`${String(row['campaign'])} ${String(row['windowStart'])}`, row]));
      const expected = new Map<string, bigint>();
      for (const row of newest.values()) expected.set(String(row['campaign']), (expected.get(String(row['campaign'])) ?? 0n) + BigInt((row['views'] as bigint | null) ?? 0n));
      const { name } = await open(MINUTES, options);
      // Two sinks over one table, as when a write that was given up on goes on beside its retry.
      const writers = [await open(MINUTES, { ...options, table: name }), await open(MINUTES, { ...options, table: name })];
      const shuffled = [...sent, ...sent].map(row => ({ row, at: random.next() })).sort((a, b) => a.at - b.at).map(({ row }) => row);
      for (let from = 0; from < shuffled.length; from += 20) {
        await Promise.all(writers.map((writer, i) => writer.write(...shuffled.slice(from + i * 10, from + i * 10 + 10))));
      }
      expect(await totals(name)).toEqual([...expected].sort().map(([campaign, total]) => [campaign, String(total)]));
    });

    test('decimals, epochs, and a sum that does not fit', async () => {
      const fields = fieldsOf({ campaign: t.utf8, windowStart: t.timestamp, price: t.decimal(10, 2), n: t.int64 });
      const one = (price: string, n: bigint): Row => ({ campaign: 'a', windowStart: 0, price, n });
      const { write, name } = await open(fields, options);
      await write(one('-12.05', 1n));
      await (await open(fields, { ...options, table: name, epoch: 'b' })).write(one('2.04', 2n));
      expect(await rowsOf('DISTINCT campaign, total_price, total_n', name)).toEqual([['a', '-10.01', '3']]);
      const error = await refusal((await open(fields, { ...options, table: name, epoch: 'c' })).write(one('0.00', 2n ** 63n - 1n)));
      expect(error).toMatch(/^SINK_FAILED: .*a total of 'n' does not fit 64 bits/);
    });
  });

  test('every type arrives exactly', async () => {
    const columns = {
      id: t.int32, b: t.bool.nullable, i8: t.int8.nullable, i16: t.int16.nullable, i64: t.int64.nullable, u8: t.uint8.nullable, u16: t.uint16.nullable, u32: t.uint32.nullable,
      u64: t.uint64.nullable, f32: t.float32.nullable, f64: t.float64.nullable, text: t.utf8.nullable, bin: t.binary.nullable, day: t.date.nullable,
      ms: t.timestamp.nullable, us: t.timestampUs.nullable, dec: t.decimal(18, 4).nullable, word: t.dictionary('int8').nullable,
    };
    const { write, name } = await open(fieldsOf(columns), { key: ['id'] });
    const none = Object.fromEntries(Object.keys(columns).map(column => [column, null]));
    await write(
      { ...none, id: 1 },
      { id: 2, b: true, i8: -128, i16: -32768, i64: -(2n ** 63n), u8: 255, u16: 65535, u32: 2 ** 32 - 1, u64: 2n ** 64n - 1n, f32: Math.fround(0.1), f64: -1.5e-7, text: '"a\\b" ☃', bin: Uint8Array.of(0, 255),
        day: '2026-03-01', ms: Date.UTC(2026, 6, 1, 12, 0, 0, 7), us: 1_767_225_600_123_456n, dec: '-99999999999999.9999', word: '' },
      { ...none, id: -3, b: false, f32: NaN, f64: Infinity, text: '', bin: new Uint8Array(0), day: '-000043-03-15', ms: -1, us: -1n, dec: '0.0001', word: 'x', i64: 2n ** 63n - 1n, u64: 128n },
    );
    const { rows } = await db.execute(`SELECT * FROM ${KEYSPACE}.${name}`);
    const read = (id: number): types.Row => rows.find(row => row['id'] === id)!;
    const texts = (id: number): Record<string, string> => Object.fromEntries(Object.keys(columns).map(column => {
      const value: unknown = read(id)[column];
      return [column, value instanceof Date ? value.toISOString() : Buffer.isBuffer(value) ? value.toString('hex') : String(value)];
    }));
    expect(Object.values(texts(1))).toEqual(['1', ...Array.from({ length: 17 }, () => 'null')]);
    expect(Object.values(texts(2))).toEqual(['2', 'true', '-128', '-32768', '-9223372036854775808', '255', '65535', '4294967295', '18446744073709551615', String(Math.fround(0.1)), '-1.5e-7', '"a\\b" ☃', '00ff', '2026-03-01',
      '2026-07-01T12:00:00.007Z', '1767225600123456', '-99999999999999.9999', '']);
    expect(texts(-3)).toMatchObject({ b: 'false', f32: 'NaN', f64: 'Infinity', text: '', bin: '', ms: '1969-12-31T23:59:59.999Z', us: '-1', dec: '0.0001', i64: '9223372036854775807', u64: '128', day: '-0043-03-15' });
  });

  test('dead letters and late rows are rows like others, told apart by source and position', async () => {
    const { write, name } = await open(DEAD_LETTER_FIELDS, { key: ['source', 'position'], mode: 'append' });
    const letter = (position: bigint): Row => ({ source: 'kafka(views)', position, reason: 'BAD_ROW', message: 'no JSON', row: '{' });
    await write(letter(1n), letter(2n));
    await write(letter(2n));
    expect(await rowsOf('source, position, reason', name)).toEqual([['kafka(views)', '1', 'BAD_ROW'], ['kafka(views)', '2', 'BAD_ROW']]);
  });

  test('a table that does not fit is refused when the job starts, with what is wrong', async () => {
    const on = async (ddl: string, options: Partial<CassandraOptions> = {}, fields = MINUTES): Promise<string> => {
      const name = table();
      if (ddl !== '') await db.execute(`CREATE TABLE ${KEYSPACE}.${name} (${ddl})`);
      return refusal(open(fields, { createTable: false, table: name, ...options }));
    };
    expect(await on('')).toMatch(/^BAD_OPTION: .*there is no table .*createTable: true/);
    expect(await on('campaign text, "windowStart" timestamp, version bigint, views int, PRIMARY KEY (campaign, "windowStart")')).toMatch(/'views' is int and not bigint, which holds every int64/);
    expect(await on('campaign text, "windowStart" timestamp, version bigint, PRIMARY KEY (campaign, "windowStart")')).toMatch(/the table lacks views bigint/);
    expect(await on('campaign text, "windowStart" timestamp, version bigint, views bigint, PRIMARY KEY (campaign)')).toMatch(/primary key of the table must be just \(campaign, windowStart\); it is/);
    expect(await on('campaign text, "windowStart" timestamp, version bigint, views bigint STATIC, PRIMARY KEY (campaign, "windowStart")')).toMatch(/'views' is static/);
    expect(await on('campaign text, "windowStart" timestamp, version bigint, views counter, PRIMARY KEY (campaign, "windowStart")').catch(String)).toMatch(/counter/i);
    expect(await on('', { keyspace: 'nowhere', createTable: true })).toMatch(/^SINK_FAILED: .*cannot create the table: .*(0x2200|0x2300)/);
    expect(await on('', { columns: { campaign: 'c', windowStart: 'w', nothing: 'x' } })).toMatch(/the results have no column 'nothing'/);
    const floats = fieldsOf({ campaign: t.utf8, windowStart: t.timestamp, x: t.float64 });
    expect(await on('', { mode: 'increment', createTable: true }, floats)).toMatch(/'x' is float64, and what is added to floats/);
  });

  test('what passes is tried again, what does not fails at once with one coded error', async () => {
    let attempts = 0;
    const failing = (error: () => Error): CassandraOptions['client'] => ({
      execute: (query, parameters, options) => {
        if (!query.startsWith('INSERT') || query.includes('millrace_incarnations')) return (db.execute as unknown as CassandraOptions['client']['execute']).call(db, query, parameters, options);
        attempts++;
        throw error();
      },
      batch: () => { throw error(); },
    });
    const passing = await open(MINUTES, { client: failing(() => Object.assign(new Error('Cannot achieve consistency level QUORUM'), { name: 'ResponseError', code: 0x1000 })), retry: { firstMs: 1, mostMs: 5, breakMs: 1, giveUpAfterMs: 60 } });
    await passing.sink.incarnation!(0);
    expect(await refusal(passing.write(minute('a', 0, 1, 1)))).toMatch(/^SINK_UNREACHABLE: .*cannot write 1 rows after \d+ attempts.*Cannot achieve consistency level QUORUM \(0x1000\)/);
    expect(attempts).toBeGreaterThan(2);
    attempts = 0;
    const refused = await open(MINUTES, { client: failing(() => Object.assign(new Error('User x has no MODIFY permission'), { name: 'ResponseError', code: 0x2100 })) });
    await refused.sink.incarnation!(0);
    expect(await refusal(refused.write(minute('a', 0, 1, 1)))).toMatch(/^SINK_FAILED: .*no MODIFY permission \(0x2100\)$/);
    expect(attempts).toBe(1);
  });
});

test('options of the wrong kind', () => {
  const client = { execute: () => Promise.resolve({ rows: [] }), batch: () => Promise.resolve({}) };
  const wrong: [Record<string, unknown>, RegExp][] = [
    [{ client: {} }, /client must be/], [{ table: '' }, /table must be/], [{ keyspace: 1 }, /keyspace must be/], [{ key: [] }, /key must name/], [{ partition: ['b'] }, /partition must name the first/], [{ mode: 'merge' }, /mode must be/],
    [{ epoch: 'x' }, /epoch must be/], [{ deletes: 'no' }, /deletes must be/], [{ consistency: 'most' }, /consistency must be one of any, one/], [{ concurrency: 0 }, /concurrency must be/], [{ batchRows: 0 }, /batchRows must be/], [{ batchBytes: 1.5 }, /batchBytes must be/],
    [{ mode: 'increment', consistency: 'any' }, /'any' is not for/],
  ];
  for (const [options, message] of wrong) expect(() => cassandra({ client, table: 'x', key: ['a', 'b'], ...options } as CassandraOptions), JSON.stringify(options)).toThrow(message);
  expect((() => { try { cassandra({ client, table: 'x', key: [] }); } catch (error) { return (error as MillraceError).code; } })()).toBe('BAD_OPTION');
});
