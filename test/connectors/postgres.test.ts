import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { postgres, type PostgresOptions } from '../../src/connectors/postgres.ts';
import { MillraceError } from '../../src/errors.ts';
import { t } from '../../src/plan/type-builders.ts';
import type { Fields, Row } from '../../src/plan/types.ts';
import { Random } from '../support/random.ts';
import { fieldsOf, resultBatch } from '../support/result-batches.ts';

const db = await PGlite.create();
afterAll(() => db.close());
beforeEach(() => db.exec('DROP SCHEMA public CASCADE; CREATE SCHEMA public; SET TIME ZONE \'America/Bogota\''));

const MINUTES = fieldsOf({ campaign: t.utf8, windowStart: t.timestamp, version: t.int64, views: t.int64.nullable });
const minute = (campaign: string, windowStart: number, version: number, views: number | null): Row => ({ campaign, windowStart, version: BigInt(version), views: views === null ? null : BigInt(views) });
const open = async (fields: Fields, options: Partial<PostgresOptions> = {}) => {
  const sink = postgres({ client: db, table: 'minutes', key: ['campaign', 'windowStart'], createTable: true, ...options });
  await sink.open(fields);
  return { sink, write: async (...rows: Row[]) => { await sink.write(resultBatch(fields, rows)); } };
};
const rowsOf = async (sql: string): Promise<unknown[][]> => (await db.query<unknown[]>(sql, [], { rowMode: 'array' })).rows;
const minutes = (): Promise<unknown[][]> => rowsOf('SELECT campaign, extract(epoch FROM "windowStart")::int8, version, views FROM minutes ORDER BY 1, 2');
const refusal = async (promise: Promise<unknown>): Promise<string> => promise.then(() => 'nothing', (error: unknown) => (error as Error).message);

describe('upsert', () => {
  test('keeps the row with the greatest version of each key', async () => {
    const { write } = await open(MINUTES);
    await write(minute('a', 0, 1, 10), minute('b', 0, 1, 5));
    await write(minute('a', 0, 3, 30), minute('a', 60_000, 2, 7));
    await write(minute('a', 0, 2, 20), minute('b', 0, 1, 999));
    expect(await minutes()).toEqual([['a', 0, 3, 30], ['a', 60, 2, 7], ['b', 0, 1, 5]]);
  });

  test('takes several rows of one key in one batch, in any order, also with versions that doubles cannot tell apart', async () => {
    const { write } = await open(MINUTES);
    const big = 9_007_199_254_740_993n;
    await write({ ...minute('a', 0, 0, 1), version: big - 1n }, { ...minute('a', 0, 0, 2), version: big }, minute('a', 0, 5, 3), minute('b', 0, 2, 4), minute('b', 0, 1, 5));
    expect(await rowsOf('SELECT campaign, version::text, views FROM minutes ORDER BY 1')).toEqual([['a', String(big), 2], ['b', '2', 4]]);
  });

  test.each([1, 2, 3])('every batch twice, late and out of order: the table is the same (seed %i)', async seed => {
    const random = new Random(seed);
    const below = (n: number): number => random.below(n);
    const batches: Row[][] = Array.from({ length: 40 }, (_, b) =>
      Array.from({ length: 1 + below(30) }, (_row, r) => minute(`c${below(5)}`, below(4) * 60_000, b * 100 + r, below(9) === 0 ? null : below(1000))));
    const expected = new Map<string, Row>();
    for (const row of batches.flat()) {
      const key = `${String(row['campaign'])} ${String(row['windowStart'])}`;
      if (!((expected.get(key)?.['version'] ?? -1n) > row['version']!)) expected.set(key, row);
    }
    const { write } = await open(MINUTES, { batchRows: 7 });
    const order = [...batches, ...batches].map(rows => ({ rows, at: random.next() })).sort((a, b) => a.at - b.at);
    for (const { rows } of order) await write(...rows);
    const wanted = [...expected.values()].map(row => [row['campaign'], Number(row['windowStart']) / 1000, Number(row['version']), row['views'] === null ? null : Number(row['views'])]);
    expect(await minutes()).toEqual(wanted.sort((a, b) => String(a[0]).localeCompare(String(b[0])) || Number(a[1]) - Number(b[1])));
  });

  test('results that come once replace the row of their key, so a job that runs again writes the same', async () => {
    const fields = fieldsOf({ campaign: t.utf8, windowStart: t.timestamp, views: t.int64 });
    for (const views of [1n, 2n]) {
      const { write } = await open(fields);
      await write({ campaign: 'a', windowStart: 0, views });
    }
    expect(await rowsOf('SELECT campaign, views FROM minutes')).toEqual([['a', 2]]);
    const keysOnly = await open(fieldsOf({ campaign: t.utf8, windowStart: t.timestamp }), { table: 'keys' });
    await keysOnly.write({ campaign: 'a', windowStart: 0 });
    await keysOnly.write({ campaign: 'a', windowStart: 0 });
    expect(await rowsOf('SELECT count(*) FROM keys')).toEqual([[1]]);
  });

  test('statements are bounded in rows and in bytes', async () => {
    const sizes: number[] = [];
    const client = { query: (text: string, parameters?: unknown[]) => {
      if (text.startsWith('INSERT')) sizes.push(String(parameters![0]).split('","').length);
      return db.query(text, parameters);
    } };
    const { write } = await open(MINUTES, { client, batchRows: 4 });
    await write(...Array.from({ length: 10 }, (_, i) => minute(`c${i}`, 0, 1, i)));
    expect(sizes).toEqual([4, 4, 2]);
    sizes.length = 0;
    const small = await open(MINUTES, { client, batchBytes: 100 });
    await small.write(minute('x'.repeat(500), 0, 1, 1), minute('y'.repeat(500), 0, 1, 1), minute('z', 0, 1, 1), minute('zz', 0, 1, 1));
    expect(sizes).toEqual([1, 1, 2]);
    expect(await rowsOf('SELECT count(*) FROM minutes')).toEqual([[14]]);
  });
});

