import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { parquetWriteFile } from 'hyparquet-writer';
import { describe, expect, test } from 'vitest';
import { columnsToHeap } from '../../../src/batch/columns-to-heap.ts';
import { parquet, parquetFields } from '../../../src/connectors/parquet.ts';
import type { Source, SourceItem } from '../../../src/connectors/source.ts';
import type { DataType, Fields, Row } from '../../../src/plan/types.ts';
import { testHeap } from '../../support/heap.ts';
import { rawValue } from '../../text/support.ts';
import { batchOf, col, folder, writeAll } from './support.ts';

const path = folder();

function itemRows(item: SourceItem & { kind: 'columns' }, schema: Fields): Row[] {
  const { heap, allocator } = testHeap(64);
  const descriptor = columnsToHeap(heap, allocator, schema, item.columns, item.rows);
  return Array.from({ length: item.rows }, (_, row) =>
    Object.fromEntries(schema.map((field, column) => [field.name, rawValue(heap, descriptor, column, field.type, row)])));
}

/** The rows of a source, or of its first batches, until there are `most`. */
async function readColumns(source: Source, schema: Fields, batchRows = 1000, most = Infinity): Promise<Row[]> {
  const reader = await source.read({ schema, batchRows, batchBytes: 1 << 20, signal: new AbortController().signal });
  const rows: Row[] = [];
  try {
    for (let item = await reader.next(); item !== null && rows.length < most; item = await reader.next()) {
      if (item.kind !== 'columns') throw new Error(item.kind);
      rows.push(...itemRows(item, schema));
    }
  } finally {
    await reader.close();
  }
  return rows;
}

const every: Fields = ([
  ['bool', { kind: 'bool' }], ['int8', { kind: 'int8' }], ['int16', { kind: 'int16' }], ['int32', { kind: 'int32' }], ['int64', { kind: 'int64' }],
  ['uint8', { kind: 'uint8' }], ['uint16', { kind: 'uint16' }], ['uint32', { kind: 'uint32' }], ['uint64', { kind: 'uint64' }],
  ['float32', { kind: 'float32' }], ['float64', { kind: 'float64' }], ['utf8', { kind: 'utf8' }], ['binary', { kind: 'binary' }], ['date', { kind: 'date' }],
  ['ms', { kind: 'timestamp', unit: 'ms' }], ['us', { kind: 'timestamp', unit: 'us' }], ['money', { kind: 'decimal', precision: 18, scale: 2 }],
] as [string, DataType][]).map(([name, type]) => col(name, type, true));

const line = (i: number): string => `{"bool":${i % 2 === 0},"int8":${(i % 256) - 128},"int16":${-i},"int32":${-i * 1000},"int64":${9223372036854775807n - BigInt(i)},"uint8":${i % 256},`
  + `"uint16":${65535 - i},"uint32":${4294967295 - i},"uint64":${18446744073709551615n - BigInt(i)},"float32":${i / 4},"float64":${i / 3},"utf8":"ž ${i % 7}",`
  + `"binary":"${Buffer.from([i & 255, 1]).toString('base64')}","date":"2024-02-29","ms":${i},"us":${-i},"money":${i}.05}`;
const nulls = `{${every.map(field => `"${field.name}":null`).join(',')}}`;

