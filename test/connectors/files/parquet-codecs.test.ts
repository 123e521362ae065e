import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parquet } from '../../../src/connectors/parquet.ts';
import { drain } from '../../support/drain.ts';
import type { Fields } from '../../../src/plan/types.ts';

const ROWS = 30_000;
const FIELDS: Fields = [
  { name: 'n', type: { kind: 'int64' }, nullable: true }, { name: 'i', type: { kind: 'int32' }, nullable: true },
  { name: 'f', type: { kind: 'float64' }, nullable: true }, { name: 's', type: { kind: 'utf8' }, nullable: true },
];

/** Every way to compress a page, and values that no dictionary holds. Some versions of Node decompress more by themselves than others. */
describe('parquet files of another writer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-codecs-'));
  let duckdb: Awaited<ReturnType<DuckDBInstance['connect']>>;
  beforeAll(async () => {
    duckdb = await (await DuckDBInstance.create(':memory:')).connect();
  });
  afterAll(() => {
    duckdb.closeSync();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(['uncompressed', 'snappy', 'gzip', 'zstd', 'lz4_raw'])('compressed by %s', async codec => {
    const file = join(folder, `${codec}.parquet`);
    const rows = `SELECT row * 1000003 AS n, (row * 7)::INT AS i, row / 8 AS f, 'text ' || row AS s FROM range(${ROWS}) AS rows(row)`;
    await duckdb.run(`COPY (${rows}) TO '${file}' (FORMAT parquet, CODEC '${codec}', ROW_GROUP_SIZE 8192)`);
    const items = await drain(parquet(file), FIELDS, 8192);
    let row = 0;
    for (const item of items) {
      if (item.kind !== 'columns') throw new Error(item.kind);
      const [n, i, f, s] = item.columns;
      if (n?.kind !== 'fixed' || i?.kind !== 'fixed' || f?.kind !== 'fixed' || s?.kind !== 'text') throw new Error('wrong kinds of columns');
      const numbers = Array.from({ length: item.rows }, (_, at) => row + at);
      expect(Array.from(n.values as BigInt64Array)).toEqual(numbers.map(each => BigInt(each) * 1000003n));
      expect(Array.from(i.values as Int32Array)).toEqual(numbers.map(each => each * 7));
      expect(Array.from(f.values as Float64Array)).toEqual(numbers.map(each => each / 8));
      expect(numbers.map((_, at) => Buffer.from(s.bytes.subarray(s.offsets[at], s.offsets[at + 1])).toString())).toEqual(numbers.map(each => `text ${each}`));
      row += item.rows;
    }
    expect(row).toBe(ROWS);
  });
});
