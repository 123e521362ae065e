import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** What docs/semantics.md says of DuckDB. Answers are text, so that -0 and NaN show; ERROR: the statement is refused. */
const FACTS: readonly (readonly [sql: string, answers: readonly string[]])[] = [
  // Division
  ["SELECT 1.0::DOUBLE / 0, -1.0::DOUBLE / 0, isnan(0.0::DOUBLE / 0)", ['inf', '-inf', 'true']],
  ['SELECT 1 / 0', ['inf']],
  ['SELECT 5 // 0, 5 % 0', ['NULL', 'NULL']],
  ['SELECT isnan(5.5::DOUBLE % 0)', ['true']],
  ['SELECT (-7) // 2, (-7) % 2, 7 % (-2)', ['-3', '-1', '1']],
  // Overflow
  ['SELECT 100::TINYINT + 28::TINYINT', ['ERROR']],
  ['SELECT abs((-128)::TINYINT)', ['ERROR']],
  ['SELECT -((-128)::TINYINT)', ['ERROR']],
  ['SELECT -(1::UTINYINT)', ['255']],
  ['SELECT (-9223372036854775808)::BIGINT % (-1)::BIGINT', ['ERROR']],
  ['SELECT 999999999999999999::DECIMAL(18,0) + 1::DECIMAL(18,0)', ['ERROR']],
  ['SELECT 1e308::DOUBLE * 10', ['inf']],
  ['SELECT sqrt((-1.0)::DOUBLE)', ['ERROR']],
  // NaN and zeros
  ["SELECT 'nan'::DOUBLE = 'nan'::DOUBLE, 'nan'::DOUBLE > 'inf'::DOUBLE, '-0.0'::DOUBLE = '0.0'::DOUBLE", ['true', 'true', 'true']],
  ["SELECT k, count(*) FROM (VALUES ('-0.0'::DOUBLE), ('0.0'::DOUBLE)) t(k) GROUP BY k", ['-0.0', '2']],
  ["SELECT count(*) FROM (SELECT k FROM (VALUES ('nan'::DOUBLE), ('nan'::DOUBLE), (NULL), (NULL)) t(k) GROUP BY k)", ['2']],
  ["SELECT min(x), max(x) FROM (VALUES ('0.0'::DOUBLE), ('-0.0'::DOUBLE)) t(x)", ['0.0', '0.0']],
  ["SELECT min(x), max(x) FROM (VALUES ('nan'::DOUBLE), (1.0::DOUBLE)) t(x)", ['1.0', 'nan']],
  // Aggregates
  ['SELECT sum(x), typeof(sum(x)) FROM (VALUES (9223372036854775807::BIGINT), (1)) t(x)', ['9223372036854775808', 'HUGEINT']],
  ['SELECT var_samp(x), var_pop(x), stddev_samp(x), stddev_pop(x) FROM (VALUES (7)) t(x)', ['NULL', '0.0', 'NULL', '0.0']],
  ['SELECT variance(x), var_samp(x), stddev(x), stddev_samp(x) FROM (VALUES (1), (2)) t(x)', ['0.5', '0.5', '0.7071067811865476', '0.7071067811865476']],
  ["SELECT var_pop(x) FROM (VALUES ('inf'::DOUBLE), (2.0)) t(x)", ['ERROR']],
  ['SELECT first(x), last(x), any_value(x) FROM (VALUES (NULL), (1), (NULL)) t(x)', ['NULL', 'NULL', '1']],
  ['SELECT bool_and(x), bool_or(x) FROM (VALUES (NULL::BOOLEAN), (true)) t(x)', ['true', 'true']],
  ['SELECT count(*), sum(x), avg(x) FROM (VALUES (1)) t(x) WHERE false', ['0', 'NULL', 'NULL']],
  ['SELECT sum(x) FROM (VALUES (1e16::DOUBLE), (1), (-1e16)) t(x)', ['0.0']],
  ['SELECT fsum(x) FROM (VALUES (1e16::DOUBLE), (1), (-1e16)) t(x)', ['0.0']],
  // Casts
  ['SELECT 0.5::DOUBLE::INTEGER, 1.5::DOUBLE::INTEGER, 2.5::DOUBLE::INTEGER', ['0', '2', '2']],
  ['SELECT 2.5::DECIMAL(5,2)::INTEGER, (-2.5)::DECIMAL(5,2)::INTEGER', ['3', '-3']],
  ["SELECT '12.5'::INTEGER, ' 12 '::INTEGER", ['13', '12']],
  ["SELECT ''::INTEGER", ['ERROR']],
  ['SELECT round(2.5::DOUBLE), round((-2.5)::DOUBLE), round(0.49999999999999994::DOUBLE)', ['3.0', '-3.0', '0.0']],
  ["SELECT epoch_ms('1969-12-31 23:59:59.9995'::TIMESTAMP::TIMESTAMP_MS), epoch_ms('1970-01-01 00:00:00.0005'::TIMESTAMP::TIMESTAMP_MS)", ['-1', '1']],
  ['SELECT 100000::DOUBLE::VARCHAR, 1e16::DOUBLE::VARCHAR, 1e-5::DOUBLE::VARCHAR', ['100000.0', '1e+16', '1e-05']],
  // Text and time
  ["SELECT length('😀é'), substring('héllo😀x', 6, 2), substring('abc', -2), substring('abc', 0, 2)", ['2', '😀x', 'bc', 'a']],
  ["SELECT upper('ß'), upper('ŉ'), lower('Σ'), trim('  a\t ')", ['ẞ', 'ŉ', 'σ', 'a\t']],
  ["SELECT 'a%c' LIKE 'a\\%c', 'axc' LIKE 'a_c', '😀' LIKE '_'", ['false', 'true', 'true']],
  ["SELECT date_part('dow', DATE '2024-03-03'), date_part('week', DATE '2024-12-30'), date_part('millisecond', TIMESTAMP '2024-01-01 00:00:05.678901')", ['0', '1', '5678']],
  ["SELECT date_trunc('week', DATE '2024-03-03')", ['2024-02-26 00:00:00']],
  // Laziness
  ["SELECT CASE WHEN x = 'a' THEN 0 ELSE x::INTEGER END FROM (VALUES ('a')) t(x)", ['0']],
  ["SELECT coalesce(1, x::INTEGER) FROM (VALUES ('a')) t(x)", ['1']],
  ["SELECT sum(x::INTEGER) FILTER (WHERE x <> 'a') FROM (VALUES ('a'), ('1')) t(x)", ['ERROR']],
];

let connection: DuckDBConnection;
beforeAll(async () => { connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect(); });
afterAll(() => connection.closeSync());

async function answer(sql: string): Promise<string[]> {
  try {
    const columns = (await connection.runAndReadAll(sql)).columnCount;
    const names = Array.from({ length: columns }, (_, i) => `c${i}`);
    const reader = await connection.runAndReadAll(`SELECT ${names.map(n => `coalesce(${n}::VARCHAR, 'NULL')`).join(', ')} FROM (${sql}) answers(${names.join(', ')})`);
    return (reader.getRows()[0] ?? []).map(String);
  } catch {
    return ['ERROR'];
  }
}
for (const [sql, expected] of FACTS) test(sql, async () => expect(await answer(sql)).toEqual(expected));