describe('results that are taken back', () => {
  const fields = fieldsOf({ campaign: t.utf8, windowStart: t.timestamp, version: t.int64, deleted: t.bool, views: t.int64.nullable });
  const row = (version: number, deleted: boolean, views: number | null): Row => ({ ...minute('a', 0, version, views), deleted });

  test('leave a tombstone, which older versions do not pass', async () => {
    const { write } = await open(fields);
    const read = (): Promise<unknown[][]> => rowsOf('SELECT version, deleted, views FROM minutes');
    await write(row(1, false, 10));
    await write(row(2, true, null));
    await write(row(1, false, 10));
    expect(await read()).toEqual([[2, true, null]]);
    await write(row(3, false, 11));
    await write(row(2, true, null));
    expect(await read()).toEqual([[3, false, 11]]);
  });

  test('or are removed, unless a newer version is there', async () => {
    const { write } = await open(fields, { deletes: 'remove' });
    const read = (): Promise<unknown[][]> => rowsOf('SELECT version, views FROM minutes');
    await write(row(3, false, 10));
    await write(row(2, true, null));
    expect(await read()).toEqual([[3, 10]]);
    await write(row(4, true, null), row(2, false, 1));
    expect(await read()).toEqual([]);
    await write(row(6, true, null), row(7, false, 12));
    expect(await read()).toEqual([[7, 12]]);
    expect((await rowsOf('SELECT column_name FROM information_schema.columns WHERE table_name = \'minutes\'')).flat()).not.toContain('deleted');
  });
});

