import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { DuckDBInstance } from '@duckdb/node-api';
import { Table, tableFromIPC, tableToIPC, vectorFromArray, Int32, Int64, Uint64, type RecordBatch } from 'apache-arrow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasEngine } from './support/engine.ts';

/** The greatest and the least integers, and the first that a double cannot hold, go from every source to every sink as they are. */
const MOST = 2n ** 63n - 1n, LEAST = -(2n ** 63n), MOST_UNSIGNED = 2n ** 64n - 1n, BEYOND_DOUBLE = 2n ** 53n + 1n;
const ROWS = [
  { id: 0, s: MOST, u: MOST_UNSIGNED },
  { id: 1, s: LEAST, u: 0n },
  { id: 2, s: BEYOND_DOUBLE, u: BEYOND_DOUBLE },
  { id: 3, s: -BEYOND_DOUBLE, u: 2n ** 63n },
];
type Cells = Record<string, unknown>;

const millrace = (hasEngine ? await import(new URL('../dist/src/index.js', import.meta.url).href) : null) as typeof import('../src/index.ts');
const { parquet } = (hasEngine ? await import(new URL('../dist/src/connectors/parquet.js', import.meta.url).href) : {}) as typeof import('../src/connectors/parquet.ts');
const folder = mkdtempSync(join(tmpdir(), 'millrace-exact-'));
const file = (name: string): string => join(folder, name);

