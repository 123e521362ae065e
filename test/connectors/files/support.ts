import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { ResultBatch, Sink } from '../../../src/connectors/sink.ts';
import type { Source, SourceItem } from '../../../src/connectors/source.ts';
import { TextDecoderStage } from '../../../src/batch/text-decoder.ts';
import type { DataType, Field, Fields, Row } from '../../../src/plan/types.ts';
import { testHeap, type TestHeap } from '../../support/heap.ts';
import { rawValue } from '../../text/support.ts';

export const col = (name: string, type: DataType, nullable = false): Field => ({ name, type, nullable });

/** A folder that is gone after the tests of the file. */
export function folder(): (name: string) => string {
  const path = mkdtempSync(join(tmpdir(), 'millrace-files-'));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return name => join(path, name);
}

/** A result batch of the rows that JSON lines stand for. */
export function batchOf(fields: Fields, lines: string, base: TestHeap = testHeap(256)): ResultBatch {
  const bytes = Buffer.from(lines);
  const address = base.allocator.allocate(bytes.length);
  base.heap.u8.set(bytes, address);
  const stage = new TextDecoderStage({ fields, format: { kind: 'json' }, heap: base.heap, kernels: base.wasm, allocator: base.allocator });
  const { descriptor, rows, bad } = stage.decode(address, bytes.length);
  if (bad.length > 0) throw new Error(bad[0]!.reason);
  return {
    fields, rows, descriptor, heap: base.heap,
    toRows: () => [], toArrow: () => { throw new Error('not here'); }, values: () => [],
  };
}

export async function writeAll(sink: Sink, ...batches: ResultBatch[]): Promise<void> {
  await sink.open(batches[0]!.fields);
  for (const batch of batches) await sink.write(batch);
  await sink.close();
}

export async function readItems(source: Source, schema: Fields, batchBytes = 1 << 20): Promise<SourceItem[]> {
  const reader = await source.read({ schema, batchRows: 65_536, batchBytes, signal: new AbortController().signal });
  const items: SourceItem[] = [];
  try {
    for (let item = await reader.next(); item !== null; item = await reader.next()) items.push(item);
  } finally {
    await reader.close();
  }
  return items;
}

/** The rows of a text source, decoded item by item; raw values as in `rawValue`. Bad lines are an error. */
export async function readRows(source: Source, schema: Fields, batchBytes = 1 << 20): Promise<Row[]> {
  const rows: Row[] = [];
  for (const item of await readItems(source, schema, batchBytes)) {
    if (item.kind !== 'text') throw new Error(`an item of kind ${item.kind}`);
    const { heap, wasm, allocator } = testHeap(512);
    const address = allocator.allocate(item.bytes.length);
    heap.u8.set(item.bytes, address);
    const stage = new TextDecoderStage({ fields: schema, format: item.format, heap, kernels: wasm, allocator });
    const decoded = stage.decode(address, item.bytes.length);
    if (decoded.bad.length > 0) throw new Error(decoded.bad[0]!.reason);
    for (let row = 0; row < decoded.rows; row++) {
      rows.push(Object.fromEntries(schema.map((field, column) => [field.name, rawValue(heap, decoded.descriptor, column, field.type, row)])));
    }
  }
  return rows;
}