test('every type arrives exactly: extremes, nulls, NaN, quotes, bytes, years beyond four digits, UTC whatever the session says', async () => {
  const columns = {
    id: t.int32, b: t.bool.nullable, i8: t.int8.nullable, i16: t.int16.nullable, i64: t.int64.nullable, u8: t.uint8.nullable, u16: t.uint16.nullable, u32: t.uint32.nullable,
    u64: t.uint64.nullable, f32: t.float32.nullable, f64: t.float64.nullable, text: t.utf8.nullable, bin: t.binary.nullable, day: t.date.nullable,
    ms: t.timestamp.nullable, us: t.timestampUs.nullable, dec: t.decimal(18, 4).nullable, word: t.dictionary('int8').nullable,
  };
  const fields = fieldsOf(columns);
  const { write } = await open(fields, { key: ['id'] });
  const none = Object.fromEntries(Object.keys(columns).map(name => [name, null]));
  const strange = '"a\\b",{c}\n\'NULL\' ☃ \\x00';
  await write(
    { ...none, id: 1 },
    { id: 2, b: true, i8: -128, i16: -32768, i64: -(2n ** 63n), u8: 255, u16: 65535, u32: 2 ** 32 - 1, u64: 2n ** 64n - 1n, f32: Math.fround(0.1), f64: -0, text: strange,
      bin: Uint8Array.of(0, 34, 92, 255), day: '2026-03-01', ms: Date.UTC(2026, 6, 1, 12, 0, 0, 7), us: 1_767_225_600_123_456n, dec: '-99999999999999.9999', word: '' },
    { ...none, id: 3, f32: NaN, f64: NaN, text: 'NULL', bin: new Uint8Array(0), day: '-000043-03-15', ms: Date.UTC(12_345, 0, 2), us: BigInt(Date.UTC(-1, 0, 1)) * 1000n, word: 'null', i64: 2n ** 63n - 1n },
    { ...none, id: 4, f32: Infinity, f64: -Infinity, day: '0000-12-31', ms: -1, us: -1n, text: '' },
    { ...none, id: 5, f64: 5e-324, f32: 1.401298464324817e-45, text: '{}', dec: '0.0001' },
    { ...none, id: 6, f64: 1.7976931348623157e308, f32: -0 },
  );
  await db.exec('SET TIME ZONE UTC');
  const read = await rowsOf(`SELECT id, b, i8, i16, i64::text, u8, u16, u32, u64::text, f32::text, f64::text, text, encode(bin, 'hex'), day::text,
    ms::text, us::text, dec::text, word FROM minutes ORDER BY id`);
  const nothing = Array.from({ length: 17 }, () => null);
  expect(read[0]).toEqual([1, ...nothing]);
  expect(read[1]).toEqual([2, true, -128, -32768, '-9223372036854775808', 255, 65535, 4294967295, '18446744073709551615', '0.1', '-0', strange,
    '00225cff', '2026-03-01', '2026-07-01 12:00:00.007+00', '2026-01-01 00:00:00.123456+00', '-99999999999999.9999', '']);
  expect(read[2]).toEqual([3, null, null, null, '9223372036854775807', null, null, null, null, 'NaN', 'NaN', 'NULL', '', '0044-03-15 BC',
    '12345-01-02 00:00:00+00', '0002-01-01 00:00:00+00 BC', null, 'null']);
  expect(read[3]!.slice(9)).toEqual(['Infinity', '-Infinity', '', null, '0001-12-31 BC', '1969-12-31 23:59:59.999+00', '1969-12-31 23:59:59.999999+00', null, null]);
  expect([read[4]![9], read[4]![10], read[4]![11], read[4]![16]]).toEqual(['1e-45', '5e-324', '{}', '0.0001']);
  expect([read[5]![9], read[5]![10]]).toEqual(['-0', '1.7976931348623157e+308']);
});