describe.skipIf(!hasEngine)('integers are exact', () => {
  const { arrow, arrowIpc, arrowIpcFile, batches, callback, collect, count, createEngine, csv, first, jsonl, last, max, min, rows, schema, stream, sum, t, terminalTable } = millrace ?? {};
  const engine = hasEngine ? createEngine({ workers: 2, heap: '256MiB' }) : null!;
  const Numbers = hasEngine ? schema({ id: t.int32, s: t.int64, u: t.uint64 }) : null!;
  type Given = Parameters<typeof stream>[0];
  let duckdb: Awaited<ReturnType<DuckDBInstance['connect']>>;

  beforeAll(async () => {
    duckdb = await (await DuckDBInstance.create(':memory:')).connect();
    writeFileSync(file('in.jsonl'), ROWS.map(({ id, s, u }) => `{"id":${id},"s":${s},"u":${u}}\n`).join(''));
    writeFileSync(file('in.csv'), `id,s,u\n${ROWS.map(({ id, s, u }) => `${id},${s},${u}\n`).join('')}`);
    writeFileSync(file('in.arrow'), tableToIPC(arrowTable(), 'file'));
    const values = ROWS.map(({ id, s, u }) => `(${id}::INT, '${s}'::BIGINT, '${u}'::UBIGINT)`).join(', ');
    await duckdb.run(`COPY (SELECT * FROM (VALUES ${values}) AS rows(id, s, u)) TO '${file('in.parquet')}' (FORMAT parquet)`);
  });
  afterAll(async () => {
    duckdb.closeSync();
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const arrowTable = (): Table => new Table({
    id: vectorFromArray(ROWS.map(row => row.id), new Int32()), s: vectorFromArray(ROWS.map(row => row.s), new Int64()), u: vectorFromArray(ROWS.map(row => row.u), new Uint64()),
  });
  const engineTable = (): Given => engine.table(Numbers).append(ROWS.length, {
    id: Int32Array.from(ROWS, row => row.id), s: BigInt64Array.from(ROWS, row => row.s), u: BigUint64Array.from(ROWS, row => row.u),
  }).source();
  const sources: [string, () => Given][] = [
    ['rows', () => rows(ROWS)], ['jsonl', () => jsonl(file('in.jsonl'))], ['csv', () => csv(file('in.csv'))], ['arrow', () => arrow(arrowTable())],
    ['arrowIpc', () => arrowIpc(file('in.arrow'))], ['parquet', () => parquet(file('in.parquet'))], ['engine table', engineTable],
  ];

  type Sink = ReturnType<typeof callback>;
  /** Gives every batch to all sinks. */
  const tee = (sinks: readonly Sink[]): Sink => ({
    name: 'all sinks',
    async open(fields) { for (const sink of sinks) await sink.open(fields); },
    async write(batch) { for (const sink of sinks) await sink.write(batch); },
    async close() { for (const sink of sinks) await sink.close(); },
    async abort() { for (const sink of sinks) await sink.abort(); },
  });

  /** Runs a job into every sink there is, and checks what each has. */
  async function check(build: (to: Sink) => { run(options: object): Promise<unknown> }, expected: readonly Cells[]): Promise<void> {
    const collected = collect<Cells>();
    const copies = batches();
    const called: Cells[] = [];
    let shown = '';
    const terminal = new Writable({ write: (chunk, _encoding, done) => { shown += String(chunk); done(); } });
    const sinks = [
      collected, copies, callback(batch => { called.push(...rowsOf(batch.toArrow())); }), jsonl(file('out.jsonl')), csv(file('out.csv')),
      arrowIpcFile(file('out.arrow')), parquet(file('out.parquet')), terminalTable({ output: terminal }),
    ];
    const reading = (async () => {
      const read: Cells[] = [];
      for await (const batch of copies) read.push(...rowsOf(batch));
      return read;
    })();
    await build(tee(sinks)).run({ engine });

    const sorted = (found: readonly Cells[]): Cells[] => found.toSorted((a, b) => Number(a['id'] ?? 0) - Number(b['id'] ?? 0));
    const texts = expected.map(row => Object.values(row).map(String));
    const lines = (name: string): string[] => readFileSync(file(name), 'utf8').trimEnd().split('\n');
    expect(sorted(collected.rows), 'collect').toEqual(expected);
    expect(sorted(await reading), 'batches').toEqual(expected);
    expect(sorted(called), 'callback').toEqual(expected);
    expect(lines('out.jsonl').toSorted(), 'jsonl').toEqual(expected.map(row => `{${Object.entries(row).map(([name, value]) => `"${name}":${String(value)}`).join(',')}}`).toSorted());
    expect(lines('out.csv').slice(1).toSorted(), 'csv').toEqual(texts.map(cells => cells.join(',')).toSorted());
    expect(sorted(tableFromIPC(readFileSync(file('out.arrow'))).batches.flatMap(rowsOf)), 'arrowIpcFile').toEqual(expected);
    expect(sorted((await duckdb.runAndReadAll(`FROM '${file('out.parquet')}'`)).getRowObjects()), 'parquet').toEqual(expected);
    const drawn = shown.split('\n').filter(line => line.startsWith('│')).slice(1).map(line => line.split('│').slice(1, -1).map(cell => cell.trim()));
    expect(drawn.map(String).toSorted(), 'terminalTable').toEqual(texts.map(String).toSorted());
  }
  const rowsOf = (batch: RecordBatch): Cells[] =>
    Array.from({ length: batch.numRows }, (_, row) => Object.fromEntries(batch.schema.fields.map(({ name }, column) => [name, batch.getChildAt(column)!.get(row) as unknown])));

  test('narrow integers reach other readers of Parquet, too', async () => {
    const narrow = { a: t.int8, b: t.int16, c: t.uint8, d: t.uint16, e: t.uint32, f: t.int32 };
    const extremes = [{ a: -128, b: -32_768, c: 255, d: 65_535, e: 2 ** 32 - 1, f: -(2 ** 31) }, { a: 127, b: 32_767, c: 0, d: 0, e: 0, f: 2 ** 31 - 1 }];
    await stream(rows(extremes), schema(narrow)).to(parquet(file('narrow.parquet'))).run({ engine });
    expect((await duckdb.runAndReadAll(`FROM '${file('narrow.parquet')}'`)).getRowObjects()).toEqual(extremes);
    expect((await duckdb.runAndReadAll(`FROM '${file('narrow.parquet')}' WHERE e > 4e9 AND c > 200`)).getRowObjects()).toEqual(extremes.slice(0, 1));
  });

  describe.each(sources)('from %s', (_name, source) => {
    test('row by row', () => check(to => stream(source(), Numbers).to(to), ROWS));

    test('as the aggregates of a group', () => check(
      to => stream(source(), Numbers).groupBy('id')
        .aggregate(({ s, u }) => ({ leastS: min(s), mostS: max(s), sumS: sum(s), firstS: first(s), lastS: last(s), leastU: min(u), mostU: max(u), sumU: sum(u), firstU: first(u), lastU: last(u) })).to(to),
      ROWS.map(({ id, s, u }) => ({ id, leastS: s, mostS: s, sumS: s, firstS: s, lastS: s, leastU: u, mostU: u, sumU: u, firstU: u, lastU: u })),
    ));

    test('as keys', () => check(
      to => stream(source(), Numbers).groupBy('id', 's', 'u').aggregate(() => ({ rows: count() })).to(to),
      ROWS.map(row => ({ ...row, rows: 1n })),
    ));

    // The sum passes 2^63 on its way and comes back.
    test('as the aggregates of all rows', () => check(
      to => stream(source(), Numbers).aggregate(({ s, u }) => ({ least: min(s), most: max(s), sum: sum(s), mostU: max(u), firstS: first(s), lastU: last(u) })).to(to),
      [{ least: LEAST, most: MOST, sum: -1n, mostU: MOST_UNSIGNED, firstS: MOST, lastU: 2n ** 63n }],
    ));
  });
});
