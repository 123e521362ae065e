import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as arrowLibrary from 'apache-arrow';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ArrowReader } from '../../src/batch/arrow-reader.ts';
import { ResultBatches } from '../../src/batch/result-batch.ts';
import { dictionariesFor, RowBuilder } from '../../src/batch/row-builder.ts';
import { readRows } from '../../src/batch/row-reader.ts';
import { arrow } from '../../src/connectors/arrow.ts';
import { arrowIpc } from '../../src/connectors/arrow-ipc.ts';
import { arrowIpcFile } from '../../src/connectors/arrow-ipc-file.ts';
import type { ResultBatch, Sink } from '../../src/connectors/sink.ts';
import type { Source } from '../../src/connectors/source.ts';
import type { Fields, Row } from '../../src/plan/types.ts';
import { sample } from '../support/batch-arbitraries.ts';
import { drain } from '../support/drain.ts';
import { testHeap } from '../support/heap.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-'));
});
afterAll(() => rm(folder, { recursive: true }));

const { heap, allocator, wasm } = testHeap(8192);
const results = (fields: Fields, parts: readonly Row[][], oneDictionary = true): ResultBatch[] => {
  const factory = new ResultBatches(heap, fields);
  let dictionaries = dictionariesFor(fields, heap, allocator);
  return parts.map(rows => {
    if (!oneDictionary) dictionaries = dictionariesFor(fields, heap, allocator);
    const builder = new RowBuilder(fields, heap, allocator, dictionaries);
    for (const row of rows) expect(builder.append(row)).toBeNull();
    return factory.of(builder.finish().descriptor);
  });
};
const readBack = async (source: Source, fields: Fields, batchRows = 1000): Promise<Row[]> => {
  const reader = new ArrowReader(heap, wasm, allocator, fields, dictionariesFor(fields, heap, allocator));
  const items = await drain(source, fields, batchRows);
  return items.flatMap(item => item.kind === 'arrow' ? readRows(heap, fields, reader.read(item.batch).descriptor) : []);
};
const writeAll = async (sink: Sink, fields: Fields, batches: readonly ResultBatch[]): Promise<void> => {
  await sink.open(fields);
  for (const batch of batches) await sink.write(batch);
  await sink.close();
};
const split = (rows: Row[], at: number): Row[][] => [rows.slice(0, at), rows.slice(at, at + 7), rows.slice(at + 7)];
const N: Fields = [{ name: 'n', type: { kind: 'int64' }, nullable: false }, { name: 's', type: { kind: 'dictionary', index: 'int16' }, nullable: true }];
const nRows = (length: number): Row[] => Array.from({ length }, (_, n) => ({ n: 2n ** 63n - 1n - BigInt(n), s: n % 3 ? `s${n % 11}` : null }));

describe('arrow()', () => {
  test('tables, batches, and iterables of them, cut to size', async () => {
    const rows = nRows(50);
    const batches = results(N, split(rows, 20)).map(batch => batch.toArrow());
    const table = new arrowLibrary.Table(batches);
    async function* each(): AsyncGenerator<arrowLibrary.RecordBatch> {
      yield* batches;
    }
    for (const source of [arrow(table), arrow(batches), arrow([table]), arrow(each())]) expect(await readBack(source, N, 6)).toEqual(rows);
    expect(await readBack(arrow(batches[0]!), N)).toEqual(rows.slice(0, 20));
    const sizes = (await drain(arrow(table), N, 6)).map(item => item.kind === 'arrow' ? item.batch.numRows : 0);
    expect(Math.max(...sizes)).toBe(6);
    const reader = await arrow(table).read({ schema: N, batchRows: 30, batchBytes: 1, signal: new AbortController().signal });
    await reader.next();
    expect(reader.progress!()).toEqual({ done: 20, total: 50, unit: 'rows' });
    await reader.close();
    expect(await reader.next()).toBeNull();
  });

  test('anything else is refused', async () => {
    await expect(drain(arrow(['no'] as never), N)).rejects.toThrow(/SOURCE_FAILED: arrow\(\) takes tables and record batches/);
  });
});

describe('arrowIpc() and arrowIpcFile()', () => {
  test('what was written is read: both formats, from file, memory and stream, any dictionaries', async () => {
    let file = 0;
    await fc.assert(fc.asyncProperty(sample(40), fc.constantFrom('file', 'stream'), fc.nat(40), fc.boolean(), async ({ fields, rows }, format, at, oneDictionary) => {
      const path = join(folder, `${file++}.arrow`);
      await writeAll(arrowIpcFile(path, { format }), fields, results(fields, split(rows, at), oneDictionary));
      const bytes = await readFile(path);
      async function* chunks(): AsyncGenerator<Uint8Array> {
        for (let byte = 0; byte < bytes.length; byte += 1000) yield bytes.subarray(byte, byte + 1000);
      }
      for (const source of [arrowIpc(path), arrowIpc(bytes), arrowIpc(chunks())]) expect(await readBack(source, fields)).toEqual(rows);
    }), { numRuns: 40 });
    expect((await readdir(folder)).filter(name => name.endsWith('.partial'))).toEqual([]);
  });

  test('a sink may write over the memory of a batch once it was written', async () => {
    const path = join(folder, 'over.arrow');
    const sink = arrowIpcFile(path);
    const rows = nRows(100);
    await sink.open(N);
    for (const batch of results(N, split(rows, 30))) {
      await sink.write(batch);
      heap.u8.fill(7, heap.u32[batch.descriptor / 4 + 4]!, heap.u32[batch.descriptor / 4 + 4]! + batch.rows * 8);
    }
    await sink.close();
    expect(await readBack(arrowIpc(path), N)).toEqual(rows);
  });

  test('a failed job leaves what was there', async () => {
    const path = join(folder, 'kept.arrow');
    await writeFile(path, 'before');
    const sink = arrowIpcFile(path);
    await sink.open(N);
    await sink.write(results(N, [nRows(5)])[0]!);
    await sink.abort();
    await sink.abort();
    expect(await readFile(path, 'utf8')).toBe('before');
    expect(await readdir(folder)).not.toContain('kept.arrow.partial');
  });

  test('what is no Arrow file is said so', async () => {
    const path = join(folder, 'not.arrow');
    for (const text of ['', 'no', 'this is some text that is long enough to be looked at as a message']) {
      await writeFile(path, text);
      await expect(drain(arrowIpc(path), N)).rejects.toThrow(/^BAD_FILE: arrowIpc\(not.arrow\) is not readable as Arrow IPC: /);
    }
    await expect(drain(arrowIpc(join(folder, 'missing.arrow')), N)).rejects.toThrow(/ENOENT/);
    await writeAll(arrowIpcFile(path), N, results(N, [nRows(500)]));
    const bytes = await readFile(path);
    await expect(drain(arrowIpc(bytes.subarray(0, bytes.length / 2)), N)).rejects.toThrow(/^BAD_FILE/);
  });
});