test('names are quoted, columns can be renamed and left out, and a table can be another\'s, with columns of its own', async () => {
  await db.exec(`CREATE SCHEMA "Ads; --"; CREATE TABLE "Ads; --"."per ""minute""" ("Camp""aign" varchar(40), minute timestamp, version bigint, views numeric, at timestamptz DEFAULT now(), PRIMARY KEY (minute, "Camp""aign"))`);
  const { write, sink } = await open(fieldsOf({ campaign: t.utf8, windowStart: t.timestamp, windowEnd: t.timestamp, version: t.int64, views: t.int64.nullable }), {
    schema: 'Ads; --', table: 'per "minute"', createTable: false, columns: { campaign: 'Camp"aign', windowStart: 'minute', version: 'version', views: 'views' },
  });
  expect(sink.name).toBe('postgres(Ads; --.per "minute")');
  await write({ ...minute('\'; DROP TABLE x; --', Date.UTC(2026, 0, 1), 1, 3), windowEnd: 0 });
  expect(await rowsOf('SELECT "Camp""aign", minute::text, views::text, at IS NULL FROM "Ads; --"."per ""minute"""')).toEqual([['\'; DROP TABLE x; --', '2026-01-01 00:00:00', '3', false]]);
});

describe('is refused when the job starts, with what is wrong', () => {
  const on = async (ddl: string, options: Partial<PostgresOptions> = {}, fields = MINUTES): Promise<string> => {
    await db.exec(ddl);
    return refusal(open(fields, { createTable: false, ...options }));
  };
  const good = 'campaign text, "windowStart" timestamptz, version bigint, views bigint';

  test('a table that does not fit', async () => {
    expect(await on('')).toBe('BAD_OPTION: postgres(minutes): there is no table "minutes"; create it, or say createTable: true');
    expect(await on('CREATE TABLE minutes (campaign text PRIMARY KEY, views int)')).toMatch(/the table lacks windowStart timestamp\(3\) with time zone, version bigint; it has 'campaign', 'views'/);
    await db.exec('DROP TABLE minutes');
    expect(await on('CREATE TABLE minutes (campaign text, "windowStart" timestamptz, version bigint, views integer, PRIMARY KEY (campaign, "windowStart"))'))
      .toMatch(/another type: 'views' is integer and not bigint, which holds every int64/);
    await db.exec('DROP TABLE minutes');
    expect(await on(`CREATE TABLE minutes (${good}, PRIMARY KEY (campaign))`)).toMatch(/no primary key or unique index on just \(campaign, windowStart\); it has \(campaign\)/);
    await db.exec('DROP TABLE minutes');
    expect(await on(`CREATE TABLE minutes (${good}); CREATE UNIQUE INDEX ON minutes (campaign, "windowStart") WHERE views > 0`)).toMatch(/it has none/);
    await db.exec('DROP TABLE minutes');
    expect(await on(`CREATE TABLE minutes (${good}, region text NOT NULL, PRIMARY KEY (campaign, "windowStart"))`)).toMatch(/nothing for 'region', which must not be null and has no default/);
  });

  test.each([
    ['decimal(9, 4) in numeric(9,2)', t.decimal(9, 4), 'numeric(9,2)', false], ['decimal(9, 4) in numeric(9,4)', t.decimal(9, 4), 'numeric(9,4)', true], ['decimal(9, 4) in numeric(8,4)', t.decimal(9, 4), 'numeric(8,4)', false], ['decimal(9, 4) in numeric', t.decimal(9, 4), 'numeric', true],
    ['decimal(4, 0) in smallint', t.decimal(4, 0), 'smallint', true], ['decimal(5, 0) in smallint', t.decimal(5, 0), 'smallint', false], ['uint32 in integer', t.uint32, 'integer', false], ['uint32 in bigint', t.uint32, 'bigint', true], ['uint64 in bigint', t.uint64, 'bigint', false],
    ['int16 in integer', t.int16, 'integer', true], ['float64 in real', t.float64, 'real', false], ['float32 in double precision', t.float32, 'double precision', true], ['timestampUs in timestamptz(3)', t.timestampUs, 'timestamptz(3)', false], ['timestamp in timestamptz(3)', t.timestamp, 'timestamptz(3)', true],
    ['timestamp in date', t.timestamp, 'date', false], ['utf8 in varchar(3)', t.utf8, 'varchar(3)', true], ['utf8 in char(3)', t.utf8, 'char(3)', false], ['utf8 in jsonb', t.utf8, 'jsonb', false],
  ] as const)('a column that would round or cut: %s', async (_name, type, column, fits) => {
    await db.exec(`CREATE TABLE minutes (id integer PRIMARY KEY, x ${column})`);
    const outcome = await refusal(open(fieldsOf({ id: t.int32, x: type }), { createTable: false, key: ['id'] }));
    expect(outcome).toMatch(fits ? /^nothing$/ : /BAD_OPTION: .*'x' is .* and not /);
  });

  test('a key that cannot be one, and columns that are not there', async () => {
    const nullable = fieldsOf({ campaign: t.utf8.nullable, windowStart: t.timestamp, x: t.float64 });
    expect(await on('', {}, nullable)).toMatch(/key: 'campaign' may be null/);
    expect(await on('', { key: ['x'] }, nullable)).toMatch(/key: 'x' is float64/);
    expect(await on('', { key: ['minute'] })).toMatch(/key: there is no result column 'minute'/);
    expect(await on('', { columns: { campain: 'c' } })).toMatch(/columns: the results have no column 'campain'; they have 'campaign'/);
    expect(await on('', { columns: { campaign: 'c', windowStart: 'c' } })).toMatch(/two result columns go to 'c'/);
    expect(await on('', { columns: { campaign: 'c', windowStart: 'w' } })).toMatch(/columns must name 'version'/);
    const retracting = fieldsOf({ campaign: t.utf8, windowStart: t.timestamp, retracted: t.bool });
    expect(await on('', {}, retracting)).toMatch(/aggregate them first/);
  });

  test('options of the wrong kind', () => {
    const wrong: [Record<string, unknown>, RegExp][] = [
      [{ client: {} }, /client must be/], [{ table: '' }, /table must be/], [{ key: [] }, /key must name/], [{ mode: 'merge' }, /mode must be/], [{ mode: 'increment' }, /by must name/], [{ mode: 'increment', by: ['b'] }, /by must name/], [{ by: ['a'] }, /belong to mode: 'increment'/], [{ mode: 'append', deletes: 'remove' }, /deletes belongs to/], [{ key: undefined }, /key must name/], [{ prefer: 'both' }, /prefer must be/],
      [{ deletes: 'no' }, /deletes must be/], [{ batchRows: 0 }, /batchRows must be/], [{ batchBytes: 1.5 }, /batchBytes must be/], [{ schema: 'a\0' }, /schema must be/],
    ];
    for (const [options, message] of wrong) expect(() => postgres({ client: db, table: 'x', key: ['a'], ...options } as PostgresOptions)).toThrow(message);
  });
});