describe('parquet', () => {
  test('writes every type and reads it back, with nulls and without, in any slices', async () => {
    for (const [name, lines] of [['full', Array.from({ length: 2500 }, (_, i) => line(i))], ['sparse', Array.from({ length: 2500 }, (_, i) => (i % 3 === 0 ? nulls : line(i)))]] as const) {
      const batch = batchOf(every, lines.join('\n'));
      const file = path(`${name}.parquet`);
      await writeAll(parquet(file), batch, batch);
      expect(existsSync(`${file}.partial`)).toBe(false);
      expect(await parquetFields(file)).toEqual(every);
      const expected = Array.from({ length: batch.rows }, (_, row) => Object.fromEntries(every.map((field, column) => [field.name, rawValue(batch.heap, batch.descriptor, column, field.type, row)])));
      expect(await readColumns(parquet(file), every, 999)).toEqual([...expected, ...expected]);
      const some = [every[11]!, every[4]!];
      expect((await readColumns(parquet(file), some, 1, 2))[1]).toEqual({ utf8: 'ž 1', int64: 9223372036854775806n });
    }
  });

  test('flights: the same rows as hyparquet reads, over the border of two row groups', async () => {
    const file = fileURLToPath(new URL('../data/flights-3m.parquet', import.meta.resolve('vega-datasets')));
    const [from, to] = [272_000, 273_400];
    const expected = await parquetReadObjects({ file: await asyncBufferFromFile(file), compressors, rowStart: from, rowEnd: to });
    const schema = [col('date', { kind: 'timestamp', unit: 'ms' }), col('delay', { kind: 'int16' }), col('distance', { kind: 'int64' }), col('origin', { kind: 'utf8' }), col('destination', { kind: 'utf8' })];
    const reader = await parquet(file).read({ schema, batchRows: 500, batchBytes: 1, signal: new AbortController().signal });
    const rows: Row[] = [];
    let read = 0;
    for (let item = await reader.next(); item !== null && read < to; item = await reader.next()) {
      if (item.kind !== 'columns') throw new Error(item.kind);
      if (read >= from) rows.push(...itemRows(item, schema));
      read += item.rows;
    }
    expect(reader.progress!()).toMatchObject({ total: 3_000_000, unit: 'rows' });
    await reader.close();
    expect(rows.slice(0, to - from).map(row => ({ ...row, delay: BigInt(row.delay as number) })))
      .toEqual(expected.map(row => ({ ...row, date: BigInt((row.date as Date).getTime()) })));
  });

  test('encodings that are left to hyparquet', async () => {
    const file = path('delta.parquet');
    parquetWriteFile({
      filename: file, codec: 'UNCOMPRESSED',
      columnData: [
        { name: 'n', data: Array.from({ length: 1000 }, (_, i) => BigInt(i * i)), type: 'INT64', encoding: 'DELTA_BINARY_PACKED' },
        { name: 's', data: Array.from({ length: 1000 }, (_, i) => `text ${i % 9}`), type: 'STRING', encoding: 'DELTA_LENGTH_BYTE_ARRAY' },
        { name: 'x', data: Array.from({ length: 1000 }, (_, i) => (i % 5 === 0 ? null : i / 8)), type: 'DOUBLE', nullable: true, encoding: 'BYTE_STREAM_SPLIT' },
        { name: 'b', data: Array.from({ length: 1000 }, (_, i) => i % 3 === 0), type: 'BOOLEAN' },
      ],
    });
    const schema = [col('n', { kind: 'int32' }), col('s', { kind: 'utf8' }), col('x', { kind: 'float64' }, true), col('b', { kind: 'bool' })];
    expect(await readColumns(parquet(file), schema, 300)).toEqual(Array.from({ length: 1000 }, (_, i) => ({ n: i * i, s: `text ${i % 9}`, x: i % 5 === 0 ? null : i / 8, b: i % 3 === 0 })));
  });

  test('what does not fit is an error that names the column', async () => {
    const file = path('errors.parquet');
    await writeAll(parquet(file), batchOf([col('n', { kind: 'int64' }, true), col('s', { kind: 'utf8' })], '{"n":300,"s":"x"}\n{"n":null,"s":"y"}'));
    const failing = (field: Fields[number]): Promise<Row[]> => readColumns(parquet(file), [field]);
    await expect(failing(col('m', { kind: 'int64' }))).rejects.toMatchObject({ code: 'BAD_FILE', message: expect.stringMatching(/no column "m"; it has "n", "s"/) });
    await expect(failing(col('n', { kind: 'int8' }, true))).rejects.toMatchObject({ code: 'BAD_FILE', message: expect.stringMatching(/"n" holds 300, which is no int8/) });
    await expect(failing(col('n', { kind: 'int64' }))).rejects.toMatchObject({ code: 'BAD_FILE', message: expect.stringMatching(/"n" has nulls/) });
    await expect(failing(col('s', { kind: 'int64' }))).rejects.toMatchObject({ code: 'BAD_FILE', message: expect.stringMatching(/"s" is utf8 in the file and int64 in the schema/) });
    await expect(readColumns(parquet(path('absent.parquet')), [])).rejects.toMatchObject({ code: 'SOURCE_FAILED' });
    writeFileSync(path('no.parquet'), 'PAR1 or not');
    await expect(readColumns(parquet(path('no.parquet')), [])).rejects.toMatchObject({ code: 'BAD_FILE' });
  });

  test('an abort leaves nothing', async () => {
    const sink = parquet(path('gone.parquet'));
    const batch = batchOf([col('n', { kind: 'int64' })], '{"n":1}');
    await sink.open(batch.fields);
    await sink.write(batch);
    await sink.abort();
    expect([existsSync(path('gone.parquet')), existsSync(path('gone.parquet.partial'))]).toEqual([false, false]);
  });
});