describe('errors', () => {
  test('of the database are coded, with its state, and leave the table as it was', async () => {
    const { write } = await open(MINUTES);
    await write(minute('a', 0, 1, 1));
    await db.exec('ALTER TABLE minutes ADD CHECK (views < 100)');
    const error = await write(minute('b', 0, 1, 1), minute('c', 0, 1, 1000)).catch((e: unknown) => e) as MillraceError;
    expect([error.code, error.message]).toEqual(['SINK_FAILED', expect.stringMatching(/^SINK_FAILED: postgres\(minutes\): cannot write 2 rows: .*violates check constraint.* \(23514\)$/)]);
    expect(await minutes()).toEqual([['a', 0, 1, 1]]);
  });

  test('tell neither secrets nor parameters', async () => {
    const client = { query: () => Promise.reject(Object.assign(new Error('connect failed: postgres://me:hunter2@db/x password=hunter2 \n hunter2'), { params: ['hunter2'], query: 'hunter2' })) };
    const error = await open(MINUTES, { client }).catch((e: unknown) => e) as MillraceError;
    expect(error.message).toMatch(/SINK_FAILED: postgres\(minutes\): cannot create the table: connect failed: postgres:\/\/…@db\/x password=…/);
    expect(JSON.stringify([error, error.stack, error.cause, (error.cause as Error).stack, Object.entries(error.cause as object)])).not.toContain('hunter2');
  });
});
